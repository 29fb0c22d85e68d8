"""The organisation's own prepared questions: those in use, and those that wait for a person.

documents_dir/questions/
    plan.nl.questions.yaml    in use from the next ingest on
    plan.nl.proposed.yaml     what a model wrote, and what one person approved and another must too
    .lock                     held while one of them is written

Both have the format of docs/prepared-questions.md. Files appear whole or not at all.
"""

import fcntl
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from core.disk import obstacle
from core.errors import StoreError
from core.settings import Settings
from core.source import PreparedQuestion
from ingest.reading.question_file import (
    SUFFIX,
    AskedQuestion,
    PreparedAnswer,
    one_line,
    own_file,
    read_file,
    without,
)
from vectorstore.embeddings import Vectors, file_of

PROPOSED = ".proposed.yaml"
_NOTE = "# Also written by the program, which keeps no comments: docs/prepared-questions.md\n"


class OwnQuestions:
    """Reads and writes these files, also beside other processes.

    Every method raises DocumentError where a file is not in the agreed format, and StoreError where
    it cannot be written; nothing is lost then.
    """

    def __init__(self, settings: Settings) -> None:
        self._documents_dir = settings.documents_dir
        self._folder = own_file(settings.documents_dir, "").parent

    def documents(self) -> tuple[str, ...]:
        """The keys of the documents that have questions in use or proposed, in order."""
        files = [*self._folder.glob(f"*{SUFFIX}"), *self._folder.glob(f"*{PROPOSED}")]
        names = {file.name.removesuffix(SUFFIX).removesuffix(PROPOSED) for file in files}
        return tuple(sorted(name for name in names if not name.startswith(".")))

    def accepted(self, key: str) -> tuple[PreparedAnswer, ...]:
        """The accepted questions of the document with this key."""
        return _read(own_file(self._documents_dir, key))

    def approved(self) -> list[tuple[str, PreparedAnswer]]:
        """The approved answers in use, newest first, each with the key of its document."""
        found = [
            (one.approved.on, key, one)
            for key in self.documents()
            for one in self.accepted(key)
            if one.approved
        ]
        return [(key, one) for _, key, one in sorted(found, key=lambda one: one[:2], reverse=True)]

    def proposed(self, key: str) -> tuple[PreparedAnswer, ...]:
        """The proposed questions that wait for a person, of the document with this key."""
        return _read(self._proposals(key))

    def add(self, key: str, answers: Sequence[PreparedAnswer]) -> None:
        """Takes answers into use; a question with the same words that is in use gives way."""
        with self._writing():
            kept = without(self.accepted(key), _ids(answers))
            _write(own_file(self._documents_dir, key), (*kept, *answers))

    def remove(self, key: str, answer: str) -> None:
        """Takes the answer with this id out of use; does nothing where it is not there."""
        with self._writing():
            left = tuple(one for one in self.accepted(key) if one.id != answer)
            _write(own_file(self._documents_dir, key), left)

    def propose(self, key: str, answers: Sequence[PreparedAnswer]) -> None:
        """Adds proposals. A question that is in use or proposed already is left out of a model's;
        where somebody approved the new answer, that takes the place of what was proposed."""
        with self._writing():
            approved = [one for one in answers if one.approved]
            before = list(without(self.proposed(key), _ids(approved)))
            known = _ids((*before, *approved, *self.accepted(key)))
            others = without((one for one in answers if not one.approved), known)
            _write(self._proposals(key), (*before, *approved, *others))

    def accept(self, key: str, chosen: Collection[str] | None = None) -> int:
        """Takes a model's proposals into use: those with these ids, or all. Returns how many.

        What a person approved stays: another one has to confirm it.
        """
        with self._writing():
            found = self.proposed(key)
            models = [one for one in found if not one.approved]
            taken = [one for one in models if chosen is None or one.id in chosen]
            ids = _ids(taken)
            _write(own_file(self._documents_dir, key), (*without(self.accepted(key), ids), *taken))
            _write(self._proposals(key), tuple(without(found, ids)))
        return len(taken)

    def refuse(self, key: str, chosen: Collection[str] | None = None) -> int:
        """Drops proposals: those with these ids, or all of models. Returns how many."""
        with self._writing():
            found = self.proposed(key)
            gone = [
                one for one in found if (not one.approved if chosen is None else one.id in chosen)
            ]
            _write(self._proposals(key), tuple(without(found, _ids(gone))))
        return len(gone)

    def _proposals(self, key: str) -> Path:
        return self._folder / f"{key}{PROPOSED}"

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Nobody else writes meanwhile."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with (self._folder / ".lock").open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
        except OSError as error:
            remedy = obstacle(self._folder) or "Let this program write there."
            raise StoreError(
                f"Nothing can be written in {self._folder}: {error.strerror}. {remedy}"
            ) from error


