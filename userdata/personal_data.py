"""What is kept of people: noted after an answer, exported, erased, and forgotten for its age.

Most is in the database; who started jobs is in data_dir/jobs/KIND/JOB/job.json (ui/jobs.py has the
rest of these). Each function raises StrategiewijzerError when something cannot be read, erased or
removed; what comes after it is still there then.
"""

import datetime
import json
import logging
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, Field

from core.answer import Answer
from core.errors import StoreError, StrategiewijzerError, kind_and_place
from core.files import is_locked
from core.settings import Settings
from core.source import Frozen
from userdata import earlier_version, feedback
from userdata.asked_questions import forget_old, note
from userdata.audit import AuditRecord, asked_by, askers, forget_asker, forget_old_records, keep
from userdata.conversations import Conversation, Conversations, Note, now
from userdata.database import database
from userdata.feedback import Feedback
from userdata.shares import Share, Shares

logger = logging.getLogger(__name__)


class StartedJob(BaseModel, frozen=True):
    """The facts in a job's file: who started it, when, and to do what."""

    id: str
    kind: str
    arguments: tuple[str, ...]
    by: str
    started: AwareDatetime


class HandledFeedback(Frozen):
    """A verdict of somebody else (id) that the person has dealt with."""

    id: str
    handled: AwareDatetime | None


class PersonalData(Frozen):
    """All data of one person, as docs/privacy.md describes it.

    `feedback` are the verdicts on answers in these conversations: they have the id of the exchange.
    """

    format: int = 1
    made: AwareDatetime = Field(default_factory=now)
    user: str
    conversations: tuple[Conversation, ...] = ()
    shares: tuple[Share, ...] = ()
    notes: tuple[Note, ...] = ()
    feedback: tuple[Feedback, ...] = ()
    jobs: tuple[StartedJob, ...] = ()
    handled: tuple[HandledFeedback, ...] = ()
    audit: tuple[AuditRecord, ...] = ()

    @property
    def counts(self) -> "PersonCounts":
        numbers = {name: len(getattr(self, name)) for name in PersonCounts.model_fields}
        return PersonCounts(**numbers)

    def as_json(self) -> str:
        """As it is exported; `model_validate_json` reads it."""
        return self.model_dump_json(indent=2, round_trip=True)


class PersonCounts(Frozen):
    """How much of each there is of a person."""

    conversations: int = 0
    shares: int = 0
    notes: int = 0
    feedback: int = 0
    jobs: int = 0
    handled: int = 0
    audit: int = 0


def after_answers(settings: Settings) -> Callable[[Answer, str], None] | None:
    """The function to which `Assistant` gives each answer and who asked; None where nothing is
    kept.

    What it raises means that the answer has no audit record, and must not be shown. A question that
    could not be noted costs nobody the answer.
    """
    notes = settings.keep_questions > 0
    if not settings.audit and not notes:
        return None

    def after(answer: Answer, by: str) -> None:
        if settings.audit:
            keep(settings, answer, by)
        try:
            if notes:
                note(settings, answer, by)
        except StrategiewijzerError as error:  # says nothing of the question
            logger.warning("What was asked is not counted. %s", error)
        except Exception as error:  # noqa: BLE001 - whatever it is, the reader has an answer
            logger.warning("What was asked is not counted: %s", kind_and_place(error))

    return after


def conversations_of(settings: Settings, user: str) -> Conversations:
    """The store of a user's conversations, as the pages have it."""
    return Conversations(user, database(settings), settings.keep_conversations)


def shares_of(settings: Settings, user: str) -> Shares:
    """The links to a user's conversations."""
    return Shares(user, database(settings), settings.keep_conversations)


def collect(settings: Settings, store: Conversations) -> PersonalData:
    """Collects all data of the user of this store; what is too old is removed first."""
    user = store.user
    store.forget_old()
    found = (store.find(listed.id) for listed in store.listed())
    conversations = tuple(conversation for conversation in found if conversation)
    verdicts = feedback.read(database(settings))
    theirs = {id for conversation in conversations for id in conversation.ids}
    jobs = (job for _, job in _jobs(settings.data_dir))
    return PersonalData(
        user=user,
        conversations=conversations,
        shares=shares_of(settings, user).all() if store.lasting else (),
        notes=store.notes(),
        feedback=tuple(verdict for verdict in verdicts if verdict.id in theirs),
        jobs=tuple(job for job in jobs if user and job.by == user),
        handled=tuple(
            HandledFeedback(id=verdict.id, handled=verdict.handled)
            for verdict in verdicts
            if user and verdict.by == user
        ),
        audit=asked_by(settings, user),
    )


