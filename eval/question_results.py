"""One question of a run: its answer, what is found of it, and the likely cause if it fell short."""

from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Literal

from core.answer import Message, Turn
from core.source import Frozen
from eval.dataset import Challenge, Fact, QuestionKind, RunPart
from eval.metrics import first_relevant
from language.words import contains


class Reading(Frozen):
    """Readability of an answer (eval/shown.py)."""

    judged: bool  # whether the question names the units that answer it (gold)
    units: int  # shown in the answer proper
    needed: int  # of these, gold or the context of a gold unit
    cut: tuple[str, ...] = ()  # lines of cut lists
    loose: tuple[str, ...] = ()  # lines that cannot be understood in place
    among_others: bool = False  # whether what answers is an item of a list most of which does not
    noted: bool = False  # whether the answer says that it is not all
    words_prose: int  # of the answer proper, without labels and list items

    @property
    def precision(self) -> float | None:
        """Share of the units shown that are needed; None if unknown."""
        return self.needed / self.units if self.judged and self.units else None

    @property
    def beside(self) -> bool:
        """Whether nothing of what answers the question is shown."""
        return self.judged and not self.needed


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
    """One sentence of an answer, judged by the project's own verifier."""

    text: str
    citations: tuple[int, ...]
    supported: bool  # whether its citations together support it
    # Citations that neither support it alone nor are needed by the others (Gao et al. 2023).
    needless: tuple[int, ...] = ()


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
    "misleading",
    "cut list",
    "loose end",
    "buried",
]
"""Likely cause why a question fell short: where to look first."""
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
    "misleading": "all facts are there, and a reader comes away with something else",
    "cut list": "all facts are there, and a list is shown in part",
    "loose end": "all facts are there, and a line cannot be understood where it stands",
    "buried": "all facts are there, folded away or among much that is beside the point",
}
"""Causes in order of precedence: a question gets the first that applies."""


Misleading = Literal["unanswerable", "another question", "wrong value", "half a list"]
"""What a reader of an answer comes away with, and should not."""

ENOUGH = 2 / 3
"""Least precision of a signable answer: two of three units shown are to the point."""

# Kinds of messages whose reply may cite sources.
_WITH_SOURCES = ("shorter", "summarise", "table", "email", "legal")
# Kinds of questions that a figure, date or name in bold answers.
_OF_VALUES = ("number", "date", "name")
# Challenges that a reply without sources also answers rightly.
_NO_QUESTION = ("injection", "secrets", "abuse")


