"""Asks a model for questions on sections: which are left, the process, what it proposed.

data_dir/asked_sections/
    plan.nl.jsonl    a line for each passage: its id, and a hash of its headings and text, of the
                     prompt and of the model's name
    .lock            held by a run, so that nothing is asked and paid for twice
"""

import hashlib
import json
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple, Self

from filelock import FileLock, Timeout
from pydantic import ValidationError

from core.disk import make_private, obstacle
from core.errors import LockedError, StoreError, StrategiewijzerError
from core.file_names import printable
from core.prepared import PreparedQuestion
from core.proposals import (
    Dropped,
    ProposalFailure,
    Proposals,
    ProposerReady,
    SectionReply,
    SectionToAsk,
)
from core.settings import Settings
from core.source import DocumentInfo, Frozen, Passage, Scope
from ingest.publishing.ingest_report import SectionAsked
from ingest.publishing.own_questions import OwnQuestions, asked_in
from ingest.reading.question_file import PreparedAnswer, prepared_questions, shortest_beginnings
from language.official import OFFICIAL
from language.words import SPOKEN
from vectorstore.embeddings import token_counter
from vectorstore.generation import Generation
from vectorstore.generations import Generations

# Which sections of a document a model was asked about, so that only changed ones are asked again.


class _Asked(Frozen):
    passage: str
    hash: str


class AskedSections:
    """Reads and adds to these files; what is asked of a model by another name counts apart.

    Args:
        settings: where they are.
        model: the name of the model.
        prompt: the fingerprint of the prompt.
    """

    def __init__(self, settings: Settings, model: str, prompt: str) -> None:
        self._folder = settings.data_dir / "asked_sections"
        self._asked_with = model, prompt

    def remaining(self, key: str, passages: list[Passage]) -> list[Passage]:
        """The passages of a document that were not asked about."""
        known = set(self._known(self._file(key)))
        return [one for one in passages if self._hash(one) not in known]

    def add(self, passage: Passage) -> None:
        """Raises StoreError: it cannot be written."""
        line = _Asked(passage=passage.id, hash=self._hash(passage)).model_dump_json()
        try:
            with self._file(passage.document.key).open("a", encoding="utf-8") as file:
                file.write(f"{line}\n")
        except OSError as error:
            raise self._not_written(error) from error

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Nobody else asks meanwhile.

        Raises:
            LockedError: another run is asking.
            StoreError: the folder cannot be written to.
        """
        try:
            make_private(self._folder)
            with FileLock(self._folder / ".lock", timeout=0):
                yield
        except Timeout:
            raise LockedError(
                "Another run is having questions written. Wait until it is done, then run this "
                "again."
            ) from None
        except OSError as error:
            raise self._not_written(error) from error

    def _file(self, key: str) -> Path:
        return self._folder / f"{key}.jsonl"

    def _hash(self, passage: Passage) -> str:
        told = json.dumps([*self._asked_with, passage.context()])
        return hashlib.sha256(told.encode()).hexdigest()[:16]

    def _known(self, file: Path) -> Iterator[str]:
        try:
            lines = file.read_text("utf-8", "replace").split("\n")
        except FileNotFoundError:
            return
        for line in lines:
            try:
                yield _Asked.model_validate_json(line).hash
            except ValidationError:
                continue  # half of a line, after a crash: the section is asked about again

    def _not_written(self, error: OSError) -> StoreError:
        remedy = obstacle(self._folder) or "Check the setting STRATEGIEWIJZER_DATA_DIR."
        return StoreError(f"Nothing can be written in {self._folder}: {error}. {remedy}")


# Asks the process that has a language model write questions: a line to it, a line back.


_COMMAND = (sys.executable, "-m", "chain.proposing")
_START = 120.0  # seconds until it is ready: it loads the client of the model
_LARGEST = 4_000_000  # characters of a line back; one has 150 questions at most


class Proposer:
    """The process, which is ended when the context is left. Starting it sends nothing to the model.

    Raises:
        StrategiewijzerError: it does not start, or ends; the reason is printed by it.
    """

    ready: ProposerReady
    """Which model would be asked."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(  # noqa: S603 - this program itself
            _COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            start_new_session=True,  # keeps Ctrl-C from it: it is ended here
        )
        try:
            self.ready = ProposerReady.model_validate_json(self._line("", _START))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(BrokenPipeError), self._process:  # closes the pipes and waits
            self._process.kill()

    def ask(self, section: SectionToAsk) -> Proposals | ProposalFailure:
        """Asks the model for proposals for a section; says why there are none."""
        line = self._line(f"{section.model_dump_json()}\n", self.ready.seconds)
        return SectionReply.model_validate_json(line).outcome

    def _line(self, request: str, seconds: float) -> str:
        """The line that answers a request."""
        process = self._process
        assert process.stdin is not None  # noqa: S101 - it is a pipe
        assert process.stdout is not None  # noqa: S101
        timer = threading.Timer(seconds, process.kill)
        timer.start()
        try:
            process.stdin.write(request)
            process.stdin.flush()
            line = process.stdout.readline(_LARGEST)
        except BrokenPipeError:
            line = ""
        finally:
            timer.cancel()
            timer.join()
        if not line.endswith("\n"):
            raise StrategiewijzerError(
                "The process that has questions written ended, or took longer than "
                f"{seconds:g} seconds. If a reason is printed above, mend that; then run this "
                "again: it goes on where it stopped."
            )
        return line


# Has a model write questions about documents in use, a section at a time.


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
    """The sections to ask about now, with an estimate of the tokens of prompts and replies.

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
        """Plans what to ask about documents (keys or ids; none: all), in at most `limit` calls.

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
        given = (one for one in SPOKEN if document.key in self._generation.versions(one, Scope()))
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
