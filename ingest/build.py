"""Fills a new generation: copied, reused and new vectors."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice

import numpy as np

from core.types import Passage
from ingest.plan import Plan
from vectorstore.embeddings import Embedder, Vectors
from vectorstore.generations import Generation, unit_ids

_STORED_AT_ONCE = 64  # passages embedded before they are written; each write costs 0.1 s
_COPIED_AT_ONCE = 500

Progress = Callable[[int, int], None]
"""Called with how many passages are done and how many there are to do."""


def known_passages(
    sources: Sequence[Generation], passages: Sequence[Passage], method: str
) -> dict[str, Generation]:
    """Passage id -> the first of these generations that has the vectors of all its units."""
    known: dict[str, Generation] = {}
    for generation in sources:
        if generation.manifest.method != method:
            continue
        missing = [passage for passage in passages if passage.id not in known]
        units = generation.stored_units([name for p in missing for name in unit_ids(p)])
        known |= {p.id: generation for p in missing if units.issuperset(unit_ids(p))}
    return known


def copy_unchanged(old: Generation, new: Generation, plan: Plan) -> None:
    """Takes over the passages of those unchanged documents that move into the new segment."""
    moved = {*plan.unchanged} & new.manifest.used(new.id)[0]
    _copy(old.all_passages(moved), lambda _: old, new)


def embed(
    passages: Sequence[Passage],
    known: Mapping[str, Generation],
    embedder: Embedder,
    new: Generation,
    progress: Progress,
) -> None:
    """Stores the passages with the vectors that a generation knows of them, or new ones."""
    _copy((p for p in passages if p.id in known), lambda passage: known[passage.id], new)
    total, done = len(passages) - len(known), 0
    for batch in _batches((p for p in passages if p.id not in known), _STORED_AT_ONCE):
        vectors: list[Vectors] = []
        for passage in batch:
            vectors.append(embedder.passages([passage.context(unit) for unit in passage.units]))
            done += 1
            progress(done, total)
        new.add(batch, vectors)


def _copy(
    passages: Iterable[Passage], source: Callable[[Passage], Generation], new: Generation
) -> None:
    for batch in _batches(passages, _COPIED_AT_ONCE):
        units: dict[str, Vectors] = {}
        for generation in {id(old): old for old in map(source, batch)}.values():
            wanted = [name for p in batch if source(p) is generation for name in unit_ids(p)]
            units |= generation.unit_vectors(wanted)
        new.add(batch, [np.stack([units[name] for name in unit_ids(p)]) for p in batch])


def _batches(passages: Iterable[Passage], size: int) -> Iterator[list[Passage]]:
    iterator = iter(passages)
    while batch := list(islice(iterator, size)):
        yield batch