class QuestionResult(Frozen):
    """One question with its answer and assessment. Times are in milliseconds."""

    id: str
    question: str
    history: tuple[Turn, ...] = ()
    language: str
    kind: QuestionKind
    challenge: Challenge | None = None
    part: RunPart = "questions"
    conversation: str = ""
    held_out: bool = False
    # Whether the documents that answer it are in other languages only; None if unknown.
    across_languages: bool | None = None
    answers: tuple[str, ...] = ()
    expected: Message | None = None  # kind of message, by the label
    message: Message | Literal[""] = ""  # by the assistant
    documents: tuple[str, ...]
    answerable: bool
    answered: bool
    found: bool = False
    reason: str
    mode: str
    model: str = ""
    text: str
    more: tuple[str, ...] = ()  # folded blocks below the answer proper
    quotes: tuple[str, ...]
    citations: tuple[CitedSection, ...]
    passages: tuple[RetrievedPassage, ...]
    retrieved: tuple[RetrievedSection, ...]  # distinct sections of the passages, best first
    judged: bool  # whether the question names the sections that answer it
    facts_retrieved: int  # number of facts in the passages
    facts_found: tuple[Fact, ...]  # in the answer, folded blocks and quotes included
    facts_missing: tuple[Fact, ...]
    facts_in_text: int  # number of facts in the answer proper
    reading: Reading
    inexact_quotes: tuple[str, ...]
    sentences: int
    unsupported: tuple[str, ...]  # by an independent check
    verdicts: tuple[SentenceVerdict, ...]
    unconfirmed: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    in_bold: tuple[str, ...] = ()  # figures, dates or names that stand out as what was asked for
    forbidden_said: tuple[str, ...] = ()
    languages: tuple[str, ...]  # allowed for the answer or refusal
    text_language: str  # the one it is in
    confidence: float
    missing: tuple[str, ...]
    words: int
    latency_ms: float
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
    def taken_for_message(self) -> bool:
        """Whether a question was answered as a message, and not with results."""
        return self.is_question and bool(self.message) and not self.found

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
    def right(self) -> bool:
        """Whether all facts are on the first screen, in what answers the question, and nothing
        beside them misleads."""
        return self.complete and not self.reading.beside and not self.misleads

    @property
    def useful(self) -> bool:
        """Whether it is fully answered, rightly refused, or handled as a message, with nothing
        forbidden said."""
        if self.forbidden_said:
            return False
        if self.is_message:
            return self.handled
        return self.fully_answered if self.answerable else not self.answered

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
        """Whether it is fully answered, but with facts only in folded blocks, with a precision
        below `ENOUGH`, or in one item of a list among others."""
        precision = self.reading.precision
        noisy = self.reading.among_others or (precision is not None and precision < ENOUGH)
        return self.fully_answered and (noisy or not self.complete)

    @property
    def signable(self) -> bool | None:
        """Whether an official could sign it; None if unknown.

        It is in the question's language, whatever the sources are in, and says nothing forbidden.
        An answer, which results are not, is right and not buried, has no cut lists and loose lines,
        and is exactly quoted and supported. An unanswerable question is refused in words.
        """
        if self.is_message or (self.answerable and not self.reading.judged):
            return None
        if self.forbidden_said or self.found or self.text_language != self.language:
            return False
        if not self.answerable:
            return not self.answered and bool(self.text.strip())
        broken = self.reading.cut or self.reading.loose or self.misquoted
        return self.answered and self.right and not (broken or self.buried)

    @property
    def outcome(self) -> str:
        """What became of the question: a key of `eval.run_report.OUTCOMES`."""
        if self.forbidden_said:
            return "forbidden"
        if self.is_message:
            return "replied" if self.handled else "not_replied"
        if self.taken_for_message:
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
        return not self.useful or self.misquoted or not self.in_language or self.misleads

    @property
    def misleads(self) -> bool:
        """Whether a reader of an answer comes away with something wrong."""
        return self.misleading is not None

    @property
    def misleading(self) -> Misleading | None:
        """What an answer misleads by, the worst first; None for one that does not, for results and
        for refusals."""
        if not self.answered or self.is_message:
            return None
        if not self.answerable:
            return "unanswerable"
        if not self.facts_in_text or self.reading.beside:
            return "another question"
        if self.kind in _OF_VALUES and self.in_bold and not any(map(self._is_fact, self.in_bold)):
            return "wrong value"
        if self.kind == "list" and not self.complete and not self.reading.noted:
            return "half a list"
        return None

    def _is_fact(self, value: str) -> bool:
        """Whether a value is an expected fact, or a part of one, or has one in it."""
        spellings = chain.from_iterable((*self.facts_found, *self.facts_missing))
        return any(contains(value, spelling) or contains(spelling, value) for spelling in spellings)

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


def likely_cause(result: QuestionResult) -> Cause | None:
    """The first cause that applies; None if the question did not fall short."""
    if result.forbidden_said:
        return "forbidden"
    if result.misquoted:
        return "wrong citation"
    if (result.is_message and not result.handled) or result.taken_for_message:
        return "message"
    if result.answered and not result.answerable and not result.is_message:
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
    if result.misleads:
        return "misleading"
    if result.reading.cut:
        return "cut list"
    if result.reading.loose:
        return "loose end"
    return "buried" if result.buried else None


def explain(result: QuestionResult) -> str:
    """What the likely cause means, with its details; "" if the question did not fall short."""
    cause = likely_cause(result)
    if cause is None:
        return ""
    facts, shown = len(result.facts_found) + len(result.facts_missing), result.reading
    kinds = [kind or "a question" for kind in (result.expected, result.message)]
    details: Mapping[Cause, str] = {
        "forbidden": in_quotes(result.forbidden_said),
        "message": f"{kinds[0]}, taken for {kinds[1]}",
        "language": f"{result.text_language or 'none'}, not {' or '.join(result.languages)}",
        "misleading": f"{result.misleading}; in bold: {in_quotes(result.in_bold) or 'nothing'}",
        "buried": f"{shown.needed} of {shown.units} sentences and lists shown are to the point; "
        f"{facts - result.facts_in_text} of {facts} facts are folded below",
    }
    return MEANINGS[cause] + (f" ({details[cause]})" if cause in details else "")


def in_quotes(texts: Iterable[str]) -> str:
    """The texts in quotation marks, one behind the other."""
    return ", ".join(f"“{text}”" for text in texts)
