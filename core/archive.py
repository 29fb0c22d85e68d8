"""Archives: ZIP files with a format and checksums, which an untrusted file is held against.

    format.json   {"format": ..., "version": ...}
    ...           what archives of this format hold
    SHA256SUMS    of all others, as sha256sum writes and checks them

The checksums detect damage, not forgery. Whatever its size, an archive is written and read piece by
piece, so that it need not fit in memory.
"""

import hashlib
import json
import lzma
import os
import time
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import ClassVar, NamedTuple
from uuid import uuid4

from core.disk import obstacle
from core.errors import ArchiveError

FORMAT, SUMS = "format.json", "SHA256SUMS"
CHUNK = 1 << 20  # bytes read at once: a file of any size takes no more memory
_SMALL = 10_000  # bytes of format.json, which has a hundred
_LINE = 10_000  # bytes of a checksum and a name: a path has at most 4,096, encoded three times that
DAMAGED = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, ValueError)
"""What reading a damaged ZIP file raises, besides RuntimeError and OSError."""

_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # none that unpacks to more than 1,032 times


class ArchiveFormat(NamedTuple):
    """What `format.json` says, and what people are told.

    version: of archives that are written; lower ones can be read.
    mode: permissions of the file and of what is unpacked by other tools.
    called: what a foreign file is not ("no backup").
    remedy: what to do about one that cannot be used.
    """

    name: str
    version: int
    mode: int
    called: str
    remedy: str


class ArchiveWriter:
    """Writes the members of an archive, and their checksums."""

    def __init__(self, archive: zipfile.ZipFile, mode: int) -> None:
        self._archive, self._mode = archive, mode
        self.sums = ""

    @contextmanager
    def member(self, name: str, *, packed: bool = True) -> Iterator[Callable[[bytes], None]]:
        """Opens a member; the yielded function appends bytes to it."""
        digest = hashlib.sha256()
        member = zipfile.ZipInfo(name, date_time=time.gmtime()[:6])
        member.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
        member.external_attr = self._mode << 16
        with self._archive.open(member, "w", force_zip64=True) as out:

            def add(data: bytes) -> None:
                digest.update(data)
                out.write(data)

            yield add
        self.sums += f"{digest.hexdigest()}  {name}\n"


@contextmanager
def new_archive(file: Path, form: ArchiveFormat) -> Iterator[ArchiveWriter]:
    """Writes an archive; the file appears when it is complete, in place of an older one.

    Raises:
        ArchiveError: the name is that of something else than a file.
        OSError: it cannot be written.
    """
    check_place(file)
    aside = file.with_name(f".{file.name}.{uuid4().hex[:8]}")
    try:
        with open(aside, "xb", opener=partial(os.open, mode=form.mode)) as raw:
            with zipfile.ZipFile(raw, "w") as archive:
                writer = ArchiveWriter(archive, form.mode)
                with writer.member(FORMAT) as add:
                    add(json.dumps({"format": form.name, "version": form.version}).encode())
                yield writer
                archive.writestr(SUMS, writer.sums, zipfile.ZIP_DEFLATED)
            raw.flush()
            os.fsync(raw.fileno())
        aside.replace(file)
    finally:
        with suppress(OSError):
            aside.unlink(missing_ok=True)


def check_place(file: Path) -> None:
    """Checks that an archive written here replaces nothing but a regular file.

    Raises:
        ArchiveError: it would replace a folder, a device or a pipe, or a link to one.
    """
    if os.path.exists(file) and not os.path.isfile(file):
        kind = "folder" if os.path.isdir(file) else "device or a pipe"
        raise ArchiveError(f"{file} is a {kind}, not a file. Name a file, new or to be replaced.")


def not_written(file: Path, error: Exception) -> ArchiveError:
    """Says that an archive cannot be written, and what to do."""
    told = (isinstance(error, OSError) and error.strerror) or error
    remedy = "Name a file in a folder that exists, may be written to and has room."
    return ArchiveError(f"{file} cannot be written: {told}. {obstacle(file.parent) or remedy}")


class Archive(ABC):
    """An archive to read: an untrusted file, all of which is checked before use.

    Raises:
        ArchiveError: it is damaged, cut off, too new, or of another format.
    """

    form: ClassVar[ArchiveFormat]

    def __init__(self, file: Path) -> None:
        self.file = file
        with self.opened() as archive:
            names = [member.filename for member in archive.infolist()]
            if len({*names}) != len(names) or not {FORMAT, SUMS} <= {*names}:
                raise ValueError("it does not consist of the right parts")
            if any(member.compress_type not in _PACKINGS for member in archive.infolist()):
                raise ValueError("a part of it is packed in another way")
            self.version = self._read_version(archive)
            self.check_members(archive, {*names} - {FORMAT, SUMS})
            _check_sums(archive, names)

    @abstractmethod
    def check_members(self, archive: zipfile.ZipFile, names: Collection[str]) -> None:
        """Checks what there is besides format and checksums, before any of it is read.

        Raises:
            ValueError: it is not what an archive of this format and version has.
        """

    @contextmanager
    def opened(self) -> Iterator[zipfile.ZipFile]:
        """The ZIP file; errors in reading it become `ArchiveError`."""
        try:
            with zipfile.ZipFile(self.file) as archive:
                yield archive
        except FileNotFoundError as error:
            raise ArchiveError(f"There is no file {self.file}. Check the name.") from error
        except OSError as error:
            raise ArchiveError(
                f"{self.file} cannot be read or unpacked: {error}. "
                f"{obstacle(self.file.parent) or 'Check the file and the disk.'}"
            ) from error
        except (*DAMAGED, RuntimeError) as error:
            told = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise ArchiveError(
                f"{self.file} is damaged, or {self.form.called}: {told}. Nothing was changed. "
                f"{self.form.remedy}"
            ) from error

    def _read_version(self, archive: zipfile.ZipFile) -> int:
        found, form = json.loads(read_whole(archive, FORMAT, _SMALL)), self.form
        for version in range(1, form.version + 1):
            if found == {"format": form.name, "version": version}:
                return version
        raise ValueError(
            f"its format is {str(found)[:80]}, and {form.name} up to version {form.version} can be "
            "read; a later version of this program made it, if the number is higher"
        )


def read_whole(archive: zipfile.ZipFile, name: str, limit: int) -> bytes:
    """A member of at most `limit` bytes."""
    with archive.open(name) as member:
        data = member.read(limit + 1)
    if len(data) > limit:
        raise ValueError(f"{name} is larger than {limit} bytes")
    return data


def read_lines(archive: zipfile.ZipFile, name: str, limit: int = _LINE) -> Iterator[bytes]:
    """The lines of a member; one of more than `limit` bytes comes in pieces."""
    with archive.open(name) as lines:
        while line := lines.readline(limit):
            yield line


def _check_sums(archive: zipfile.ZipFile, names: Collection[str]) -> None:
    expected = dict.fromkeys(names, "")
    del expected[SUMS]
    for line in read_lines(archive, SUMS):
        digest, _, name = line.decode().rstrip("\n").partition("  ")
        if expected.get(name) != "":
            raise ValueError("its checksums are of other files")
        expected[name] = digest
    for name, digest in expected.items():
        with archive.open(name) as member:
            if hashlib.file_digest(member, "sha256").hexdigest() != digest:  # type: ignore[arg-type]
                raise ValueError(f"{name[:80]} does not fit its checksum")
