"""The answer: its blocks, citations and remarks, and the events of its making."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, computed_field

from core.answer_blocks import Blocks, Doubt, Marked, Marker, marked_text, sentences
from core.citations import Citation
from core.prepared import Approval
from core.source import Frozen, Passage

Mode = Literal["extractive", "generative", "fallback"]

Reason = Literal["off_topic", "not_in_sources", "out_of_scope"]
"""Why a question is refused, in this order: the sources are about another topic; they are near the
topic, but lack the answer; no document is in the scope of the search."""

ModelTrouble = Literal[
    "key",
    "quota",
    "unknown_model",
    "parameter",
    "too_long",
    "slow",
    "unreachable",
    "empty",
    "cut",
    "refused",
    "protocol",
    "paused",
    "failed",
]
"""Why a language model did not write or check an answer, or not all of it ("cut"), in this order:
its server refuses the key, has no credit or room, does not know the model, refuses a parameter,
finds the prompt too long, is too slow, cannot be reached; the reply is empty, broke off, was
filtered out or breaks OpenAI's protocol; the model is paused after a failure; anything else."""

Message = Literal[
    "greeting",
    "thanks",
    "farewell",
    "acknowledgement",
    "capabilities",
    "identity",
    "workings",
    "sources",
    "rude",
    "harm",
    "opinion",
    "legal",
    "shorter",
    "table",
    "translate",
    "email",
    "summarise",
]
"""The kind of a message that does not ask the sources anything: small talk, a question about the
assistant, a request for help with a crime ("harm"), for an opinion or for legal advice (which is
searched, below a line), or a task ("shorter" and those after it)."""

SEARCHABLE: tuple[Message, ...] = (
    "capabilities",
    "identity",
    "workings",
    "sources",
    "rude",
    "harm",
    "opinion",
)
"""Messages that may have been meant as a question: sent once more, they are one to the sources."""

AnswerKind = Literal["answer", "partial", "found", "refusal", "reply"]
"""A partial answer lacks something that the question names; "found" are results, without a claim
that they answer; a reply is to a message that does not ask the sources anything."""


class LeftOutSentence(Frozen):
    """A model's sentence in whose place a remark stands."""

    text: str
    reason: Doubt | Literal[""]
    details: tuple[str, ...]  # that the sources do not have


