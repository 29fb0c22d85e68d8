"""Access of a session (docs/sign-in.md): its user, what their roles allow, their names on record.

Claims are data from outside: one that is not as it should be gives nothing, neither a name nor a
role.
"""

import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import get_args
from urllib.parse import urlsplit

import streamlit as st
from streamlit.errors import StreamlitSecretNotFoundError

from core.errors import NotAllowedError, SettingsError, SignInError
from core.hosts import is_loopback
from core.settings import Role, Settings, current, includes

Claims = Mapping[str, object]
_ORDER: tuple[Role, ...] = get_args(Role)
_MAX_SUBJECT = 255  # characters, OpenID Connect Core 1.0, section 2
_MAX_NAME = 100  # characters; a longer name would fill the sidebar
_CLOCKS = 300  # seconds that the provider's clock may be ahead of ours, as for Kerberos (RFC 4120)
_KEYS = ("redirect_uri", "cookie_secret", "client_id", "client_secret", "server_metadata_url")
_MIN_COOKIE_SECRET = 32  # characters: 128 bits, even if they are hexadecimal digits
_PROXY_HEADERS = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Via")
_seen: dict[str, str] = {}  # the names of users by their identifiers: on disk is no name


@dataclass(frozen=True)
class User:
    """Somebody who uses the pages."""

    id: str  # the same at every sign-in; keeps the conversations of users apart
    name: str
    role: Role | None  # None for somebody who may do nothing here
    is_visitor: bool = False  # known for one session only

    def may(self, role: Role) -> bool:
        """Whether the user has this role, or one that includes it."""
        return self.role is not None and includes(self.role, role)


LOCAL = User(id="local", name="", role="maintainer")


def user_of(claims: Claims, settings: Settings, now: float) -> User:
    """The user whom these claims of an ID token describe; `now`: seconds since the epoch.

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
    claimed = _texts(_found(claims, settings.role_claim)) if settings.role_claim else set()
    for role in reversed(_ORDER):
        if claimed & set(values.get(role, ())) or _is_listed(claims, members.get(role, ())):
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
    return {text for text in values if isinstance(text, str)}


def _text(claims: Claims, name: str) -> str:
    value = claims.get(name)
    return value.strip() if isinstance(value, str) else ""


def user() -> User:
    """The user of this session.

    Raises:
        SignInError: nobody is signed in.
        SettingsError: a setting or the sign-in is not as it should be; nobody is let in.
    """
    settings = current()
    if provider() is None:
        return LOCAL if _from_this_machine() else _visitor(settings)
    claims = st.user.to_dict()
    if claims.get("is_logged_in") is not True:
        raise SignInError("You are not signed in. Sign in first.")
    return user_of(claims, settings, time.time())


def require(role: Role) -> User:
    """The user, who has this role.

    Raises:
        NotAllowedError: the user does not have it, or nobody but maintainers may change anything
            now. A reader's answer under way is still kept.
        SettingsError: as `user`.
    """
    found = user()
    if role != "reader" and current().maintenance and not found.may("maintainer"):
        raise NotAllowedError("This is closed for maintenance. Try again later.")
    if not found.may(role):
        raise NotAllowedError(f"This needs the role {role}. Ask a maintainer for it.")
    return found


def provider() -> str | None:
    """The host where people sign in; None without sign-in.

    Raises:
        SettingsError: `[auth]` in secrets.toml is not complete. No secret is repeated.
    """
    section = _auth_section()
    if section is None:
        return None
    values = {key: section.get(key) for key in _KEYS}
    lacking = [key for key, value in values.items() if not isinstance(value, str) or not value]
    if lacking:
        raise _wrong(f"{', '.join(lacking)} must be filled in")
    texts = {key: str(value) for key, value in values.items()}
    if not texts["redirect_uri"].endswith("/oauth2callback"):
        raise _wrong("redirect_uri must end with /oauth2callback")
    if len(texts["cookie_secret"]) < _MIN_COOKIE_SECRET:
        raise _wrong(f"cookie_secret must have at least {_MIN_COOKIE_SECRET} random characters")
    address = urlsplit(texts["server_metadata_url"])
    if not address.hostname or not (address.scheme == "https" or is_loopback(address.hostname)):
        raise _wrong("server_metadata_url must start with https://")
    return address.hostname


def _auth_section() -> Mapping[str, object] | None:
    """The `[auth]` section of secrets.toml; None when there is none.

    A file that cannot be read stops everything: its `[auth]` may be all that keeps people out.
    """
    try:
        section: object = st.secrets.get("auth")
    except (StreamlitSecretNotFoundError, OSError, UnicodeDecodeError):
        files = [str(file) for file in st.get_option("secrets.files")]
        found = [file for file in files if Path(file).exists()]
        if found:
            raise SettingsError(
                f"{', '.join(found)} cannot be read. Correct it: it must be valid TOML that the "
                "app may read."
            ) from None
        return None
    if section is not None and not isinstance(section, Mapping):
        raise _wrong("it must be a table")
    return section


def _wrong(problem: str) -> SettingsError:
    return SettingsError(
        f"The sign-in is not complete: {problem}, in [auth] of .streamlit/secrets.toml. "
        "docs/sign-in.md has an example."
    )


def _from_this_machine() -> bool:
    """Whether only this machine reaches the app, and this session comes through no proxy.

    Headers can be forged by whoever reaches the app directly; at a local address that is only
    this machine.
    """
    headers = st.context.headers
    host = urlsplit(f"//{headers.get('Host', 'localhost')}").hostname
    return (
        is_loopback(st.get_option("server.address"))
        and is_loopback(host)
        and not any(header in headers for header in _PROXY_HEADERS)
    )


def _visitor(settings: Settings) -> User:
    """Somebody unknown; each session is another user, so that nobody sees what others asked."""
    key = st.session_state.setdefault("visitor", uuid.uuid4().hex)
    role = None if settings.visitor_role == "none" else settings.visitor_role
    return User(id=f"visitor {key}", name="", role=role, is_visitor=True)


def on_record(user: User) -> str:
    """The identifier under which a user's actions are recorded; empty without sign-in."""
    if not user.name:
        return ""
    _seen[user.id] = user.name
    return user.id


def forget_pseudonym(identifier: str) -> None:
    """Forgets the name of somebody who is erased."""
    _seen.pop(identifier, None)


def known_name(identifier: str) -> str:
    """The name of somebody who is on record; empty where this process has not seen it."""
    return _seen.get(identifier, "")


def name_of(identifier: str) -> str:
    """The name of somebody who is on record, else the provider's own identifier of the person."""
    return _seen.get(identifier, identifier.rpartition(" ")[2])
