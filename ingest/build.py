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
    kept: Sequence[Generation], passages: Sequence[Passage], embedder: Embedder
) -> dict[str, tuple[Vectors, Vectors]]:
    """Vectors of passages (and of their units) that a kept generation already has, by id."""
    known: dict[str, tuple[Vectors, Vectors]] = {}
    for generation in kept:
        if generation.manifest.embedder != embedder.fingerprint:
            continue
        missing = {passage.id: passage for passage in passages if passage.id not in known}
        vectors = generation.passage_vectors(list(missing))
        found = [missing[name] for name in vectors]
        units = generation.unit_vectors([name for p in found for name in unit_ids(p)])
        for passage in found:
            names = unit_ids(passage)
            if all(name in units for name in names):
                known[passage.id] = vectors[passage.id], np.stack([units[n] for n in names])
    return known


def copy_unchanged(old: Generation, new: Generation, plan: Plan) -> None:
    """Takes the passages of unchanged documents over as they are."""
    unchanged = set(plan.unchanged)
    passages = (p for p in old.all_passages() if p.document.key in unchanged)
    for batch in _batches(passages, _COPIED_AT_ONCE):
        vectors = old.passage_vectors([passage.id for passage in batch])
        names = [name for passage in batch for name in unit_ids(passage)]
        units = old.unit_vectors(names)
        new.add(
            batch,
            np.stack([vectors[passage.id] for passage in batch]),
            np.stack([units[name] for name in names]),
        )


def embed(
    passages: Sequence[Passage],
    known: Mapping[str, tuple[Vectors, Vectors]],
    embedder: Embedder,
    new: Generation,
    progress: Progress,
) -> None:
    """Stores the passages with their known vectors, or new ones where there are none."""
    total, done = len(passages) - len(known), 0
    for batch in _batches(passages, _STORED_AT_ONCE):
        vectors: dict[str, tuple[Vectors, Vectors]] = {}
        for passage in batch:
            if passage.id in known:
                vectors[passage.id] = known[passage.id]
                continue
            texts = [passage.context(), *(passage.context(unit) for unit in passage.units)]
            made = embedder.passages(texts)
            vectors[passage.id] = made[0], made[1:]
            done += 1
            progress(done, total)
        new.add(
            batch,
            np.stack([vectors[passage.id][0] for passage in batch]),
            np.concatenate([vectors[passage.id][1] for passage in batch]),
        )


def _batches(passages: Iterable[Passage], size: int) -> Iterator[list[Passage]]:
    iterator = iter(passages)
    while batch := list(islice(iterator, size)):
        yield batch