def _read(file: Path) -> tuple[PreparedAnswer, ...]:
    return read_file(file) if file.is_file() else ()


def _ids(answers: Sequence[PreparedAnswer]) -> set[str]:
    return {question.id for answer in answers for question in answer.questions}


def _write(file: Path, answers: Sequence[PreparedAnswer]) -> None:
    """Writes a file with these answers; without any there is none."""
    if not answers:
        file.unlink(missing_ok=True)
        return
    unfinished = file.with_name(f".{file.name}")
    told = yaml.safe_dump(
        {"answers": [_fields(one) for one in answers]}, allow_unicode=True, sort_keys=False
    )
    unfinished.write_text(_NOTE + told, "utf-8")
    unfinished.replace(file)


def _fields(answer: PreparedAnswer) -> dict[str, Any]:
    asked: dict[str, list[str]] = {}
    for one in answer.questions:
        asked.setdefault(one.language, []).append(one.text)
    fields: dict[str, Any] = {"units": list(answer.units), "questions": asked}
    if answer.by:
        fields["by"] = answer.by
    if answer.approved:
        fields["approved"] = answer.approved.model_dump(exclude_defaults=True)
    return fields


def asked_in(language: str, *questions: str) -> tuple[AskedQuestion, ...]:
    """Questions in a language, as they are read from a file: each on one line, and once."""
    asked = (AskedQuestion(text=one_line(one), language=language) for one in questions)
    found: dict[str, AskedQuestion] = {}
    for one in asked:
        found.setdefault(one.id, one)
    return tuple(found.values())


# Vectors of prepared questions, kept beside their file so that no other machine computes them.


_LARGEST = 200_000_000  # bytes; a question takes about 400
_HASH = 16  # characters


def file_beside(questions: Path, embedder: str) -> Path:
    """The file for the vectors of a file with questions, by an embedder's fingerprint."""
    return questions.with_suffix(f".{file_of(embedder).stem}.npy")


def keep(file: Path, questions: Sequence[PreparedQuestion], vectors: Vectors) -> None:
    """Writes the vectors of these questions, shape (questions, dimensions).

    Raises:
        OSError: the file cannot be written.
    """
    records = np.zeros(len(questions), _records(vectors.shape[1]))
    for record, question, vector in zip(records, questions, vectors, strict=True):
        record["hash"] = question.id.rpartition(":")[2].encode()
        record["vector"] = np.round(vector * (127 / np.abs(vector).max()))
    unfinished = file.with_name(f".{file.name}")
    with unfinished.open("wb") as out:
        np.save(out, np.sort(records, order="hash"), allow_pickle=False)
    unfinished.replace(file)


def kept(file: Path, questions: Sequence[PreparedQuestion], width: int) -> Mapping[str, Vectors]:
    """Maps the ids of those questions whose vectors are kept to them; none where the file is not
    there or not of this form.

    Args:
        file: of `file_beside`.
        questions: whose vectors are wanted.
        width: the dimensions of a vector.
    """
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
