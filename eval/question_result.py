"""Data model of one question of a run: its answer, and what is found of it."""

from collections.abc import Mapping
from typing import Literal

from core.answer import Message, Turn
from core.frozen import Frozen
from eval.dataset import Challenge, Fact, QuestionKind, RunPart
from eval.findings import (
    CitedSection,
    Reading,
    RetrievedPassage,
    RetrievedSection,
    SentenceVerdict,
    TokenUsage,
)
from eval.metrics import first_relevant

Cause = Literal[
    "not retrieved",
    "retrieved but not chosen",
    "refused wrongly",
    "should have been refused",
    "language",
    "wrong citation",
    "forbidden",
    "incomplete",
    "message",
    "cut list",
    "loose end",
    "buried",
]
"""Likely cause why a question fell short; see eval/causes.py."""


ENOUGH = 2 / 3
"""Least precision of a signable answer: two of three units shown are to the point."""

# Kinds of messages whose reply may cite sources.
_WITH_SOURCES = ("shorter", "summarise")
# Challenges that a reply without sources also answers rightly.
_NO_QUESTION = ("injection", "secrets", "abuse")


class QuestionResult(Frozen):
    """One question with its answer and assessment. Times are in milliseconds.

    across_languages: whether the documents that answer it are in other languages only; None if
        unknown.
    expected, message: kind of message by the label, and by the assistant.
    more: folded blocks below the answer proper.
    retrieved: distinct sections of `passages`, best first.
    judged: whether the question names the sections that answer it.
    relevant_sections: number of such sections in the index.
    facts_retrieved: number of facts in the passages.
    facts_found: facts in the answer, folded blocks and quotes included.
    facts_in_text: number of facts in the answer proper.
    inexact_quotes, unsupported: by an independent check.
    verdicts: by the project's verifier.
    languages, text_language: languages allowed for the answer or refusal, and the one it is in.
    """

    id: str
    question: str
    history: tuple[Turn, ...] = ()
    language: str
    kind: QuestionKind
    challenge: Challenge | None = None
    part: RunPart = "questions"
    conversation: str = ""
    held_out: bool = False
    across_languages: bool | None = None
    answers: tuple[str, ...] = ()
    expected: Message | None = None
    message: Message | Literal[""] = ""
    documents: tuple[str, ...]
    answerable: bool
    answered: bool
    found: bool = False
    reason: str
    mode: str
    model: str = ""
    text: str
    more: tuple[str, ...] = ()
    quotes: tuple[str, ...]
    citations: tuple[CitedSection, ...]
    passages: tuple[RetrievedPassage, ...]
    retrieved: tuple[RetrievedSection, ...]
    judged: bool
    relevant_sections: int
    facts_retrieved: int
    facts_found: tuple[Fact, ...]
    facts_missing: tuple[Fact, ...]
    facts_in_text: int
    reading: Reading
    inexact_quotes: tuple[str, ...]
    sentences: int
    unsupported: tuple[str, ...]
    verdicts: tuple[SentenceVerdict, ...]
    unconfirmed: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    forbidden_said: tuple[str, ...] = ()
    languages: tuple[str, ...]
    text_language: str
    confidence: float
    missing: tuple[str, ...]
    words: int
    tokens: TokenUsage | None = None
    latency_ms: float
    stages_ms: Mapping[str, float] = {}
    cause: Cause | None = None

    @property
    def is_message(self) -> bool:
        """Whether its label is a message, which asks the sources nothing."""
        return self.expected is not None

    @property
    def is_question(self) -> bool:
        """Whether the sources must be searched for it."""
        return not self.is_message and (self.answerable or self.challenge not in _NO_QUESTION)

    @property
    def handled(self) -> bool:
        """Whether a message was classified right, and cites sources only if its kind may."""
        return self.message == self.expected and (
            not self.citations or self.expected in _WITH_SOURCES
        )

    @property
    def rank(self) -> int | None:
        """1-based rank of the first retrieved section that answers it, or None."""
        return first_relevant([section.relevant for section in self.retrieved])

    @property
    def is_sourced(self) -> bool:
        """Whether something of the sources is shown: an answer, or results."""
        return self.answered or self.found

    @property
    def fully_answered(self) -> bool:
        """Whether all facts of an answerable question are shown, or folded below."""
        return self.answerable and self.is_sourced and not self.facts_missing

    @property
    def complete(self) -> bool:
        """Whether all facts are on the first screen: in the answer proper, or in the results that
        are not folded."""
        return self.fully_answered and self.facts_in_text == len(self.facts_found)

    @property
    def useful(self) -> bool:
        """Whether it is fully answered, rightly refused, or handled as a message, with nothing
        forbidden said."""
        if self.is_message:
            right = self.handled
        else:
            right = self.fully_answered if self.answerable else not self.answered
        return right and not self.forbidden_said

    @property
    def in_language(self) -> bool:
        return self.text_language in self.languages

    @property
    def misquoted(self) -> bool:
        """Whether a quote is not exact, or a sentence not supported by its citations."""
        return bool(self.inexact_quotes or self.unsupported) or not all(
            verdict.supported for verdict in self.verdicts
        )

    @property
    def buried(self) -> bool:
        """Whether it is fully answered, but with facts only in folded blocks, or with a precision
        below `ENOUGH`."""
        precision = self.reading.precision
        noisy = precision is not None and precision < ENOUGH
        return self.fully_answered and (noisy or not self.complete)

    @property
    def signable(self) -> bool | None:
        """Whether an official could sign it; None if unknown.

        Results are no answer. An answer must be complete, to the point, without cut lists and
        loose lines, in an allowed language, exactly quoted and supported. An unanswerable question
        must be refused in words, or get results. Nothing forbidden may be said.
        """
        if self.is_message or (self.answerable and not self.reading.judged):
            return None
        if not self.useful or not self.in_language:
            return False
        if not self.answerable or self.found:
            return not self.answerable and bool(self.text.strip())
        broken = self.reading.cut or self.reading.loose or self.misquoted
        return not (broken or self.buried)

    @property
    def outcome(self) -> str:
        """What became of the question: a key of `eval.run_report.OUTCOMES`."""
        if self.forbidden_said:
            return "forbidden"
        if self.is_message:
            return "replied" if self.handled else "not_replied"
        if self.message:
            return "taken_for_message"
        if not self.is_sourced:
            return "refused_wrongly" if self.answerable else "refused_rightly"
        if self.found:
            return "found" if self.complete else "found_in_vain"
        if not self.answerable:
            return "answered_wrongly"
        if self.facts_missing:
            return "partial"
        return "buried" if self.signable is False else "full"

    @property
    def wrong(self) -> bool:
        """Whether a reader is not given what he or she should be; the form does not matter."""
        return not self.useful or self.misquoted or not self.in_language

    @property
    def misleads(self) -> bool:
        """Whether it is an answer with no fact of what answers, or where nothing does."""
        return self.answered and not (self.answerable and self.facts_in_text)

    @property
    def fell_short(self) -> bool:
        """Whether there is anything to improve."""
        if self.wrong:
            return True
        loose = self.answered and (self.reading.cut or self.reading.loose)
        return bool(loose) or self.buried
