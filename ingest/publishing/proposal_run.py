"""Has a model write questions about documents in use, a section at a time.

documents -> sections that were not asked about, and what they cost, which a person agrees to
          -> each asked (proposer.py) -> proposals (own_questions.py)
          -> remembered (asked_sections.py)
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple

from core.errors import StrategiewijzerError
from core.names import printable
from core.passage import Passage
from core.prepared import PreparedQuestion
from core.proposals import Dropped, ProposalFailure, Proposals, ProposerReady, SectionToAsk
from core.settings import Settings
from core.source import DocumentInfo, Scope
from ingest.passages.answering_units import prepared_questions, shortest_beginnings
from ingest.publishing.asked_sections import AskedSections
from ingest.publishing.events import SectionAsked
from ingest.publishing.own_questions import OwnQuestions, asked_in
from ingest.publishing.proposer import Proposer
from ingest.reading.question_file import PreparedAnswer
from language.official import OFFICIAL
from vectorstore.embeddings import token_counter
from vectorstore.generation import Generation
from vectorstore.generations import Generations

_READERS = ("nl", "en", "fr", "de")  # the languages of the pages, in which most readers ask
_FEWEST = 4  # words of a unit that says something
_TAGS = 12  # tokens around a unit in the prompt
_QUESTION = 20  # tokens of a question in the reply
_FIRST, _OTHER = 5, 1.5  # questions of a unit in the first language, and in each other one
_IN_A_ROW = 3  # failures after which other sections would fail too


class Sections(NamedTuple):
    """Sections of a document to ask about, as ids of passages, and the languages to ask for."""

    key: str
    languages: tuple[str, ...]
    passages: tuple[str, ...]


class SectionPlan(NamedTuple):
    """What is asked now, with the tokens that prompts and replies take, about.

    Attributes:
        later: sections that are left because of the limit.
        before: sections that were asked about before.
    """

    now: tuple[Sections, ...] = ()
    read: int = 0
    written: int = 0
    later: int = 0
    before: int = 0

    @property
    def calls(self) -> int:
        return sum(len(one.passages) for one in self.now)


class ProposalRun:
    """One run over the generation in use.

    Args:
        settings: where index and questions are.
        ready: which model is asked.

    Raises:
        NoIndexError: nothing has been ingested yet.
    """

    def __init__(self, settings: Settings, ready: ProposerReady) -> None:
        self._settings = settings
        self._rules = ready.rules
        self._generation = Generations(settings).current()
        self._asked = AskedSections(settings, ready.model, ready.prompt)
        self._own = OwnQuestions(settings)

    def exclusive(self) -> AbstractContextManager[None]:
        """Nobody else asks meanwhile; see `AskedSections.exclusive`."""
        return self._asked.exclusive()

    def plan(self, documents: Sequence[str], limit: int) -> SectionPlan:
        """What to ask about documents (keys or ids; none: all), in at most `limit` calls.

        Raises:
            StrategiewijzerError: there is no such document.
        """
        settings = self._settings
        estimated = bool(settings.embeddings_url)
        tokens = token_counter(estimated=estimated, data_dir=settings.data_dir)
        rules, plan = tokens(self._rules), SectionPlan()
        for document in named(self._generation, documents):
            languages = self._languages(document)
            every = [one for one in _ordered(self._generation, document.key) if _says(one)]
            left = self._asked.remaining(document.key, every) if languages else []
            now = left[: limit - plan.calls]
            questions = _FIRST + _OTHER * (len(languages) - 1)
            units = sum(len(one.units) for one in now)
            names = tuple(one.id for one in now)
            plan = SectionPlan(
                now=(*plan.now, Sections(document.key, languages, names)) if now else plan.now,
                read=plan.read + sum(rules + tokens(one.context()) for one in now) + _TAGS * units,
                written=plan.written + round(_QUESTION * questions * units),
                later=plan.later + len(left) - len(now),
                before=plan.before + len(every) - len(left),
            )
        return plan

    def ask(self, plan: SectionPlan, proposer: Proposer) -> Iterator[SectionAsked]:
        """Asks, and keeps each section's proposals before the next is asked about. Ends early
        after a failure that others would share.

        Raises:
            StrategiewijzerError: nothing can be asked or kept.
        """
        done = in_a_row = 0
        for sections in plan.now:
            document = _Document(self._generation, self._own, sections.key)
            for name in sections.passages:
                passage = document.passages[name]
                known = document.known_in(passage)
                outcome = proposer.ask(
                    SectionToAsk(passage=passage, languages=sections.languages, known=known)
                )
                done += 1
                asked = SectionAsked(document=sections.key, done=done, total=plan.calls)
                if isinstance(outcome, ProposalFailure):
                    in_a_row += 1
                    yield asked.model_copy(update={"reason": outcome.told})
                    if outcome.is_lasting or in_a_row == _IN_A_ROW:
                        return
                    continue
                in_a_row = 0
                yield asked.model_copy(update=self._kept(document, passage, outcome))

    def _kept(
        self, document: "_Document", passage: Passage, proposals: Proposals
    ) -> Mapping[str, object]:
        """Keeps the proposals of a section; returns what is told of them."""
        answers, dropped = document.taken(passage, proposals)
        key = passage.document.key
        if answers:
            self._own.propose(key, answers)
            if self._settings.accept_questions:
                self._own.accept(key, {one.id for one in answers})
        self._asked.add(passage)  # after its proposals: a crash between asks about it again
        return {
            "kept": sum(len(one.questions) for one in answers),
            "dropped": dropped,
            "read": proposals.read,
            "written": proposals.written,
            "is_cut": proposals.is_cut,
        }

    def _languages(self, document: DocumentInfo) -> tuple[str, ...]:
        """The document's language, and those whose readers are given this version of it."""
        given = (one for one in _READERS if document.key in self._generation.versions(one, Scope()))
        return tuple(one for one in dict.fromkeys((document.language, *given)) if one in OFFICIAL)


