"""The worker process that reads and cuts files for isolated.py: one line per request and answer.

It sets limits for itself that the kernel enforces, and imports nothing of the process that started
it.
"""

import json
import logging
import math
import os
import resource
import sys
import time
from pathlib import Path
from typing import TextIO

from core.environment import one_openmp_thread
from core.errors import DocumentError, Fault, kind_and_place
from core.files import as_text
from core.prepared import PreparedQuestion, StaleQuestion
from core.source import Frozen, Passage, SourceDocument

OUT_OF_MEMORY = 77  # exit code; any that Python itself (0, 1, 2, 120) does not end with


class LoadFailure(Frozen):
    """A `DocumentError` as data."""

    path: str
    line: int | None
    problem: str
    remedy: str
    fault: Fault = "other"
    field: str = ""

    @classmethod
    def of(cls, error: DocumentError) -> "LoadFailure":
        return cls.model_validate(error, from_attributes=True)


class LogRecord(Frozen):
    """A log record, as data."""

    logger: str
    level: int
    message: str


class Loaded(Frozen):
    """A source text with its passages, in order, and its prepared questions."""

    document: SourceDocument
    passages: tuple[Passage, ...]
    questions: tuple[PreparedQuestion, ...] = ()
    stale: tuple[StaleQuestion, ...] = ()
    unconfirmed: bool = False  # it calls itself an official text, and nobody has confirmed that


class Response(Frozen):
    """The answer to one request, and the log records on the way."""

    outcome: Loaded | LoadFailure
    records: tuple[LogRecord, ...] = ()


def serve(timeout: float, memory: int, limit: int, estimated: bool, data_dir: str) -> None:
    """Answers requests on standard input until it ends.

    A request is a JSON list: the path of a file, and the folder with the organisation's own
    documents, whose prepared questions count too. The first line of output is empty and signals
    readiness.

    Args:
        timeout: processor time for one file, in seconds.
        memory: address space of this process, in megabytes.
        limit: the most tokens of a passage.
        estimated, data_dir: how tokens are counted (`vectorstore.embeddings.token_counter`).
    """
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # keeps what libraries print out of the answers
    one_openmp_thread()
    # not earlier: the libraries that these import take their threads at import
    from ingest.passages.split import split
    from ingest.reading import question_file
    from ingest.reading.blocks import LimitError
    from ingest.reading.files import unforeseen
    from ingest.reading.load import load, over_limit
    from ingest.reading.question_file import prepared_questions
    from vectorstore.embeddings import token_counter

    def outcome(path: Path, documents_dir: Path) -> Loaded | LoadFailure:
        try:
            document = load(path, documents_dir)
            passages = split(document, token_count, limit)
            own = question_file.own_file(documents_dir, document.key)
            questions, stale = prepared_questions(question_file.read(path, own), passages)
            return Loaded(
                document=document,
                passages=tuple(passages),
                questions=tuple(questions),
                stale=tuple(stale),
            )
        except DocumentError as error:
            return LoadFailure.of(error)
        except LimitError as error:
            return LoadFailure.of(over_limit(path, error))
        except MemoryError:
            os._exit(OUT_OF_MEMORY)
        except Exception as error:  # noqa: BLE001 - any error is a failure of this file only
            return LoadFailure.of(unforeseen(path, error))

    token_count = token_counter(estimated=estimated, data_dir=Path(data_dir))
    log = _Log()
    logging.basicConfig(level=logging.INFO, handlers=[log])
    _set_limit(resource.RLIMIT_AS, memory << 20)
    _send(answers, "")
    for line in sys.stdin:
        _limit_time(timeout)
        path, documents_dir = map(Path, json.loads(line))
        result = outcome(path, documents_dir)
        try:
            written = as_json(Response(outcome=result, records=log.take()), path)
        except MemoryError:
            os._exit(OUT_OF_MEMORY)
        _send(answers, written)


def as_json(answer: Response, path: Path) -> str:
    """An answer as one line, or the failure to write it."""
    try:
        return answer.model_dump_json()
    except ValueError as error:  # the text cannot be encoded: it has a lone surrogate, for example
        failure = LoadFailure(
            path=as_text(path),
            line=None,
            problem=f"was read, but the result could not be written ({kind_and_place(error)})",
            remedy="Open it in its own program and save it again, or save its text in a new file.",
        )
        return Response(outcome=failure).model_dump_json()


class _Log(logging.Handler):
    """Collects log records until they are sent."""

    def __init__(self) -> None:
        super().__init__()
        self._records: list[LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage().encode("utf-8", "backslashreplace").decode()
        self._records.append(LogRecord(logger=record.name, level=record.levelno, message=message))

    def take(self) -> tuple[LogRecord, ...]:
        taken, self._records = tuple(self._records), []
        return taken


def _send(answers: TextIO, line: str) -> None:
    answers.write(line + "\n")
    answers.flush()


def _limit_time(timeout: float) -> None:
    """Ends this process when a file takes too long, also when nobody waits for it."""
    _set_limit(resource.RLIMIT_CPU, math.ceil(time.process_time() + timeout) + 1)


def _set_limit(name: int, value: int) -> None:
    _, hard = resource.getrlimit(name)
    resource.setrlimit(name, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))
