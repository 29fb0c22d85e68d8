"""The Chroma client, of which this is the only importer: how it is reached, what it is asked, and
its failures with their remedy."""

import functools
import itertools
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from shlex import quote
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
from chromadb.errors import (
    ChromaError,
    DuplicateIDError,
    IDAlreadyExistsError,
    InvalidArgumentError,
    InvalidDimensionException,
    NotFoundError,
)

from core.errors import StoreError
from core.files import is_damaged, make_private, obstacle, printable
from core.settings import Settings
from vectorstore.embeddings import Vectors

__all__ = ["ChromaError", "Client", "Collection", "Fields", "NotFoundError", "Records", "Where"]

BATCH = 1000  # records per call, well below what SQLite takes at once
_QUIET: dict[str, Any] = {"anonymized_telemetry": False, "chroma_otel_granularity": "none"}
PATIENCE = 60.0  # seconds for a server's reply; the largest, a batch of vectors, takes a few
_opening = threading.Lock()  # Chroma starts a folder twice when two threads open it at once
LONGEST = 300  # characters of an error: a proxy sends a page
_S = TypeVar("_S", bound="_OfAStore")
_P = ParamSpec("_P")
_T = TypeVar("_T")
REFUSALS = (DuplicateIDError, IDAlreadyExistsError, InvalidArgumentError, InvalidDimensionException)
"""What Chroma raises for records that it does not take; it then writes none of them."""


class _OfAStore(Protocol):
    _client: Client


class GenerationGone(StoreError):  # noqa: N818 - a signal inside this package
    """Another process removed the generation; read the pointer again."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"A part of the index is gone: {reason}. Try again; if it stays, run: "
            "python -m ingest verify"
        )


class DocumentsRefused(StoreError):  # noqa: N818 - a signal, as the one above
    """The store does not take the records of these documents (keys); each with the reason."""

    def __init__(self, reasons: Mapping[str, str]) -> None:
        key, reason = next(iter(reasons.items()))
        others = f" and {len(reasons) - 1} others" if len(reasons) > 1 else ""
        super().__init__(
            f"The vector store refuses the document {printable(key)}{others}: {reason}. Check the "
            "embedder with: ./strategiewijzer doctor"
        )
        self.reasons = dict(reasons)


def translated(method: Callable[Concatenate[_S, _P], _T]) -> Callable[Concatenate[_S, _P], _T]:
    """Decorator that translates Chroma's errors into ours; besides it only `connect` does so."""

    @functools.wraps(method)
    def wrapper(self: _S, /, *args: _P.args, **kwargs: _P.kwargs) -> _T:
        try:
            return method(self, *args, **kwargs)
        except Exception as error:
            if not is_failure(error):
                raise
            options = self._client.get_settings()
            if is_gone(error):
                raise GenerationGone(message_of(error, options)) from error
            folder = Path(options.persist_directory) if options.is_persistent else None
            raise _store_error(error, options, folder) from error

    return wrapper


def message_of(error: Exception, options: ChromaSettings) -> str:
    """What Chroma or its server says, in a short line. Where a secret was sent the text of a server
    is left out: it may repeat the secret, in any form."""
    sent_secret = options.chroma_client_auth_credentials
    if sent_secret and not isinstance(error, httpx.TransportError):
        return _status(error) or f"{type(error).__name__} (its text may repeat the token)"
    return " ".join(str(error).split())[:LONGEST].rstrip(". ")


def _status(error: BaseException | None) -> str:
    """The status of HTTP that an error was raised for, in words; empty when there is none."""
    while error is not None:
        if isinstance(error, httpx.HTTPStatusError):
            code = error.response.status_code
            return f"{code} {httpx.codes.get_reason_phrase(code)}".strip()
        error = error.__context__
    return ""


def _store_error(error: Exception, options: ChromaSettings, folder: Path | None) -> StoreError:
    """An error with the message of Chroma or its server, and the remedy. Without a folder the store
    is on a server."""
    reason, remedy = message_of(error, options), "Check it with: python -m ingest verify"
    if isinstance(error, httpx.TransportError):
        remedy = "Does the Chroma server run? Try again; what is kept there stays."
    elif folder is not None and is_damaged(reason):
        remedy = (
            f"The index in {folder} is damaged. With the app stopped, restore a backup "
            f"(./strategiewijzer restore FILE), or make it anew: rm -r {quote(str(folder))} && "
            "./strategiewijzer ingest"
        )
    if folder is not None:  # what Chroma says of a full disk is often something else
        remedy = obstacle(folder) or remedy
    return StoreError(f"The vector store gave an error: {reason}. {remedy}")


