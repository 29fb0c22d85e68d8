"""A careful HTTP client: it asks the hosts it may ask, tries again within bounds, and believes
nothing about what comes back.
"""

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from types import TracebackType

import httpx

from core.errors import FetchError
from ingest.official.retry import TransientError, asked_wait, retrying
from ingest.official.transport import CheckedTransport

# The Office keeps identifiers, lists and texts on this one host. EUR-Lex is not asked: it answers
# programs with a check that only a browser passes.
HOSTS = frozenset({"publications.europa.eu"})

USER_AGENT = "Strategiewijzer (python -m ingest fetch)"

_REDIRECTS = (301, 302, 303, 307, 308)
_ANSWERS = (200, 300, 304, 404, 406)  # what the protocol knows
_PASSING = (429, 500, 502, 503, 504)
_MOST_REDIRECTS = 5


@dataclass(frozen=True)
class Validators:
    """What tells a server which version is already here (RFC 9110, section 8.8)."""

    etag: str = ""
    last_modified: str = ""


@dataclass(frozen=True)
class Reply:
    """A complete answer: 200, 300, 304, 404 or 406, from the address it came from in the end."""

    url: str
    status: int
    headers: Mapping[str, str]  # names in lower case
    body: bytes  # decompressed


class Client:
    """Asks for one address at a time. Keeps no cookies, sends no credentials, uses no proxy.

    Args:
        hosts: which hosts may be asked, at first and after a redirect ("name" or "name:port").
        transport: what connects; the default refuses all but public addresses.
        size_limit: bytes an answer may have, compressed or not.
        budget: seconds for one answer, all tries, waits and redirects included.
        tries: how often an address is asked when the fault may pass.
        pause: seconds before the second try; it doubles, and a random part of it is added.

    `hosts` and `transport` have no setting on purpose: only a test gives others.
    """

    def __init__(
        self,
        *,
        hosts: Collection[str] = HOSTS,
        transport: httpx.BaseTransport | None = None,
        size_limit: int = 100 * 2**20,
        budget: float = 180.0,
        tries: int = 4,
        pause: float = 1.0,
    ) -> None:
        self._hosts = hosts
        self._size_limit = size_limit
        self._budget = budget
        self._tries = tries
        self._pause = pause
        self._http = httpx.Client(
            transport=transport or CheckedTransport(),
            trust_env=False,
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "gzip"},
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        )

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.close()

    def get(
        self,
        address: str,
        headers: Mapping[str, str],
        known: Mapping[str, Validators] | None = None,
    ) -> Reply:
        """Asks for an address and follows where it leads.

        Args:
            address: http or https.
            headers: what is asked for.
            known: the version that is here already, by the address it came from.

        Raises:
            FetchError: no answer that the protocol knows; says why and what to do.
        """
        deadline = time.monotonic() + self._budget
        again = retrying(tries=self._tries, budget=self._budget, pause=self._pause)
        try:
            return again(self._follow, address, headers, known or {}, deadline)
        except TransientError as fault:
            tries = again.statistics["attempt_number"]
            raise FetchError(
                address, f"{fault}, asked {tries} time{'s'[: tries - 1]}", "Try again later."
            ) from fault

    def _follow(
        self,
        address: str,
        headers: Mapping[str, str],
        known: Mapping[str, Validators],
        deadline: float,
    ) -> Reply:
        url = self._checked(address)
        for _ in range(_MOST_REDIRECTS + 1):
            asked = {**headers, **_conditions(known.get(str(url)))}
            timeout = httpx.Timeout(min(30.0, max(deadline - time.monotonic(), 0.1)))
            try:
                with self._http.stream("GET", url, headers=asked, timeout=timeout) as response:
                    if response.status_code not in _REDIRECTS:
                        return self._read(response, deadline)
                    url = self._checked(onward(str(url), response.headers.get("location", "")))
            except httpx.RequestError as error:
                raise TransientError(_told(error)) from error
        raise FetchError(
            address,
            f"leads on and on ({_MOST_REDIRECTS} redirects, last to {url})",
            "Try again later.",
        )

    def _checked(self, address: str) -> httpx.URL:
        url = httpx.URL(address)
        allowed = url.scheme in ("http", "https") and url.netloc.decode() in self._hosts
        if not allowed or url.userinfo:
            raise FetchError(
                url,
                "an address that may not be asked",
                f"Only {', '.join(sorted(self._hosts))} is: get this text with a browser, and put "
                "it into the folder of your documents.",
            )
        return url

    def _read(self, response: httpx.Response, deadline: float) -> Reply:
        status = response.status_code
        if status in _PASSING:
            raise TransientError(
                f"the server cannot answer now (HTTP {status})",
                asked_wait(response.headers.get("retry-after", "")),
            )
        if status not in _ANSWERS:
            raise FetchError(
                response.url,
                f"an answer that is not part of the protocol (HTTP {status})",
                "Try again later, or get the text with a browser.",
            )
        coding = response.headers.get("content-encoding", "identity").lower()
        if coding not in ("identity", "gzip"):
            raise FetchError(response.url, f"packed as {coding}, unasked", "Try again later.")
        self._refuse_above_limit(response.url, int(_digits(response.headers)))
        body = bytearray()
        for piece in response.iter_bytes():
            body += piece
            self._refuse_above_limit(response.url, len(body))
            if time.monotonic() > deadline:
                raise FetchError(
                    response.url, f"not done after {self._budget:g} seconds", "Try again later."
                )
        return Reply(str(response.url), status, dict(response.headers), bytes(body))

    def _refuse_above_limit(self, url: httpx.URL, size: int) -> None:
        if size > self._size_limit:
            raise FetchError(
                url,
                f"larger than {self._size_limit / 2**20:g} MB, which no text of this kind is",
                "If you need it all the same, get it with a browser.",
            )


def onward(url: str, location: str) -> str:
    """Where a link or redirect at an address leads; once over https, on over https.

    Raises:
        FetchError: to no address.
    """
    try:
        target = httpx.URL(url).join(location)
    except httpx.InvalidURL:
        raise FetchError(
            url, f"leads to {location[:80]!r}, which is no address", "Try again later."
        ) from None
    if url.startswith("https:") and target.scheme == "http":
        target = target.copy_with(scheme="https")
    return str(target)


def _conditions(version: Validators | None) -> dict[str, str]:
    if version is None:
        return {}
    named = {"If-None-Match": version.etag, "If-Modified-Since": version.last_modified}
    return {name: value for name, value in named.items() if value}


def _digits(headers: httpx.Headers) -> str:
    length = headers.get("content-length", "")
    return length if length.isdecimal() else "0"


def _told(error: httpx.RequestError) -> str:
    if isinstance(error, httpx.TimeoutException):
        return "no answer in time"
    return f"the connection failed ({error or type(error).__name__})"
