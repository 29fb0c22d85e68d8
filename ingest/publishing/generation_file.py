"""One generation as one file: a ZIP archive that other tools can read as well.

    format.json      {"format": "strategiewijzer-generation", "version": 2}
    manifest.json    what the generation was made from (`Manifest`)
    passages.jsonl   one passage on each line (`Passage`)
    units.npy        the vectors of their units, in that order: float32, shape (units, dimensions)
    questions.jsonl  one prepared question on each line (`PreparedQuestion`)
    questions.npy    their vectors, likewise
    SHA256SUMS       of the others, as sha256sum writes and checks them

Version 1 has no prepared questions, and can still be read.

What can be derived (vectors of passages, keyword index) is not in it. Nothing is unpacked to disk
and nothing is unpickled; a file is read member by member, so that it need not fit in memory. The
checksums detect damage, not forgery.
"""

import hashlib
import io
import json
import os
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

import numpy as np
from pydantic import BaseModel

from core.errors import ArchiveError
from core.passage import Passage
from core.prepared import PreparedQuestion
from vectorstore.embeddings import Vectors
from vectorstore.manifest import Manifest

NAME = "strategiewijzer-generation"
MEMBERS = {
    1: ("format.json", "manifest.json", "passages.jsonl", "units.npy"),
    2: (
        *("format.json", "manifest.json", "passages.jsonl", "units.npy"),
        *("questions.jsonl", "questions.npy"),
    ),
}
"""The members of an archive, by version."""
VERSION = max(MEMBERS)
SUMS = "SHA256SUMS"


def write(
    file: Path,
    manifest: Manifest,
    dimensions: int,
    passages: Iterable[Passage],
    unit_vectors: Iterable[Vectors],
    questions: Iterable[PreparedQuestion],
    question_vectors: Iterable[Vectors],
) -> None:
    """Writes an archive; the file appears when it is complete, in place of an older one.

    Args:
        file: the path to write.
        manifest: of the generation.
        dimensions: of its vectors.
        passages: its passages, in order.
        unit_vectors: the vectors of their units in that order, shape (units, dimensions) each.
        questions: its prepared questions, in order.
        question_vectors: their vectors in that order, shape (any number, dimensions) each.

    Raises:
        ArchiveError: the file cannot be written.
    """
    aside = file.with_name(f".{file.name}.{uuid4().hex[:8]}")
    try:
        with aside.open("xb") as raw:
            with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as archive:
                members = _Members(archive)
                with members.opened("format.json") as add:
                    add(json.dumps({"format": NAME, "version": VERSION}).encode())
                with members.opened("manifest.json") as add:
                    add(manifest.model_dump_json().encode())
                members.add_lines("passages.jsonl", passages)
                members.add_vectors("units.npy", (manifest.units, dimensions), unit_vectors)
                members.add_lines("questions.jsonl", questions)
                shape = manifest.questions, dimensions
                members.add_vectors("questions.npy", shape, question_vectors)
                archive.writestr(SUMS, members.sums())
            raw.flush()
            os.fsync(raw.fileno())
        aside.replace(file)
    except OSError as error:
        raise ArchiveError(
            f"{file} cannot be written: {error.strerror or error}. "
            "Name a file in a folder that exists, may be written to and has room."
        ) from error
    finally:
        with suppress(OSError):
            aside.unlink(missing_ok=True)


class _Members:
    """Writes the members of an archive, and their checksums."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._digests: dict[str, str] = {}

    @contextmanager
    def opened(
        self, name: str, compression: int = zipfile.ZIP_DEFLATED
    ) -> Iterator[Callable[[bytes], None]]:
        """Opens a member; the yielded function appends bytes to it."""
        digest = hashlib.sha256()
        member = zipfile.ZipInfo(name, date_time=time.gmtime()[:6])
        member.compress_type = compression
        member.external_attr = 0o644 << 16
        with self._archive.open(member, "w", force_zip64=True) as out:

            def add(data: bytes) -> None:
                digest.update(data)
                out.write(data)

            yield add
        self._digests[name] = digest.hexdigest()

    def add_lines(self, name: str, items: Iterable[BaseModel]) -> None:
        with self.opened(name) as add:
            for one in items:
                add(f"{one.model_dump_json()}\n".encode())

    def add_vectors(self, name: str, shape: tuple[int, int], each: Iterable[Vectors]) -> None:
        header = {"descr": "<f4", "fortran_order": False, "shape": shape}
        with self.opened(name, zipfile.ZIP_STORED) as add:
            add(_npy_header(header))
            for vectors in each:
                add(np.ascontiguousarray(vectors, dtype="<f4").tobytes())

    def sums(self) -> str:
        return "".join(f"{digest}  {name}\n" for name, digest in self._digests.items())


def _npy_header(header: dict[str, object]) -> bytes:
    out = io.BytesIO()
    np.lib.format.write_array_header_1_0(out, header)
    return out.getvalue()
