"""A separate index for a question set about documents that the assistant does not use."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from core.settings import Settings
from ingest.pipeline import ingest
from ingest.publishing.ingest_run import IngestOptions, Tell
from vectorstore.embeddings import make_embedder
from vectorstore.manifest import method_of


def prepare(folders: Sequence[Path], settings: Settings, tell: Tell = lambda _: None) -> Settings:
    """Builds or updates an index over these folders and files; returns its settings.

    It is in `data_dir`/corpora, apart from the assistant's: one for each choice of folders and
    embedder, always local, even if the assistant uses a Chroma server.

    Raises:
        DocumentError: there are no source texts.
        StoppedError: a file cannot be read, so that figures would cover only part of the texts.
        LockedError: another run is building it.
    """
    places = tuple(sorted(folder.resolve() for folder in folders))
    named = "\n".join([method_of(make_embedder(settings)), *map(str, places)])
    name = hashlib.sha256(named.encode()).hexdigest()[:16]
    changes = {
        "data_dir": (settings.data_dir / "corpora" / name).resolve(),
        "corpus_dirs": places,
        "chroma_url": "",  # a server holds one index, and that is the assistant's
        "keep_generations": 1,
    }
    own = settings.model_copy(update=changes)
    ingest(own, IngestOptions(strict=True, allow_shrink=True), tell=tell)
    return own
