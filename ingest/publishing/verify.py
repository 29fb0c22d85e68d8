"""Checks a generation: at once, before it is published, or all that is stored of it."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from rich.filesize import decimal

from core.errors import NoIndexError, StoreError
from core.settings import Settings
from core.source import Frozen, Passage
from ingest.passages.split import passage_id
from ingest.publishing.plan import reading_fingerprint
from vectorstore.chroma import batches
from vectorstore.embeddings import Vectors
from vectorstore.generation import Generation, Segment, document_key, mean
from vectorstore.generations import Generations, Pointer
from vectorstore.keyword_index import keyword_folder, open_keyword
from vectorstore.leftovers import LeftoversError
from vectorstore.manifest import Counts
from vectorstore.store import leftovers

REBUILD = "Build the index anew with: python -m ingest --rebuild"

_SAMPLE = 20  # passages that are searched for by their own vectors; each costs a search
_MAY_BE_MISSED = 0.1  # share of these: search is approximate, above all among near-duplicates
_SAME = 0.99  # cosine of near-duplicates: finding one shows as well that the place can be found
_AT_ONCE = 500  # passages whose vectors are in memory: some 5 MB, with those of their units
_ROUNDING = 1e-3  # for lengths, and each number of a vector: 32 bits are exact to far less


@dataclass(frozen=True)
class IndexProblem:
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
            f"Generation {generation.id} is incomplete: {_numbers(stored)} and {words} "
            f"keyword entries, {_numbers(expected)} expected"
        )
    vectors = generation.vectors("passages", generation.sample(_SAMPLE))
    lost = [name for name, vector in vectors.items() if not _is_found(generation, name, vector)]
    if len(lost) > _MAY_BE_MISSED * len(vectors):
        yield IndexProblem(
            f"Generation {generation.id} cannot find {len(lost)} of {len(vectors)} "
            f"passages by their own vectors, such as {lost[0]}"
        )


def _numbers(counts: Counts) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts._asdict().items())


def _is_found(generation: Generation, name: str, vector: Vectors) -> bool:
    """Whether a search for a passage's own vector finds it, or a near-duplicate."""
    found = generation.nearest("passages", vector, 3)
    return any(hit == name or similarity > _SAME for hit, similarity in found)


class Verification(Frozen):
    """The result of a check, with the counts in the manifest of the generation in use."""

    generation: str
    documents: int
    passages: int
    units: int
    problems: tuple[IndexProblem, ...]
    notes: tuple[str, ...]  # what could not be checked, and why


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
    problems = [*_of_pointer(pointer, generations)]
    current = generations.current()
    manifest = current.manifest
    entries = manifest.documents
    comparable = {e.key for e in entries if e.reading == reading_fingerprint(e.path)}
    others = {entry.key for entry in entries} - comparable
    try:
        problems += problems_at_once(current, settings)
        for segment in current.segments:
            problems += _of_segment(segment, current)
        problems += _of_contents(current, comparable)
        problems += _of_keyword_index(current, settings)
    except StoreError as error:
        problems.append(IndexProblem(f"{error} What comes after it was not looked at"))
    notes = [*_left_behind(settings)]
    if others:
        notes.append(
            "Ids were not compared of what another version of this program read: "
            f"{_some(others)}. Read it anew with: python -m ingest"
        )
    return Verification(
        generation=current.id,
        documents=len(entries),
        passages=manifest.passages,
        units=manifest.units,
        problems=tuple(problems),
        notes=tuple(notes),
    )


def _of_pointer(pointer: Pointer, generations: Generations) -> Iterator[IndexProblem]:
    """Checks that the generation in use is kept, and that kept generations exist."""
    there = {generation.id for generation in generations.kept()}
    if pointer.current not in pointer.kept:
        yield IndexProblem(f"The generation in use, {pointer.current}, is not among the kept")
    for name in pointer.kept:
        if name not in there:
            yield IndexProblem(f"Generation {name} is kept, but cannot be read from the store")


