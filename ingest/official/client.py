"""A strict HTTP client: asks only the allowed host, within limits, and repeats what may pass."""

import contextlib
import ssl
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    stop_before_delay,
    wait_exponential,
    wait_random,
)

from core.errors import FetchError, too_large
from core.files import MEGABYTE
from core.http_client import within_bounds

# The Office keeps identifiers, lists and texts on this one host, whose certificate says that it is
# the Office. EUR-Lex is not asked: it answers programs with a check that only a browser passes.
ORIGINS = frozenset({"https://publications.europa.eu"})

USER_AGENT = "Strategiewijzer (python -m ingest fetch)"

_ANSWERS = (200, 300, 404, 406)  # status codes of Cellar's protocol; others are errors
_PASSING = (429, 500, 502, 503, 504)  # overload and faults: a later try may succeed
_MOST_REDIRECTS = 5  # the protocol has one, to the file; so many are a loop


class TransientError(Exception):
    """A fault that may pass; `wait` is the number of seconds that the server wants, if any."""

    def __init__(self, problem: str, wait: float | None = None) -> None:
        super().__init__(problem)
        self.wait = wait


@dataclass(frozen=True)
class HttpReply:
    """A complete answer: 200, 300, 404 or 406; `url` is the last address, after redirects."""

    url: str
    status: int
    headers: Mapping[str, str]  # names in lower case
    body: bytes  # decompressed


class Client:
    """Requests one address at a time. Keeps no cookies and sends no credentials.

    The environment decides on proxies and trusted certificates (HTTPS_PROXY, NO_PROXY,
    SSL_CERT_FILE).

    Args:
        origins: the allowed origins, also after a redirect ("https://name").
        size_limit: bytes an answer may have, compressed or not.
        budget: seconds for one answer, all tries, waits and redirects included.
        pause: seconds before the second try; it doubles, and up to as much is added at random, so
            that many clients do not return at the same moment.

    `origins` and `verify` have no setting on purpose: only tests give others.
    """

    def __init__(
        self,
        *,
        origins: Collection[str] = ORIGINS,
        verify: ssl.SSLContext | None = None,
        size_limit: int = 100 * MEGABYTE,
        budget: float = 180.0,
        tries: int = 4,
        pause: float = 1.0,
    ) -> None:
        self._origins = origins
        self._size_limit = size_limit
        self._budget = budget
        self._tries = tries
        self._growing = wait_exponential(multiplier=pause, max=30) + wait_random(0, pause)
        self._http = httpx.Client(
            verify=verify or httpx.create_ssl_context(),
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "gzip"},
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            event_hooks={"request": [self._check]},
        )

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(self, address: str, headers: Mapping[str, str]) -> HttpReply:
        """Requests an address and follows its redirects.

        Raises:
            FetchError: no answer that the protocol knows; says why and what to do.
        """
        deadline = time.monotonic() + self._budget
        again = Retrying(
            stop=stop_after_attempt(self._tries) | stop_before_delay(self._budget),
            wait=self._wait,
            retry=retry_if_exception_type(TransientError),
            reraise=True,
        )
        try:
            return again(self._follow, address, headers, deadline)
        except TransientError as fault:
            tries = again.statistics["attempt_number"]
            raise FetchError(
                address,
                f"{fault}, asked {tries} time{'s'[: tries - 1]}",
                "Try again later; where a proxy leads out, name it in HTTPS_PROXY.",
            ) from fault

    def _wait(self, state: RetryCallState) -> float:
        """The seconds that the server asks for, else a growing pause."""
        fault = state.outcome.exception() if state.outcome else None
        wanted = fault.wait if isinstance(fault, TransientError) else None
        return float(self._growing(state)) if wanted is None else wanted

    def _follow(self, address: str, headers: Mapping[str, str], deadline: float) -> HttpReply:
        timeout = httpx.Timeout(min(30.0, max(deadline - time.monotonic(), 0.1)))
        try:
            request = self._http.build_request("GET", address, headers=headers, timeout=timeout)
            for _ in range(_MOST_REDIRECTS + 1):
                with contextlib.closing(self._http.send(request, stream=True)) as response:
                    if response.next_request is None:
                        return self._read(response, deadline)
                    request = response.next_request
        except httpx.InvalidURL:
            raise _no_address(address, address) from None
        except httpx.RequestError as error:
            problem = f"the connection failed ({error or type(error).__name__})"
            if isinstance(error, httpx.TimeoutException):
                problem = "no answer in time"
            raise TransientError(problem) from error
        raise FetchError(
            address,
            f"leads on and on ({_MOST_REDIRECTS} redirects, last to {request.url})",
            "Try again later.",
        )

    def _check(self, request: httpx.Request) -> None:
        """Checks each request before it is sent, also after a redirect: refuses other origins, and
        uses https where an origin has it."""
        url = request.url
        host = url.netloc.decode()
        if f"https://{host}" in self._origins:
            url = url.copy_with(scheme="https")
        if f"{url.scheme}://{host}" not in self._origins or url.userinfo:
            raise FetchError(
                url,
                "an address that may not be asked",
                f"Only {', '.join(sorted(self._origins))} is: get this text with a browser, and "
                "put it into the folder of your documents.",
            )
        request.url = url

    def _read(self, response: httpx.Response, deadline: float) -> HttpReply:
        status = response.status_code
        if status in _PASSING:
            wait = response.headers.get("retry-after", "")
            raise TransientError(
                f"the server cannot answer now (HTTP {status})",
                float(wait) if wait.isdecimal() else None,  # dates, which it may have, are rare
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
        pieces = within_bounds(
            response.iter_bytes(),
            size=self._size_limit,
            deadline=deadline,
            too_large=FetchError(response.url, *too_large(self._size_limit)),
            too_slow=FetchError(
                response.url, f"not done after {self._budget:g} seconds", "Try again later."
            ),
        )
        return HttpReply(str(response.url), status, dict(response.headers), b"".join(pieces))


def onward(url: str, location: str) -> str:
    """The address that a link or redirect leads to.

    Raises:
        FetchError: it is no address.
    """
    try:
        return str(httpx.URL(url).join(location))
    except httpx.InvalidURL:
        raise _no_address(url, location) from None


def _no_address(url: str, location: str) -> FetchError:
    return FetchError(url, f"leads to {location[:80]!r}, which is no address", "Try again later.")
