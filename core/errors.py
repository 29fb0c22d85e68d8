"""Errors that people and programs see: what is wrong, and the remedy."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from core.answer import ModelTrouble
from core.files import MEGABYTE, as_text, in_megabytes, obstacle, printable
from core.source import Frozen

Fault = Literal[
    "value",
    "front_matter",
    "format",
    "damaged",
    "password",
    "protected",
    "no_text",
    "scan",
    "encoding",
    "unsafe",
    "limits",
    "large",
    "resources",
    "double",
    "unreadable",
    "changing",
    "questions",
    "other",
]
"""The kind of problem with a document, in this order: a field's value; front matter or a sidecar
that is no list of fields; a format that is not read; a damaged file; a password; protection
against copying; no text; only pictures of text; an unknown encoding; content that only an attack
needs; too many parts; too many bytes; too much time or memory; the id and language of another file;
no permission, or no file; a file that is being written; the file of its prepared questions;
anything else."""


ApiErrorType = Literal[
    "invalid_request_error",
    "authentication_error",
    "permission_error",
    "not_found_error",
    "rate_limit_error",
    "server_error",
]
"""What is to be done: correct the request, send a key, ask for more rights, ask for what is there,
wait, or tell whoever runs the service."""

MAX_BODY = MEGABYTE  # bytes: a question and twenty earlier answers have a fifth of it
"""How long a request may be."""

NO_KEY = (
    "This needs a valid key, sent as the header 'Authorization: Bearer KEY'. Whoever runs this "
    "service makes one with: ./strategiewijzer keys new NAME --scope ask"
)


class StrategiewijzerError(Exception):
    """Base of every error this project raises on purpose."""


class SettingsError(StrategiewijzerError):
    """A setting has a wrong value or is unknown."""


class DocumentError(StrategiewijzerError):
    """A source text cannot be used as it is, at a line (from 1) or as a whole. With the kind of
    problem, for messages in other languages, and the field of `DocumentInfo` that is wrong."""

    def __init__(
        self,
        path: object,
        line: int | None,
        problem: str,
        remedy: str,
        fault: Fault = "other",
        field: str = "",
    ) -> None:
        place = printable(path) if line is None else f"{printable(path)}:{line}"
        super().__init__(f"{place}: {problem}. {remedy}")
        self.path = as_text(path)
        self.line = line
        self.problem = problem
        self.remedy = remedy
        self.fault = fault
        self.field = field


def too_large(limit: int) -> tuple[str, str]:
    """What is wrong with a source text of more bytes than this, and the remedy."""
    return (
        f"is larger than {in_megabytes(limit)}, the most that a file may have",
        "Split it, take large pictures out, or raise STRATEGIEWIJZER_MAX_FILE_SIZE.",
    )


class NotAllowedError(StrategiewijzerError):
    """The user's role does not include what was asked."""


class SignInError(NotAllowedError):
    """Nobody is signed in, or the sign-in expired."""


class NotKeptError(StrategiewijzerError):
    """What was given cannot be kept as it is; what was there stays as it was."""


class DecidedError(StrategiewijzerError):
    """Somebody else has decided on it meanwhile; nothing was done."""


class FetchError(StrategiewijzerError):
    """An official text could not be fetched."""

    def __init__(self, what: object, problem: str, remedy: str) -> None:
        super().__init__(f"{what}: {problem}. {remedy}")


class NoIndexError(StrategiewijzerError):
    """Nothing has been ingested yet."""

    def __init__(self) -> None:
        super().__init__("There is no index yet. Build it with: make ingest")


class IndexMismatchError(StrategiewijzerError):
    """The index was made by another embedder, or another version of this program."""


class LockedError(StrategiewijzerError):
    """Another ingest run is busy, or an app uses the data folder."""


class StoreError(StrategiewijzerError):
    """The vector store cannot be reached or gives a wrong answer."""


class ArchiveError(StrategiewijzerError):
    """A backup cannot be written, or is damaged, foreign or too new."""


class ModelError(StrategiewijzerError):
    """A language model or embeddings server failed; the message never holds a secret.

    `reason` is why the language model did not answer; where that is "paused", `first` is why the
    model failed before, and where it is "cut", why it broke off.
    """

    def __init__(
        self, message: str, reason: ModelTrouble = "failed", first: ModelTrouble | None = None
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.first = first or reason


class PromptError(StrategiewijzerError):
    """A prompt lacks a placeholder that the code fills, or a file of words has wrong entries."""


class QuestionSetError(StrategiewijzerError):
    """A question set is not in the agreed format; names the entry and the key."""


@contextmanager
def writing_to(place: Path, remedy: str = "Check your rights there.") -> Iterator[None]:
    """Reports that the block cannot write in this place as a StoreError; `remedy` is for where no
    obstacle is found."""
    try:
        yield
    except OSError as error:
        remedy = obstacle(place) or remedy
        raise StoreError(
            f"Nothing can be written in {place}: {error.strerror}. {remedy}"
        ) from error


def kind_and_place(error: BaseException) -> str:
    """Type and place of an error ("IndexError at sources.py:53"), without its message, which may
    hold a question or a text."""
    frames = traceback.extract_tb(error.__traceback__)
    places = [f" at {Path(frame.filename).name}:{frame.lineno}" for frame in frames[-1:]]
    return type(error).__name__ + "".join(places)


class ErrorDetail(Frozen):
    """What is wrong with a request."""

    message: str  # with what to do
    type: ApiErrorType
    param: str | None = None  # the part of the request that is meant
    code: str  # for programs (docs/api.md)


class ErrorReply(Frozen):
    """The body of every reply with a status of 400 or more."""

    error: ErrorDetail


def error_reply(status: int, message: str, code: str, param: str | None = None) -> ErrorReply:
    """The body that goes with an HTTP status."""
    types: dict[int, ApiErrorType] = {
        401: "authentication_error",
        403: "permission_error",
        404: "not_found_error",
        429: "rate_limit_error",
    }
    kind = types.get(status, "server_error" if status >= 500 else "invalid_request_error")
    return ErrorReply(error=ErrorDetail(message=message, type=kind, param=param, code=code))
