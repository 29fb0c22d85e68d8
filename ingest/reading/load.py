"""Loads a document from its file: its text, and metadata that is stated or guessed."""

import datetime
import hashlib
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path

from core.errors import DocumentError
from core.files import as_text, printable
from core.source import DocumentInfo, SourceDocument
from ingest.reading import formats, question_file
from ingest.reading.blocks import LimitError, Parsed, check_blocks, sections
from ingest.reading.files import read, sha256
from ingest.reading.formats import CONVERT, FORMATS, front_matter
from ingest.reading.formats.encoding import without_control
from ingest.reading.noise import left_out, with_noise
from language.figures import celex_number, dates_in, document_number, only_day
from language.identify import COMMISSION, OFFICIAL, is_commission, most_likely
from language.words import fold

_BEGINNING = 1500  # characters, half a page, in a format without pages; the text has other dates
_LONGEST = 80  # characters of a line of its own; the date in a sentence is that of something else
_FEW_WORDS = 6  # beside a date: "Press release | Brussels, 24 July 2020"
_LABEL = r"(?:[^\W\d]+ ?:\s*)?[(\[]?"  # "Reference: "
_FINAL = r"(?: (?:final|def\w*|endg\w*)\.?(?:/\d+)?)?"
_NUMBER = document_number("COM|SWD|JOIN|SEC|C")
_REFERENCE = re.compile(rf"{_LABEL}({_NUMBER}{_FINAL})(?!\w)")
_ON_COVER = re.compile(
    rf":[^\n:]{{0,40}}?({_NUMBER}{_FINAL})(?!\w)"
)  # "No. Cion doc.: SWD(2022) 1"
_BEHIND_COVER = 3  # pages after a cover, on one of which a document that it transmits begins
_COUNCIL = re.compile(
    r"(?:^|(?<=\s))(?P<number>(?:PE ?-? ?CONS )?(?P<digits>\d{1,5}(?:/\d{1,2})?/\d\d))(?!\S)"
    r"(?P<more>(?: (?:REV|ADD|COR) ?\d*)*)"
)
_SUBJECT_CODES = re.compile(
    r"\b[A-Z]{2,}(?: [A-Z]{2,})? \d{1,4} [A-Z]{2,}(?: [A-Z]{2,})? \d{1,4}\b"
)
_CELEX = re.compile(rf"(?:^|CELEX[^\w]*|\s)({celex_number('1-9CE')})(?![\w(])")
_ELI = re.compile(r"https?://data\.europa\.eu/eli/[\w/.-]*\w")


@dataclass(frozen=True)
class _Transmitted:
    """A document of the Commission behind a cover of the Council: its number, and the page that it
    begins on."""

    reference: str
    start: int
    end: int


def _transmitted(parsed: Parsed) -> _Transmitted | None:
    """What a cover note of the Council transmits: the cover states a number of the Commission,
    and that is a line of its own on one of the next pages. None where there is no such document."""
    council = _council_number(parsed)
    stated = _ON_COVER.findall(parsed.text, 0, _first_page(parsed)) if council else []
    numbers = {_plain_number(number): number for number in stated}
    pages = pairwise((*parsed.page_starts[1 : _BEHIND_COVER + 2], len(parsed.text)))
    for start, end in islice(pages, _BEHIND_COVER):
        for line in _lines(parsed, start, end):
            found = _REFERENCE.fullmatch(line)
            if found and (number := numbers.get(_plain_number(found[1]))):
                return _Transmitted(number, start, end)
    return None


def _plain_number(number: str) -> str:
    """A number of a document without white space and "final", to compare it."""
    found = re.match(_NUMBER, number)
    return re.sub(r"\s", "", found[0]) if found else number


def reference(parsed: Parsed) -> str:
    """The number of a document of the Council or the Commission: COM(2020) 606 final, 10284/22,
    PE-CONS 36/23 REV 2; of a document that a cover note transmits, not of that note."""
    if transmitted := _transmitted(parsed):
        return transmitted.reference
    return _council_number(parsed) or _first(parsed, _REFERENCE, at_start=True)


def _council_number(parsed: Parsed) -> str:
    """The number on a cover of the Council, which also has codes of its subjects: ENV 618 CLIMA
    289."""
    if not _SUBJECT_CODES.search(parsed.text, 0, _first_page(parsed)):
        return ""
    found = [match for line in _lines(parsed) if (match := _COUNCIL.search(line))]
    if not found:
        return ""
    number = "PE-CONS " * found[0]["number"].startswith("PE") + found[0]["digits"]
    revised = next((match["more"].split() for match in found if match["more"]), [])
    return " ".join((number, *revised))


def _date(
    parsed: Parsed, language: str, start: int = 0, end: int | None = None
) -> datetime.date | None:
    """The first date in a line with at most a few other words, of a page or of the first one."""
    for line in _lines(parsed, start, end):
        dates, rest = dates_in(fold(line), language)
        day = only_day(dates)
        if day and len(re.findall(r"[^\W\d]{2,}", rest)) <= _FEW_WORDS:
            return day
    return None


def _publisher(parsed: Parsed) -> str:
    """The Commission, where a line is its name and another the number of a text of it, or where a
    cover note transmits a text of it."""
    if _transmitted(parsed):
        return COMMISSION
    is_its = _first(parsed, _REFERENCE, at_start=True) and not _council_number(parsed)
    return COMMISSION if is_its and any(map(is_commission, _lines(parsed))) else ""


def _first(parsed: Parsed, pattern: re.Pattern[str], *, at_start: bool = False) -> str:
    for line in _lines(parsed):
        if found := pattern.match(line) if at_start else pattern.search(line):
            return found[pattern.groups]
    return ""


