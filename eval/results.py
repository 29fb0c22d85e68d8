"""Results of a run: what was found in each answer, why it is wrong, and all together."""

import datetime
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import AfterValidator, JsonValue, StringConstraints

from core.answer import Message, Turn
from core.source import Frozen
from eval.dataset import Challenge, Fact, QuestionKind, RunPart
from eval.metrics import Interval, first_relevant


class Reading(Frozen):
    """Readability of an answer (eval/shown.py).

    judged: whether the question names the units that answer it (gold).
    units, needed: units shown in the answer proper; those that are gold or context of a gold unit.
    direct: whether the first unit is gold.
    lists, whole_lists: lists shown anywhere; those shown whole.
    cut: lines of cut lists.
    loose: lines that cannot be understood in place.
    words_prose: words of the answer proper without labels and list items.
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
        """Share of the units shown that are needed; None if unknown."""
        return self.needed / self.units if self.judged and self.units else None


class CitedSection(Frozen):
    """Document and section of a citation."""

    number: int
    document: str
    section: str


class RetrievedSection(Frozen):
    """One retrieved section; `relevant` if the question names it."""

    document: str
    section: str
    relevant: bool


class RetrievedPassage(Frozen):
    """One retrieved passage, as the answerer got it."""

    id: str
    document: str
    language: str
    section: str
    text: str


class SentenceVerdict(Frozen):
    """One sentence of an answer, judged by the project's own verifier.

    supported: whether its citations together support it.
    needless: citations that neither support it alone nor are needed by the others (Gao et al.
        2023).
    """

    text: str
    citations: tuple[int, ...]
    supported: bool
    needless: tuple[int, ...] = ()


class TokenUsage(Frozen):
    """Token counts of a model's server for one answer."""

    input: int
    output: int


# Data model of one question of a run: its answer, and what is found of it.


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
"""Likely cause why a question fell short; see eval/results.py."""


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
        """The outcome of the question: a key of `eval.run_report.OUTCOMES`."""
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
    def findings(self) -> dict[str, tuple[str, ...]]:
        """Texts that were found wrong or wanting, by kind; of which none was found is left out."""
        every = {
            "cut": self.reading.cut,
            "loose": self.reading.loose,
            "inexact": self.inexact_quotes,
            "unsupported": self.unsupported,
            "unconfirmed": self.unconfirmed,
            "left_out": self.left_out,
            "forbidden": self.forbidden_said,
            "missing": self.missing,
        }
        return {kind: texts for kind, texts in every.items() if texts}

    @property
    def fell_short(self) -> bool:
        """Whether there is anything to improve."""
        if self.wrong:
            return True
        loose = self.answered and (self.reading.cut or self.reading.loose)
        return bool(loose) or self.buried


# Likely cause why a question fell short: where to look first.


MEANINGS: Mapping[Cause, str] = {
    "forbidden": "the answer says something that the question set forbids",
    "wrong citation": "a quote is not exact, or a sentence is not supported by what it cites",
    "message": "a message was not taken for what it is, or a question was taken for a message",
    "should have been refused": "answered, although the documents hold no answer",
    "language": "answered in a language that was not expected",
    "refused wrongly": "refused, although retrieval did not miss a right section, as far as known",
    "not retrieved": "no section that answers the question was retrieved",
    "retrieved but not chosen": "a right section was retrieved, and facts in the passages left out",
    "incomplete": "facts are missing from the answer, and the passages do not tell why",
    "cut list": "all facts are there, and a list is shown in part",
    "loose end": "all facts are there, and a line cannot be understood where it stands",
    "buried": "all facts are there, folded away or among much that is beside the point",
}
"""Causes in order of precedence: a question gets the first that applies."""


def likely_cause(result: QuestionResult) -> Cause | None:
    """The first cause that applies; None if the question did not fall short."""
    if result.forbidden_said:
        return "forbidden"
    if result.misquoted:
        return "wrong citation"
    if (result.is_message and not result.handled) or (result.is_question and result.message):
        return "message"
    if result.answered and not result.answerable:
        return "should have been refused"
    if not result.in_language:
        return "language"
    if result.useful:
        return _unreadable(result)
    if result.judged and result.rank is None:
        return "not retrieved"
    if not result.is_sourced:
        return "refused wrongly"
    if result.judged and result.facts_retrieved > len(result.facts_found):
        return "retrieved but not chosen"
    return "incomplete"


def _unreadable(result: QuestionResult) -> Cause | None:
    """Cause why an answer with all facts is not signable, if any."""
    if not result.answered:
        return None
    if result.reading.cut:
        return "cut list"
    if result.reading.loose:
        return "loose end"
    return "buried" if result.buried else None


def explain(result: QuestionResult) -> str:
    """The likely cause in one sentence, with details; "" if the question did not fall short."""
    match likely_cause(result):
        case None:
            return ""
        case "forbidden":
            return f"The answer says {_quoted(result.forbidden_said)}, which it must not."
        case "wrong citation":
            return _wrong_citation(result)
        case "message":
            kinds = [kind or "a question" for kind in (result.expected, result.message)]
            if kinds[0] == kinds[1]:
                return f"Taken for what it is ({kinds[0]}), but sources are cited."
            return f"This is {kinds[0]}, and was taken for {kinds[1]}."
        case "should have been refused":
            return f"Answered with {_confidence(result)}, although the documents hold no answer."
        case "language":
            expected = " or ".join(result.languages)
            said = "answer" if result.is_sourced else "refusal"
            return f"The {said} is in {result.text_language or 'no language'}, not in {expected}."
        case "refused wrongly" | "not retrieved" if not result.is_sourced:
            return f"Refused with {_confidence(result)}; {_retrieval(result)}."
        case "cut list":
            return f"A list is cut at {_quoted(result.reading.cut)}."
        case "loose end":
            return f"Not to be understood where it stands: {_quoted(result.reading.loose)}."
        case "buried":
            return _buried(result)
        case _:
            missing, all_facts = len(result.facts_missing), _facts(result)
            return (
                f"{missing} of {all_facts} {'fact' if all_facts == 1 else 'facts'} missing, "
                f"{result.facts_retrieved} of {all_facts} in the passages; {_retrieval(result)}."
            )


