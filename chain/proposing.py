"""Has a language model write questions that a section of a document answers.

passage -> prompt -> model -> questions with the numbers of units
        -> those found again in the index that have no twin
"""

import re
from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from langchain_core.messages import BaseMessage

from chain.model.language_model import ChatModel, messages_of
from chain.model.prompt_budget import fenced
from chain.model.reply import TEXT, EntryReader, Fields, Schema, list_of, object_of, out_of_form
from chain.reading.relevance import rank
from core.errors import ModelError
from core.source import Passage
from language.demands import Demands, demands_of, differ
from language.escaping import visible
from language.identify import detect
from language.words import fold
from vectorstore.embeddings import Vectors
from vectorstore.store import Snapshot

PATIENCE = 300.0
"""Seconds for a reply: it is longer than an answer, and nobody waits for it."""

_MOST = 150  # questions of a section that are looked at; it has some fifteen sentences
_AT_ONCE = 8  # questions of an answer in one language
_MOST_UNITS = 12  # of an answer: more is the section, not an answer
_LONGEST = 200  # characters of a question; of the bundled ones the longest has 177
_LONGEST_ENTRY = 20_000  # characters of an answer's questions in all languages
_FEWEST_WORDS = 6  # from which a language is detected well: 7 of 5,529 such questions are wrong
_MARK = re.compile(r"^(?:[-•–*]|\(?\d{1,2}[.)]|[QV]\d*:)\s+")  # of a list
_AROUND = "\"'“”„«»‘’ "
# Markdown, HTML, code and addresses: no question has them.
_MARKED = re.compile(r"[<>`*#|\\\[\]{}]|__|&\w+;|://|www\.")
_WORD = re.compile(r"[^\W_]+")
_LETTERS = re.compile(r"[^\W\d_]{2}")
_FIRST = 3  # statements among which the answer has to be: as many as a reader is shown first
_TWIN = 0.97  # cosine from which two questions are the same, if their facts are


class WrittenQuestion(NamedTuple):
    """A question, its language (ISO 639-1), and the numbers of the units that answer it, from 0 and
    in the order of their passage."""

    text: str
    language: str
    units: tuple[int, ...]


class _Compared(NamedTuple):
    """What tells whether another question is its twin."""

    demands: Demands
    vector: Vectors
    units: frozenset[str]


def propose(
    model: ChatModel, passage: Passage, languages: Sequence[str], index: Snapshot, results: int
) -> tuple[list[WrittenQuestion], int]:
    """The questions about a passage that a model writes in one call and that can be used, and how
    many were dropped.

    Args:
        passage: in use.
        languages: of the questions, that of the document first.
        index: in which each has to find its answer again.
        results: how many passages an answer is made from.

    Raises ModelError: the model failed, or its reply has no questions.
    """
    pieces: list[str] = []
    units = askable(passage)
    try:
        pieces.extend(
            model.stream(
                messages(passage, languages), seconds=PATIENCE, schema=schema(units, languages)
            )
        )
    except ModelError as error:
        if error.reason != "cut":
            raise
    written = read("".join(pieces), units, languages)
    kept = checked(usable(written), passage, index, results)
    return kept, len(written) - len(kept)


def messages(passage: Passage, languages: Sequence[str]) -> Sequence[BaseMessage]:
    """The prompt; the number of a unit in it is one more than in the passage."""
    units = (
        fenced("unit", passage.text[unit.start : unit.end], f' number="{number + 1}"')
        for number in askable(passage)
        for unit in [passage.units[number]]
    )
    section = "\n".join((fenced("headings", " › ".join(passage.headings)), *units))
    return messages_of("questions", section, languages=", ".join(languages))


def askable(passage: Passage) -> tuple[int, ...]:
    """The numbers of the units that a question may be about: a footnote says nothing alone."""
    return tuple(number for number, unit in enumerate(passage.units) if unit.kind != "note")


def schema(units: Collection[int], languages: Sequence[str]) -> Schema:
    """JSON schema of a reply with these units (from 0) and languages. Small models else give
    numbers that are not there."""
    answer = object_of(
        units=list_of({"type": "integer", "enum": [number + 1 for number in units]}),
        questions=object_of(**dict.fromkeys(languages, list_of(TEXT))),
    )
    return {"title": "answers", **object_of(answers=list_of(answer))}