class Answer(Frozen):
    """An answer, and everything needed to check it.

    All that shows an answer goes through its blocks. For programs, `text` and `more` are the same
    as Markdown: paragraphs, "- " items, [1] markers, and lines that begin with "### " for labels. A
    marker covers the text before it, back to the previous marker or the beginning of the paragraph;
    behind the sentence that introduces a list it covers the list too. Offsets count Unicode
    characters (code points). No citation has a number that a passage has in brackets, so the texts
    can be read without `markers`.

    What a model wrote is in `text` as a whole, in its order, but for sentences that differ from the
    sources, or that are to be folded: a remark stands in their place, and `left_out` has them.
    """

    question: str
    # The answer proper: one to three sentences or one whole list, or up to three results; under a
    # refusal why.
    blocks: Blocks
    further: tuple[Blocks, ...] = ()  # more results, best first; under a refusal the nearest text
    language: str  # of the text, ISO 639-1
    asked_in: str = ""  # language of the question, if different
    citations: tuple[Citation, ...] = ()
    passages: tuple[Passage, ...] = ()  # all retrieved ones, best first
    answered: bool  # it claims to answer
    found: bool = False  # in place of an answer it has results, each a stretch under its label
    reason: str = ""  # the `Reason` of a refusal
    # The kind of the message that is replied to, of the task that is done, or of what stands above
    # results that it is not done.
    message: Message | Literal[""] = ""
    understood_as: str = ""  # the question as it was searched for, if different
    follows: str = ""  # the earlier question that rules joined it with for that
    searched_as: tuple[str, ...] = ()  # it in other languages, translated by a model for a search
    elsewhere: bool = False  # refused, but sources outside of the scope answer it
    # What the question demands and was not found: what it names and the evidence lacks, or where a
    # model wrote the answer, what that says the passages do not state.
    missing: tuple[str, ...] = ()
    searched: int = 0  # number of documents in which that was not found; 0: not counted
    asked_for: tuple[str, ...] = ()  # the number, date or name in the text that answers
    related: tuple[str, ...] = ()  # questions that a refusal offers instead
    ended: str = ""  # which cited documents' periods are over, and what succeeds them
    unchecked: bool = False  # a model was to read all sentences again, and has not read all
    check_trouble: ModelTrouble | Literal[""] = ""  # why, where its server or reply failed
    checker: str = ""  # the model that has read all of them again
    trouble: ModelTrouble | Literal[""] = ""  # why the configured model did not write all of it
    confidence: float
    mode: Mode
    model: str = ""
    prepared: str = ""  # the prepared question whose answer is given, if it has other words
    approved: Approval | None = None  # of that answer
    prompt_version: str = ""
    generation: str = ""
    timings: Mapping[str, float] = {}  # seconds per stage

    @property
    def proper(self) -> Marked:
        """`text` with its markers."""
        return marked_text(self.blocks)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def text(self) -> str:
        return self.proper.text

    @computed_field  # type: ignore[prop-decorator]
    @property
    def more(self) -> tuple[str, ...]:
        return tuple(marked_text(blocks).text for blocks in self.further)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def markers(self) -> tuple[tuple[Marker, ...], ...]:
        """A list for each text: the markers in `text`, then those in each of `more`."""
        return tuple(marked_text(blocks).markers for blocks in (self.blocks, *self.further))

    @computed_field  # type: ignore[prop-decorator]
    @property
    def documents(self) -> tuple[str, ...]:
        """Ids of the cited documents, in order of first citation."""
        return tuple(dict.fromkeys(citation.document.id for citation in self.citations))

    @computed_field  # type: ignore[prop-decorator]
    @property
    def unconfirmed(self) -> tuple[str, ...]:
        """The sentences of the text that were not confirmed."""
        return tuple(sentence.text for sentence in sentences(self.blocks) if sentence.is_doubted)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def left_out(self) -> tuple[LeftOutSentence, ...]:
        return tuple(
            LeftOutSentence(text=sentence.text, reason=sentence.reason, details=sentence.details)
            for sentence in sentences(self.blocks)
            if sentence.stand_in
        )

    @property
    def question_language(self) -> str:
        return self.asked_in or self.language

    @computed_field  # type: ignore[prop-decorator]
    @property
    def kind(self) -> AnswerKind:
        if self.found:
            return "found"
        if not self.answered:
            return "reply" if self.message else "refusal"
        return "partial" if self.missing else "answer"

    @property
    def missing_words(self) -> Mapping[str, str]:
        """For a phrase about what is missing: the `items`, and in parentheses the `count` of the
        documents searched."""
        count = f" ({self.searched})" if self.searched else ""
        return {"count": count, "items": "; ".join(self.missing)}

    @property
    def is_sourced(self) -> bool:
        """Whether it has something of the sources: an answer, or results."""
        return self.answered or self.found


class Turn(Frozen):
    """An earlier question and its answer."""

    question: str
    answer_text: str
    markers: tuple[Marker, ...] = ()
    message: Message | Literal[""] = ""  # as in `Answer`
    cited: tuple[str, ...] = ()  # ids of passages in the order of their markers, [1] first
    offered: tuple[str, ...] = ()

    @classmethod
    def of(cls, question: str, answer: Answer, offered: tuple[str, ...] = ()) -> "Turn":
        """A question with its answer as a turn; for a task ("shorter") the question that it is
        about."""
        message = answer.message if answer.kind == "reply" else ""
        own_question = (answer.message and answer.understood_as) or question
        quoted = answer.citations if answer.is_sourced else ()
        cited = tuple(dict.fromkeys(citation.passage_id for citation in quoted))
        places = {citation.number: cited.index(citation.passage_id) + 1 for citation in quoted}
        marked = answer.proper.renumbered(places)
        return cls(
            question=own_question,
            answer_text=marked.text,
            markers=marked.markers,
            message=message,
            cited=cited,
            offered=offered,
        )


class Stage(Frozen):
    """The step that a question is in."""

    name: Literal["searching", "reading", "checking", "searching_again"]


class TextDelta(Frozen):
    """A piece of answer text with its markers, to be shown as it arrives."""

    text: str  # empty for the beginning of a sentence, which only `blocks` have
    markers: tuple[Marker, ...] = ()
    cited: tuple[str, ...] = ()  # ids of passages; in the finished answer they may be renumbered
    blocks: Blocks = Field(default=(), exclude=True)  # all that has arrived, this piece included


class Finished(Frozen):
    """The last event of a stream: the whole answer."""

    answer: Answer


Event = Stage | TextDelta | Finished
