"""Fills a new generation: copied, reused and new vectors."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice

import numpy as np

from core.types import Passage
from ingest.plan import Plan
from vectorstore.embeddings import Embedder, Vectors
from vectorstore.generations import Generation, unit_ids

_STORED_AT_ONCE = 8  # passages embedded before they are written
_COPIED_AT_ONCE = 500

Progress = Callable[[int, int], None]
"""Called with (passages embedded so far, passages to embed)."""


def known_vectors(
    sources: Sequence[Generation], passages: Sequence[Passage], method: str
) -> dict[str, Vectors]:
    """Passage id -> the vectors of its units, where one of these generations has them all."""
    known: dict[str, Vectors] = {}
    for generation in sources:
        if generation.manifest.method != method:
            continue
        missing = [passage for passage in passages if passage.id not in known]
        units = generation.unit_vectors([name for p in missing for name in unit_ids(p)])
        for passage in missing:
            names = unit_ids(passage)
            if all(name in units for name in names):
                known[passage.id] = np.stack([units[name] for name in names])
    return known


def copy_unchanged(old: Generation, new: Generation, plan: Plan) -> None:
    """Takes the passages of unchanged documents over as they are."""
    unchanged = set(plan.unchanged)
    passages = (p for p in old.all_passages() if p.document.key in unchanged)
    for batch in _batches(passages, _COPIED_AT_ONCE):
        units = old.unit_vectors([name for passage in batch for name in unit_ids(passage)])
        new.add(batch, [np.stack([units[name] for name in unit_ids(p)]) for p in batch])


def embed(
    passages: Sequence[Passage],
    known: Mapping[str, Vectors],
    embedder: Embedder,
    new: Generation,
    progress: Progress,
) -> None:
    """Stores the passages with the known vectors of their units, or new ones."""
    total, done = len(passages) - len(known), 0
    for batch in _batches(passages, _STORED_AT_ONCE):
        vectors: list[Vectors] = []
        for passage in batch:
            if passage.id in known:
                vectors.append(known[passage.id])
                continue
            vectors.append(embedder.passages([passage.context(unit) for unit in passage.units]))
            done += 1
            progress(done, total)
        new.add(batch, vectors)


def _batches(passages: Iterable[Passage], size: int) -> Iterator[list[Passage]]:
    iterator = iter(passages)
    while batch := list(islice(iterator, size)):
        yield batch