class _Document:
    """A document in use, with the questions about it that there are."""

    def __init__(self, generation: Generation, own: OwnQuestions, key: str) -> None:
        ordered = _ordered(generation, key)
        self.passages = {one.id: one for one in ordered}
        self._ordered = ordered
        self._words = shortest_beginnings(ordered)
        mine = (*own.accepted(key), *own.proposed(key))
        found, _ = prepared_questions(mine, ordered)
        self._known = [*generation.all_questions({key}), *found]
        self._asked = {one.id for answer in mine for one in answer.questions}
        self._asked |= {one.id.rpartition(":")[2] for one in self._known}

    def known_in(self, passage: Passage) -> tuple[PreparedQuestion, ...]:
        """The questions that units of a passage answer."""
        return tuple(one for one in self._known if passage.id in one.passages)

    def taken(
        self, passage: Passage, proposals: Proposals
    ) -> tuple[list[PreparedAnswer], Counter[Dropped]]:
        """Proposals as answers of a file, and how many questions were dropped, by reason.

        Left out here is what a file cannot have: units that no words name, and a question in the
        words of another of the document. What is taken is known from then on.
        """
        dropped = Counter(proposals.dropped)
        key = passage.document.key
        written: list[tuple[PreparedAnswer, tuple[str, ...]]] = []
        for one in proposals.answers:
            units = tuple(passage.unit_ids[number] for number in one.units)
            asked = [
                question
                for language, texts in one.questions.items()
                for question in asked_in(language, *texts)
            ]
            new = tuple(question for question in asked if question.id not in self._asked)
            self._asked |= {question.id for question in new}
            dropped["twin"] += len(asked) - len(new)
            if new:
                words = tuple(self._words.get(name, "") for name in units)
                by = f"model {printable(proposals.model)}"
                written.append((PreparedAnswer(units=words, questions=new, by=by), units))
        found, _ = prepared_questions([answer for answer, _ in written], self._ordered)
        answered = {one.id: one.units for one in found}
        answers: list[PreparedAnswer] = []
        for answer, units in written:
            if answered.get(f"{key}:{answer.id}") == units:
                answers.append(answer)
            else:
                dropped["unit"] += len(answer.questions)
        return answers, dropped


def named(generation: Generation, names: Sequence[str]) -> list[DocumentInfo]:
    """The documents with these keys or ids; all without a name.

    Raises:
        StrategiewijzerError: there is none of such a name.
    """
    every = [entry.info for entry in generation.manifest.documents]
    for name in names:
        if not any(name in (one.key, one.id) for one in every):
            raise StrategiewijzerError(
                f"There is no document {printable(name)!r} in the index. See which there are with: "
                "python -m ingest status"
            )
    return [one for one in every if not names or one.key in names or one.id in names]


def _ordered(generation: Generation, key: str) -> list[Passage]:
    """All passages of a document, in order."""
    return sorted(generation.all_passages({key}), key=lambda one: one.start)


def _says(passage: Passage) -> bool:
    """Whether there is something to ask about."""
    return any(
        unit.kind != "note" and len(passage.text[unit.start : unit.end].split()) >= _FEWEST
        for unit in passage.units
    )
