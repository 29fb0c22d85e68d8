"""What is kept of whoever uses these pages, for how long, and which servers get questions.

docs/privacy.md has the same for those who run the program; a test compares the two.
"""

from collections.abc import Iterator
from typing import Literal, get_args

from core.destinations import Destination
from core.settings import Settings
from ui.texts import Texts

KeptThing = Literal[
    "conversations", "notes", "feedback", "questions", "work", "audit", "browser", "copies"
]


def kept(settings: Settings, texts: Texts, *, lasting: bool) -> Iterator[tuple[str, str]]:
    """What is kept, each with its name.

    Args:
        settings: how long.
        texts: the strings of the interface language.
        lasting: whether conversations and notes of this reader outlive the session.
    """
    days: dict[KeptThing, int] = {
        "conversations": settings.keep_conversations,
        "notes": settings.keep_conversations,
        "feedback": settings.keep_feedback,
        "questions": settings.keep_questions,
        "work": settings.keep_jobs,
        "audit": settings.keep_audit,
    }
    for thing in get_args(KeptThing):
        about = _about(thing, settings, lasting=lasting)
        told = texts(f"privacy.about.{about}", days=days.get(thing))
        yield texts(f"privacy.kept.{thing}"), told


def _about(thing: KeptThing, settings: Settings, *, lasting: bool) -> str:
    """The key of what is said of it."""
    if thing in ("conversations", "notes") and not lasting:
        return "not_kept"
    if thing == "questions" and not settings.keep_questions:
        return "questions_off"
    if thing == "audit":
        recorded = "audit_users" if settings.audit_users else "audit"
        return recorded if settings.audit else "audit_off"
    return thing


def host(one: Destination, texts: Texts) -> str:
    """A server's name, and whether it is on this machine."""
    return texts("privacy.on_this_machine", host=one.host) if one.is_here else one.host
