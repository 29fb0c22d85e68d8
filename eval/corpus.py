"""An index over documents that the assistant does not use, for a question set about them."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from core.settings import Settings
from ingest.events import Tell, nobody
from ingest.pipeline import ingest
from vectorstore.embeddings import make_embedder
from vectorstore.manifest import method_of


def prepare(folders: Sequence[Path], settings: Settings, tell: Tell = nobody) -> Settings:
    """The settings of an index over these folders and files, which is made or brought up to date.

    It is kept in `data_dir`/corpora, apart from the assistant's, one for each choice of folders and
    embedder. It is always a local one, also when the assistant uses a Chroma server.

    Args:
        folders: folders and files with source texts; nothing is written into them.
        settings: all else that the assistant goes by.
        tell: told how far the making is.

    Raises:
        DocumentError: there are no source texts.
        StoppedError: a file cannot be taken, so that figures would be over a part of the texts.
        LockedError: another run is making it.
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
    ingest(own, strict=True, allow_shrink=True, tell=tell)
    return own
