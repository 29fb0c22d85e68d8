"""Whether a model's sentence states anything.

Small models repeat the question, the headings and the rules of their prompt. These have no details
that would contradict the sources.
"""

import re
from functools import cache

import prompts
from chain.answerer import Request
from core.passage import Passage
from language.matching import fold

_LONG = 4  # words: a sequence this long in both a sentence and a prompt is no coincidence
_CLAUSE_END = re.compile(r"[.:;](?=\s|$)")


class Stated:
    """Tells sentences that state something from pieces of the prompt of one request."""

    def __init__(self, request: Request) -> None:
        self._question = fold(request.question)
        self._headings = [frozenset(_words(_above(one.passage))) for one in request.found]

    def anything(self, sentence: str) -> bool:
        return not (
            self._is_asked(sentence) or self._is_heading(sentence) or _is_instruction(sentence)
        )

    def _is_asked(self, sentence: str) -> bool:
        """Whether a sentence is a question, or part of the one asked, also with a full stop."""
        return sentence.endswith("?") or fold(sentence).rstrip(" .;:!") in self._question

    def _is_heading(self, sentence: str) -> bool:
        """Whether a sentence has only words of a passage's description in the prompt."""
        said = frozenset(_words(sentence))
        return any(said <= words for words in self._headings)


def _above(passage: Passage) -> str:
    document = passage.document
    return " ".join((document.title, document.reference, *passage.headings, str(document.date)))


def _is_instruction(sentence: str) -> bool:
    """Whether a sentence is part of a prompt for a writer ("Rules:")."""
    said = max((" ".join(_words(one)) for one in _CLAUSE_END.split(sentence)), key=len)
    told = _instructions()
    return (
        said in told
        or (sentence.endswith(":") and any(one.startswith(f"{said} ") for one in told))
        or (said.count(" ") >= _LONG - 1 and any(f" {said} " in f" {one} " for one in told))
    )


@cache
def _instructions() -> frozenset[str]:
    """Lines and clauses of the prompts for writers, as words."""
    pieces = [
        piece
        for name in prompts.WRITING
        for line in prompts.load(name).splitlines()
        for piece in (line, *_CLAUSE_END.split(line))
    ]
    return frozenset(" ".join(_words(piece)) for piece in pieces) - {""}


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", fold(text))
