"""Fetches official texts into a folder: checks what was received, and keeps what has changed."""

import contextlib
import datetime
import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

import yaml
from lxml import etree, html
from pydantic import ConfigDict, ValidationError

from core.errors import FetchError
from core.source import Frozen
from ingest.official.cellar import LANGUAGES, Cellar, Item, ListedText
from ingest.official.client import HttpReply

_SUFFIXES = {"application/xhtml+xml": ".xhtml", "text/html": ".html", "application/pdf": ".pdf"}
_LEAST_TEXT = 200  # characters; the shortest annexes have more, pages that ask for a browser less

_SIDECAR = ".meta.yaml"
_RECORD = ".http.json"
_UNFINISHED = ".unfinished-"  # hidden: ingest leaves it out
Status = Literal["new", "updated", "unchanged", "removed", "failed"]

_OFFICIAL_PAGE = "https://eur-lex.europa.eu/legal-content/{language}/TXT/?uri=CELEX:{celex}"


def _suffix(reply: HttpReply, accept: str, language: str) -> str:
    """The suffix for the file of an answer 200 to a request for these media types in a language
    (ISO 639-1).

    Raises:
        FetchError: the body is not such a text, or is incomplete.
    """
    kind = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in _SUFFIXES or kind not in accept:
        raise _wrong(reply, f"{kind or 'something without a type'} instead of {accept}")
    stated = reply.headers.get("content-language", "").lower()
    languages = {tag.strip().partition("-")[0] for tag in stated.split(",")}
    if stated and languages.isdisjoint((language, LANGUAGES[language])):
        raise _wrong(reply, f"in the language {stated!r} instead of {language}")
    if not reply.body.strip():
        raise _wrong(reply, "an empty body")
    if kind != "application/pdf":
        _check_html(reply)
    elif b"%PDF-" not in reply.body[:1024]:
        raise _wrong(reply, "called a PDF, but it is none")
    elif b"%%EOF" not in reply.body[-2048:]:
        raise _wrong(reply, "a PDF that is cut off")
    return _SUFFIXES[kind]


def _check_html(reply: HttpReply) -> None:
    try:
        tree = html.document_fromstring(reply.body)
    except etree.LxmlError as error:
        raise _wrong(reply, f"not readable as HTML ({error})") from None
    if tree.xpath("//form | //input[@type='password']"):
        raise _wrong(reply, "a page with a form, such as for logging in, instead of the text")
    for element in tree.xpath("//script | //style | //noscript | //head"):
        element.drop_tree()
    text = " ".join(tree.text_content().split())
    if len(text) < _LEAST_TEXT:
        raise _wrong(reply, f"a page with hardly any text ({text[:80]!r})")
    if b"</html" not in reply.body[-1024:].lower():
        raise _wrong(reply, "a page that is cut off")


def _wrong(reply: HttpReply, problem: str) -> FetchError:
    return FetchError(
        reply.url, f"the answer is {problem}", "Nothing was changed; try again later."
    )


class FetchRecord(Frozen):
    """Where a file came from, and what it was then."""

    model_config = ConfigDict(extra="ignore")  # earlier ones have more

    url: str  # the address that answered
    celex: str
    language: str
    fetched: datetime.datetime
    sha256: str


