"""Hosts and addresses: how they are written, which are trusted, and what they may send."""

import ipaddress
import math
import re
import time
from collections.abc import Collection, Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx

from core.errors import MEGABYTE, ModelError

NOT_OURS = (
    "Nobody may call this app by the name in the header Host. Whoever runs it adds that name to "
    "the setting STRATEGIEWIJZER_ALLOWED_HOSTS (docs/operations.md, A proxy)."
)
"""What is told to whoever calls by another name."""

_HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([a-z0-9_.-]{1,253}))(?::(?:[0-9]{0,5}|\*))?", re.ASCII)


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


# Checks of the addresses of servers that settings name; a ValueError repeats nothing of them.


def without_secret(url: str, instead: str) -> str:
    """Refuses a password or query: HTTP clients log the addresses they request, and runs store
    them.

    Args:
        url: of an HTTP server, or empty.
        instead: the settings that take a secret.
    """
    if "@" in url.partition("://")[2].partition("/")[0]:
        raise ValueError(
            f"the address holds a user name or password. Take it out and set {instead} instead"
        )
    if "?" in url or "#" in url:
        raise ValueError(
            "the address holds a query, where a key would be logged. Take out what begins with "
            f"? or # and set {instead} instead"
        )
    return url


def check_postgresql(url: str) -> None:
    """Refuses another kind of database, and an @ in the password: part of it would become the name
    of a host, which errors repeat."""
    if url and not url.startswith("postgresql://"):
        raise ValueError("the address is not one of PostgreSQL: postgresql://user@host/name")
    if url.count("@") > 1:
        raise ValueError("the address has more than one @. Write one in a password as %40")


# Which web addresses are those of the EU institutions.


# Reviewed by hand: every institution, agency and register of the EU is below this domain, which
# only they can get names in. What is added is trusted as much.
_DOMAINS = ("europa.eu",)
_PLAIN = re.compile(r"[!-~]+")  # no letter that only looks like another, nothing that browsers drop
_HOST_NAME = re.compile(r"[a-z0-9.-]+")


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


# HTTP clients of servers that settings name, which get questions and passages.


_LARGEST = 16  # megabytes, some 50,000 tokens streamed; an endless response would fill memory


def bounded_client(
    server: str, setting: str, remedy: str = "See its log.", **more: Any
) -> httpx.Client:
    """HTTP client that takes proxies from the environment.

    Reading a response raises `ModelError` (or an error of OpenAI's client caused by it) if the
    response is larger than `_LARGEST`, compressed, takes longer than the request's time-out, or
    redirects to another origin; then nothing was sent there.

    Args:
        server: begins the messages of errors.
        setting: holds the address of the server.
        remedy: what to do about a reply that takes too long.
        more: of httpx.
    """

    def check(response: httpx.Response) -> None:
        _refuse_other_origin(response, server, setting)
        if response.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
            # A decompression bomb: a few kilobytes can unpack to gigabytes.
            raise ModelError(
                f"{server} compresses its replies although it is asked not to. Have it, or the "
                "proxy before it, send them as they are.",
                "protocol",
            )
        assert isinstance(response.stream, httpx.SyncByteStream)  # noqa: S101 - the client is sync
        seconds = response.request.extensions.get("timeout", {}).get("read")
        large = f"{server} sends more than {_LARGEST} megabytes for one reply."
        response.stream = _Bounded(
            response.stream,
            within_bounds(
                response.stream,
                size=_LARGEST * MEGABYTE,
                deadline=time.monotonic() + seconds if seconds else math.inf,
                too_large=ModelError(large, "protocol"),
                too_slow=ModelError(f"{server} does not end its reply. {remedy}", "slow"),
            ),
        )

    client = httpx.Client(event_hooks={"response": [check]}, follow_redirects=True, **more)
    client.headers["Accept-Encoding"] = "identity"
    return client


def within_bounds(
    pieces: Iterable[bytes],
    *,
    size: int,
    deadline: float,
    too_large: Exception,
    too_slow: Exception,
) -> Iterator[bytes]:
    """The pieces of a response's body up to a size in bytes and a moment (of time.monotonic()),
    then one of these errors: a read time-out alone would let a server send for ever."""
    for piece in pieces:
        size -= len(piece)
        if size < 0:
            raise too_large
        if time.monotonic() > deadline:
            raise too_slow
        yield piece


class _Bounded(httpx.SyncByteStream):
    """A response's body, of which bounded pieces are read."""

    def __init__(self, stream: httpx.SyncByteStream, pieces: Iterator[bytes]) -> None:
        self._stream, self._pieces = stream, pieces

    def __iter__(self) -> Iterator[bytes]:
        return self._pieces

    def close(self) -> None:
        self._stream.close()


def _refuse_other_origin(response: httpx.Response, server: str, setting: str) -> None:
    if not response.has_redirect_location:
        return
    asked = response.request.url
    told = asked.join(response.headers["Location"])
    if _origin(told) != _origin(asked):
        # The origin only: a path or query may hold a secret.
        raise ModelError(
            f"{server} redirects to {_origin(told)}, which no setting names: nothing was sent "
            f"there. If questions may go there, set {setting} to its address; else see who "
            "answers at the present one.",
            "unreachable",
        )


def _origin(url: httpx.URL) -> str:
    port = url.port or {"http": 80, "https": 443}.get(url.scheme, 0)
    return f"{url.scheme}://{url.host}:{port}"
