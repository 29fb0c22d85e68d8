"""The file of a backup: a ZIP archive that is written, checked and unpacked piece by piece.

    format.json    {"format": "strategiewijzer-backup", "version": 2}
    data/...       the data folder, with the index in data/chroma/
    documents/...  the documents folder
    SHA256SUMS     of all others, as sha256sum writes and checks them

Names are percent-encoded, as a path may have any bytes. The checksums detect damage, not forgery.
Version 1 has the index in another form (generation.zip), which is left out when it is unpacked.
"""

import hashlib
import json
import lzma
import os
import shutil
import time
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO
from urllib.parse import quote_from_bytes, unquote_to_bytes

from core.errors import ArchiveError
from core.files import in_megabytes, obstacle

DATA, DOCUMENTS = "data", "documents"
_NAME, _VERSION = "strategiewijzer-backup", 2
_FORMAT, _SUMS, _FORMER_INDEX = "format.json", "SHA256SUMS", "generation.zip"
_CHUNK = 1 << 20  # bytes read at once: a file of any size takes no more memory
_SMALL = 10_000  # bytes of format.json, which has a hundred
_LINE = 10_000  # bytes of a checksum and a name: a path has at most 4,096, encoded three times that
_DAMAGED = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, ValueError, RuntimeError)
_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # none that unpacks to more than 1,032 times


def name_of(part: str, path: Path) -> str:
    """The name in the archive of a path inside the data or the documents folder."""
    return f"{part}/{quote_from_bytes(os.fsencode(path.as_posix()), safe='/')}"


class BackupWriter:
    """Adds files to a backup, with their checksums."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self.sums = ""

    def add(self, name: str, content: IO[bytes]) -> None:
        digest = hashlib.sha256()
        member = zipfile.ZipInfo(name, date_time=time.gmtime()[:6])
        member.compress_type = zipfile.ZIP_DEFLATED
        member.external_attr = 0o600 << 16
        with self._archive.open(member, "w", force_zip64=True) as out:
            while data := content.read(_CHUNK):
                digest.update(data)
                out.write(data)
        self.sums += f"{digest.hexdigest()}  {name}\n"


@contextmanager
def new_backup(file: Path) -> Iterator[BackupWriter]:
    """Writes a backup to a new file, for its owner only."""
    with open(file, "xb", opener=partial(os.open, mode=0o600)) as raw:
        with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as archive:
            about = json.dumps({"format": _NAME, "version": _VERSION}).encode()
            archive.writestr(_FORMAT, about)
            writer = BackupWriter(archive)
            yield writer
            archive.writestr(
                _SUMS, f"{hashlib.sha256(about).hexdigest()}  {_FORMAT}\n{writer.sums}"
            )
        raw.flush()
        os.fsync(raw.fileno())


class BackupFile:
    """A backup to read: an untrusted file, all of which is checked before use.

    Raises:
        ArchiveError: it is damaged, cut off, too new, of another format, or has a name that leads
            out of the folder that it is unpacked into.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        with self._opened() as archive:
            names = [member.filename for member in archive.infolist()]
            if len({*names}) != len(names) or not {_FORMAT, _SUMS} <= {*names}:
                raise ValueError("it does not consist of the right parts")
            if any(member.compress_type not in _PACKINGS for member in archive.infolist()):
                raise ValueError("a part of it is packed in another way")
            _check_format(archive)
            for name in names:
                if name not in (_FORMAT, _SUMS, _FORMER_INDEX) and not _is_inside(name):
                    raise ValueError(f"a part of it has the name {name[:80]!r}")
            _check_sums(archive, names)

    def extract(self, into: Path) -> None:
        """Writes what is in it into an empty folder, for the owner only."""
        with self._opened() as archive:
            members = [member for member in archive.infolist() if _is_inside(member.filename)]
            size = sum(member.file_size for member in members)
            if size > shutil.disk_usage(into).free:
                raise ArchiveError(
                    f"{self._file} needs {in_megabytes(size)} in {into.parent}, and there is less. "
                    "Make room, then try again. Nothing was changed."
                )
            for part in (DATA, DOCUMENTS):
                (into / part).mkdir(mode=0o700)
            for member in members:
                path = into / os.fsdecode(unquote_to_bytes(member.filename))
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with open(descriptor, "wb") as out, archive.open(member) as content:
                    shutil.copyfileobj(content, out, _CHUNK)
                    out.flush()
                    os.fsync(out)

    @contextmanager
    def _opened(self) -> Iterator[zipfile.ZipFile]:
        """The ZIP file; errors in reading it become `ArchiveError`."""
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
        except _DAMAGED as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise ArchiveError(
                f"{self._file} is damaged, or no backup: {reason}. Nothing was changed. "
                "Take another backup."
            ) from error


def _is_inside(name: str) -> bool:
    """Whether a name is of a file inside data/ or documents/."""
    path = unquote_to_bytes(name)
    first, *rest = path.split(b"/")
    below = bool(rest) and not any(part in (b"", b".", b"..") for part in rest)
    return first in (DATA.encode(), DOCUMENTS.encode()) and below and b"\0" not in path


def _check_format(archive: zipfile.ZipFile) -> None:
    with archive.open(_FORMAT) as member:
        data = member.read(_SMALL + 1)
    if len(data) > _SMALL:
        raise ValueError(f"{_FORMAT} is larger than {_SMALL} bytes")
    found = json.loads(data)
    if found not in [{"format": _NAME, "version": number} for number in range(1, _VERSION + 1)]:
        raise ValueError(
            f"its format is {str(found)[:80]}, and {_NAME} up to version {_VERSION} can be "
            "read; a later version of this program made it, if the number is higher"
        )


def _check_sums(archive: zipfile.ZipFile, names: list[str]) -> None:
    expected = dict.fromkeys(names, "")
    del expected[_SUMS]
    with archive.open(_SUMS) as lines:
        while line := lines.readline(_LINE):
            digest, _, name = line.decode().rstrip("\n").partition("  ")
            if expected.get(name) != "":
                raise ValueError("its checksums are of other files")
            expected[name] = digest
    for name, digest in expected.items():
        with archive.open(name) as member:
            if hashlib.file_digest(member, "sha256").hexdigest() != digest:  # type: ignore[arg-type]
                raise ValueError(f"{name[:80]} does not fit its checksum")
