"""Finds the units that answer a document's prepared questions, by the words that they begin with.

    "The Drugs Agenda consists of three" -> "drugs-agenda.en:1f0c...#4"

Words are compared without marks, capitals and Markdown. Of several units with the same words the
first is meant; words that different units begin with are an error, as nobody can tell which was
meant. What was approved names its units in whole: the answer goes when a word of it changes.
"""

import bisect
import re
from collections.abc import Iterator, Sequence

from core.source import Passage, PreparedQuestion, StaleQuestion, WhyStale
from ingest.reading.question_file import AskedQuestion, PreparedAnswer
from language.matching import fold

_WORD = re.compile(r"\w+")


def prepared_questions(
    answers: Sequence[PreparedAnswer], passages: Sequence[Passage]
) -> tuple[list[PreparedQuestion], list[StaleQuestion]]:
    """The prepared questions of a document whose units are all found, and those that are stale.

    Args:
        answers: as in its file.
        passages: all of the document, in order.
    """
    found: list[PreparedQuestion] = []
    stale: list[StaleQuestion] = []
    if not answers or not passages:
        return found, stale
    key, units = passages[0].document.key, _Units(passages)
    for answer in answers:
        ids: list[str] = []
        for words in answer.units:
            at = units.being(words) if answer.approved else units.beginning(words)
            if len(at) != 1:
                why: WhyStale = "changed" if answer.approved else "several" if at else "none"
                stale += (_stale(one, words, answer, why) for one in answer.questions)
                break
            ids += at
        else:
            found += (
                PreparedQuestion(
                    id=f"{key}:{one.id}",
                    question=one.text,
                    language=one.language,
                    units=tuple(dict.fromkeys(ids)),
                    by=answer.by,
                    approved=answer.approved,
                )
                for one in answer.questions
            )
    return found, stale


def shortest_beginnings(passages: Sequence[Passage], fewest: int = 8) -> dict[str, str]:
    """Maps the id of each unit to the words by which a file can name it: at least `fewest`, or all
    that it has."""
    units = _Units(passages)
    return {name: units.naming(name, fewest) for name in units.names}


class _Units:
    """The units of a document, sorted by their words."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        self._texts: dict[str, str] = {}
        self._words: dict[str, tuple[str, ...]] = {}
        first: dict[tuple[str, ...], str] = {}
        for passage in passages:
            for name, unit in zip(passage.unit_ids, passage.units, strict=True):
                text = passage.text[unit.start : unit.end]
                words = tuple(_words(text))
                if not words:
                    continue
                self._texts[name] = text
                self._words[name] = words
                first.setdefault(words, name)
        self._sorted = sorted(first.items())
        self.names = tuple(self._texts)

    def beginning(self, words: str) -> list[str]:
        """The ids of the units that begin with these words, at most two; of those with the same
        words throughout the first. One that has no further words is meant alone."""
        wanted = tuple(_words(words))
        if not wanted:
            return []
        at = bisect.bisect_left(self._sorted, wanted, key=lambda one: one[0])
        near = self._sorted[at : at + 2]
        if near and near[0][0] == wanted:
            return [near[0][1]]
        return [name for own, name in near if own[: len(wanted)] == wanted]

    def being(self, words: str) -> list[str]:
        """The id of the first unit that has exactly these words, if there is one."""
        found = self.beginning(words)
        return found if found and self._words[found[0]] == tuple(_words(words)) else []

    def naming(self, name: str, fewest: int) -> str:
        """The fewest words of a unit that name no other one."""
        text, ends = self._texts[name], [one.end() for one in _WORD.finditer(self._texts[name])]
        for end in ends[fewest - 1 :]:
            if len(self.beginning(text[:end])) == 1:
                return " ".join(text[:end].split())
        return " ".join(text.split())


def _words(text: str) -> Iterator[str]:
    return (match[0] for match in _WORD.finditer(fold(text)))


def _stale(one: AskedQuestion, words: str, answer: PreparedAnswer, why: WhyStale) -> StaleQuestion:
    return StaleQuestion(
        question=one.text,
        language=one.language,
        words=words,
        why=why,
        file=answer.file,
        line=answer.line,
    )
