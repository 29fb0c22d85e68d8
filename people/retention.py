"""Forgets what is kept of people once it is old enough: at every start, and by command."""

import datetime

from core.frozen import Frozen
from core.settings import Settings
from people import feedback
from people.audit_record import forget_old_records
from people.conversation import now
from people.personal_data import conversations_of
from people.started_jobs import forget_old_jobs
from people.user_file import FILE


class Forgotten(Frozen):
    """How many were removed for their age."""

    feedback: int
    jobs: int
    audit: int


def forget(settings: Settings) -> Forgotten:
    """Removes what is older than the settings `keep_...` say, conversations and notes included.

    Raises:
        StrategiewijzerError: some of it cannot be removed; what comes after it is still there.
    """
    if (settings.data_dir / FILE).exists():
        conversations_of(settings, "").forget_old()
    return Forgotten(
        feedback=_forget_feedback(settings),
        jobs=forget_old_jobs(settings.data_dir, settings.keep_jobs),
        audit=forget_old_records(settings),
    )


def _forget_feedback(settings: Settings) -> int:
    oldest = now() - datetime.timedelta(days=settings.keep_feedback)
    old = [one for one in feedback.read(settings.data_dir) if one.date < oldest]
    for one in old:
        feedback.remove(settings.data_dir, one.id)
    return len(old)
