"""Whether a generation is whole, as far as that shows in a moment: asked before it is published.

`ingest/verify.py` looks at everything.
"""

from collections.abc import Iterator

from core.errors import StoreError
from core.settings import Settings
from core.types import Frozen
from vectorstore.generations import Generation
from vectorstore.store import open_keyword

REBUILD = "Build the index anew with: python -m ingest --rebuild"

_SAMPLE = 20  # passages that must be found again by their own vector


class Problem(Frozen):
    """Something that is wrong with an index, and what to do about it."""

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


def problems_at_once(generation: Generation, settings: Settings) -> Iterator[Problem]:
    """What a look at counts and a sample of the passages shows."""
    manifest = generation.manifest
    words = len(open_keyword(settings, generation))
    if (*generation.counts(), words) != (manifest.passages, manifest.units, manifest.passages):
        yield Problem(
            problem=f"Generation {generation.id} is incomplete: {generation.counts()} passages and "
            f"units and {words} keyword entries, {(manifest.passages, manifest.units)} expected"
        )
    for name, vector in generation.passage_vectors(generation.sample(_SAMPLE)).items():
        found = generation.nearest_passages(vector, 3)
        if not any(hit == name or similarity > 0.9999 for hit, similarity in found):
            yield Problem(
                problem=f"Generation {generation.id} cannot find passage {name} by its own vector"
            )
