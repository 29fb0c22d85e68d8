"""What the program writes of prepared questions: the organisation's own, in use from the next
ingest on, and vectors beside a file, so that no other machine computes them.

documents_dir/questions/
    plan.nl.questions.yaml    in the format of docs/prepared-questions.md
    .lock                     held while one of them is written

Files appear whole or not at all; of the organisation's own only those that can be read again.
"""

import copy
import datetime
import fcntl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import yaml

from core.errors import DocumentError, NotKeptError, writing_to
from core.files import printable
from core.settings import Settings
from core.source import PreparedQuestion
from ingest.reading.question_file import SUFFIX, PreparedAnswer, own_file, read_file, without
from vectorstore.embeddings import Vectors
from vectorstore.profile import file_of

_LARGEST = 200_000_000  # bytes of a file of vectors; a question takes about 400
_HASH = 16  # characters
_NOTE = "# Also written by the program, which keeps no comments: docs/prepared-questions.md\n"


class Overview(NamedTuple):
    """What is in all files, each answer with the key of its document."""

    approved: list[tuple[str, PreparedAnswer]]  # newest first
    broken: list[DocumentError]  # why files cannot be read, one error each


class OwnQuestions:
    """Reads and writes these files, also beside other processes.

    Every method but `overview` raises DocumentError where a file is not in the agreed format. Those
    that write raise NotKeptError where the file could not be read again, and StoreError where it
    cannot be written; nothing is changed then.
    """

    def __init__(self, settings: Settings) -> None:
        self._documents_dir = settings.documents_dir
        self._folder = own_file(settings.documents_dir, "").parent
        self._drafts: dict[Path, tuple[PreparedAnswer, ...]] | None = None

    def documents(self) -> tuple[str, ...]:
        """The keys of the documents that have such questions, in order."""
        names = sorted(file.name.removesuffix(SUFFIX) for file in self._folder.glob(f"*{SUFFIX}"))
        return tuple(name for name in names if not name.startswith("."))

    def overview(self) -> Overview:
        """The answers of all files that can be read, and what is wrong with the others."""
        dated: list[tuple[datetime.date, str, PreparedAnswer]] = []
        broken: list[DocumentError] = []
        for key in self.documents():
            try:
                dated += ((a.approved.on, key, a) for a in self.accepted(key) if a.approved)
            except DocumentError as error:
                broken.append(error)
        dated.sort(key=lambda entry: entry[:2], reverse=True)
        return Overview([(key, answer) for _, key, answer in dated], broken)

    def accepted(self, key: str) -> tuple[PreparedAnswer, ...]:
        """The questions of the document with this key."""
        return self._read(own_file(self._documents_dir, key))

    def add(self, key: str, answers: Sequence[PreparedAnswer]) -> None:
        """Takes answers into use; a question with the same words that is in use gives way."""
        with self.together() as files:
            kept = without(files.accepted(key), _ids(answers))
            files._write(own_file(self._documents_dir, key), (*kept, *answers))

    def remove(self, key: str, answer: str) -> tuple[PreparedAnswer, ...]:
        """Takes the answer with this id out of use; returns it, or nothing where it is not
        there."""
        with self.together() as files:
            found = files.accepted(key)
            gone = tuple(kept for kept in found if kept.id == answer)
            files._write(own_file(self._documents_dir, key), tuple(without(found, _ids(gone))))
        return gone

    @contextmanager
    def together(self) -> Iterator["OwnQuestions"]:
        """Yields these files for changes that count together once the block has ended, and not at
        all where it raises. Each is read again when it is made. Nobody else writes meanwhile.

        Raises:
            StoreError: nothing can be written.
        """
        if self._drafts is not None:
            yield self
            return
        changed = copy.copy(self)
        drafts: dict[Path, tuple[PreparedAnswer, ...]] = {}
        changed._drafts = drafts
        with writing_to(self._folder, "Let this program write there."):
            self._folder.mkdir(parents=True, exist_ok=True)
            with (self._folder / ".lock").open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                try:
                    yield changed
                    for file, answers in drafts.items():
                        if answers:
                            _draft(file).replace(file)
                        else:
                            file.unlink(missing_ok=True)
                finally:
                    for file in drafts:
                        _draft(file).unlink(missing_ok=True)

    def _read(self, file: Path) -> tuple[PreparedAnswer, ...]:
        if self._drafts is not None and file in self._drafts:
            return self._drafts[file]
        return read_file(file) if file.is_file() else ()

    def _write(self, file: Path, answers: Sequence[PreparedAnswer]) -> None:
        """Makes a draft of a file with these answers, within `together`; without any there will be
        no file."""
        assert self._drafts is not None  # noqa: S101 - only `together` yields what writes
        self._drafts[file] = ()
        if not answers:
            return
        draft = _draft(file)
        draft.write_text(_NOTE + file_text(answers), "utf-8")
        try:
            self._drafts[file] = read_file(draft)
        except DocumentError as error:
            raise NotKeptError(
                f"{printable(file)} stays as it was, as it could not be read again with this: "
                f"{error.problem}. {error.remedy}"
            ) from error