def _first_page(parsed: Parsed) -> int:
    """Where the first page ends; without pages, the beginning."""
    return parsed.page_starts[1] if len(parsed.page_starts) > 1 else _BEGINNING


def _lines(parsed: Parsed, start: int = 0, end: int | None = None) -> Iterator[str]:
    """The short lines of a page; without one, of the first page, or of the beginning where there
    are no pages."""
    end = _first_page(parsed) if end is None else end
    for block in parsed.blocks:
        if start <= block.start < end and block.kind in ("heading", "paragraph", "item"):
            # `begin` keeps what Markdown takes for the number of an item: "24. července 2020".
            text = block.title or parsed.text[block.begin : block.stop]
            for line in text.split("\n"):
                line = " ".join(line.split()).lstrip("-*•– ")
                if 0 < len(line) <= _LONGEST:
                    yield line


def describe(path: Path, parsed: Parsed) -> tuple[DocumentInfo, tuple[str, ...]]:
    """The metadata of a document, and the names of the fields that are guesses.

    Raises:
        DocumentError: its sidecar is wrong, or a value in its front matter that the sidecar does
            not override.
    """
    stem, language = printable(path.stem), ""
    if stem[-3:-2] in (".", "_") and stem[-2:].lower() in OFFICIAL:  # plan.nl
        stem, language = stem[:-3], stem[-2:].lower()
    beside = front_matter.read_sidecar(path)
    for name, error in parsed.wrong.items():
        if name not in beside:
            raise error
    stated = {"id": _slug(stem), "language": language, **parsed.stated}
    if transmitted := _transmitted(parsed):  # the date on the cover is that of the cover
        spoken = str(language or parsed.stated.get("language") or most_likely(parsed.text)[0])
        own_date = _date(parsed, spoken, transmitted.start, transmitted.end)
        stated["date"] = own_date or parsed.stated.get("date")
    stated |= beside
    known = {name: value for name, value in stated.items() if value}
    own = parsed.language if parsed.language in OFFICIAL else ""
    language = str(known.get("language") or own or most_likely(parsed.text)[0])
    found = {
        "title": parsed.title or stem,
        "language": language,
        "date": _date(parsed, language) or parsed.date,
        # Acts state their address with http, as a name; the page answers over https.
        "url": parsed.url or re.sub("^http:", "https:", _first(parsed, _ELI)),
        "reference": reference(parsed),
        "celex": _first(parsed, _CELEX),
        "publisher": _publisher(parsed),
    }
    guesses = {name: value for name, value in found.items() if value and name not in known}
    # A YAML escape or a property can bring in invisible characters.
    shown = {
        name: " ".join(without_control(value).split()) if isinstance(value, str) else value
        for name, value in {**guesses, **known}.items()
    }
    return DocumentInfo.model_validate(shown), tuple(guesses)


def _slug(name: str) -> str:
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", ascii_name.lower()).strip("-")
    return slug or f"document-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def double(key: str, path: str, other: str) -> DocumentError:
    """The error for a file that is the same version of the same document as another file."""
    name, _, language = key.rpartition(".")
    problem = f"{printable(other)} also has id {name} and language {language}"
    remedy = "Remove one of the two files or change an id."
    return DocumentError(path, None, problem, remedy, "double")


def fingerprint(path: Path, own_questions: Path | None = None, digest: str = "") -> str:
    """The SHA-256 of a file, its sidecar and its prepared questions, with the organisation's own
    (`question_file.own_file`), as in its document; `digest` is that of the file alone, if known."""
    digest = digest or sha256(path)
    for file in (front_matter.find_sidecar(path), question_file.find(path), own_questions):
        if file is not None and file.is_file():
            digest = hashlib.sha256((digest + sha256(file)).encode()).hexdigest()
    return digest


def load(path: Path, documents_dir: Path | None = None) -> SourceDocument:
    """Loads one file; the hash counts the organisation's own questions in `documents_dir` too.
    Raises DocumentError: the file cannot be used as it is; says where, and the remedy."""
    if path.suffix.lower() not in FORMATS:
        remedy = f"Use one of: {' '.join(FORMATS)}."
        if better := CONVERT.get(path.suffix.lower()):
            remedy = f"Open it and save it as {better}."
        raise DocumentError(path, None, "not a format that can be read", remedy, "format")
    data = read(path)
    try:
        parsed = formats.parse(path, data)
        check_blocks(parsed.text, parsed.blocks)
    except LimitError as error:
        raise over_limit(path, error) from error
    info, guessed = describe(path, parsed)
    if info.noise == "keep":
        parsed = with_noise(parsed)
    found = sections(parsed.blocks, info.title)
    if not any(char.isalnum() for s in found for char in parsed.text[s.start : s.end]):
        remedy = "Remove the file or add its text."
        raise DocumentError(path, None, "has no text", remedy, "no_text")
    own = question_file.own_file(documents_dir, info.key) if documents_dir else None
    return SourceDocument(
        **dict(info),
        path=as_text(path),
        sha256=fingerprint(path, own, hashlib.sha256(data).hexdigest()),
        text=parsed.text,
        sections=found,
        page_starts=parsed.page_starts,
        left_out=left_out(parsed),
        guessed=guessed,
        unused=tuple(map(printable, parsed.unused)),
        encoding=parsed.encoding,
    )


def over_limit(path: Path, error: LimitError) -> DocumentError:
    """The error for a document that exceeds a limit."""
    remedy = "Split it into several files, or take them out."
    return DocumentError(path, None, str(error), remedy, "limits")
