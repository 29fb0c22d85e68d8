"""Has the configured language model write questions that a section of a document answers.

    passage -> prompt -> model -> questions with the numbers of units
            -> those found again in the index that have no twin -> proposals

    python -m chain.proposing    started by ingest/publishing/proposer.py

That is a process of its own, as ingest imports nothing of the assistant. Nothing else calls it.
"""

import os
import re
import sys
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from typing import NamedTuple, TextIO

from langchain_core.messages import BaseMessage
from langchain_core.prompts import ChatPromptTemplate

import prompts
from chain.model.language_model import ChatModel
from chain.model.prompt_budget import fenced
from chain.model.reply import TEXT, EntryReader, Fields, Schema, list_of, object_of, out_of_form
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
from language.words import fold
from vectorstore.embeddings import Vectors
from vectorstore.store import Index, Snapshot, open_index

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
_PATIENCE = 300.0  # seconds for a reply: it is longer than an answer, and nobody waits for it
_CHECKS = 300.0  # seconds for looking up its questions, at most 150
_LASTING: frozenset[ModelTrouble] = frozenset(
    {"key", "quota", "unknown_model", "parameter", "unreachable", "paused"}
)


class Kept(NamedTuple):
    """The answers with the questions that are kept, and how many are dropped, by reason."""

    answers: tuple[ProposedAnswer, ...]
    dropped: Counter[Dropped]


class _Kept(NamedTuple):
    """A question that is kept."""

    demands: Demands
    vector: Vectors
    units: frozenset[str]


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
            return ProposalFailure(reason=str(error), is_lasting=error.reason in _LASTING)
        except StrategiewijzerError as error:
            return ProposalFailure(reason=str(error), is_lasting=True)
        except Exception as error:  # noqa: BLE001 - any error is a failure of this section only
            return ProposalFailure(reason=f"It failed ({kind_and_place(error)}).", is_lasting=False)

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
        written = read("".join(pieces), units, section.languages, is_cut=is_cut)
        results = self._settings.results
        kept = checked(written.answers, section.passage, index.snapshot(), results)
        return Proposals(
            answers=kept.answers, model=self._model.name, dropped=written.dropped + kept.dropped
        )


def messages(section: SectionToAsk) -> Sequence[BaseMessage]:
    """The prompt; the number of a unit in it is one more than in the passage."""
    passage = section.passage
    units = (
        fenced("unit", passage.text[unit.start : unit.end], f' number="{number + 1}"')
        for number in askable(passage)
        for unit in [passage.units[number]]
    )
    template = ChatPromptTemplate.from_messages(
        [("system", prompts.load("questions")), ("human", "{section}")]
    )
    return template.format_messages(
        languages=", ".join(section.languages),
        section="\n".join((fenced("headings", " › ".join(passage.headings)), *units)),
    )


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


def read(
    reply: str, units: Collection[int], languages: Collection[str], *, is_cut: bool = False
) -> Kept:
    """The questions of a reply.

    Args:
        reply: whole, or its beginning.
        units: the numbers that may answer, as in the passage (from 0).
        languages: those that were asked for.
        is_cut: the reply broke off.

    Raises:
        ModelError: the reply has no list of answers, or none of it can be read.
    """
    reader = EntryReader("answers", _LONGEST_ENTRY)
    entries = [entry for entry in reader.feed(reply) if isinstance(entry, Fields)]
    answers: list[ProposedAnswer] = []
    dropped: Counter[Dropped] = Counter()
    seen: set[str] = set()
    left = _MOST
    for entry in entries:
        answering = _units(entry.numbers("units"), units)
        kept: dict[str, list[str]] = {}
        for language, text in islice(_texts(entry.fields("questions"), languages), left):
            left -= 1
            question = plain(text)
            if reason := _unusable(question, language, answering, seen):
                dropped[reason] += 1
                continue
            seen.add(fold(question))
            kept.setdefault(language, []).append(question)
        if kept:
            questions = {language: tuple(texts) for language, texts in kept.items()}
            answers.append(ProposedAnswer(units=answering, questions=questions))
    if is_cut and not answers:
        raise ModelError(
            "The model's reply broke off before its first question was whole. "
            "Set STRATEGIEWIJZER_ANSWER_TOKENS higher or leave it empty.",
            "cut",
        )
    if not entries and not (reader.has_ended and reader.is_empty):
        raise out_of_form()
    return Kept(tuple(answers), dropped)


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


def _unusable(
    question: str, language: str, answering: Sequence[int], seen: Collection[str]
) -> Dropped | None:
    """Why a question cannot be used; None if it can."""
    if not answering:
        return "unit"
    if not question:
        return "form"
    if len(question.split()) >= _FEWEST_WORDS and detect(question, language) != language:
        return "language"
    return "twin" if fold(question) in seen else None


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


def checked(
    answers: Sequence[ProposedAnswer], passage: Passage, index: Snapshot, results: int
) -> Kept:
    """The questions that find their answer again and ask something new.

    Args:
        answers: proposed.
        passage: that they are about, in use.
        index: that is searched.
        results: how many passages an answer is made from.
    """
    dropped: Counter[Dropped] = Counter()
    kept: list[ProposedAnswer] = []
    earlier: list[_Kept] = []
    for answer in answers:
        units = frozenset(passage.unit_ids[number] for number in answer.units)
        questions: dict[str, tuple[str, ...]] = {}
        for language, texts in answer.questions.items():
            for text in texts:
                new = _Kept(demands_of(text, language), index.embedder.query(text), units)
                if any(_are_twins(new, other, index) for other in earlier):
                    dropped["twin"] += 1
                elif not _finds(text, language, units, index, results):
                    dropped["elsewhere"] += 1
                else:
                    earlier.append(new)
                    questions[language] = (*questions.get(language, ()), text)
        if questions:
            kept.append(ProposedAnswer(units=answer.units, questions=questions))
    return Kept(tuple(kept), dropped)


def _are_twins(question: _Kept, other: _Kept, index: Snapshot) -> bool:
    cosine = float(question.vector @ other.vector)
    is_near = question.units == other.units and index.profile.on_scale("question", cosine) >= _TWIN
    return is_near and not differ(question.demands, other.demands)


def _finds(
    question: str, language: str, units: frozenset[str], index: Snapshot, results: int
) -> bool:
    """Whether one of these units is in the first statements that are found for a question."""
    found = index.search(question, results, language)
    for ranked in rank(question, language, found, index.profile)[:_FIRST]:
        names = found[ranked.passage].passage.unit_ids
        if not units.isdisjoint(names[number] for number in ranked.statement.units):
            return True
    return False


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
