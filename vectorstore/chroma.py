"""Adapter for Chroma; the only importer of chromadb.

Connects, translates errors, and stores passages as records. Collections and clients are opaque to
the rest of the project.
"""

import functools
import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

import chromadb
import httpx
import numpy as np
from chromadb.api import ClientAPI as Client
from chromadb.api.models.Collection import Collection
from chromadb.api.shared_system_client import SharedSystemClient
from chromadb.api.types import GetResult as Records
from chromadb.api.types import Include as Fields
from chromadb.api.types import Where
from chromadb.config import Settings as ChromaSettings
from chromadb.errors import ChromaError, NotFoundError

from core.disk import make_private, obstacle
from core.errors import StoreError
from core.passage import Passage
from core.settings import Settings
from vectorstore.embeddings import Vectors

__all__ = [
    "BATCH",
    "ChromaError",
    "Client",
    "Collection",
    "Fields",
    "NotFoundError",
    "Records",
    "Where",
]

BATCH = 1000  # records per call, well below what SQLite takes at once


class _OfAStore(Protocol):
    _client: Client


_S = TypeVar("_S", bound=_OfAStore)
_P = ParamSpec("_P")
_T = TypeVar("_T")


class GenerationGone(StoreError):  # noqa: N818 - first of all a signal inside this package
    """Another process removed the generation; read the pointer again."""

    def __init__(self, told: str) -> None:
        super().__init__(
            f"A part of the index is gone: {told}. Try again; if it stays, run: "
            "python -m ingest verify"
        )


def translated(
    method: Callable[Concatenate[_S, _P], _T],
) -> Callable[Concatenate[_S, _P], _T]:
    """Decorator that translates Chroma's errors into ours; besides it only `connect` does so."""

    @functools.wraps(method)
    def wrapper(self: _S, /, *args: _P.args, **kwargs: _P.kwargs) -> _T:
        try:
            return method(self, *args, **kwargs)
        except (ChromaError, httpx.HTTPError) as error:
            if is_gone(error):
                raise GenerationGone(str(error)) from error
            options = self._client.get_settings()
            folder = Path(options.persist_directory) if options.is_persistent else None
            raise _store_error(error, folder) from error

    return wrapper


def _store_error(error: Exception, folder: Path | None) -> StoreError:
    remedy = "Check it with: python -m ingest verify"
    if folder is not None:  # what Chroma says of a full disk is often something else
        remedy = obstacle(folder) or remedy
    told = str(error).rstrip(". ")
    return StoreError(f"The vector store gave an error: {told}. {remedy}")


def store_folder(settings: Settings) -> Path:
    """The folder of Chroma's data when it runs inside this process."""
    return settings.data_dir / "chroma"


def written(settings: Settings) -> int | None:
    """The time of the last write to the store's folder, in nanoseconds. None where it cannot tell
    whether the store has changed since: on a server, and within a second of the write, as two
    writes may get one time (the same problem in git: https://git-scm.com/docs/racy-git).

    The file is not opened: closing it would release Chroma's locks on it.
    """
    if settings.chroma_url:
        return None
    try:
        time_written = (store_folder(settings) / "chroma.sqlite3").stat().st_mtime_ns
    except OSError:
        return None
    return time_written if time.time_ns() - time_written > 10**9 else None


_opening = threading.Lock()  # Chroma starts a folder twice when two threads open it at once


def connect(settings: Settings) -> Client:
    """A client of the server at `chroma_url`, else of the folder in `data_dir`; telemetry off.

    Raises:
        StoreError: the server does not answer, or the folder cannot be used; Chroma cannot open a
            folder that it may not write to, not even to read.
    """
    options = ChromaSettings(anonymized_telemetry=False, chroma_otel_granularity="none")
    if not settings.chroma_url:
        return _open_folder(store_folder(settings), options)
    url = httpx.URL(settings.chroma_url)
    ssl = url.scheme == "https"
    port = url.port or (443 if ssl else 80)
    try:
        return chromadb.HttpClient(host=url.host, port=port, ssl=ssl, settings=options)
    except ValueError as error:  # Chroma's error when no server answers
        raise StoreError(
            f"No Chroma server answers at {url.host}:{port}. Start it, or unset "
            "STRATEGIEWIJZER_CHROMA_URL to keep the index in this folder."
        ) from error
    except (ChromaError, httpx.HTTPError) as error:
        raise _store_error(error, None) from error


def _open_folder(path: Path, options: ChromaSettings) -> Client:
    try:
        make_private(path.parent)
        path.mkdir(exist_ok=True)
        with _opening:
            return chromadb.PersistentClient(path=path, settings=options)
    except OSError as error:
        remedy = obstacle(path) or "Check STRATEGIEWIJZER_DATA_DIR."
        raise StoreError(f"The index cannot be opened in {path}: {error}. {remedy}") from error
    except ChromaError as error:
        # Chroma also caches a system that failed to start: the next try would fail for that.
        SharedSystemClient._identifier_to_system.pop(str(path), None)
        raise _store_error(error, path) from error


def create_once(client: Client, name: str, metadata: dict[str, str | float]) -> Collection | None:
    """An empty collection of this name; None when the name is taken."""
    try:
        return client.create_collection(name, embedding_function=None, metadata=metadata)
    except ChromaError as error:  # only the message tells which error it is
        if "already exists" in str(error):
            return None
        raise


def is_gone(error: Exception) -> bool:
    """Whether a collection is not there, or is being removed by another client just now."""
    return isinstance(error, NotFoundError) or "Missing metadata segment" in str(error)


def nearest(collection: Collection, vector: Vectors, count: int) -> list[tuple[str, float]]:
    """The nearest records as (id, cosine), best first."""
    result = collection.query(
        query_embeddings=vector[np.newaxis], n_results=count, include=["distances"]
    )
    distances = (result["distances"] or [[]])[0]
    return [(name, 1.0 - d) for name, d in zip(result["ids"][0], distances, strict=True)]


def vectors(collection: Collection, ids: Sequence[str]) -> dict[str, Vectors]:
    found: dict[str, Vectors] = {}
    for start in range(0, len(ids), BATCH):
        result = collection.get(ids=list(ids[start : start + BATCH]), include=["embeddings"])
        embeddings = np.asarray(result["embeddings"], dtype=np.float32)
        found.update(zip(result["ids"], embeddings, strict=True))
    return found


def present(collection: Collection, ids: Sequence[str]) -> set[str]:
    """Those of the ids that are in the collection."""
    batches = (list(ids[start : start + BATCH]) for start in range(0, len(ids), BATCH))
    return {name for batch in batches for name in collection.get(ids=batch, include=[])["ids"]}


def encode(passage: Passage) -> dict[str, Any]:
    return {
        "document": passage.document.id,
        "passage": passage.model_dump_json(exclude={"id", "text"}),
    }


def decode(result: Any, wanted: Callable[[str], bool] = lambda name: True) -> Iterator[Passage]:
    """Decodes the passages of a result whose ids are wanted.

    Raises:
        StoreError: one is not in the form that `encode` gives.
    """
    for name, text, metadata in zip(
        result["ids"], result["documents"], result["metadatas"], strict=True
    ):
        if not wanted(name):
            continue
        try:
            fields = json.loads(metadata["passage"])
            yield Passage.model_validate({**fields, "id": name, "text": text}, strict=False)
        except (TypeError, KeyError, ValueError) as error:
            raise StoreError(
                f"Passage {name} cannot be read ({type(error).__name__}). "
                "Build the index anew with: python -m ingest --rebuild"
            ) from error
