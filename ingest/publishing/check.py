"""A quick check of a generation before it is published: its counts, and a sample of passages."""

from collections.abc import Iterator

from core.errors import StoreError
from core.settings import Settings
from core.source import Frozen
from vectorstore.embeddings import Vectors
from vectorstore.generation import Generation
from vectorstore.keyword_index import open_keyword
from vectorstore.manifest import Counts

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
