"""The kept generations, each compared with the one that was in use when it was made."""

from collections.abc import Mapping

from core.settings import Settings
from core.source import DocumentInfo, Frozen
from vectorstore.generations import Generations
from vectorstore.manifest import Manifest


class KeptGeneration(Frozen):
    """One kept generation, compared with the one that was in use when it was made, or else the kept
    one before it."""

    id: str
    created: str  # UTC, ISO 8601
    in_use: bool
    method: str  # of embedding
    note: str = ""  # of whoever published it
    documents: int
    versions: int  # of the documents, by language
    passages: int
    units: int
    added: tuple[str, ...] | None = None  # keys of documents, as below; None for the oldest
    changed: tuple[str, ...] | None = None
    removed: tuple[str, ...] | None = None
    titles: Mapping[str, str] = {}  # short titles of these, by key


class Ahead(Frozen):
    """The changes of the newest kept generation against the one in use, an earlier one that was put
    back."""

    created: str  # when that newest one was made: UTC, ISO 8601
    added: tuple[str, ...]  # short titles of documents, as below
    changed: tuple[str, ...]
    removed: tuple[str, ...]


def ahead(settings: Settings) -> Ahead | None:
    """The changes that publishing the files as they were then would bring back; None where the
    newest kept generation is in use. Raises as `history`."""
    generations = Generations(settings)
    current = generations.current()
    newest = next(iter(reversed(generations.kept())), current)
    if newest.id == current.id:
        return None
    titles = _titles(current.manifest, newest.manifest)
    named = {
        kind: tuple(titles[key] for key in keys)
        for kind, keys in _differences(current.manifest, newest.manifest).items()
    }
    return Ahead(created=newest.manifest.created, **named)


def history(settings: Settings) -> tuple[KeptGeneration, ...]:
    """The kept generations, oldest first.

    Raises:
        NoIndexError: nothing has been ingested yet.
        IndexMismatchError: another version of this program made the one in use.
    """
    generations = Generations(settings)
    current = generations.current().manifest
    kept = generations.kept()
    there = {generation.id: generation.manifest for generation in kept}
    earlier = zip(there.values(), (None, *there.values()), strict=False)
    befores = [there.get(manifest.before, last) for manifest, last in earlier]
    return tuple(
        KeptGeneration(
            id=generation.id,
            created=generation.manifest.created,
            in_use=generation.id == current.id,
            method=generation.manifest.method,
            note=generation.note,
            documents=len({entry.info.id for entry in generation.manifest.documents}),
            versions=len(generation.manifest.documents),
            passages=generation.manifest.passages,
            units=generation.manifest.units,
            titles=_titles(before, generation.manifest) if before else {},
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


def _titles(before: Manifest, after: Manifest) -> Mapping[str, str]:
    """The short titles, by key, of the documents of two generations that are not equal in both."""
    entries = {entry.key: entry for entry in (*before.documents, *after.documents)}
    differing = {key for keys in _differences(before, after).values() for key in keys}
    return {key: entry.info.short_title for key, entry in entries.items() if key in differing}


def _contents(manifest: Manifest) -> Mapping[str, tuple[str, DocumentInfo]]:
    return {entry.key: (entry.sha256, entry.info) for entry in manifest.documents}
