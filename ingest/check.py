"""Whether a generation is whole; asked before it is published and by `python -m ingest verify`."""

from core.errors import StoreError
from core.settings import Settings
from vectorstore.generations import Generation
from vectorstore.store import open_keyword

_SAMPLE = 20  # passages that must be found again by their own vector


def check(generation: Generation, settings: Settings) -> None:
    """Compares a generation with its manifest and finds some of its passages again.

    Raises:
        StoreError: something is missing or cannot be found.
    """
    manifest = generation.manifest
    words = len(open_keyword(settings, generation))
    if (*generation.counts(), words) != (manifest.passages, manifest.units, manifest.passages):
        raise StoreError(
            f"Generation {generation.id} is incomplete: {generation.counts()} passages and units "
            f"and {words} keyword entries, {(manifest.passages, manifest.units)} expected. "
            "Run: python -m ingest"
        )
    for name, vector in generation.passage_vectors(generation.sample(_SAMPLE)).items():
        found = generation.nearest_passages(vector, 3)
        if not any(hit == name or similarity > 0.9999 for hit, similarity in found):
            raise StoreError(
                f"Generation {generation.id} cannot find passage {name} by its own vector. "
                "Run: python -m ingest"
            )
