"""Reads what a model wrote of a section: answers, each with numbers of units and questions.

    {"answers": [{"units": [1, 2], "questions": {"en": ["...", "..."], "nl": ["..."]}}]}

The prompt asks for this form too, as some servers take no schema; then it may stand in a code fence
or behind other text. Nothing of a reply is trusted: answers are read one by one, so that the
beginning of one that broke off counts, and a question is plain text on one line or is dropped.
"""

import itertools
import json
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from chain.model.json_schema import TEXT, Schema, list_of, object_of
from core.errors import ModelError
from core.proposals import Dropped, ProposedAnswer
from language.characters import visible
from language.identify import detect
from language.matching import fold

_MOST = 150  # questions of a section that are looked at; it has some fifteen sentences
_AT_ONCE = 8  # questions of an answer in one language
_UNITS = 12  # of an answer: more is the section, not an answer
_LONGEST = 200  # characters of a question; of 6,230 written by people the longest has 150
_TOLD = 6  # words from which a language is told well: 7 of 5,529 such questions are not
_BEGINS = re.compile(r'"answers"\s*:\s*\[|\[\s*(?=\{)')
_BETWEEN = re.compile(r"[\s,]*")
_MARK = re.compile(r"^(?:[-•–*]|\(?\d{1,2}[.)]|[QV]\d*:)\s+")  # of a list
_AROUND = "\"'“”„«»‘’ "
# Markdown, HTML, code and addresses: no question has them.
_MARKED = re.compile(r"[<>`*#|\\\[\]{}]|__|&\w+;|://|www\.")
_WORD = re.compile(r"[^\W_]+")
_LETTERS = re.compile(r"[^\W\d_]{2}")


class Read(NamedTuple):
    """The answers that can be used, and how many questions cannot, by reason."""

    answers: tuple[ProposedAnswer, ...]
    dropped: Counter[Dropped]


def schema(units: Collection[int], languages: Sequence[str]) -> Schema:
    """JSON schema of a reply with these units (from 0) and languages. Small models else give
    numbers that are not there."""
    answer = object_of(
        units=list_of({"type": "integer", "enum": [one + 1 for one in units]}),
        questions=object_of(**dict.fromkeys(languages, list_of(TEXT))),
    )
    return {"title": "answers", **object_of(answers=list_of(answer))}


def read(reply: str, units: Collection[int], languages: Collection[str]) -> Read:
    """The questions of a reply.

    Args:
        reply: whole, or its beginning.
        units: the numbers that may answer, as in the passage (from 0).
        languages: those that were asked for.

    Raises:
        ModelError: the reply has no list of answers.
    """
    begins = _BEGINS.search(reply)
    if begins is None:
        raise ModelError("The model's reply is not in the form that was asked for.", "protocol")
    answers: list[ProposedAnswer] = []
    dropped: Counter[Dropped] = Counter()
    seen: set[str] = set()
    looked_at = 0
    for entry in _entries(reply, begins.end()):
        fields = entry if isinstance(entry, dict) else {}
        answering = _numbers(fields.get("units"), units)
        kept: dict[str, list[str]] = {}
        for language, text in _texts(fields.get("questions"), languages, _MOST - looked_at):
            looked_at += 1
            question = plain(text)
            if why := _reason(question, language, answering, seen):
                dropped[why] += 1
                continue
            seen.add(fold(question))
            kept.setdefault(language, []).append(question)
        if kept and answering:
            questions = {language: tuple(texts) for language, texts in kept.items()}
            answers.append(ProposedAnswer(units=answering, questions=questions))
        if looked_at == _MOST:
            break
    return Read(tuple(answers), dropped)


def _reason(
    question: str, language: str, answering: tuple[int, ...] | None, seen: Collection[str]
) -> Dropped | None:
    """Why a question cannot be used; None if it can."""
    if answering is None:
        return "unit"
    if not question:
        return "form"
    if len(question.split()) >= _TOLD and detect(question, language) != language:
        return "language"
    return "twin" if fold(question) in seen else None


def plain(text: object) -> str:
    """A question as one line of plain text; empty if it is none.

    >>> plain('1. "What is the EU Drugs Agenda?"')
    'What is the EU Drugs Agenda?'
    >>> plain("See <b>here</b>"), plain("2021"), plain(None)
    ('', '', '')
    """
    if not isinstance(text, str) or len(text) > 2 * _LONGEST:
        return ""
    line = " ".join(visible(text).split()).strip(_AROUND)
    line = _MARK.sub("", line).strip(_AROUND)
    words = _WORD.findall(line)
    is_question = len(words) > 1 and _LETTERS.search(line) and not _MARKED.search(line)
    return line if is_question and len(line) <= _LONGEST else ""


def _entries(reply: str, start: int) -> Iterator[object]:
    """The whole entries of the list that begins here, as far as they are JSON."""
    decoder = json.JSONDecoder(strict=False)  # models do not escape line ends
    while True:
        between = _BETWEEN.match(reply, start)
        try:
            entry, start = decoder.raw_decode(reply, between.end() if between else start)
        except (ValueError, RecursionError):
            return
        yield entry


def _numbers(value: object, units: Collection[int]) -> tuple[int, ...] | None:
    """The units that an answer names, in their order; None if it names another one, or none."""
    if not isinstance(value, list) or not 0 < len(value) <= _UNITS:
        return None
    if not all(type(one) is int and one - 1 in units for one in value):
        return None
    return tuple(sorted({one - 1 for one in value}))


def _texts(value: object, languages: Collection[str], most: int) -> Iterator[tuple[str, object]]:
    """(language, question) of an answer: a few of each language that was asked for, and at most
    `most`."""
    pairs = (
        (language, text)
        for language, listed in (value.items() if isinstance(value, dict) else ())
        if language in languages and isinstance(listed, list)
        for text in listed[:_AT_ONCE]
    )
    return itertools.islice(pairs, most)
