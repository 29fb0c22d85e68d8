"""Vectors of prepared questions, kept beside their file so that no other machine computes them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from core.prepared import PreparedQuestion
from vectorstore.embeddings import Vectors
from vectorstore.profile import file_of

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
