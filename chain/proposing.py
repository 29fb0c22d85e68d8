"""Has the configured language model write questions that a section of a document answers.

    passage -> prompt -> model -> questions with the numbers of units
            -> those found again in the index that have no twin -> proposals

    python -m chain.proposing    started by ingest/publishing/proposer.py

That is a process of its own, as ingest imports nothing of the assistant. Nothing else calls it.
"""

import itertools
import json
import os
import re
import sys
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple, TextIO

from langchain_core.messages import BaseMessage
from langchain_core.prompts import ChatPromptTemplate

import prompts
from chain.model.language_model import TEXT, ChatModel, Schema, list_of, object_of
from chain.model.prompt_budget import fenced
from chain.reading.relevance import rank
from core.answer import ModelTrouble
from core.errors import ModelError, StrategiewijzerError, kind_and_place
from core.proposals import (
    Dropped,
    ProposalFailure,
    Proposals,
    ProposedAnswer,
    ProposerReady,
    SectionReply,
    SectionToAsk,
)
from core.settings import Settings
from core.source import Frozen, Passage
from core.telemetry import observe
from language.demands import Demands, demands_of, differ
from language.escaping import visible
from language.identify import detect
from language.matching import fold
from vectorstore.embeddings import Vectors
from vectorstore.store import Index, Snapshot, open_index


def messages(section: SectionToAsk) -> Sequence[BaseMessage]:
    """The prompt; the number of a unit in it is one more than in the passage."""
    template = ChatPromptTemplate.from_messages(
        [("system", prompts.load("questions")), ("human", "{section}")]
    )
    return template.format_messages(
        languages=", ".join(section.languages), section="\n".join(_data(section.passage))
    )


def askable(passage: Passage) -> tuple[int, ...]:
    """The numbers of the units that a question may be about: a footnote says nothing alone."""
    return tuple(number for number, unit in enumerate(passage.units) if unit.kind != "note")


def _data(passage: Passage) -> Iterator[str]:
    yield fenced("headings", " › ".join(passage.headings))
    for number in askable(passage):
        unit = passage.units[number]
        yield fenced("unit", passage.text[unit.start : unit.end], f' number="{number + 1}"')


# Reads what a model wrote of a section: answers, each with numbers of units and questions.


