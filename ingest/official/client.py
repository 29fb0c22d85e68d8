"""HTTP client for the Publications Office: limits, deadlines, retries; and Cellar's protocol."""

import contextlib
import datetime
import email.utils
import re
import ssl
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path

import httpx
from lxml import etree, html
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    stop_before_delay,
    wait_exponential,
    wait_random,
)

from core.errors import MEGABYTE, FetchError, too_large
from core.http_client import within_bounds
from core.source import Frozen
from core.yaml_files import read_yaml

# Retries with exponential back-off.


class TransientError(Exception):
    """A fault that may pass; `wait` is the number of seconds that the server asked for, if it
    did."""

    def __init__(self, problem: str, wait: float | None = None) -> None:
        super().__init__(problem)
        self.wait = wait


def retrying(*, tries: int, budget: float, pause: float) -> Retrying:
    """Retries a function while it raises `TransientError`; raises the last one.

    Args:
        tries: the largest number of calls.
        budget: seconds; a pause that would go beyond it is not begun.
        pause: seconds before the second call; doubles each time, and up to `pause` is added at
            random, so that many clients do not return at the same moment. A wait that the server
            asks for overrides it.
    """
    growing = wait_exponential(multiplier=pause, max=30) + wait_random(0, pause)

    def wait(state: RetryCallState) -> float:
        fault = state.outcome.exception() if state.outcome else None
        asked = fault.wait if isinstance(fault, TransientError) else None
        return float(growing(state)) if asked is None else asked

    return Retrying(
        stop=stop_after_attempt(tries) | stop_before_delay(budget),
        wait=wait,
        retry=retry_if_exception_type(TransientError),
        reraise=True,
    )


def asked_wait(retry_after: str) -> float | None:
    """The seconds in a header Retry-After, which has a number or a date (RFC 9110, 10.2.3)."""
    if retry_after.isdecimal():
        return float(retry_after)
    try:
        moment = email.utils.parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.UTC)
    return max((moment - datetime.datetime.now(datetime.UTC)).total_seconds(), 0.0)


# A strict HTTP client: asks only the allowed host, retries within limits, and checks every answer.


# The Office keeps identifiers, lists and texts on this one host, whose certificate says that it is
# the Office. EUR-Lex is not asked: it answers programs with a check that only a browser passes.
ORIGINS = frozenset({"https://publications.europa.eu"})

USER_AGENT = "Strategiewijzer (python -m ingest fetch)"

# Conditions of a request -> the headers of an earlier answer (RFC 9110, section 8.8).
CONDITIONS = {"If-None-Match": "etag", "If-Modified-Since": "last-modified"}
_KNOWN = "known"  # request extension: the versions that are here already
_ANSWERS = (200, 300, 304, 404, 406)  # status codes of Cellar's protocol; others are errors
_PASSING = (429, 500, 502, 503, 504)  # overload and faults: a later try may succeed
_MOST_REDIRECTS = 5  # the protocol has one, to the file; so many are a loop


Known = Mapping[str, Mapping[str, str]]
"""Of the versions that are here already: address -> conditions of a request for another one."""


