"""Forgets what is kept of people once it is old enough: at every start, and by command."""

import datetime

from core.frozen import Frozen
from core.settings import Settings
from people import feedback
from people.asked_questions import forget_old
from people.audit_record import forget_old_records
from people.conversation import now
from people.database import database
from people.personal_data import conversations_of
from people.started_jobs import forget_old_jobs


class Forgotten(Frozen):
    """How many were removed for their age."""

    feedback: int
    questions: int
    jobs: int
    audit: int


def forget(settings: Settings) -> Forgotten:
    """Removes what is older than the settings `keep_...` say, conversations and notes included.

    Raises:
        StrategiewijzerError: some of it cannot be removed; what comes after it is still there.
    """
    if database(settings).is_there:
        conversations_of(settings, "").forget_old()
    return Forgotten(
        feedback=_forget_feedback(settings),
        questions=forget_old(settings),
        jobs=forget_old_jobs(settings.data_dir, settings.keep_jobs),
        audit=forget_old_records(settings),
    )


def _forget_feedback(settings: Settings) -> int:
    oldest = now() - datetime.timedelta(days=settings.keep_feedback)
    old = [one for one in feedback.read(database(settings)) if one.date < oldest]
    for one in old:
        feedback.remove(database(settings), one.id)
    return len(old)
