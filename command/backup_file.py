"""The file of a backup: a ZIP archive of what a data folder and the source texts hold.

| member | what |
| --- | --- |
| format.json | which format this is |
| generation.zip | the generation in use, if any, as `python -m ingest export` writes it |
| data/..., documents/... | files of the data folder and of the documents folder, percent-encoded |
| SHA256SUMS | the checksum of each member above |
"""

import hashlib
import json
import os
import shutil
import time
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Literal
from urllib.parse import quote_from_bytes, unquote_to_bytes

from core.disk import obstacle
from core.errors import ArchiveError

BackupPart = Literal["data", "documents"]

FORMAT = {"format": "strategiewijzer-backup", "version": 1}
GENERATION = "generation.zip"
_FORMAT, _SUMS = "format.json", "SHA256SUMS"
_SMALL = 10_000  # bytes of format.json, which has a hundred
_LINE = 10_000  # bytes of a checksum and a name: a path has at most 4,096, encoded three times that
_CHUNK = 1 << 20  # bytes read at once: a file of any size takes no more memory


def member_of(part: BackupPart, path: Path) -> str:
    """The name of the member for a file, given relative to its folder; any bytes are allowed."""
    return f"{part}/{quote_from_bytes(os.fsencode(path.as_posix()), safe='/')}"


class Writer:
    """Adds members to a new archive, which is complete after its block."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._archive = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED)
        self._sums: list[str] = []

    def add(self, name: str, source: Path) -> None:
        """Adds a regular file; a link is refused, also one that was put there just now."""
        descriptor = os.open(source, os.O_RDONLY | os.O_NOFOLLOW)
        with open(descriptor, "rb") as content, self._member(name) as member:
            digest = hashlib.sha256()
            while data := content.read(_CHUNK):
                digest.update(data)
                member.write(data)
        self._sums.append(f"{digest.hexdigest()}  {name}\n")

    def _member(self, name: str) -> IO[bytes]:
        member = zipfile.ZipInfo(name, date_time=time.gmtime()[:6])
        member.external_attr = 0o600 << 16
        packed = name.endswith(".zip")
        member.compress_type = zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED
        return self._archive.open(member, "w", force_zip64=True)

    def __enter__(self) -> "Writer":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                told = json.dumps(FORMAT).encode()
                self._sums.append(f"{hashlib.sha256(told).hexdigest()}  {_FORMAT}\n")
                self._archive.writestr(_FORMAT, told)
                self._archive.writestr(_SUMS, "".join(self._sums))
        finally:
            self._archive.close()
        os.fsync(self._file.fileno())


class BackupFile:
    """A backup to read: an untrusted file, all of which is checked before use.

    Raises:
        ArchiveError: it is damaged, cut off, too new, or no backup.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        with self._opened() as archive:
            names = _checked_names(archive)
            _check_format(archive)
            _check_sums(archive, names)
            self.has_generation = GENERATION in names
            self._size = sum(member.file_size for member in archive.infolist())

    def extract(self, into: Path) -> None:
        """Writes data/, documents/ and generation.zip into an empty folder, for the owner only."""
        if self._size > shutil.disk_usage(into).free:
            raise ArchiveError(
                f"{self._file} needs {self._size / 1e6:.1f} MB in {into.parent}, and there is "
                "less. Make room, then try again. Nothing was changed."
            )
        for part in ("data", "documents"):
            (into / part).mkdir(mode=0o700)
        with self._opened() as archive:
            for member in archive.infolist():
                if member.filename in (_FORMAT, _SUMS):
                    continue
                path = into / os.fsdecode(unquote_to_bytes(member.filename))
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with open(descriptor, "wb") as out, archive.open(member) as content:
                    shutil.copyfileobj(content, out, _CHUNK)
                    out.flush()
                    os.fsync(out)

    @contextmanager
    def _opened(self) -> Iterator[zipfile.ZipFile]:
        try:
            with zipfile.ZipFile(self._file) as archive:
                yield archive
        except FileNotFoundError as error:
            raise ArchiveError(f"There is no file {self._file}. Check the name.") from error
        except OSError as error:
            raise ArchiveError(
                f"{self._file} cannot be read or unpacked: {error}. "
                f"{obstacle(self._file.parent) or 'Check the file and the disk.'}"
            ) from error
        except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError) as error:
            told = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise ArchiveError(
                f"{self._file} is damaged, or no backup: {told}. Nothing was changed. Take another "
                "backup."
            ) from error


def _checked_names(archive: zipfile.ZipFile) -> list[str]:
    """The names of the members; none leads out of the folder that it is unpacked into."""
    names = [member.filename for member in archive.infolist()]
    if len({*names}) != len(names) or not {_FORMAT, _SUMS} <= {*names}:
        raise ValueError("it does not consist of the right parts")
    for name in names:
        if name not in (_FORMAT, _SUMS, GENERATION) and not _is_inside(name):
            raise ValueError(f"a part of it has the name {name[:80]!r}")
    return names


def _is_inside(name: str) -> bool:
    path = unquote_to_bytes(name)
    first, *rest = path.split(b"/")
    below = bool(rest) and not any(part in (b"", b".", b"..") for part in rest)
    return first in (b"data", b"documents") and below and b"\0" not in path


def _check_format(archive: zipfile.ZipFile) -> None:
    with archive.open(_FORMAT) as member:
        found = json.loads(member.read(_SMALL))
    if found != FORMAT:
        raise ValueError(
            f"its format is {str(found)[:80]}, and {FORMAT} can be read; a later version of this "
            "program made it, if the number is higher"
        )


def _check_sums(archive: zipfile.ZipFile, names: list[str]) -> None:
    expected = dict.fromkeys(names, "")
    del expected[_SUMS]
    with archive.open(_SUMS) as lines:
        while line := lines.readline(_LINE).decode():
            digest, _, name = line.rstrip("\n").partition("  ")
            if expected.get(name) != "":
                raise ValueError("its checksums are of other files")
            expected[name] = digest
    for name, digest in expected.items():
        with archive.open(name) as member:
            if hashlib.file_digest(member, "sha256").hexdigest() != digest:  # type: ignore[arg-type]
                raise ValueError(f"{name[:80]} does not fit its checksum")
