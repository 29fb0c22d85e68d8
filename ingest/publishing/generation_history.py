"""The kept generations, each compared with the one before it."""

from collections.abc import Mapping

from core.frozen import Frozen
from core.settings import Settings
from core.source import DocumentInfo
from vectorstore.generation import Generation
from vectorstore.generations import Generations
from vectorstore.keyword_files import keyword_folder
from vectorstore.manifest import Manifest

_BYTES_A_NUMBER = 4  # float32, as Chroma stores vectors


class KeptGeneration(Frozen):
    """One kept generation. `created` is UTC, ISO 8601; the counts are of the documents, passages
    and units that it uses.

    `added`, `changed` and `removed` are keys of documents, compared with the kept generation
    before; None for the oldest. `size` is in bytes: its vectors, and its keyword index on this
    machine. What it shares with another generation counts in both.
    """

    id: str
    created: str
    in_use: bool
    method: str
    documents: int
    passages: int
    units: int
    size: int
    added: tuple[str, ...] | None = None
    changed: tuple[str, ...] | None = None
    removed: tuple[str, ...] | None = None


def history(settings: Settings) -> tuple[KeptGeneration, ...]:
    """The kept generations, oldest first.

    Raises:
        NoIndexError: nothing has been ingested yet.
        IndexMismatchError: another version of this program made the one in use.
    """
    generations = Generations(settings)
    current = generations.current().manifest
    kept = generations.kept()
    befores = [None, *(generation.manifest for generation in kept)]
    return tuple(
        KeptGeneration(
            id=generation.id,
            created=generation.manifest.created,
            in_use=generation.id == current.id,
            method=generation.manifest.method,
            documents=len(generation.manifest.documents),
            passages=generation.manifest.passages,
            units=generation.manifest.units,
            size=_size(generation, settings),
            **_differences(before, generation.manifest),
        )
        for before, generation in zip(befores, kept, strict=False)
    )


def _differences(before: Manifest | None, after: Manifest) -> dict[str, tuple[str, ...]]:
    if before is None:
        return {}
    old, new = _contents(before), _contents(after)
    return {
        "added": tuple(sorted(new.keys() - old.keys())),
        "changed": tuple(sorted(key for key in new.keys() & old.keys() if new[key] != old[key])),
        "removed": tuple(sorted(old.keys() - new.keys())),
    }


def _contents(manifest: Manifest) -> Mapping[str, tuple[str, DocumentInfo]]:
    return {entry.key: (entry.sha256, entry.info) for entry in manifest.documents}


def _size(generation: Generation, settings: Settings) -> int:
    manifest = generation.manifest
    vectors = (manifest.passages + manifest.units) * generation.dimensions() * _BYTES_A_NUMBER
    words = keyword_folder(settings, generation.id)
    return vectors + sum(file.stat().st_size for file in words.rglob("*") if file.is_file())