_MOST = 150  # questions of a section that are looked at; it has some fifteen sentences
_AT_ONCE = 8  # questions of an answer in one language
_UNITS = 12  # of an answer: more is the section, not an answer
_LONGEST = 200  # characters of a question; of the bundled ones the longest has 177
_TOLD = 6  # words from which a language is told well: 7 of 5,529 such questions are not
_BEGINS = re.compile(r'"answers"\s*:\s*\[|\[\s*(?=\{)')
_BETWEEN = re.compile(r"[\s,]*")
_EMPTY = re.compile(r"[\s,]*\]")  # the rest of a list without entries
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
        ModelError: the reply has no list of answers, or none of it can be read.
    """
    begins = _BEGINS.search(reply)
    is_read = begins is not None and bool(_EMPTY.match(reply, begins.end()))
    answers: list[ProposedAnswer] = []
    dropped: Counter[Dropped] = Counter()
    seen: set[str] = set()
    looked_at = 0
    for entry in _entries(reply, begins.end()) if begins else ():
        fields = entry if isinstance(entry, dict) else {}
        is_read = is_read or isinstance(entry, dict)
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
    if not is_read:
        raise ModelError("The model's reply is not in the form that was asked for.", "protocol")
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


# Checks proposed questions against the index: each finds its answer again, and asks something new.


_FIRST = 3  # statements among which the answer has to be: as many as a reader is shown first
_TWIN = 0.97  # cosine from which two questions are the same, if their facts are


class Checked(NamedTuple):
    """The answers with the questions that are kept, and how many are dropped, by reason."""

    answers: tuple[ProposedAnswer, ...]
    dropped: Counter[Dropped]


class _Kept(NamedTuple):
    """A question that is kept."""

    about: Demands
    vector: Vectors
    units: frozenset[str]


def checked(
    answers: Sequence[ProposedAnswer],
    passage: Passage,
    index: Snapshot,
    results: int,
) -> Checked:
    """The questions that find one of their units among the first statements, and that are no twins
    of one before them, with the same units.

    Args:
        answers: with numbers of units of the passage.
        passage: in use.
        index: what is searched.
        results: how many passages an answer is made from.
    """
    dropped: Counter[Dropped] = Counter()
    kept: list[ProposedAnswer] = []
    there: list[_Kept] = []
    on_scale = index.profile.on_scale

    def reason(question: str, language: str, answer: ProposedAnswer) -> Dropped | None:
        units = frozenset(passage.unit_ids[number] for number in answer.units)
        about, vector = demands_of(question, language), index.embedder.query(question)
        for one in there:
            near = one.units == units and on_scale("question", float(one.vector @ vector)) >= _TWIN
            if near and not differ(about, one.about):
                return "twin"
        if not _finds(question, language, units, index, results):
            return "elsewhere"
        there.append(_Kept(about, vector, units))
        return None

    for answer in answers:
        questions: dict[str, tuple[str, ...]] = {}
        for language, texts in answer.questions.items():
            reasons = {text: reason(text, language, answer) for text in texts}
            dropped.update(one for one in reasons.values() if one)
            if good := tuple(text for text, why in reasons.items() if why is None):
                questions[language] = good
        if questions:
            kept.append(ProposedAnswer(units=answer.units, questions=questions))
    return Checked(tuple(kept), dropped)


def _finds(
    question: str, language: str, units: frozenset[str], index: Snapshot, results: int
) -> bool:
    """Whether one of these units is in the first statements that are found for a question."""
    found = index.search(question, results, language, rerank=False)
    for one in rank(question, language, found, index.profile)[:_FIRST]:
        names = found[one.passage].passage.unit_ids
        if not units.isdisjoint(names[number] for number in one.statement.units):
            return True
    return False


# Asks the model about one section and keeps what stands the checks.


_PATIENCE = 300.0  # seconds for a reply: it is longer than an answer, and nobody waits for it
_CHECKS = 300.0  # seconds for looking up its questions, at most 150
_LASTING: frozenset[ModelTrouble] = frozenset(
    {"key", "quota", "unknown_model", "parameter", "unreachable", "paused"}
)


class Proposing:
    """Proposes questions for sections, one after another; the index is opened at the first."""

    def __init__(self, settings: Settings) -> None:
        seconds = max(_PATIENCE, settings.answer_timeout)
        self._settings = settings.model_copy(update={"answer_timeout": seconds})
        self._model = ChatModel(self._settings)
        self._index: Index | None = None
        self.ready = ProposerReady(
            model=settings.model_label,
            address=self._model.address,
            rules=prompts.load("questions"),
            seconds=seconds + _CHECKS,
        )

    def outcome(self, section: SectionToAsk) -> Proposals | ProposalFailure:
        """The model's proposals for a section, or why there are none."""
        try:
            return self._proposals(section)
        except ModelError as error:
            return ProposalFailure(told=str(error), is_lasting=error.reason in _LASTING)
        except StrategiewijzerError as error:
            return ProposalFailure(told=str(error), is_lasting=True)
        except Exception as error:  # noqa: BLE001 - any error is a failure of this section only
            return ProposalFailure(told=f"It failed ({kind_and_place(error)}).", is_lasting=False)

    def _proposals(self, section: SectionToAsk) -> Proposals:
        index = self._index = self._index or open_index(self._settings)  # before a call is paid
        units = askable(section.passage)
        pieces: list[str] = []
        is_cut = False
        try:
            for piece in self._model.stream(
                messages(section),
                seconds=self._settings.answer_timeout,
                schema=schema(units, section.languages),
            ):
                pieces.append(piece)
        except ModelError as error:
            if error.reason != "cut":
                raise
            is_cut = True
        try:
            written = read("".join(pieces), units, section.languages)
        except ModelError:
            if not is_cut:
                raise
            written = Read((), Counter())
        if is_cut and not written.answers:
            raise ModelError(
                "The model's reply broke off before its first question was whole. "
                "Set STRATEGIEWIJZER_ANSWER_TOKENS higher or leave it empty.",
                "cut",
            )
        found = checked(
            written.answers,
            section.passage,
            index.snapshot(),
            self._settings.results,
        )
        return Proposals(
            answers=found.answers,
            model=self._model.name,
            dropped=written.dropped + found.dropped,
        )


def serve() -> int:
    """Answers a line for each section with a line, until standard input ends; returns the exit
    code. It asks the model only on request."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # keeps what libraries print out of the answers
    try:
        proposing = Proposing(Settings())
    except StrategiewijzerError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    _send(answers, proposing.ready)
    for line in sys.stdin.buffer:  # in UTF-8, whatever the locale is
        section = SectionToAsk.model_validate_json(line)
        _send(answers, SectionReply(outcome=proposing.outcome(section)))
    return 0


def _send(answers: TextIO, line: Frozen) -> None:
    answers.write(line.model_dump_json() + "\n")
    answers.flush()


if __name__ == "__main__":
    observe()
    sys.exit(serve())
