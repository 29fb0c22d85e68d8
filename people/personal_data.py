"""All that is kept of one person: exported as one value, erased in one go.

What is kept of people and is not here has no identifier of them (docs/privacy.md).
"""

from collections.abc import Iterator

from pydantic import AwareDatetime, Field

from core.frozen import Frozen
from core.settings import Settings
from people import feedback
from people.audit_form import AuditRecord
from people.audit_record import asked_by, askers, forget_asker
from people.conversation import Conversation, now
from people.conversations import Conversations
from people.database import database
from people.feedback import Feedback
from people.note import Note
from people.started_jobs import StartedJob, forget_starter, started_jobs


class Share(Frozen):
    """A conversation (id) that others may read until then."""

    conversation: str
    until: AwareDatetime


class HandledFeedback(Frozen):
    """A verdict of somebody else (id) that the person has dealt with."""

    id: str
    handled: AwareDatetime | None


class PersonalData(Frozen):
    """What is kept of one person, as docs/privacy.md describes it.

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

    def as_json(self) -> str:
        """As it is exported; `model_validate_json` reads it."""
        return self.model_dump_json(indent=2, round_trip=True)


class PersonCounts(Frozen):
    """How much of each there is of a person."""

    conversations: int = 0
    notes: int = 0
    feedback: int = 0
    jobs: int = 0
    handled: int = 0
    audit: int = 0


def conversations_of(settings: Settings, user: str) -> Conversations:
    """The store of a user's conversations, as the pages have it."""
    return Conversations(user, database(settings), settings.keep_conversations)


def collect(settings: Settings, store: Conversations) -> PersonalData:
    """All that is kept of the user of this store; what is too old is removed first.

    Raises:
        StrategiewijzerError: some of it cannot be read.
    """
    user = store.user
    store.forget_old()
    conversations = tuple(_conversations(store))
    verdicts = feedback.read(database(settings))
    theirs = {id for one in conversations for id in one.ids}
    return PersonalData(
        user=user,
        conversations=conversations,
        shares=tuple(
            Share(conversation=one.id, until=until)
            for one in conversations
            if (until := store.shared_until(one.id))
        ),
        notes=store.notes(),
        feedback=tuple(one for one in verdicts if one.id in theirs),
        jobs=tuple(job for job in started_jobs(settings.data_dir) if user and job.by == user),
        handled=tuple(
            HandledFeedback(id=one.id, handled=one.handled)
            for one in verdicts
            if user and one.by == user
        ),
        audit=asked_by(settings, user),
    )


def erase(settings: Settings, store: Conversations) -> PersonCounts:
    """Erases all that is kept of the user of this store; returns what there was.

    Jobs, handled verdicts and audit records stay, without the identifier. Verdicts on the user's
    answers go, as long as his or her conversations show which these are: so conversations go last,
    and what was interrupted can be done again.

    Raises:
        StrategiewijzerError: some of it cannot be erased; what comes after it is still there.
    """
    user, kept_in = store.user, database(settings)
    theirs = {id for one in _conversations(store) for id in one.ids}
    listed, notes, verdicts = store.listed(), store.notes(), feedback.read(kept_in)
    given = [one for one in verdicts if one.id in theirs]
    handled = [one for one in verdicts if user and one.by == user]
    for one in handled:
        feedback.forget_handler(kept_in, one)
    for one in given:
        feedback.remove(kept_in, one.id)
    counts = PersonCounts(
        conversations=len(listed),
        notes=len(notes),
        feedback=len(given),
        jobs=forget_starter(settings.data_dir, user) if user else 0,
        handled=len(handled),
        audit=forget_asker(settings, user),
    )
    store.delete_all()
    return counts


def people(settings: Settings) -> dict[str, PersonCounts]:
    """The users of whom anything is kept, with how much.

    Raises:
        StrategiewijzerError: some of it cannot be read.
    """
    users = {
        *conversations_of(settings, "").users(),
        *(job.by for job in started_jobs(settings.data_dir)),
        *(one.by for one in feedback.read(database(settings))),
        *askers(settings),
    }
    return {
        user: counts(settings, conversations_of(settings, user)) for user in sorted(users - {""})
    }


def counts(settings: Settings, store: Conversations) -> PersonCounts:
    """How much of each is kept of the user of this store; otherwise as `collect`."""
    kept = collect(settings, store)
    return PersonCounts(**{name: len(getattr(kept, name)) for name in PersonCounts.model_fields})


def _conversations(store: Conversations) -> Iterator[Conversation]:
    """All conversations of a user, with their exchanges."""
    for one in store.listed():
        if found := store.find(one.id):
            yield found
