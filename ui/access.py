"""Who the reader is, and what he or she may do.

A role includes those before it: readers ask and read, evaluators also run and judge evaluations,
maintainers also change what is searched. Without sign-in everybody who reaches the app is the same
local user with every role.

The menu shows only what a role may do, but that protects nothing: whatever changes or reveals
something calls `require` where it does so.
"""

from dataclasses import dataclass
from typing import Literal, get_args

from core.errors import NotAllowedError

Role = Literal["reader", "evaluator", "maintainer"]
_ORDER: tuple[Role, ...] = get_args(Role)


@dataclass(frozen=True)
class User:
    """`id` is the same at every sign-in and keeps the conversations of users apart."""

    id: str
    name: str
    role: Role

    def may(self, role: Role) -> bool:
        """Whether the user has this role, or one that includes it."""
        return _ORDER.index(self.role) >= _ORDER.index(role)


LOCAL = User(id="local", name="", role="maintainer")


def user() -> User:
    """Who uses this session."""
    return LOCAL


def require(role: Role) -> User:
    """The user, who has this role.

    Raises:
        NotAllowedError: the user does not have it.
    """
    found = user()
    if not found.may(role):
        raise NotAllowedError(f"This needs the role {role}. Ask a maintainer for it.")
    return found