def is_failure(error: Exception) -> bool:
    """Whether an error is of Chroma, or of what is between it and us. What its client cannot read,
    such as a proxy's page, is a bare `Exception`."""
    return isinstance(error, ChromaError | httpx.HTTPError) or type(error) is Exception


def is_gone(error: Exception) -> bool:
    """Whether a collection is not there, or is being removed by another client just now."""
    return isinstance(error, NotFoundError) or "Missing metadata segment" in str(error)


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


def connect(settings: Settings) -> Client:
    """A client of the server at `chroma_url`, else of the folder in `data_dir`; telemetry off.
    Raises StoreError: the server does not answer, or the folder cannot be used; Chroma cannot open
    a folder that it may not write to, not even to read."""
    if not settings.chroma_url:
        return _open_folder(store_folder(settings), ChromaSettings(**_QUIET))
    url, options = httpx.URL(settings.chroma_url), _server_options(settings)
    ssl = url.scheme == "https"
    port = url.port or (443 if ssl else 80)
    tenant, database = settings.chroma_tenant, settings.chroma_database
    try:
        client = chromadb.HttpClient(
            host=url.host, port=port, ssl=ssl, settings=options, tenant=tenant, database=database
        )
    except NotFoundError as error:
        raise StoreError(
            f"The Chroma server at {url.host}:{port} has no tenant {settings.chroma_tenant!r} with "
            f"a database {settings.chroma_database!r}. Make them (docs/servers.md), or correct "
            "STRATEGIEWIJZER_CHROMA_TENANT and _DATABASE."
        ) from error
    except Exception as error:
        if not (is_failure(error) or isinstance(error, ValueError)):
            raise
        raise _no_client(error, f"{url.host}:{port}", options) from error
    session = getattr(getattr(client, "_server", None), "_session", None)
    if isinstance(session, httpx.Client):
        session.timeout = httpx.Timeout(PATIENCE)  # it waits for ever for a server that hangs
    return client


def _server_options(settings: Settings) -> ChromaSettings:
    secret = settings.chroma_token.get_secret_value()
    if not secret:
        return ChromaSettings(**_QUIET)
    if settings.chroma_user:
        provider, secret = "basic_authn.BasicAuth", f"{settings.chroma_user}:{secret}"
    else:
        provider = "token_authn.TokenAuth"
    return ChromaSettings(
        **_QUIET,
        chroma_client_auth_provider=f"chromadb.auth.{provider}ClientProvider",
        chroma_client_auth_credentials=secret,
    )


def _no_client(error: Exception, address: str, options: ChromaSettings) -> StoreError:
    """Why a server gives no client; Chroma's ValueError stands for what it was raised for."""
    cause = error.__context__ if isinstance(error, ValueError) else error
    if isinstance(cause, httpx.ConnectError) and "certificate" in str(cause).lower():
        return StoreError(
            f"Nobody vouches for the certificate of the Chroma server at {address}: {cause}. "
            "Set SSL_CERT_FILE to the certificate of who issued it."
        )
    if isinstance(cause, httpx.TransportError):
        return StoreError(
            f"No Chroma server answers at {address}. Start it, or unset "
            "STRATEGIEWIJZER_CHROMA_URL to keep the index in this folder."
        )
    return StoreError(
        f"The Chroma server at {address}, or what is before it, refuses: "
        f"{message_of(error, options)}. Where it asks for a token or a password, set "
        "STRATEGIEWIJZER_CHROMA_TOKEN, for a password also _CHROMA_USER."
    )


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
        raise _store_error(error, options, path) from error


def batches(items: Iterable[_T], size: int = BATCH) -> Iterator[list[_T]]:
    """The items in their order, in lists of `size`; the last list may be shorter.
    `itertools.batched` of Python 3.12 does the same."""
    iterator = iter(items)
    while batch := list(itertools.islice(iterator, size)):
        yield batch


def nearest(collection: Collection, vector: Vectors, count: int) -> list[tuple[str, float]]:
    """The nearest records as (id, cosine), best first."""
    result = collection.query(
        query_embeddings=vector[np.newaxis], n_results=count, include=["distances"]
    )
    distances = (result["distances"] or [[]])[0]
    return [(name, 1.0 - d) for name, d in zip(result["ids"][0], distances, strict=True)]
