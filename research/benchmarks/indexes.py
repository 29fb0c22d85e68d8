"""Indexes that `scale` builds and `latency` searches, in `data_dir`/benchmarks."""

from pathlib import Path

from core.settings import Settings
from research.benchmarks.synthetic_corpus import Corpus, KnownVectors, pool_of
from research.public import PublicSet, build_index, load
from vectorstore.embeddings import make_embedder
from vectorstore.store import open_index

XQUAD = ("en", "de")


def folder(settings: Settings) -> Path:
    return settings.data_dir / "benchmarks"


def corpus(settings: Settings, xquad: Path | None) -> Corpus:
    """Corpus of the sentences of the index in use and, if given, of XQuAD.

    Raises:
        NoIndexError: nothing has been ingested yet.
    """
    passages = open_index(settings).passages()
    for public in xquad_sets(xquad) if xquad else ():
        passages += build_index(public, settings).passages()
    return Corpus(pool_of(passages, make_embedder(settings), folder(settings)))


def xquad_sets(place: Path) -> list[PublicSet]:
    """XQuAD in the languages of `XQUAD` that are in the folder."""
    files = (place / f"xquad.{language}.json" for language in XQUAD)
    return [load("xquad", file) for file in files if file.is_file()]


def known(settings: Settings, of: Corpus) -> KnownVectors:
    return KnownVectors(of, make_embedder(settings))


def settings_of(settings: Settings, passages: int) -> Settings:
    """Settings of the benchmark index with so many passages, apart from the assistant's index."""
    place = (folder(settings) / f"{passages}-passages").resolve()
    changes = {"data_dir": place, "corpus_dirs": (place / "documents",), "chroma_url": ""}
    return settings.model_copy(update=changes)
