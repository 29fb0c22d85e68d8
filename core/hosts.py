"""Hosts and addresses: how they are written, which are trusted, and which get questions."""

import ipaddress
import re
from collections.abc import Collection
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from core.source import Frozen

if TYPE_CHECKING:
    from core.settings import Settings

NOT_OURS = (
    "Nobody may call this app by the name in the header Host. Whoever runs it adds that name to "
    "the setting STRATEGIEWIJZER_ALLOWED_HOSTS (docs/operations.md, A proxy)."
)
"""The reply to a call by another name."""

_HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([a-z0-9_.-]{1,253}))(?::(?:[0-9]{0,5}|\*))?", re.ASCII)
# Reviewed by hand: every institution, agency and register of the EU is below this domain, which
# only they can get names in. What is added is trusted as much.
_DOMAINS = ("europa.eu",)
_PLAIN = re.compile(r"[!-~]+")  # no letter that only looks like another, nothing that browsers drop
_HOST_NAME = re.compile(r"[a-z0-9.-]+")

_OPENAI = "https://api.openai.com"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_UNKNOWN = "?"  # a wrong address is not repeated: it may hold a password
Purpose = Literal["model", "embeddings", "index", "database", "collector"]
"""What a server gets: question, earlier turns and passages, to write; the question, to make a
vector of it; the vector of the question; what is kept of people; how long answers take, without a
word of them."""


def name_of(host: str) -> str:
    """The name or address in "name:port", in small letters; empty if this is none."""
    found = _HOST.fullmatch(host.lower())
    return (found[1] or found[2]) if found else ""


def is_loopback(name: str | None) -> bool:
    """Whether this is "localhost" or an address of the machine for itself."""
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name or "").is_loopback
    except ValueError:
        return False


def is_ours(host: str, allowed: Collection[str]) -> bool:
    """Whether a header Host has a local name, which no DNS leads elsewhere, or an allowed one."""
    name = name_of(host)
    return is_loopback(name) or name.endswith(".localhost") or name in allowed


def is_official_address(url: str) -> bool:
    """Whether an address leads to a site of the EU institutions: over https, at the usual port,
    and without a user name, which would stand where people read the host."""
    try:
        address = urlsplit(url)
    except ValueError:
        return False
    host = address.netloc.casefold()  # with a user name or port, if there is one
    return (
        address.scheme == "https"
        and _PLAIN.fullmatch(url) is not None
        and "\\" not in url
        and _HOST_NAME.fullmatch(host) is not None
        and any(host == domain or host.endswith(f".{domain}") for domain in _DOMAINS)
    )


def shown_host(url: str) -> str:
    """The host of an address as no other can look like it: in ASCII; empty where there is none."""
    try:
        host = (urlsplit(url).hostname or "").removeprefix("www.")
        return host.encode("idna").decode("ascii")
    except ValueError:  # UnicodeError is one
        return ""


class Destination(Frozen):
    """A server that gets questions, or what is made of them."""

    purpose: Purpose
    host: str

    @property
    def is_here(self) -> bool:
        """Whether it is on the machine that this program runs on."""
        return self.host in _LOOPBACK


def destinations(settings: "Settings") -> tuple[Destination, ...]:
    """The servers that get questions; none: no question leaves this program."""
    model = settings.openai_base_url or _OPENAI
    addresses: dict[Purpose, str] = {
        "model": model if settings.generative else "",
        "embeddings": settings.embeddings_url,
        "index": settings.chroma_url,
        "database": settings.database_url.get_secret_value(),
        "collector": settings.otlp_endpoint,
    }
    return tuple(
        Destination(purpose=purpose, host=_host(url)) for purpose, url in addresses.items() if url
    )


def leaves_this_machine(found: tuple[Destination, ...]) -> bool:
    """Whether one of these is another machine."""
    return not all(server.is_here for server in found)


def _host(url: str) -> str:
    try:
        return urlsplit(url if "://" in url else f"//{url}").hostname or _UNKNOWN
    except ValueError:
        return _UNKNOWN
