"""Full check of the passages of a generation: ids, units, vectors, and the files they are from."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np

from core.errors import DocumentError
from core.names import as_path
from core.passage import Passage
from core.source import SourceDocument
from ingest.passages.split import passage_id
from ingest.publishing.build import batches
from ingest.publishing.completeness import IndexProblem
from ingest.reading import question_file
from ingest.reading.load import fingerprint
from vectorstore.embeddings import Vectors
from vectorstore.generation import Generation
from vectorstore.manifest import DocumentEntry
from vectorstore.segments import document_key, mean

_AT_ONCE = 500  # passages whose vectors are in memory: some 5 MB, with those of their units
_ROUNDING = 1e-3  # for lengths, and each number of a vector: 32 bits are exact to far less


class Contents:
    """Reads a generation once; `problems` and `from_files` report what is wrong with it.

    Args:
        generation: the generation to read.
        comparable: the documents that would be read now as they were; only of these ids are
            computed again and files compared.
    """

    def __init__(self, generation: Generation, *, comparable: frozenset[str]) -> None:
        self._generation = generation
        self._comparable = comparable
        self._entries = {entry.key: entry for entry in generation.manifest.documents}
        self._dimensions = generation.dimensions()
        self._repeats: Counter[tuple[str, str]] = Counter()
        self._right_ids: set[str] = set()
        self._units: set[str] = set()
        # document key -> for each passage: start, end, hash of its text, id
        self._places: dict[str, list[tuple[int, int, str, str]]] = {}

    def problems(self) -> Iterator[IndexProblem]:
        """The problems of passages and vectors; reads them all."""
        for batch in batches(self._generation.all_passages(), _AT_ONCE):
            for passage in batch:
                yield from self._of_passage(passage)
            yield from self._of_vectors(batch)
        yield from self._of_questions()
        stored = {name for key in self._comparable for *_, name in self._places.get(key, ())}
        for name in sorted(stored - self._right_ids):
            yield IndexProblem(
                problem=f"Passage {name} does not have the text that its id stands for"
            )

    def _of_passage(self, passage: Passage) -> Iterator[IndexProblem]:
        key = document_key(passage.id)
        if passage.document != self._entries[key].info:
            yield IndexProblem(
                problem=f"Passage {passage.id} bears other metadata than its document"
            )
        if any(not 0 <= unit.start < unit.end <= len(passage.text) for unit in passage.units):
            yield IndexProblem(
                problem=f"Passage {passage.id} has a unit that is not within its text"
            )
        self._units.update(passage.unit_ids)
        context = (key, _hash(passage.context()))
        self._right_ids.add(passage_id(passage, self._repeats[context]))
        self._repeats[context] += 1
        place = (passage.start, passage.end, _hash(passage.text), passage.id)
        self._places.setdefault(key, []).append(place)

    def _of_vectors(self, passages: list[Passage]) -> Iterator[IndexProblem]:
        units = self._generation.unit_vectors([name for p in passages for name in p.unit_ids])
        own = self._generation.passage_vectors([passage.id for passage in passages])
        for passage in passages:
            names = passage.unit_ids
            if missing := [name for name in names if name not in units]:
                yield IndexProblem(problem=f"Units without a vector: {some(missing)}")
                continue
            vectors = np.stack([units[name] for name in names])
            if wrong := [name for name in names if not self._is_unit(units[name])]:
                yield IndexProblem(problem=f"Vectors that are not of length 1: {some(wrong)}")
            elif not np.allclose(mean(vectors), own[passage.id], atol=_ROUNDING):
                yield IndexProblem(
                    problem=f"The vector of passage {passage.id} is not the mean of its units'"
                )

    def _of_questions(self) -> Iterator[IndexProblem]:
        for batch in batches(self._generation.all_questions(), _AT_ONCE):
            vectors = self._generation.question_vectors([one.id for one in batch])
            lost = [one.id for one in batch if not self._units.issuperset(one.units)]
            if lost:
                yield IndexProblem(problem=f"Questions whose answer is not there: {some(lost)}")
            wrong = [
                one.id
                for one in batch
                if one.id not in vectors or not self._is_unit(vectors[one.id])
            ]
            if wrong:
                yield IndexProblem(problem=f"Questions without a vector of length 1: {some(wrong)}")

    def _is_unit(self, vector: Vectors) -> bool:
        """Whether a vector has the right dimensions and length 1; NaN has not."""
        length = float(np.linalg.norm(vector))
        return len(vector) == self._dimensions and abs(length - 1) < _ROUNDING

    def from_files(
        self, documents_dir: Path, load: Callable[[Path], SourceDocument]
    ) -> tuple[list[IndexProblem], list[str]]:
        """Compares passages with their files; only after `problems` has read them.

        Args:
            documents_dir: where the organisation's own prepared questions are.
            load: reads one file.

        Returns:
            The problems; and for each document that could not be compared, a line that says why.
        """
        problems, left_out = [], []
        for key in sorted(self._comparable & self._places.keys()):
            entry, places = self._entries[key], self._places[key]
            try:
                text = _text_now(entry, documents_dir, load)
            except DocumentError as error:
                left_out.append(f"{key} was not compared with its file: {error}")
                continue
            wrong = [name for start, end, own, name in places if _hash(text[start:end]) != own]
            if wrong:
                problems.append(IndexProblem(problem=f"Not what {entry.path} says: {some(wrong)}"))
        return problems, left_out


def _text_now(
    entry: DocumentEntry, documents_dir: Path, load: Callable[[Path], SourceDocument]
) -> str:
    """The text of a document's file, if that is unchanged since it was ingested."""
    path = as_path(entry.path)
    if not path.is_file():
        raise DocumentError(path, None, "is not there", "Put it back, or run: python -m ingest")
    if fingerprint(path, question_file.own_file(documents_dir, entry.key)) != entry.sha256:
        raise DocumentError(path, None, "has changed", "Take it over with: python -m ingest")
    return load(path).text


def some(names: Iterable[str]) -> str:
    """The first few names, and the number of the others."""
    first, *others = sorted(names)
    return f"{first} and {len(others)} more" if others else first


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
