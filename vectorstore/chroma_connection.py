"""Connects to Chroma: to a server, else to a folder inside this process."""

import threading
import time
from pathlib import Path
from typing import Any

import chromadb
import httpx
from chromadb.api import ClientAPI as Client
from chromadb.api.shared_system_client import SharedSystemClient
from chromadb.config import Settings as ChromaSettings
from chromadb.errors import ChromaError, NotFoundError

from core.disk import make_private, obstacle
from core.errors import StoreError
from core.settings import Settings
from vectorstore.chroma_errors import is_failure, said, store_error

_QUIET: dict[str, Any] = {"anonymized_telemetry": False, "chroma_otel_granularity": "none"}
PATIENCE = 60.0  # seconds for a server's reply; the largest, a batch of vectors, takes a few


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
    if not settings.chroma_url:
        return _open_folder(store_folder(settings), ChromaSettings(**_QUIET))
    url = httpx.URL(settings.chroma_url)
    ssl = url.scheme == "https"
    port = url.port or (443 if ssl else 80)
    try:
        client = chromadb.HttpClient(
            host=url.host,
            port=port,
            ssl=ssl,
            settings=_server_options(settings),
            tenant=settings.chroma_tenant,
            database=settings.chroma_database,
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
        sent_secret = bool(settings.chroma_token.get_secret_value())
        raise _no_client(error, f"{url.host}:{port}", sent_secret=sent_secret) from error
    _bound_waiting(client)
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


def _no_client(error: Exception, address: str, *, sent_secret: bool) -> StoreError:
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
    told = said(error, sent_secret=sent_secret)
    return StoreError(
        f"The Chroma server at {address}, or what is before it, refuses: {told}. Where it asks for "
        "a token or a password, set STRATEGIEWIJZER_CHROMA_TOKEN, for a password also _CHROMA_USER."
    )


def _bound_waiting(client: Client) -> None:
    """Chroma's own client waits for ever for a server that hangs."""
    session = getattr(getattr(client, "_server", None), "_session", None)
    if isinstance(session, httpx.Client):
        session.timeout = httpx.Timeout(PATIENCE)


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
        raise store_error(error, said(error, sent_secret=False), path) from error
