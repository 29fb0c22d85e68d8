"""The official texts to fetch, and the protocol of Cellar, the repository that has them."""

import datetime
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lxml import etree, html

from core.errors import FetchError
from core.source import Frozen
from core.yaml_files import read_yaml
from ingest.official.client import Client, HttpReply, onward

_LISTED = Path(__file__).resolve().parent.parent / "sources.yaml"

# Sector, year, one or two letters for the kind of text, number; then a suffix for texts with the
# same number, for a corrigendum, or the date of a consolidated version.
_CELEX = re.compile(r"[0-9CE]\d{4}[A-Z]{1,2}\d{4}(?:R?\(\d{2}\))*(?:-\d{8})?")

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


@dataclass(frozen=True)
class Item:
    """One file of a text.

    `role` is "" for the text itself, "part-2" for its continuation, "annex-1" for an annex.
    """

    url: str
    role: str
    headers: Mapping[str, str]  # to ask for it with
    reply: HttpReply | None = None  # where the answer was the file itself


class Cellar:
    """The repository; `resources` is the address before a CELEX number, which only tests change."""

    def __init__(self, client: Client, resources: str = RESOURCES) -> None:
        self._client = client
        self._resources = resources

    def find(self, celex: str, language: str) -> tuple[Item, ...]:
        """The files of a text in a language (ISO 639-1), in the first of `FORMS` that exists.
        Raises FetchError where there is none, or the answer is unusable."""
        address = self._resources + celex
        for form in FORMS:
            headers = {"Accept": form, "Accept-Language": LANGUAGES[language]}
            reply = self._client.get(address, headers)
            if reply.status == 200:
                return (Item(reply.url, "", headers, reply),)
            if reply.status == 300:
                return _items(reply, headers)
            if reply.status == 404 and _UNKNOWN.search(reply.body):
                raise FetchError(
                    address,
                    "the Publications Office knows no text with this number",
                    "Look the number up on https://eur-lex.europa.eu.",
                )
        raise FetchError(
            address,
            "the Publications Office has no text in this language, neither as HTML nor as PDF",
            "Name other languages with --languages.",
        )

    def get(self, item: Item) -> HttpReply:
        """One file of a text; raises FetchError where it cannot be fetched."""
        reply = item.reply or self._client.get(item.url, item.headers)
        if reply.status != 200:
            raise FetchError(
                reply.url, f"listed, but not there (HTTP {reply.status})", "Try again later."
            )
        return reply


def _items(reply: HttpReply, headers: Mapping[str, str]) -> tuple[Item, ...]:
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
        name = _named_text(entry, "stream_name")
        order = _named_text(entry, "stream_order")
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
    return tuple(Item(url, roles[url], headers) for url in names)


def _named_text(entry: html.HtmlElement, title: str) -> str:
    return " ".join(str(entry.xpath(f"string(.//li[@title='{title}'])")).split())


def _no_list(reply: HttpReply, problem: str) -> FetchError:
    return FetchError(
        reply.url, f"the list of files cannot be read ({problem})", "Try again later."
    )
