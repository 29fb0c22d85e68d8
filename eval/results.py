"""The shapes of a run's results.

How they are kept as files is told in eval/runs.py.
"""

import datetime
import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, JsonValue

from core.types import Frozen, Message, Turn
from eval.dataset import Challenge, Fact, Part, QuestionKind
from eval.metrics import Interval

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
"""Why a question fell short, most likely; see eval/causes.py."""


ENOUGH = 2 / 3
"""The precision from which an answer can be signed: two of three units shown are to the point."""

# Kinds of messages to which a reply may show the sources again.
_WITH_SOURCES = ("shorter", "summarise")
# Challenges that need no answer from the sources: a reply to them is right as well.
_NO_QUESTION = ("injection", "secrets", "abuse")


class Reading(Frozen):
    """What a reader sees of an answer (eval/reading.py).

    `judged` is whether the question names the units that answer it (gold). Of the `units` shown in
    the answer proper `needed` are gold, or what a gold one cannot do without; `direct` is whether
    the first is gold. Of the `lists` shown anywhere `whole_lists` are whole. `cut` and `loose` are
    the lines that are a cut list, or cannot be understood where they stand. `words_prose` are the
    words of the answer proper without labels and list items.
    """

    judged: bool
    units: int
    needed: int
    direct: bool
    lists: int
    whole_lists: int
    cut: tuple[str, ...] = ()
    loose: tuple[str, ...] = ()
    words_prose: int

    @property
    def precision(self) -> float | None:
        """The share of the units shown that are to the point; None where that is not known."""
        return self.needed / self.units if self.judged and self.units else None


class CitedSection(Frozen):
    """Where a citation of the answer points."""

    number: int
    document: str
    section: str


class RetrievedSection(Frozen):
    """One retrieved section. `relevant` is whether the question names it."""

    document: str
    section: str
    relevant: bool


class RetrievedPassage(Frozen):
    """One retrieved passage as the answerer got it, best first."""

    id: str
    document: str
    language: str
    section: str
    text: str


class SentenceVerdict(Frozen):
    """One sentence of an answer, judged by the project's own verifier.

    `supported` is whether its citations together support it; `needless` are those among them that
    do not support it alone and that it can do without (Gao et al. 2023).
    """

    text: str
    citations: tuple[int, ...]
    supported: bool
    needless: tuple[int, ...] = ()


class Tokens(Frozen):
    """What a model's server counted for one answer."""

    input: int
    output: int


class QuestionResult(Frozen):
    """One question, what the assistant did with it, and what is right and wrong about that.

    `retrieved` are the distinct sections of `passages`, best first; `judged` is whether the
    question names what answers it, `relevant_sections` how many such sections the index has.
    `across_languages` is whether the documents that answer it are in other languages only; None
    where that is not known.
    `facts_retrieved` counts the facts that stand in the passages, `facts_found` are those in the
    answer, in what is folded below it (`more`) or in its quotes, of which `facts_in_text` are in
    the answer proper. `expected` is what kind of message it is, `message` the kind that the
    assistant took it for. `inexact_quotes` and `unsupported` come from an independent check,
    `verdicts` from the project's verifier. `languages` are those the answer may be in,
    `text_language` is the one it is in; a refusal is an answer here. Times are in milliseconds.
    """

    id: str
    question: str
    history: tuple[Turn, ...] = ()
    language: str
    kind: QuestionKind
    challenge: Challenge | None = None
    part: Part = "questions"
    conversation: str = ""
    held_out: bool = False
    across_languages: bool | None = None
    answers: tuple[str, ...] = ()
    expected: Message | None = None
    message: Message | Literal[""] = ""
    documents: tuple[str, ...]
    answerable: bool
    answered: bool
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
    withheld: tuple[str, ...] = ()
    contradicted: tuple[str, ...] = ()
    forbidden_said: tuple[str, ...] = ()
    languages: tuple[str, ...]
    text_language: str
    confidence: float
    missing: tuple[str, ...]
    words: int
    tokens: Tokens | None = None
    latency_ms: float
    stages_ms: Mapping[str, float] = {}
    cause: Cause | None = None

    @property
    def is_message(self) -> bool:
        """It asks the sources nothing."""
        return self.expected is not None

    @property
    def is_question(self) -> bool:
        """It asks something that the sources have to answer or be searched for."""
        return not self.is_message and (self.answerable or self.challenge not in _NO_QUESTION)

    @property
    def handled(self) -> bool:
        """A message that was taken for what it is, without sources that it does not ask for."""
        return self.message == self.expected and (
            not self.citations or self.expected in _WITH_SOURCES
        )

    @property
    def fully_answered(self) -> bool:
        """An answerable question, answered with all its facts."""
        return self.answerable and self.answered and not self.facts_missing

    @property
    def complete(self) -> bool:
        """An answerable question, answered with all its facts before anything is unfolded."""
        return self.fully_answered and self.facts_in_text == len(self.facts_found)

    @property
    def useful(self) -> bool:
        """Fully answered, or refused where nothing can be answered, or handled as a message;
        nothing forbidden said."""
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
        """A quote is not exact, or a sentence is not supported by what it cites."""
        return bool(self.inexact_quotes or self.unsupported) or not all(
            verdict.supported for verdict in self.verdicts
        )

    @property
    def buried(self) -> bool:
        """Answered, but facts are folded away, or most of what is shown is beside the point."""
        precision = self.reading.precision
        noisy = precision is not None and precision < ENOUGH
        return self.fully_answered and (noisy or not self.complete)

    @property
    def signable(self) -> bool | None:
        """Whether an official could put a name under it; None where that cannot be told.

        An answer: complete, to the point, no list cut, nothing loose, in the right language, quoted
        exactly and supported. Without an answer: refused, with words that say so. Nothing
        forbidden said.
        """
        if self.is_message or (self.answerable and not self.reading.judged):
            return None
        if not self.useful or not self.in_language:
            return False
        if not self.answerable:
            return bool(self.text.strip())
        broken = self.reading.cut or self.reading.loose or self.misquoted
        return not (broken or self.buried)

    @property
    def outcome(self) -> str:
        """What became of the question: a key of `eval.report.OUTCOMES`."""
        if self.is_message:
            return "replied" if self.handled else "not_replied"
        if self.message:
            return "taken_for_message"
        if not self.answered:
            return "refused_wrongly" if self.answerable else "refused_rightly"
        if not self.answerable:
            return "answered_wrongly"
        if self.facts_missing:
            return "partial"
        return "buried" if self.signable is False else "full"

    @property
    def fell_short(self) -> bool:
        """Whether there is anything to improve."""
        if not self.useful or self.misquoted or not self.in_language:
            return True
        loose = self.answered and (self.reading.cut or self.reading.loose)
        return bool(loose) or self.buried