@dataclass(frozen=True)
class HttpReply:
    """A complete answer: 200, 300, 304, 404 or 406; `url` is the last address, after redirects."""

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
        verify: trusted certificates; None: those of browsers, or the environment's.
        size_limit: bytes an answer may have, compressed or not.
        budget: seconds for one answer, all tries, waits and redirects included.
        tries: how often to try when the fault may pass.
        pause: seconds before the second try; it doubles, and a random part of it is added.

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
        self._pause = pause
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

    def get(
        self,
        address: str,
        headers: Mapping[str, str],
        known: Known | None = None,
    ) -> HttpReply:
        """Requests an address and follows its redirects.

        Args:
            address: http or https.
            headers: the request headers.
            known: the versions that are here already.

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
                address,
                f"{fault}, asked {tries} time{'s'[: tries - 1]}",
                "Try again later; where a proxy leads out, name it in HTTPS_PROXY.",
            ) from fault

    def _follow(
        self,
        address: str,
        headers: Mapping[str, str],
        known: Known,
        deadline: float,
    ) -> HttpReply:
        timeout = httpx.Timeout(min(30.0, max(deadline - time.monotonic(), 0.1)))
        try:
            request = self._http.build_request(
                "GET", address, headers=headers, timeout=timeout, extensions={_KNOWN: known}
            )
            for _ in range(_MOST_REDIRECTS + 1):
                with contextlib.closing(self._http.send(request, stream=True)) as response:
                    if response.next_request is None:
                        return self._read(response, deadline)
                    request = response.next_request
        except httpx.InvalidURL:
            raise _no_address(address, address) from None
        except httpx.RequestError as error:
            raise TransientError(_describe_request_error(error)) from error
        raise FetchError(
            address,
            f"leads on and on ({_MOST_REDIRECTS} redirects, last to {request.url})",
            "Try again later.",
        )

    def _check(self, request: httpx.Request) -> None:
        """Checks each request before it is sent, also after a redirect: refuses other origins, uses
        https where an origin has it, and adds the conditions of what is here already."""
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
        for name in CONDITIONS:
            request.headers.pop(name, None)  # those of the redirecting address
        request.headers.update(request.extensions[_KNOWN].get(str(url), {}))

    def _read(self, response: httpx.Response, deadline: float) -> HttpReply:
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
        over_limit = FetchError(response.url, *too_large(self._size_limit))
        told = f"not done after {self._budget:g} seconds"
        stated = response.headers.get("content-length", "")
        if stated.isdecimal() and int(stated) > self._size_limit:
            raise over_limit
        pieces = within_bounds(
            response.iter_bytes(),
            size=self._size_limit,
            deadline=deadline,
            too_large=over_limit,
            too_slow=FetchError(response.url, told, "Try again later."),
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


def _describe_request_error(error: httpx.RequestError) -> str:
    if isinstance(error, httpx.TimeoutException):
        return "no answer in time"
    return f"the connection failed ({error or type(error).__name__})"


# The official texts to fetch, and their metadata.


_LISTED = Path(__file__).resolve().parent.parent / "sources.yaml"

# Sector, year, one or two letters for the kind of text, number; then a suffix for texts with the
# same number, for a corrigendum, or the date of a consolidated version.
_CELEX = re.compile(r"[0-9CE]\d{4}[A-Z]{1,2}\d{4}(?:R?\(\d{2}\))*(?:-\d{8})?")


class ListedText(Frozen):
    """One official text, in any languages. `title` is English."""

    celex: str
    title: str = ""
    reference: str = ""
    date: datetime.date | None = None
    area: str = ""
    publisher: str = ""

    @property
    def id(self) -> str:
        """The id of its document: "52020dc0606-01"."""
        return re.sub(r"[^a-z0-9]+", "-", self.celex.lower()).strip("-")


def listed() -> tuple[ListedText, ...]:
    """The texts of `ingest/sources.yaml`."""
    entries = read_yaml(_LISTED.read_text("utf-8"))
    return tuple(ListedText.model_validate(entry) for entry in entries)


def chosen(numbers: Sequence[str]) -> tuple[ListedText, ...]:
    """The texts with these CELEX numbers, listed or not; all listed texts without a number.

    Raises:
        FetchError: one of them is not a CELEX number.
    """
    known = {source.celex: source for source in listed()}
    if not numbers:
        return tuple(known.values())
    wanted = dict.fromkeys(number.strip().upper() for number in numbers)
    for number in wanted:
        if not _CELEX.fullmatch(number):
            raise FetchError(
                repr(number),
                "not a CELEX number",
                "Write it as EUR-Lex does, such as 52020DC0605 or '52020DC0606(01)'.",
            )
    return tuple(known.get(number, ListedText(celex=number)) for number in wanted)


# The client of Cellar, the repository of the Publications Office.


RESOURCES = "https://publications.europa.eu/resource/celex/"

# ISO 639-3 codes, as the Office lists them
LANGUAGES = {
    "bg": "bul", "cs": "ces", "da": "dan", "de": "deu", "el": "ell", "en": "eng",
    "es": "spa", "et": "est", "fi": "fin", "fr": "fra", "ga": "gle", "hr": "hrv",
    "hu": "hun", "it": "ita", "lt": "lit", "lv": "lav", "mt": "mlt", "nl": "nld",
    "pl": "pol", "pt": "por", "ro": "ron", "sk": "slk", "sl": "slv", "sv": "swe",
}  # fmt: skip

TEXT = "application/xhtml+xml, text/html;q=0.9"
# A PDF of one of these types is only sent when that type is asked for.
_PDF_TYPES = ("pdfa1a", "pdfa1b", "pdfa2a", "pdfa2b", "pdfa3", "pdf1x", "pdfx")
FORMS = (TEXT, *(f"application/pdf;type={kind}" for kind in _PDF_TYPES), "application/pdf")

_UNKNOWN = re.compile(rb"Resource \[system 'celex'.{0,200}\] not found", re.DOTALL)
_PICTURES = (".gif", ".jpg", ".jpeg", ".png", ".svg", ".tif", ".tiff")
_MAIN_TEXT = re.compile(r"(?:^|_)ACT(?:_|\.|$)", re.IGNORECASE)


class NotHeldError(FetchError):
    """The text exists, but not in this language."""


@dataclass(frozen=True)
class Item:
    """One file of a text.

    `role` is "" for the text itself, "part-2" for its continuation, "annex-1" for an annex.
    """

    url: str
    role: str
    name: str = ""  # stream_name: what the Office calls the file
    reply: HttpReply | None = None  # where the answer was the file itself


@dataclass(frozen=True)
class Version:
    """A text in one language and one form."""

    address: str
    headers: Mapping[str, str]
    items: tuple[Item, ...]


class Cellar:
    """The repository.

    Args:
        client: the HTTP client.
        resources: the address before a CELEX number; only tests give another.
    """

    def __init__(self, client: Client, resources: str = RESOURCES) -> None:
        self._client = client
        self._resources = resources

    def find(self, celex: str, language: str, known: Known) -> Version:
        """The files of a text in a language (ISO 639-1), in the first of `FORMS` that exists.

        Raises:
            NotHeldError: there is no such language version.
            FetchError: the number is unknown, or the answer is unusable.
        """
        address = self._resources + celex
        for form in FORMS:
            headers = {"Accept": form, "Accept-Language": LANGUAGES[language]}
            reply = self._client.get(address, headers, known)
            if reply.status in (200, 304):
                return Version(address, headers, (Item(reply.url, "", reply=reply),))
            if reply.status == 300:
                return Version(address, headers, _items(reply))
            if reply.status == 404 and _UNKNOWN.search(reply.body):
                raise FetchError(
                    address,
                    "the Publications Office knows no text with this number",
                    "Look the number up on https://eur-lex.europa.eu.",
                )
        raise NotHeldError(
            address,
            "the Publications Office has no text in this language, neither as HTML nor as PDF",
            "Name other languages with --languages.",
        )

    def get(self, version: Version, item: Item, known: Known) -> HttpReply:
        """One file of a text: 200, or 304 if `known` has its present version.

        Raises:
            FetchError: it cannot be fetched.
        """
        reply = item.reply or self._client.get(item.url, version.headers, known)
        if reply.status not in (200, 304):
            raise FetchError(
                reply.url, f"listed, but not there (HTTP {reply.status})", "Try again later."
            )
        return reply


def _items(reply: HttpReply) -> tuple[Item, ...]:
    """Reads the HTML list in an answer 300: `li[title=item]` with a link, a stream_name and a
    stream_order. Of several forms the first is taken; pictures are left out."""
    try:
        tree = html.document_fromstring(reply.body)
    except etree.LxmlError as error:
        raise _no_list(reply, str(error)) from None
    form = next(iter(tree.xpath("//li[@title='manifestation'][.//li[@title='item']]")), tree)
    found: dict[str, tuple[int, str]] = {}  # address -> order, name
    for place, entry in enumerate(form.xpath(".//li[@title='item']"), start=1):
        links = entry.xpath(".//a/@href")
        if not links:
            raise _no_list(reply, f"entry {place} has no link")
        name = _said(entry, "stream_name")
        order = _said(entry, "stream_order")
        if not name.lower().endswith(_PICTURES):
            url = onward(reply.url, str(links[0]).strip())
            found.setdefault(url, (int(order) if order.isdecimal() else place, name))
    if not found:
        raise _no_list(reply, "it names no file")
    names = {url: name for url, (_, name) in sorted(found.items(), key=lambda entry: entry[1][0])}
    main = [url for url, name in names.items() if _MAIN_TEXT.search(name)] or list(names)[:1]
    annexes = [url for url in names if url not in main]
    roles = {url: f"part-{number}" for number, url in enumerate(main, start=1)}
    roles |= {url: f"annex-{number}" for number, url in enumerate(annexes, start=1)}
    roles[main[0]] = ""
    return tuple(Item(url, roles[url], name) for url, name in names.items())


def _said(entry: html.HtmlElement, title: str) -> str:
    return " ".join(str(entry.xpath(f"string(.//li[@title='{title}'])")).split())


def _no_list(reply: HttpReply, problem: str) -> FetchError:
    return FetchError(
        reply.url, f"the list of files cannot be read ({problem})", "Try again later."
    )
