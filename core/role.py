"""Which roles include which."""

from typing import get_args

from core.settings import Role

_ORDER: tuple[Role, ...] = get_args(Role)


def includes(role: Role, wanted: Role) -> bool:
    """Whether a role is this one, or includes it."""
    return _ORDER.index(role) >= _ORDER.index(wanted)
