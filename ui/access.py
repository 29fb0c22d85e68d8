"""Who uses this session, and what he or she may do (docs/sign-in.md).

Readers ask and read, evaluators also run and judge evaluations, maintainers also change what is
searched. Without sign-in whoever uses the machine that the app runs on is the same local user with
every role; whoever comes from elsewhere is a visitor.

The menu shows only what a role may do, but that protects nothing: whatever changes or reveals
something calls `require` where it does so. Nothing about a user is kept in the session: every call
reads what Streamlit has from the signed cookie.
"""

import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import streamlit as st
from streamlit.errors import StreamlitSecretNotFoundError

from core.errors import NotAllowedError, SettingsError, SignInError
from core.host_names import is_loopback
from core.settings import Role as Role
from core.settings import Settings, current
from ui.roles import User as User
from ui.roles import user_of

LOCAL = User(id="local", name="", role="maintainer")
_KEYS = ("redirect_uri", "cookie_secret", "client_id", "client_secret", "server_metadata_url")
_MIN_COOKIE_SECRET = 32  # characters: 128 bits, even if they are hexadecimal digits
_PROXY_HEADERS = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Via")


def user() -> User:
    """Who uses this session.

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
    """What secrets.toml says under `[auth]`, None when it says nothing.

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