def _of_segment(segment: Segment, generation: Generation) -> Iterator[IndexProblem]:
    """Checks that a segment holds what the manifest says, and nothing without an owner."""
    manifest = generation.manifest
    passages = set(segment.stored_ids("passages"))
    units = Counter(name.partition("#")[0] for name in segment.stored_ids("units"))
    if orphans := units.keys() - passages:
        yield IndexProblem(f"Units without a passage: {_some(orphans)}")
    if bare := passages - units.keys():
        yield IndexProblem(f"Passages without a unit: {_some(bare)}")
    stored_passages = Counter(map(document_key, passages))
    stored_units = Counter[str]()
    for name in passages:
        stored_units[document_key(name)] += units[name]
    documents, used = manifest.used(segment.id)
    for entry in manifest.documents:
        stored = stored_passages[entry.key], stored_units[entry.key]
        if entry.key in documents and stored != (entry.passages, entry.units):
            yield IndexProblem(
                f"{entry.key} has {stored[0]} passages and {stored[1]} units, "
                f"{entry.passages} and {entry.units} expected"
            )
    # the segment still has what only earlier generations used; the manifest has its count
    size = next(entry for entry in manifest.segments if entry.id == segment.id)
    expected = size.counts.without(used)[:2]
    others = stored_passages.keys() - documents
    stored = sum(stored_passages[key] for key in others), sum(stored_units[key] for key in others)
    if stored != expected:
        names = f": {_some(others)}" if others else ""
        yield IndexProblem(
            f"Segment {segment.id} holds {stored} passages and units of documents that "
            f"the generation has not there, {expected} expected{names}"
        )


def _of_contents(generation: Generation, comparable: set[str]) -> Iterator[IndexProblem]:
    """Checks all passages, vectors and prepared questions, and the ids of comparable documents."""
    entries = {entry.key: entry for entry in generation.manifest.documents}
    repeats = Counter[tuple[str, str]]()
    stored, right_ids, units = set[str](), set[str](), set[str]()
    for batch in batches(generation.all_passages(), _AT_ONCE):
        for passage in batch:
            key = document_key(passage.id)
            if passage.document != entries[key].info:
                yield IndexProblem(f"Passage {passage.id} bears other metadata than its document")
            if any(not 0 <= unit.start < unit.end <= len(passage.text) for unit in passage.units):
                yield IndexProblem(f"Passage {passage.id} has a unit that is not within its text")
            units.update(passage.unit_ids)
            if key in comparable:
                context = key, hashlib.sha256(passage.context().encode()).hexdigest()
                right_ids.add(passage_id(passage, repeats[context]))
                repeats[context] += 1
                stored.add(passage.id)
        yield from _of_vectors(batch, generation)
    yield from _of_questions(units, generation)
    for name in sorted(stored - right_ids):
        yield IndexProblem(f"Passage {name} does not have the text that its id stands for")


def _of_vectors(passages: list[Passage], generation: Generation) -> Iterator[IndexProblem]:
    dimensions = generation.dimensions()
    units = generation.vectors("units", [name for passage in passages for name in passage.unit_ids])
    own = generation.vectors("passages", [passage.id for passage in passages])
    for passage in passages:
        names = passage.unit_ids
        if missing := [name for name in names if name not in units]:
            yield IndexProblem(f"Units without a vector: {_some(missing)}")
        elif wrong := [name for name in names if not _is_unit(units[name], dimensions)]:
            yield IndexProblem(f"Vectors that are not of length 1: {_some(wrong)}")
        elif not np.allclose(
            mean(np.stack([units[name] for name in names])), own[passage.id], atol=_ROUNDING
        ):
            yield IndexProblem(f"The vector of passage {passage.id} is not the mean of its units'")


def _of_questions(units: set[str], generation: Generation) -> Iterator[IndexProblem]:
    dimensions = generation.dimensions()
    for batch in batches(generation.all_questions(), _AT_ONCE):
        names = [question.id for question in batch]
        vectors = generation.vectors("questions", names)
        if lost := [question.id for question in batch if not units.issuperset(question.units)]:
            yield IndexProblem(f"Questions whose answer is not there: {_some(lost)}")
        if wrong := [n for n in names if n not in vectors or not _is_unit(vectors[n], dimensions)]:
            yield IndexProblem(f"Questions without a vector of length 1: {_some(wrong)}")


def _is_unit(vector: Vectors, dimensions: int) -> bool:
    """Whether a vector has the right dimensions and length 1; NaN has not."""
    length = float(np.linalg.norm(vector))
    return len(vector) == dimensions and abs(length - 1) < _ROUNDING


def _of_keyword_index(generation: Generation, settings: Settings) -> Iterator[IndexProblem]:
    """Checks that the keyword index has every passage once, and no other."""
    indexed, passages = Counter(open_keyword(settings, generation).ids()), set(generation.all_ids())
    remedy = (
        f"Remove the folder {keyword_folder(settings, generation.id)} and start running programs "
        "again: the next question makes it anew."
    )
    for problem, names in {
        "lacks": passages - indexed.keys(),
        "has too many": indexed.keys() - passages,
        "has more than once": {name for name, count in indexed.items() if count > 1},
    }.items():
        if names:
            yield IndexProblem(f"The keyword index {problem}: {_some(names)}", remedy=remedy)


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


def _some(names: Iterable[str]) -> str:
    """The first name, and the number of the others."""
    first, *others = sorted(names)
    return f"{first} and {len(others)} more" if others else first