def read(reply: str, units: Collection[int], languages: Collection[str]) -> list[WrittenQuestion]:
    """The questions of a reply, or of its beginning, in the languages that were asked for.

    Where an answer names a unit that is not among these, its questions have none. A text that is no
    plain question is empty. Raises ModelError: the reply has no list of answers, or none of it can
    be read.
    """
    reader = EntryReader("answers", _LONGEST_ENTRY)
    entries = [entry for entry in reader.feed(reply) if isinstance(entry, Fields)]
    if not entries and not (reader.has_ended and reader.is_empty):
        raise out_of_form()
    written = (
        WrittenQuestion(plain(text), language, _units(entry.numbers("units"), units))
        for entry in entries
        for language, text in _texts(entry.fields("questions"), languages)
    )
    return list(islice(written, _MOST))


def _units(named: Sequence[int], units: Collection[int]) -> tuple[int, ...]:
    """The units that an answer names, in their order; none if one of them is not there."""
    is_there = len(named) <= _MOST_UNITS and all(number - 1 in units for number in named)
    return tuple(sorted({number - 1 for number in named})) if is_there else ()


def _texts(questions: Fields, languages: Collection[str]) -> Iterator[tuple[str, str]]:
    """(language, question) of an answer: a few of each language that was asked for."""
    for language in questions.values:
        if language in languages:
            for text in questions.texts(language)[:_AT_ONCE]:
                yield language, text


def plain(text: str) -> str:
    """A question as one line of plain text; empty if it is none.

    >>> plain('1. "What is the EU Drugs Agenda?"')
    'What is the EU Drugs Agenda?'
    >>> plain("See <b>here</b>"), plain("2021")
    ('', '')
    """
    if len(text) > 2 * _LONGEST:
        return ""
    line = " ".join(visible(text).split()).strip(_AROUND)
    line = _MARK.sub("", line).strip(_AROUND)
    words = _WORD.findall(line)
    is_question = len(words) > 1 and _LETTERS.search(line) and not _MARKED.search(line)
    return line if is_question and len(line) <= _LONGEST else ""


def usable(questions: Sequence[WrittenQuestion]) -> list[WrittenQuestion]:
    """The questions that are plain, in their language and of units that are there, each once."""
    found: dict[str, WrittenQuestion] = {}
    for question in questions:
        text, language = question.text, question.language
        is_long = len(text.split()) >= _FEWEST_WORDS
        if text and question.units and not (is_long and detect(text, language) != language):
            found.setdefault(fold(text), question)
    return list(found.values())


def checked(
    questions: Sequence[WrittenQuestion], passage: Passage, index: Snapshot, results: int
) -> list[WrittenQuestion]:
    """The questions that find their answer again and ask something new; arguments as of
    `propose`."""
    kept: list[WrittenQuestion] = []
    earlier: list[_Compared] = []
    for question in questions:
        text, language = question.text, question.language
        units = frozenset(passage.unit_ids[number] for number in question.units)
        new = _Compared(demands_of(text, language), index.embedder.query(text), units)
        is_twin = any(_are_twins(new, other, index) for other in earlier)
        if not is_twin and _finds(text, language, units, index, results):
            earlier.append(new)
            kept.append(question)
    return kept


def _are_twins(question: _Compared, other: _Compared, index: Snapshot) -> bool:
    cosine = float(question.vector @ other.vector)
    is_near = question.units == other.units and index.profile.on_scale("question", cosine) >= _TWIN
    return is_near and not differ(question.demands, other.demands)


def _finds(
    question: str, language: str, units: frozenset[str], index: Snapshot, results: int
) -> bool:
    """Whether one of these units is in the first statements that are found for a question."""
    found = index.search(question, results, language)
    return any(
        found[ranked.passage].passage.unit_ids[number] in units
        for ranked in rank(question, language, found, index.profile)[:_FIRST]
        for number in ranked.statement.units
    )
