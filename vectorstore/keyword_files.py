"""The keyword indexes on disk: one folder for each generation, built aside and moved into place."""

import shutil
from collections.abc import Collection, Iterable
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import tantivy

from core.disk import obstacle
from core.errors import StoreError
from core.settings import Settings
from core.source import Passage
from language.matching import fold
from vectorstore.generation import Generation
from vectorstore.keyword_index import STAMP, STEMMERS, KeywordIndex, register


def open_keyword(settings: Settings, generation: Generation) -> KeywordIndex:
    """The keyword index of a generation, built from Chroma if it is missing or out of date."""
    place = keyword_folder(settings, generation.id)
    try:
        return KeywordIndex(place)
    except ValueError:
        return build(place, generation.all_passages())


def carry_keyword(
    settings: Settings, old: Generation, new: Generation, fresh: Iterable[Passage]
) -> None:
    """Makes the keyword index of a generation from that of the one before, all of whose passages it
    has.

    Does nothing if there is none: `open_keyword` then builds it from all passages.

    Args:
        settings: where the indexes are.
        old: the generation before.
        new: the generation that is being built.
        fresh: the passages that are added.
    """
    base = keyword_folder(settings, old.id)
    try:
        KeywordIndex(base)
    except ValueError:
        return
    build(keyword_folder(settings, new.id), fresh, base)


def remove_old_keyword_indexes(
    settings: Settings, kept: Collection[str], *, before: str | None = None
) -> None:
    """Removes the keyword indexes of generations that are not kept.

    Args:
        settings: where the indexes are.
        kept: the ids of what is kept.
        before: removes only those of generations made before this one.
    """
    for place in keyword_folder(settings).glob("*"):
        id = place.name.partition(".")[0]  # a name with a dot is an index being built
        if id not in kept and (before is None or id < before):  # ids begin with the time
            shutil.rmtree(place, ignore_errors=True)


def keyword_folder(settings: Settings, generation_id: str = "") -> Path:
    """The folder of a generation's keyword index; without an id, the folder of all."""
    return settings.data_dir / "keyword" / generation_id


def build(
    folder: Path,
    passages: Iterable[Passage],
    base: Path | None = None,
) -> KeywordIndex:
    """Builds the index aside and moves it into place in one step.

    Passages can be added to a base, not removed: tantivy keeps deleted ones in its statistics,
    so that the shares of the others would be wrong.

    Args:
        folder: where the index goes.
        passages: what is added.
        base: the folder of an index to start from; None: an empty one.

    Raises:
        StoreError: it cannot be written.
    """
    aside = folder.with_name(f"{folder.name}.{uuid4().hex[:8]}")
    try:
        _write(aside, passages, base)
        shutil.rmtree(folder, ignore_errors=True)
        aside.rename(folder)
    except (OSError, ValueError) as error:  # tantivy raises ValueError
        shutil.rmtree(aside, ignore_errors=True)
        with suppress(ValueError):  # another process moved the same index there first
            return KeywordIndex(folder)
        raise StoreError(
            f"The keyword index cannot be written in {folder.parent}: {error}. "
            f"{obstacle(folder) or 'Make everything anew with: python -m ingest --rebuild'}"
        ) from error
    return KeywordIndex(folder)


def _write(folder: Path, passages: Iterable[Passage], base: Path | None) -> None:
    if base is None:
        folder.mkdir(parents=True)
        index = tantivy.Index(_schema(), path=str(folder))
    else:
        shutil.copytree(base, folder)
        (folder / "stamp").unlink()
        index = tantivy.Index.open(str(folder))
    register(index)
    writer = index.writer(heap_size=64_000_000, num_threads=1)
    for passage in passages:
        writer.add_document(_record(passage))
    writer.commit()
    writer.wait_merging_threads()
    (folder / "stamp").write_text(STAMP, "utf-8")


def _record(passage: Passage) -> tantivy.Document:
    text, heading = fold(passage.text), fold(" ".join(passage.headings))
    both = f" {heading} {text} "
    fields = {"id": passage.id, "exact": both, "letters": both}
    if passage.language in STEMMERS:
        fields |= {f"text_{passage.language}": text, f"heading_{passage.language}": heading}
    return tantivy.Document(**{name: [value] for name, value in fields.items()})


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("id", stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("exact", tokenizer_name="exact", index_option="freq")
    builder.add_text_field("letters", tokenizer_name="letters", index_option="freq")
    for language in STEMMERS:
        for field in ("text", "heading"):
            builder.add_text_field(
                f"{field}_{language}", tokenizer_name=f"stem_{language}", index_option="freq"
            )
    return builder.build()
