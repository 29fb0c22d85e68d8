"""Has a model write questions about documents in use, a section at a time.

A section is asked about if no prepared question, in use or proposed, has its answer there. So a run
that broke off goes on where it stopped, and a section whose questions became stale is asked about
again.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from core.errors import StrategiewijzerError
from core.files import printable
from core.proposals import ProposalFailure, Proposals, SectionToAsk
from core.settings import Settings
from core.source import DocumentInfo, Passage, Scope
from ingest.publishing.ingest_run import SectionAsked
from ingest.publishing.own_questions import OwnQuestions, asked_in
from ingest.publishing.proposer import Proposer
from ingest.reading.question_file import PreparedAnswer, prepared_questions, shortest_beginnings
from language.identify import OFFICIAL
from language.vocabulary import SPOKEN
from vectorstore.embeddings import estimated_tokens
from vectorstore.generation import Generation
from vectorstore.generations import Generations

_FEWEST = 4  # words of a unit that says something
_REPLY = 100  # tokens of the reply for a unit: five questions in the first language
_REPLY_MORE = 30  # and in each other one
_IN_A_ROW = 3  # failures after which other sections would fail too


class SectionPlan(NamedTuple):
    """The sections to ask about now, and an estimate of what that costs."""

    now: tuple[SectionToAsk, ...]
    later: int  # sections that are left because of the limit
    before: int  # sections that have questions
    read: int  # tokens of all prompts, about
    written: int  # tokens of all replies, about


class ProposalRun:
    """One run over the generation in use.

    Raises:
        NoIndexError: nothing has been ingested yet.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._generation = Generations(settings).current()
        self._own = OwnQuestions(settings)

    def plan(self, names: Sequence[str], limit: int, rules: str) -> SectionPlan:
        """Plans what to ask about documents (keys or ids; none: all), in at most `limit` calls.

        Args:
            names: of the documents.
            limit: of calls.
            rules: the prompt without a section.

        Raises:
            StrategiewijzerError: there is no such document.
        """
        left: list[SectionToAsk] = []
        before = 0
        for info in _named(self._generation, names):
            languages = self._languages(info)
            document = _Document(self._generation, self._own, info.key)
            sections = [passage for passage in document.passages if _says(passage)]
            fresh = [passage for passage in sections if passage.id not in document.answering]
            before += len(sections) - len(fresh)
            if languages:
                left += (SectionToAsk(passage=passage, languages=languages) for passage in fresh)
        now = left[:limit]
        return SectionPlan(
            now=tuple(now),
            later=len(left) - len(now),
            before=before,
            read=sum(estimated_tokens(rules + section.passage.context()) for section in now),
            written=sum(
                len(section.passage.units) * (_REPLY + _REPLY_MORE * (len(section.languages) - 1))
                for section in now
            ),
        )

    def ask(self, plan: SectionPlan, proposer: Proposer) -> Iterator[SectionAsked]:
        """Asks, and keeps each section's proposals before the next is asked about. Ends early
        after a failure that others would share.

        Raises:
            StrategiewijzerError: nothing can be asked or kept.
        """
        in_a_row = 0
        document: _Document | None = None
        for done, section in enumerate(plan.now, start=1):
            key = section.passage.document.key
            outcome = proposer.ask(section)
            event = SectionAsked(document=key, done=done, total=len(plan.now))
            if isinstance(outcome, ProposalFailure):
                in_a_row += 1
                yield event.model_copy(update={"reason": outcome.reason})
                if outcome.is_lasting or in_a_row == _IN_A_ROW:
                    return
                continue
            in_a_row = 0
            if document is None or document.key != key:
                document = _Document(self._generation, self._own, key)
            answers = document.answers(section.passage, outcome)
            if answers:
                self._own.propose(key, answers)
            kept = sum(len(answer.questions) for answer in answers)
            written = sum(
                len(texts) for proposed in outcome.answers for texts in proposed.questions.values()
            )
            dropped = sum(outcome.dropped.values()) + written - kept
            yield event.model_copy(update={"kept": kept, "dropped": dropped})

    def _languages(self, document: DocumentInfo) -> tuple[str, ...]:
        """The document's language, and those whose readers are given this version of it."""
        versions = self._generation.versions
        given = (language for language in SPOKEN if document.key in versions(language, Scope()))
        wanted = dict.fromkeys((document.language, *given))
        return tuple(language for language in wanted if language in OFFICIAL)


class _Document:
    """A document in use, with the questions about it that there are."""

    def __init__(self, generation: Generation, own: OwnQuestions, key: str) -> None:
        self.key = key
        self.passages = sorted(generation.all_passages({key}), key=lambda passage: passage.start)
        self._words = shortest_beginnings(self.passages)
        mine = (*own.accepted(key), *own.proposed(key))
        found, _ = prepared_questions(mine, self.passages)
        known = [*generation.all_questions({key}), *found]
        self.answering = {passage for question in known for passage in question.passages}
        self._asked = {question.id for answer in mine for question in answer.questions}
        self._asked |= {question.id.rpartition(":")[2] for question in known}

    def answers(self, passage: Passage, proposals: Proposals) -> list[PreparedAnswer]:
        """Proposals as answers of a file, which cannot have units that no words name, nor the words
        of a question twice."""
        answers = []
        for proposed in proposals.answers:
            units = tuple(self._words.get(passage.unit_ids[unit], "") for unit in proposed.units)
            new = tuple(
                question
                for language, texts in proposed.questions.items()
                for question in asked_in(language, *texts)
                if question.id not in self._asked
            )
            if new and all(units):
                self._asked |= {question.id for question in new}
                by = f"model {printable(proposals.model)}"
                answers.append(PreparedAnswer(units=units, questions=new, by=by))
        return answers


def _named(generation: Generation, names: Sequence[str]) -> list[DocumentInfo]:
    """The documents with these keys or ids; all without a name.

    Raises:
        StrategiewijzerError: there is none of such a name.
    """
    every = [entry.info for entry in generation.manifest.documents]
    for name in names:
        if not any(name in (info.key, info.id) for info in every):
            raise StrategiewijzerError(
                f"There is no document {printable(name)!r} in the index. See which there are with: "
                "python -m ingest status"
            )
    return [info for info in every if not names or info.key in names or info.id in names]


def _says(passage: Passage) -> bool:
    """Whether there is something to ask about."""
    return any(
        unit.kind != "note" and len(passage.text[unit.start : unit.end].split()) >= _FEWEST
        for unit in passage.units
    )
