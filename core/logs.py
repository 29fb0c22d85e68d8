"""Logs: one record a line, as text or as JSON, with the id of the request that it belongs to.

A record is a message and, where there are any, `fields` in its `extra`. Of an error only its type
and its places in the code are written: its message may hold a question or a text.
"""

import json
import logging
import re
import sys
import threading
import traceback
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from core.errors import kind_and_place
from core.files import printable

logger = logging.getLogger(__name__)

PACKAGES = (
    *("api", "chain", "command", "core", "eval", "ingest", "language", "userdata", "prompts"),
    *("research", "ui", "vectorstore"),
)
"""Whose records are written from the configured level on."""
_SERVERS = ("streamlit", "uvicorn", "websockets")  # they give their loggers handlers of their own
_LONGEST = 4000  # characters of a message; a header from outside may be longer
_FRAMES = 5  # innermost places of an error: these tell most errors apart
_VALID_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")  # nothing that means anything in a line or header

_request_id: ContextVar[str] = ContextVar("request_id", default="")


def request_id() -> str:
    """The id of the request under way; empty outside of one."""
    return _request_id.get()


@contextmanager
def request(given: str = "") -> Iterator[str]:
    """Gives all records in it one id: `given`, or a new one if that is not valid."""
    token = _request_id.set(given if _VALID_ID.fullmatch(given) else uuid.uuid4().hex)
    try:
        yield _request_id.get()
    finally:
        _request_id.reset(token)


def set_up(form: Literal["text", "json"], level: str) -> None:
    """Writes the records of this process to standard error, those of a server in it as well.

    Libraries are heard from warnings on, whatever the level: at lower ones they log what they send.
    """
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if isinstance(handler, _Lines)]:
        root.removeHandler(handler)
    root.addHandler(_Lines(form))
    root.setLevel(logging.WARNING)
    for name in PACKAGES:
        logging.getLogger(name).setLevel(level.upper())
    for name, logger in list(logging.root.manager.loggerDict.items()):
        if _is_of_server(name) and isinstance(logger, logging.Logger):
            logger.handlers.clear()
            logger.setLevel(logging.NOTSET)
            logger.__class__ = _ServerLogger
    logging.setLoggerClass(_LoggerByName)


def log_uncaught() -> None:
    """Writes a record of what Python would print itself: errors that end a thread or that nobody
    can catch, and warnings. An error that ends the process is still printed by Python."""
    logging.captureWarnings(True)
    threading.excepthook = _thread_ended
    sys.unraisablehook = lambda found: logger.error(
        "An error was left aside", exc_info=found.exc_value
    )


def _thread_ended(found: threading.ExceptHookArgs) -> None:
    if not isinstance(found.exc_value, SystemExit):  # which ends a thread silently
        logger.error("A thread was ended by an error", exc_info=found.exc_value)


def _is_of_server(name: str) -> bool:
    return name.partition(".")[0] in _SERVERS


class _ServerLogger(logging.Logger):
    """Leaves writing to the root logger, whatever the server that it belongs to sets: Streamlit
    gives handlers to each logger that it makes, and to all when its configuration changes."""

    propagate: Any = property(lambda _: True, lambda _, __: None)

    def addHandler(self, hdlr: logging.Handler) -> None:  # noqa: N802 - logging's name
        pass

    def setLevel(self, level: int | str) -> None:  # noqa: N802 - logging's name
        pass


class _LoggerByName(logging.Logger):
    """What `logging` makes new loggers by: those of servers are of another kind."""

    def __new__(cls, name: str) -> logging.Logger:  # type: ignore[misc]
        return (_ServerLogger if _is_of_server(name) else logging.Logger)(name)


class _Lines(logging.Handler):
    """Writes each record as one line."""

    def __init__(self, form: Literal["text", "json"]) -> None:
        super().__init__()
        self._written = _as_json if form == "json" else _as_text

    def emit(self, record: logging.LogRecord) -> None:
        try:
            sys.stderr.write(f"{self._written(record)}\n")
            sys.stderr.flush()
        except Exception:  # noqa: BLE001 - as in logging's own handlers
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Says where a record could not be written; logging's own would print its arguments."""
        sys.stderr.write(f"A log record of {Path(record.pathname).name}:{record.lineno} is lost\n")


def _as_text(record: logging.LogRecord) -> str:
    """Time, level, logger, [request], message, fields as name=value; printable characters only."""
    facts = _facts(record)
    known = (facts.pop(name) for name in ("time", "level", "logger"))
    asked, message = facts.pop("request_id", ""), facts.pop("message")
    parts = [*known, f"[{asked}]" if asked else "", message]
    parts += [f"{name}={value}" for name, value in facts.items()]
    return printable(" ".join(str(part) for part in parts if part != ""))


def _as_json(record: logging.LogRecord) -> str:
    return json.dumps(_facts(record), default=str)  # in ASCII, so in one line


def _facts(record: logging.LogRecord) -> dict[str, object]:
    fields: Mapping[str, object] = getattr(record, "fields", {})
    error = record.exc_info[1] if record.exc_info else None
    # A server's messages may repeat what somebody sent: only their form is written.
    message = str(record.msg) if _is_of_server(record.name) else record.getMessage()
    if error is not None:
        message = message.partition("\n")[0]  # asyncio goes on with the error itself
    facts: dict[str, object] = {
        "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
        "level": record.levelname,
        "logger": record.name,
        "message": message[:_LONGEST],
    }
    if current_request := request_id():
        facts["request_id"] = current_request
    if error is not None:
        frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
        facts["error"] = kind_and_place(error)
        places = (f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames)
        facts["places"] = ", ".join(places)
    return {**fields, **facts}