def erase(settings: Settings, store: Conversations) -> PersonCounts:
    """Erases all that is kept of the user of this store; returns what there was.

    Jobs, handled verdicts and audit records stay, without the identifier. Verdicts on the user's
    answers go, as long as his or her conversations show which these are: so conversations go last,
    and what was interrupted can be done again.
    """
    user, kept = store.user, collect(settings, store)
    for verdict in kept.feedback:
        feedback.remove(database(settings), verdict.id)
    if user:
        feedback.forget_handler(database(settings), user)
        forget_starter(settings.data_dir, user)
        forget_asker(settings, user)
    answers = {id for conversation in kept.conversations for id in conversation.ids}
    earlier_version.erase(settings.data_dir, user, answers)
    store.delete_all()
    return kept.counts


def people(settings: Settings) -> dict[str, PersonCounts]:
    """The users of whom anything is kept, with how much."""
    users = {
        *conversations_of(settings, "").users(),
        *(job.by for _, job in _jobs(settings.data_dir)),
        *(verdict.by for verdict in feedback.read(database(settings))),
        *askers(settings),
        *earlier_version.users_in_copies(settings.data_dir),
    }
    return {
        user: collect(settings, conversations_of(settings, user)).counts
        for user in sorted(users - {""})
    }


class Forgotten(Frozen):
    """How many were removed for their age."""

    feedback: int
    questions: int
    jobs: int
    audit: int


def forget(settings: Settings) -> Forgotten:
    """Removes what is older than the settings `keep_...` say, conversations, links to them, notes
    and copies of what version 0.1.0 kept included."""
    if database(settings).is_there:
        conversations_of(settings, "").forget_old()
        shares_of(settings, "").forget_old()
    earlier_version.forget(
        settings.data_dir,
        conversations=settings.keep_conversations,
        feedback=settings.keep_feedback,
    )
    return Forgotten(
        feedback=_forget_feedback(settings),
        questions=forget_old(settings),
        jobs=forget_old_jobs(settings.data_dir, settings.keep_jobs),
        audit=forget_old_records(settings),
    )


def _forget_feedback(settings: Settings) -> int:
    oldest = now() - datetime.timedelta(days=settings.keep_feedback)
    verdicts = feedback.read(database(settings))
    old = [verdict for verdict in verdicts if verdict.date < oldest]
    for verdict in old:
        feedback.remove(database(settings), verdict.id)
    return len(old)


def forget_starter(data_dir: Path, user: str) -> None:
    """Takes the identifier of a user from the jobs that he or she started."""
    mine = [folder for folder, job in _jobs(data_dir) if job.by == user]
    try:
        for folder in mine:
            facts = json.loads((folder / "job.json").read_text("utf-8"))
            part = folder / "anonymous.part"
            part.write_text(json.dumps({**facts, "by": ""}), "utf-8")
            part.replace(folder / "job.json")
    except OSError as error:
        raise _not_written(data_dir, error) from error


def forget_old_jobs(data_dir: Path, days: int) -> int:
    """Removes what is kept of jobs that ended and were started longer ago; returns how many."""
    oldest = now() - datetime.timedelta(days=days)
    old = [folder for folder, job in _jobs(data_dir) if job.started < oldest]
    try:
        gone = [folder for folder in old if not is_running(folder)]
        for folder in gone:
            with suppress(FileNotFoundError):  # another process removes it as well
                shutil.rmtree(folder)
    except OSError as error:
        raise _not_written(data_dir, error) from error
    return len(gone)


def _jobs(data_dir: Path) -> Iterator[tuple[Path, StartedJob]]:
    """The jobs on record with their folders, oldest first of each kind; one that is being removed
    or is not ours is left out."""
    for file in sorted((data_dir / "jobs").glob("*/*/job.json")):
        try:
            yield file.parent, StartedJob.model_validate_json(file.read_bytes())
        except (OSError, ValueError):
            continue


def is_running(job: Path) -> bool:
    """Whether the command of the job in this folder has not ended and a process of it is there."""
    try:
        return not (job / "ended").exists() and is_locked(job / "events.jsonl")
    except FileNotFoundError:
        return False


def _not_written(data_dir: Path, error: OSError) -> StoreError:
    return StoreError(
        f"What is kept of jobs in {data_dir / 'jobs'} cannot be changed: {error}. Check that this "
        "program may write there, then try again."
    )
