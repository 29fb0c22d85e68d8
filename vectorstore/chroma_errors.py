"""Errors of Chroma and of its servers, as ours."""

import functools
from collections.abc import Callable
from pathlib import Path
from shlex import quote
from typing import Concatenate, ParamSpec, Protocol, TypeVar

import httpx
from chromadb.api import ClientAPI
from chromadb.errors import ChromaError, NotFoundError

from core.disk import is_damaged, obstacle
from core.errors import StoreError


class _OfAStore(Protocol):
    _client: ClientAPI


LONGEST = 300  # characters of an error: a proxy sends a page
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
        except Exception as error:
            if not is_failure(error):
                raise
            options = self._client.get_settings()
            told = said(error, sent_secret=bool(options.chroma_client_auth_credentials))
            if is_gone(error):
                raise GenerationGone(told) from error
            folder = Path(options.persist_directory) if options.is_persistent else None
            raise store_error(error, told, folder) from error

    return wrapper


def said(error: Exception, *, sent_secret: bool) -> str:
    """What Chroma or its server said, in a short line. Where a secret was sent the text of a server
    is left out: it may repeat the secret, in any form."""
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


def store_error(error: Exception, told: str, folder: Path | None) -> StoreError:
    """What Chroma or its server said, with the remedy.

    Args:
        error: of Chroma or its client.
        told: of it, as `said`.
        folder: of the store; None: on a server.
    """
    remedy = "Check it with: python -m ingest verify"
    if isinstance(error, httpx.TransportError):
        remedy = "Does the Chroma server run? Try again; what is kept there stays."
    elif folder is not None and is_damaged(told):
        remedy = (
            f"The index in {folder} is damaged. With the app stopped, restore a backup "
            f"(./strategiewijzer restore FILE), or make it anew: rm -r {quote(str(folder))} && "
            "./strategiewijzer ingest"
        )
    if folder is not None:  # what Chroma says of a full disk is often something else
        remedy = obstacle(folder) or remedy
    return StoreError(f"The vector store gave an error: {told}. {remedy}")


def is_failure(error: Exception) -> bool:
    """Whether an error is of Chroma, or of what is between it and us. What its client cannot read,
    such as a proxy's page, is a bare `Exception`."""
    return isinstance(error, ChromaError | httpx.HTTPError) or type(error) is Exception


def is_gone(error: Exception) -> bool:
    """Whether a collection is not there, or is being removed by another client just now."""
    return isinstance(error, NotFoundError) or "Missing metadata segment" in str(error)
