"""Full check of an index: all that is stored, against all that is known of it.

pointer -> counts and a sample -> segments -> passages and vectors -> words -> files
"""

from collections import Counter
from collections.abc import Iterator

from rich.filesize import decimal

from core.errors import NoIndexError, StoreError
from core.frozen import Frozen
from core.settings import Settings
from ingest.passages.isolated import Loader
from ingest.publishing.completeness import IndexProblem, problems_at_once
from ingest.publishing.fingerprint import reading_fingerprint
from ingest.publishing.stored_passages import Contents, some
from vectorstore.generation import Generation
from vectorstore.generations import Generations
from vectorstore.keyword_files import keyword_folder, open_keyword
from vectorstore.leftovers import LeftoversError
from vectorstore.pointer import Pointer
from vectorstore.segments import Segment, document_key
from vectorstore.store import leftovers


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
