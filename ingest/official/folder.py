"""The folder of fetched official texts.

Three files belong together: the text as received, such as `52020dc0605.nl.xhtml`; its metadata
(`.meta.yaml`, the sidecar that ingest reads); and the record of the fetch (`.http.json`). The
record is written last: if it is missing or does not fit the text, the text is fetched anew.
"""

import contextlib
import datetime
import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import yaml
from pydantic import ValidationError

from core.errors import FetchError
from core.frozen import Frozen
from ingest.official.client import CONDITIONS, HttpReply, Known

_SIDECAR = ".meta.yaml"
_RECORD = ".http.json"
_UNFINISHED = ".unfinished-"  # hidden: ingest leaves it out
_KEPT_HEADERS = (
    "content-language",
    "content-length",
    "content-type",
    "date",
    "etag",
    "last-modified",
)


class FetchRecord(Frozen):
    """The record of a fetch. `requested` and `accept` were asked for, `url` gave the answer."""

    requested: str
    accept: str
    url: str
    name: str  # what the Office calls the file
    celex: str
    language: str
    fetched: datetime.datetime
    headers: dict[str, str]
    size: int  # bytes
    sha256: str

    @property
    def known(self) -> Known:
        """The conditions of a request for a newer version."""
        stated = {name: self.headers.get(own) for name, own in CONDITIONS.items()}
        return {self.url: {name: value for name, value in stated.items() if value}}


class Folder:
    """The files below one folder; makes it if need be."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def prepare(self) -> None:
        """Makes the folder and removes what an interrupted run left behind.

        Raises:
            FetchError: it cannot be written to.
        """
        with self._writing(self._path):
            self._path.mkdir(parents=True, exist_ok=True)
            for rest in self._path.glob(f"{_UNFINISHED}*"):
                rest.unlink()

    def kept(self, key: str) -> tuple[str, FetchRecord] | None:
        """Name and record of the intact file of a document ("52020dc0605.nl"), or None."""
        for path in sorted(self._path.glob(f"{key}.*{_RECORD}")):
            name = path.name.removesuffix(_RECORD)
            record = _read(path)
            if record and (self._path / f"{name}{_SIDECAR}").is_file():
                with contextlib.suppress(OSError):
                    if _sha256((self._path / name).read_bytes()) == record.sha256:
                        return name, record
        return None

    def put(
        self, name: str, reply: HttpReply, info: Mapping[str, object], record: FetchRecord
    ) -> None:
        """Writes a text with its sidecar and record; each file appears whole or not at all.

        Args:
            name: the file's name.
            reply: the answer that brought it.
            info: the fields of `DocumentInfo` that are known.
            record: the record of the fetch.

        Raises:
            FetchError: it cannot be written; the former file is still there.
        """
        sidecar = yaml.safe_dump(dict(info), sort_keys=False, allow_unicode=True, width=1000)
        self._write(f"{name}{_SIDECAR}", sidecar.encode())
        self._write(name, reply.body)
        self._write(f"{name}{_RECORD}", record.model_dump_json(indent=2).encode())

    def keep_only(self, celex: str, language: str, names: set[str]) -> list[str]:
        """Removes files of a language version that are no longer part of it.

        Returns:
            The names that were removed.
        """
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


def recorded(
    reply: HttpReply, *, requested: str, accept: str, name: str, celex: str, language: str
) -> FetchRecord:
    """The record of an answer, fetched now."""
    return FetchRecord(
        requested=requested,
        accept=accept,
        url=reply.url,
        name=name,
        celex=celex,
        language=language,
        fetched=datetime.datetime.now(datetime.UTC).replace(microsecond=0),
        headers={name: reply.headers[name] for name in _KEPT_HEADERS if name in reply.headers},
        size=len(reply.body),
        sha256=_sha256(reply.body),
    )


def _read(path: Path) -> FetchRecord | None:
    try:
        return FetchRecord.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
