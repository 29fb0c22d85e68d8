"""Who did something: on disk stands an identifier, which only this process knows the name of.

The names are those of people who have done something since the app started. So pages can say who
is at work, and nothing keeps a name or an address (docs/sign-in.md).
"""

from ui.access import User

_seen: dict[str, str] = {}


def on_record(user: User) -> str:
    """What is kept of who does something: the identifier, or nothing without sign-in."""
    if not user.name:
        return ""
    _seen[user.id] = user.name
    return user.id


def forget(identifier: str) -> None:
    """Forgets the name of somebody who is erased."""
    _seen.pop(identifier, None)


def name_of(identifier: str) -> str:
    """The name of somebody who is on record, else the provider's own identifier of the person."""
    return _seen.get(identifier, identifier.rpartition(" ")[2])
