"""Who the provider says somebody is, and the role that gives: from claims to a user.

Claims are data from outside: one that is not as it should be gives nothing, neither a name nor a
role.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import get_args

from core.errors import SignInError
from core.role import includes
from core.settings import Role, Settings

Claims = Mapping[str, object]
_ORDER: tuple[Role, ...] = get_args(Role)
_MAX_SUBJECT = 255  # characters, OpenID Connect Core 1.0, section 2
_MAX_NAME = 100  # characters; a longer name would fill the sidebar
_CLOCKS = 300  # seconds that the provider's clock may be ahead of ours, as for Kerberos (RFC 4120)


@dataclass(frozen=True)
class User:
    """`id` is the same at every sign-in and keeps the conversations of users apart.

    `role` is None for somebody who may do nothing here. A visitor is known for one session only.
    """

    id: str
    name: str
    role: Role | None
    is_visitor: bool = False

    def may(self, role: Role) -> bool:
        """Whether the user has this role, or one that includes it."""
        return self.role is not None and includes(self.role, role)


def user_of(claims: Claims, settings: Settings, now: float) -> User:
    """The user whom these claims of an ID token describe.

    Args:
        now: seconds since the epoch.

    Raises:
        SignInError: they name nobody, or were made longer ago than `sign_in_hours`.
    """
    issuer, subject = _text(claims, "iss"), _text(claims, "sub")
    if not issuer or not subject or " " in issuer or len(subject) > _MAX_SUBJECT:
        raise SignInError("The provider did not say who you are. Sign in again.")
    made = claims.get("iat")
    if isinstance(made, bool) or not isinstance(made, int | float):
        raise SignInError("The provider did not say when you signed in. Sign in again.")
    if not -_CLOCKS <= now - made <= settings.sign_in_hours * 3600:
        raise SignInError(
            f"You signed in more than {settings.sign_in_hours:g} hours ago. Sign in again."
        )
    names = (_text(claims, name) for name in ("name", "preferred_username", "email"))
    return User(
        id=f"{issuer} {subject}",
        name=next(filter(None, names), subject)[:_MAX_NAME],
        role=_role(claims, settings),
    )


def _role(claims: Claims, settings: Settings) -> Role | None:
    """The highest role that the claim or a list gives, else the one that everybody has."""
    values, members = settings.role_values, settings.role_members
    said = _texts(_found(claims, settings.role_claim)) if settings.role_claim else set()
    for role in reversed(_ORDER):
        if said & set(values.get(role, ())) or _is_listed(claims, members.get(role, ())):
            return role
    return None if settings.default_role == "none" else settings.default_role


def _is_listed(claims: Claims, members: Iterable[str]) -> bool:
    """Whether a list names the user: an entry with @ is an e-mail address, others are subjects.

    An address counts only when the provider says that it is verified: elsewhere people fill in
    their own.
    """
    email = _text(claims, "email") if claims.get("email_verified") is True else ""
    subject = _text(claims, "sub")
    return any(
        _folded(member) == _folded(email) if "@" in member else member == subject
        for member in members
    )


def _folded(address: str) -> str:
    """In small letters, if there are only ASCII ones: some others have an ASCII letter as small."""
    return address.lower() if address.isascii() else address


def _found(claims: Claims, path: str) -> object:
    """The claim with this name, else the one at this dotted path ("realm_access.roles")."""
    if path in claims:
        return claims[path]
    place: object = claims
    for name in path.split("."):
        place = place.get(name) if isinstance(place, Mapping) else None
    return place


def _texts(value: object) -> set[str]:
    """A text, or those in a list."""
    values = value if isinstance(value, list | tuple) else [value]
    return {one for one in values if isinstance(one, str)}


def _text(claims: Claims, name: str) -> str:
    value = claims.get(name)
    return value.strip() if isinstance(value, str) else ""
