"""Verifies a generation: that it is complete, and that what it holds is what files say.

`ingest/publishing/verify.py` checks everything.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
from rich.filesize import decimal

from core.batches import batches
from core.errors import DocumentError, NoIndexError, StoreError
from core.file_names import as_path
from core.settings import Settings
from core.source import Frozen, Passage, SourceDocument
from ingest.passages.isolated import Loader
from ingest.passages.split import passage_id
from ingest.publishing.build import reading_fingerprint
from ingest.reading import question_file
from ingest.reading.load import fingerprint
from vectorstore.embeddings import Vectors
from vectorstore.generation import Generation
from vectorstore.generations import Generations, Pointer
from vectorstore.keyword_index import keyword_folder, open_keyword
from vectorstore.leftovers import LeftoversError
from vectorstore.manifest import Counts, DocumentEntry
from vectorstore.segments import Segment, document_key, mean
from vectorstore.store import leftovers

# A quick check of a generation before it is published.


REBUILD = "Build the index anew with: python -m ingest --rebuild"

_SAMPLE = 20  # passages that are searched for by their own vectors; each costs a search
_MAY_BE_MISSED = 0.1  # share of these: search is approximate, above all among near-duplicates
_SAME = 0.99  # cosine of near-duplicates: finding one shows as well that the place can be found


class IndexProblem(Frozen):
    """A problem of an index, and the remedy."""

    problem: str
    remedy: str = REBUILD

    def __str__(self) -> str:
        return f"{self.problem}. {self.remedy}"


def check(generation: Generation, settings: Settings) -> None:
    """Compares a generation with its manifest and finds some of its passages again.

    Raises:
        StoreError: something is missing or cannot be found.
    """
    for problem in problems_at_once(generation, settings):
        raise StoreError(str(problem))


def problems_at_once(generation: Generation, settings: Settings) -> Iterator[IndexProblem]:
    """The problems in the counts and in a sample of the passages."""
    manifest = generation.manifest
    words = len(open_keyword(settings, generation))
    stored, expected = generation.counts(), manifest.counts
    if (stored, words) != (expected, manifest.passages):
        yield IndexProblem(
            problem=f"Generation {generation.id} is incomplete: {_numbers(stored)} and {words} "
            f"keyword entries, {_numbers(expected)} expected"
        )
    vectors = generation.passage_vectors(generation.sample(_SAMPLE))
    lost = [name for name, vector in vectors.items() if not _is_found(generation, name, vector)]
    if len(lost) > _MAY_BE_MISSED * len(vectors):
        yield IndexProblem(
            problem=f"Generation {generation.id} cannot find {len(lost)} of {len(vectors)} "
            f"passages by their own vectors, such as {lost[0]}"
        )


def _numbers(counts: Counts) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts._asdict().items())


def _is_found(generation: Generation, name: str, vector: Vectors) -> bool:
    """Whether a search for a passage's own vector finds it, or a near-duplicate."""
    found = generation.nearest_passages(vector, 3)
    return any(hit == name or similarity > _SAME for hit, similarity in found)


# Full check of the passages of a generation: ids, units, vectors, and the files they are from.


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


# Full check of an index: all that is stored, against all that is known of it.


class Verification(Frozen):
    """The result of a check: `problems`, and in `notes` what could not be checked and why.

    The counts are those in the manifest of the generation in use.
    """

    generation: str
    documents: int
    passages: int
    units: int
    problems: tuple[IndexProblem, ...]
    notes: tuple[str, ...]


def verify(settings: Settings) -> Verification:
    """Checks everything in the generation in use, and the pointer.

    Raises:
        NoIndexError: nothing has been ingested yet.
        IndexMismatchError: another version of this program made it.
        StoreError: the store cannot be used, or the generation in use is not in it.
    """
    generations = Generations(settings)
    pointer = generations.pointer()
    if not pointer.current and not pointer.kept:
        raise NoIndexError
    problems = list(_pointer(pointer, generations))
    current = generations.current()
    manifest = current.manifest
    notes: list[str] = []
    comparable = frozenset(
        entry.key
        for entry in manifest.documents
        if entry.reading == reading_fingerprint(entry.path)
    )
    try:
        problems += problems_at_once(current, settings)
        for segment in current.segments:
            problems += _segment(segment, current)
        contents = Contents(current, comparable=comparable)
        problems += contents.problems()
        problems += _words(current, settings)
        with Loader(settings) as loader:
            wrong, notes = contents.from_files(
                settings.documents_dir, lambda path: loader.load(path).document
            )
        problems += wrong
        if others := {entry.key for entry in manifest.documents} - comparable:
            notes.append(
                "Ids and files were not compared of what another version of this program read: "
                f"{some(others)}. Read it anew with: python -m ingest"
            )
    except StoreError as error:
        problems.append(IndexProblem(problem=f"{error} What comes after it was not looked at"))
    return Verification(
        generation=current.id,
        documents=len(manifest.documents),
        passages=manifest.passages,
        units=manifest.units,
        problems=tuple(problems),
        notes=(*notes, *_left_behind(settings)),
    )