class Folder:
    """The files below one folder. What changes it raises FetchError where it cannot be written."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def prepare(self) -> None:
        """Makes the folder and removes what an interrupted run left behind."""
        with self._writing(self._path):
            self._path.mkdir(parents=True, exist_ok=True)
            for rest in self._path.glob(f"{_UNFINISHED}*"):
                rest.unlink()

    def put(
        self, name: str, body: bytes, info: Mapping[str, object], record: FetchRecord
    ) -> Status:
        """Writes a text with its sidecar and record, unless it is there as it is; each file appears
        whole or not at all."""
        kept = self._intact(name)
        if kept and kept.sha256 == record.sha256:
            return "unchanged"
        sidecar = yaml.safe_dump(dict(info), sort_keys=False, allow_unicode=True, width=1000)
        self._write(f"{name}{_SIDECAR}", sidecar.encode())
        self._write(name, body)
        self._write(f"{name}{_RECORD}", record.model_dump_json(indent=2).encode())
        return "updated" if kept else "new"

    def _intact(self, name: str) -> FetchRecord | None:
        """The record of a file that is here as it came, with its sidecar."""
        record = _read(self._path / f"{name}{_RECORD}")
        if record and (self._path / f"{name}{_SIDECAR}").is_file():
            with contextlib.suppress(OSError):
                if hashlib.sha256((self._path / name).read_bytes()).hexdigest() == record.sha256:
                    return record
        return None

    def keep_only(self, celex: str, language: str, names: set[str]) -> list[str]:
        """Removes the files of a language version that are no part of it any more; returns their
        names."""
        removed = []
        for path in sorted(self._path.glob(f"*{_RECORD}")):
            record, name = _read(path), path.name.removesuffix(_RECORD)
            belongs = record and (record.celex, record.language) == (celex, language)
            if belongs and name not in names:
                with self._writing(path):
                    # the record last: after a crash the next run continues here
                    for old in (self._path / name, self._path / f"{name}{_SIDECAR}", path):
                        old.unlink(missing_ok=True)
                removed.append(name)
        return removed

    def _write(self, name: str, content: bytes) -> None:
        with self._writing(self._path / name):
            unfinished = self._path / f"{_UNFINISHED}{name}"
            try:
                with unfinished.open("wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                unfinished.replace(self._path / name)
            finally:
                unfinished.unlink(missing_ok=True)

    @staticmethod
    @contextlib.contextmanager
    def _writing(path: Path) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise FetchError(
                path, f"cannot be written ({error.strerror})", "Check your rights and the disk."
            ) from error


def _read(path: Path) -> FetchRecord | None:
    try:
        return FetchRecord.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


class Fetched(Frozen):
    """The outcome for one file. Without a file, `file` is empty and `problem` says why."""

    celex: str
    language: str
    status: Status
    file: str = ""
    problem: str = ""


def fetch(
    sources: Sequence[ListedText], languages: Sequence[str], folder: Folder, cellar: Cellar
) -> Iterator[Fetched]:
    """Fetches texts in languages (keys of `cellar.LANGUAGES`) into a folder, one file after the
    other; failures are reported and do not stop the rest.

    Raises:
        FetchError: the folder cannot be written to.
    """
    folder.prepare()
    for source in sources:
        for language in languages:
            try:
                yield from _version(source, language, folder, cellar)
            except FetchError as error:
                yield _failed(source, language, str(error))


def _version(
    source: ListedText, language: str, folder: Folder, cellar: Cellar
) -> Iterator[Fetched]:
    files: set[str] = set()
    whole = True
    for item in cellar.find(source.celex, language):
        try:
            outcome = _file(source, language, item, folder, cellar)
            files.add(outcome.file)
        except FetchError as error:
            outcome, whole = _failed(source, language, str(error)), False
        yield outcome
    if whole:
        for name in folder.keep_only(source.celex, language, files):
            yield Fetched(celex=source.celex, language=language, status="removed", file=name)


def _file(source: ListedText, language: str, item: Item, folder: Folder, cellar: Cellar) -> Fetched:
    reply = cellar.get(item)
    document = "-".join(filter(None, (source.id, item.role)))
    name = f"{document}.{language}{_suffix(reply, item.headers['Accept'], language)}"
    record = FetchRecord(
        url=reply.url,
        celex=source.celex,
        language=language,
        fetched=datetime.datetime.now(datetime.UTC).replace(microsecond=0),
        sha256=hashlib.sha256(reply.body).hexdigest(),
    )
    status = folder.put(name, reply.body, _description(source, document, language, item), record)
    return Fetched(celex=source.celex, language=language, status=status, file=name)


def _description(source: ListedText, document: str, language: str, item: Item) -> dict[str, object]:
    """The fields of the sidecar; ingest infers the others from the text."""
    is_main = not item.role
    fields = {
        "id": document,
        "language": language,
        "title": source.title if is_main and language == "en" else "",
        "reference": source.reference,
        "celex": source.celex,
        "date": source.date,
        "area": source.area,
        "publisher": source.publisher,
        "url": _OFFICIAL_PAGE.format(language=language.upper(), celex=source.celex),
        "kind": "official",
    }
    return {name: value for name, value in fields.items() if value}


def _failed(source: ListedText, language: str, problem: str) -> Fetched:
    return Fetched(celex=source.celex, language=language, status="failed", problem=problem)