class Summary(Frozen):
    """The figures of a group of questions. A figure that does not apply to the group is None.

    `size` are means per answer: words, and tokens where a model's server counted them.
    """

    n: int
    reading: Mapping[str, float | None]
    manners: Mapping[str, float | None]
    retrieval: Mapping[str, float | None]
    answers: Mapping[str, float | None]
    refusals: Mapping[str, float | None]
    citations: Mapping[str, float | None]
    size: Mapping[str, float | None]
    latency_ms: Mapping[str, float | None]
    stages_ms: Mapping[str, Mapping[str, float | None]]
    intervals: Mapping[str, Mapping[str, Interval | None]]


class Bin(Frozen):
    """The questions whose confidence is in [low, high): mean confidence, and how many of them the
    documents answer."""

    low: float
    high: float
    n: int
    confidence: float
    answerable: float


class Calibration(Frozen):
    """Whether a confidence of 0.8 means that 8 in 10 such questions can be answered."""

    ece: float
    interval: Interval | None
    bins: tuple[Bin, ...]


def _moment(text: str) -> str:
    if datetime.datetime.fromisoformat(text).tzinfo is None:
        raise ValueError("has no time zone")
    return text


Moment = Annotated[str, AfterValidator(_moment)]
"""A date and time with its zone, ISO 8601."""


class Stamp(Frozen):
    """What a run was made with. `prompts` and `questions` are fingerprints by name; `model` is the
    language model that answered, empty for the sources' own sentences."""

    settings: Mapping[str, JsonValue]
    prompts: Mapping[str, str]
    embedder: str
    generation: str
    code_version: str
    date: Moment
    questions: Mapping[str, str]
    model: str = ""


class Figures(Frozen):
    """What a run comes to, without its questions.

    `overall` and the groups are over the questions; `by_part` is "open" and "held out", "same
    language" and "across languages" where the question names what answers it, and "messages" and
    "conversations", which are reported apart. Manners are over all that was asked.
    """

    stamp: Stamp
    overall: Summary
    by_language: Mapping[str, Summary]
    by_kind: Mapping[str, Summary]
    by_document: Mapping[str, Summary]
    by_challenge: Mapping[str, Summary]
    by_part: Mapping[str, Summary]
    calibration: Calibration | None


class Results(Figures):
    """A whole run."""

    questions: tuple[QuestionResult, ...]

    @property
    def fingerprint(self) -> str:
        """SHA-256 of all but times and stamp: equal for two runs whose figures and answers are
        equal to the last digit."""
        kept = _without_times(self.model_dump(mode="json", exclude={"stamp"}))
        return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()


def _without_times(value: JsonValue) -> JsonValue:
    if isinstance(value, dict):
        return {
            name: _without_times(part) for name, part in value.items() if not name.endswith("_ms")
        }
    return [_without_times(part) for part in value] if isinstance(value, list) else value