def _pointer(pointer: Pointer, generations: Generations) -> Iterator[IndexProblem]:
    """Checks that the generation in use is kept, and that kept generations exist."""
    there = {generation.id for generation in generations.kept()}
    if pointer.current not in pointer.kept:
        yield IndexProblem(
            problem=f"The generation in use, {pointer.current}, is not among the kept"
        )
    for generation_id in pointer.kept:
        if generation_id not in there:
            yield IndexProblem(
                problem=f"Generation {generation_id} is kept, but cannot be read from the store"
            )


def _left_behind(settings: Settings) -> Iterator[str]:
    """Notes on what removed generations left in the store's folder."""
    try:
        left = leftovers(settings)
    except LeftoversError as error:
        yield f"What removed generations left behind was not counted: {error}"
        return
    if left is None:
        yield (
            "What removed generations left behind can only be counted on the Chroma server's "
            "machine, with: python vectorstore/leftovers.py FOLDER"
        )
    elif left:
        yield (
            f"Removed generations left behind {left.folders} folders with "
            f"{decimal(left.folder_bytes)}, and {decimal(left.free_bytes)} of the database that "
            "may hold their text. Remove them with: python -m ingest"
        )


def _segment(segment: Segment, generation: Generation) -> Iterator[IndexProblem]:
    """Checks that a segment holds what the manifest says, and nothing without an owner."""
    manifest = generation.manifest
    passages = set(segment.stored_passage_ids())
    units = Counter(name.partition("#")[0] for name in segment.stored_unit_ids())
    if orphans := units.keys() - passages:
        yield IndexProblem(problem=f"Units without a passage: {some(orphans)}")
    if bare := passages - units.keys():
        yield IndexProblem(problem=f"Passages without a unit: {some(bare)}")
    stored_passages = Counter(map(document_key, passages))
    stored_units = Counter({document_key(name): 0 for name in passages})
    for name in passages:
        stored_units[document_key(name)] += units[name]
    documents, used = manifest.used(segment.id)
    for entry in manifest.documents:
        stored = stored_passages[entry.key], stored_units[entry.key]
        if entry.key in documents and stored != (entry.passages, entry.units):
            yield IndexProblem(
                problem=f"{entry.key} has {stored[0]} passages and {stored[1]} units, "
                f"{entry.passages} and {entry.units} expected"
            )
    # the segment still has what only earlier generations used; the manifest has its count
    size = next(entry for entry in manifest.segments if entry.id == segment.id)
    expected = size.counts.without(used)[:2]
    others = stored_passages.keys() - documents
    stored = sum(stored_passages[key] for key in others), sum(stored_units[key] for key in others)
    if stored != expected:
        names = f": {some(others)}" if others else ""
        yield IndexProblem(
            problem=f"Segment {segment.id} holds {stored} passages and units of documents that "
            f"the generation has not there, {expected} expected{names}"
        )


def _words(generation: Generation, settings: Settings) -> Iterator[IndexProblem]:
    """Checks that the keyword index has every passage once, and no other."""
    indexed, passages = Counter(open_keyword(settings, generation).ids()), set(generation.all_ids())
    folder = keyword_folder(settings, generation.id)
    remedy = (
        f"Remove the folder {folder} and start running programs again: the next question makes "
        "it anew"
    )
    for what, names in {
        "lacks": passages - indexed.keys(),
        "has too many": indexed.keys() - passages,
        "has more than once": {name for name, count in indexed.items() if count > 1},
    }.items():
        if names:
            yield IndexProblem(
                problem=f"The keyword index {what}: {some(names)}", remedy=remedy + "."
            )
