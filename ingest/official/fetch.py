"""Fetches each file of each text in each language, one after the other."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Literal

from core.errors import FetchError
from core.frozen import Frozen
from ingest.official import received
from ingest.official.cellar import Cellar, Item, NotHeldError, Version
from ingest.official.folder import Folder, recorded
from ingest.official.listed import ListedText

Status = Literal["new", "updated", "unchanged", "removed", "failed"]

_OFFICIAL_PAGE = "https://eur-lex.europa.eu/legal-content/{language}/TXT/?uri=CELEX:{celex}"


class Fetched(Frozen):
    """The outcome for one file. Without a file, `file` is empty and `problem` says why."""

    celex: str
    language: str
    status: Status
    file: str = ""
    size: int = 0  # bytes
    problem: str = ""


def fetch(
    sources: Sequence[ListedText], languages: Sequence[str], folder: Folder, cellar: Cellar
) -> Iterator[Fetched]:
    """Fetches texts into a folder; failures are reported and do not stop the rest.

    Args:
        sources: the texts.
        languages: ISO 639-1 codes, keys of `cellar.LANGUAGES`.
        folder: where they go.
        cellar: where they come from.

    Raises:
        FetchError: the folder cannot be written to.
    """
    folder.prepare()
    for source in sources:
        held: list[str] = []
        missing: dict[str, str] = {}  # language -> why
        for language in languages:
            try:
                yield from _version(source, language, folder, cellar)
                held.append(language)
            except NotHeldError as error:
                missing[language] = str(error)
            except FetchError as error:
                yield _failed(source, language, str(error))
        for language, problem in missing.items():
            found = f" Found in: {', '.join(held)}." if held else ""
            yield _failed(source, language, f"{problem}{found}")


def _version(
    source: ListedText, language: str, folder: Folder, cellar: Cellar
) -> Iterator[Fetched]:
    kept = folder.kept(f"{source.id}.{language}")
    known = kept[1].known if kept else {}
    version = cellar.find(source.celex, language, known)
    files: set[str] = set()
    whole = True
    for item in version.items:
        try:
            outcome = _file(source, language, version, item, folder, cellar)
            files.add(outcome.file)
        except FetchError as error:
            outcome, whole = _failed(source, language, str(error)), False
        yield outcome
    if whole:
        for name in folder.keep_only(source.celex, language, files):
            yield Fetched(celex=source.celex, language=language, status="removed", file=name)


def _file(
    source: ListedText, language: str, version: Version, item: Item, folder: Folder, cellar: Cellar
) -> Fetched:
    outcome = partial(Fetched, celex=source.celex, language=language)
    document = "-".join(filter(None, (source.id, item.role)))
    kept = folder.kept(f"{document}.{language}")
    known = kept[1].known if kept else {}
    reply = cellar.get(version, item, known)
    if reply.status == 304:
        if kept is None:
            raise FetchError(reply.url, "unchanged, but it is not here", "Try again later.")
        return outcome(status="unchanged", file=kept[0], size=kept[1].size)
    accept = version.headers["Accept"]
    name = f"{document}.{language}{received.suffix(reply, accept, language)}"
    record = recorded(
        reply,
        requested=version.address,
        accept=accept,
        name=item.name,
        celex=source.celex,
        language=language,
    )
    if kept and (name, record.sha256) == (kept[0], kept[1].sha256):
        return outcome(status="unchanged", file=kept[0], size=kept[1].size)
    folder.put(name, reply, _description(source, document, language, item), record)
    return outcome(status="updated" if kept else "new", file=name, size=record.size)


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