def _ids(answers: Sequence[PreparedAnswer]) -> set[str]:
    return {question.id for answer in answers for question in answer.questions}


def _draft(file: Path) -> Path:
    return file.with_name(f".{file.name}")


def file_text(answers: Sequence[PreparedAnswer]) -> str:
    """The text of a file with these answers."""
    content = {"answers": [_fields(answer) for answer in answers]}
    return yaml.safe_dump(content, allow_unicode=True, sort_keys=False)


def _fields(answer: PreparedAnswer) -> dict[str, Any]:
    questions: dict[str, list[str]] = {}
    for question in answer.questions:
        questions.setdefault(question.language, []).append(question.text)
    fields: dict[str, Any] = {"units": list(answer.units), "questions": questions}
    if answer.by:
        fields["by"] = answer.by
    if answer.approved:
        fields["approved"] = answer.approved.model_dump(exclude_defaults=True)
    return fields


def vectors_beside(questions: Path, embedder: str) -> Path:
    """The file for the vectors of a file with questions, by an embedder's fingerprint."""
    return questions.with_suffix(f".{file_of(embedder).stem}.npy")


def keep_vectors(file: Path, questions: Sequence[PreparedQuestion], vectors: Vectors) -> None:
    """Writes the vectors of these questions, shape (questions, dimensions)."""
    records = np.zeros(len(questions), _records(vectors.shape[1]))
    for record, question, vector in zip(records, questions, vectors, strict=True):
        record["hash"] = question.id.rpartition(":")[2].encode()
        record["vector"] = np.round(vector * (127 / np.abs(vector).max()))
    with _draft(file).open("wb") as out:
        np.save(out, np.sort(records, order="hash"), allow_pickle=False)
    _draft(file).replace(file)


def kept_vectors(
    file: Path, questions: Sequence[PreparedQuestion], width: int
) -> Mapping[str, Vectors]:
    """Maps the ids of those questions whose vectors (of `width` numbers) are kept in this file of
    `vectors_beside` to them; none where it is not there or not of this form."""
    try:
        if file.stat().st_size > _LARGEST:
            return {}
        records = np.lib.format.open_memmap(file, mode="r")  # never objects, nor an archive
    except (OSError, ValueError, EOFError, SyntaxError):
        return {}
    if records.dtype != _records(width) or records.ndim != 1:
        return {}
    rows = {bytes(name).decode("ascii", "replace"): row for row, name in enumerate(records["hash"])}
    found = {}
    for question in questions:
        row = rows.get(question.id.rpartition(":")[2])
        if row is not None:
            vector = records["vector"][row].astype(np.float32)
            length = float(np.linalg.norm(vector))
            if length > 0:
                found[question.id] = vector / length
    return found


def _records(width: int) -> np.dtype[np.void]:
    return np.dtype([("hash", f"S{_HASH}"), ("vector", np.int8, (width,))])