def _facts(result: QuestionResult) -> int:
    return len(result.facts_found) + len(result.facts_missing)


def _confidence(result: QuestionResult) -> str:
    return f"confidence {result.confidence:.2f}"


def _retrieval(result: QuestionResult) -> str:
    if not result.judged:
        return "the question names no sections to look for"
    rank = result.rank
    if rank is None:
        return f"none of the {len(result.retrieved)} retrieved sections answers it"
    section = result.retrieved[rank - 1]
    return f"a right section was retrieved at rank {rank} ({section.document}: {section.section})"


def _wrong_citation(result: QuestionResult) -> str:
    """Describes the first fault and counts the others."""
    rejected = [verdict for verdict in result.verdicts if not verdict.supported]
    faults = [f"the quote {_quoted([one])} is not in its passage" for one in result.inexact_quotes]
    faults += [
        f"the sentence {_quoted([one.text])} is not supported by {_markers(one.citations)}"
        for one in rejected
    ]
    faults += [
        f"the sentence {_quoted([one])} has no citation, or a figure that its quotes lack"
        for one in result.unsupported
        if one not in {verdict.text for verdict in rejected}
    ]
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    return f"{faults[0][0].upper()}{faults[0][1:]}{more}."


def _buried(result: QuestionResult) -> str:
    folded, all_facts = _facts(result) - result.facts_in_text, _facts(result)
    faults = [f"{folded} of {all_facts} facts are only folded below the answer"] if folded else []
    if result.reading.judged:
        units, needed = result.reading.units, result.reading.needed
        faults.append(f"{needed} of {units} sentences and lists shown are to the point")
    return f"{'; '.join(faults)}."


def _markers(numbers: Sequence[int]) -> str:
    return "".join(f"[{number}]" for number in numbers) or "any citation"


def _quoted(texts: Sequence[str]) -> str:
    return ", ".join(f"“{text}”" for text in texts)


# Data model of a run's results; eval/runs.py stores them.


class Summary(Frozen):
    """Figures of a group of questions; None for one that does not apply.

    `size` has means per answer: words, and tokens if a model's server counts them.
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
    """Questions with a confidence in [low, high): mean confidence, and share answerable."""

    low: float
    high: float
    n: int
    confidence: float
    answerable: float


class Calibration(Frozen):
    """Calibration: whether 8 in 10 questions with a confidence of 0.8 are answerable."""

    ece: float
    interval: Interval | None
    bins: tuple[Bin, ...]


def _moment(text: str) -> str:
    if datetime.datetime.fromisoformat(text).tzinfo is None:
        raise ValueError("has no time zone")
    return text


Moment = Annotated[str, AfterValidator(_moment)]
"""Date and time with time zone, ISO 8601."""


class Stamp(Frozen):
    """Provenance of a run. `prompts` and `questions` are fingerprints by name; `model` is the
    language model that answered, empty for extractive answers."""

    settings: Mapping[str, JsonValue]
    prompts: Mapping[str, str]
    embedder: str
    generation: str
    code_version: str
    date: Moment
    questions: Mapping[str, str]
    model: str = ""


LONGEST_NAME, LONGEST_REASON = 100, 1000  # characters


def _filled(longest: int) -> StringConstraints:
    return StringConstraints(strip_whitespace=True, min_length=1, max_length=longest)


class SignOff(Frozen):
    """A person's decision. `results` is the fingerprint of the run that it is about."""

    goes_live: bool
    name: Annotated[str, _filled(LONGEST_NAME)]
    reason: Annotated[str, _filled(LONGEST_REASON)]
    date: Moment
    results: str


class Figures(Frozen):
    """Figures of a run, without its questions.

    `overall` and the groups cover the questions. `by_part` has "open" and "held out", "same
    language" and "across languages" (of questions that name their documents), and "messages",
    "conversations" and "memory", which are reported apart. `manners` covers everything that was
    asked.
    """

    stamp: Stamp
    overall: Summary
    by_language: Mapping[str, Summary]
    by_kind: Mapping[str, Summary]
    by_document: Mapping[str, Summary]
    by_challenge: Mapping[str, Summary]
    by_part: Mapping[str, Summary]
    calibration: Calibration | None

    @property
    def only_memory(self) -> bool:
        """Whether every question was a prepared one: then nothing tells how others are answered."""
        return self.by_part.keys() == {"memory"}


class Results(Figures):
    """A whole run."""

    questions: tuple[QuestionResult, ...]

    @property
    def answerers(self) -> list[str]:
        """How answers were made, and by which models."""
        return sorted({f"{one.mode} {one.model}".strip() for one in self.questions})

    @property
    def fingerprint(self) -> str:
        """SHA-256 without times and stamp: equal for two runs with equal figures and answers."""
        kept = _without_times(self.model_dump(mode="json", exclude={"stamp"}))
        return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()


def _without_times(value: JsonValue) -> JsonValue:
    if isinstance(value, dict):
        return {
            name: _without_times(part) for name, part in value.items() if not name.endswith("_ms")
        }
    return [_without_times(part) for part in value] if isinstance(value, list) else value
