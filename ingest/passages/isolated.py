"""Reads files in a worker process, so that no file can stop, hang or fill the process of the run.

    Loader.load(path) --path--> serve() in the worker --document and passages, or error--> it

The worker is started as a program of its own rather than by `multiprocessing`, which would run the
main module again (Streamlit's, pytest's, a script's), and sets limits for itself that the kernel
enforces. Answers are JSON, one line each, not pickles: a reader that a hostile file has taken over
must not decide what runs here.
"""

import json
import logging
import math
import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from logging.handlers import BufferingHandler
from pathlib import Path
from typing import Self

from core.errors import DocumentError, Fault, StrategiewijzerError
from core.settings import Settings
from core.source import (
    DocumentKind,
    Frozen,
    Passage,
    PreparedQuestion,
    SourceDocument,
    StaleQuestion,
)
from ingest.passages.split import split
from ingest.reading import question_file
from ingest.reading.blocks import LimitError
from ingest.reading.files import is_official, unforeseen
from ingest.reading.load import load, over_limit
from vectorstore.embeddings import token_counter

# Libraries take their threads when they are imported, so the limit comes first.
_SERVE = (
    "import sys; timeout, memory, limit, estimated, data_dir, *sys.path = sys.argv[1:]; "
    "from core.environment import one_openmp_thread; one_openmp_thread(); "
    "from ingest.passages.isolated import serve; "
    "serve(float(timeout), int(memory), int(limit), bool(int(estimated)), data_dir)"
)
_DYING = 5.0  # seconds for a worker to end by itself before it is killed, so no run hangs on it
_OUT_OF_MEMORY = 77  # exit code; any that Python itself (0, 1, 2, 120) does not end with


class Loaded(Frozen):
    """A source text with its passages, in order, and its prepared questions."""

    document: SourceDocument
    passages: tuple[Passage, ...]
    questions: tuple[PreparedQuestion, ...] = ()
    stale: tuple[StaleQuestion, ...] = ()
    unconfirmed: bool = False  # it calls itself an official text, and nobody has confirmed that


class _Failure(Frozen):
    """A `DocumentError` as data."""

    path: str
    line: int | None
    problem: str
    remedy: str
    fault: Fault = "other"
    field: str = ""


class _Response(Frozen):
    """The answer to one request, and what was logged on the way: logger, level, message."""

    outcome: Loaded | _Failure
    records: tuple[tuple[str, int, str], ...] = ()


class Loader:
    """Loads files one after another in a worker process, which it keeps.

    Use it as a context manager: leaving it ends the worker. `settings` has the limits, and says
    which embedder's tokens are counted; `limit` is the most tokens of a passage.
    """

    def __init__(self, settings: Settings, limit: int = 512) -> None:
        self._timeout = settings.parse_timeout
        self._memory = settings.parse_memory
        self._limit = limit
        self._estimated = bool(settings.embeddings_url)
        self._data_dir = str(settings.data_dir.absolute())
        self._documents_dir = str(settings.documents_dir.absolute())
        self._worker: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def load(self, path: Path) -> Loaded:
        """Loads one file as `load` does, and cuts it as `split` does. It is called an official text
        where `is_official` counts it as one, whatever it calls itself.

        Raises:
            DocumentError: the file cannot be used as it is, takes too much time or memory, or ends
                the worker; the next file gets a new worker.
            StrategiewijzerError: no worker can be started.
        """
        worker = self._worker
        if worker is None or worker.poll() is not None:  # none yet, or ended since the last file
            self._stop()
            worker = self._start()
        expired = threading.Event()

        def expire() -> None:
            expired.set()
            worker.kill()

        timer = threading.Timer(self._timeout, expire)
        timer.start()
        try:
            line = self._ask(worker, path)
        finally:
            timer.cancel()
            timer.join()
        if expired.is_set() or not line.endswith("\n"):
            problem, remedy = self._why(self._stop(_DYING), expired.is_set())
            raise DocumentError(path, None, problem, remedy, "resources")
        answer = _Response.model_validate_json(line)
        for logger, level, message in answer.records:
            logging.getLogger(logger).log(level, "%s", message)
        if isinstance(answer.outcome, _Failure):
            raise DocumentError(**dict(answer.outcome))
        return _called(answer.outcome, official=is_official(path, Path(self._documents_dir)))

    def _start(self) -> subprocess.Popen[str]:
        limits = map(str, (self._timeout, self._memory, self._limit, int(self._estimated)))
        self._worker = subprocess.Popen(  # noqa: S603 - this program itself
            [sys.executable, "-c", _SERVE, *limits, self._data_dir, *sys.path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            start_new_session=True,  # keeps Ctrl-C from the worker, which we end ourselves
        )
        assert self._worker.stdout is not None  # noqa: S101 - it is a pipe
        if not self._worker.stdout.readline():
            code = self._stop(_DYING)
            raise StrategiewijzerError(
                f"The process that reads files did not start (exit code {code}). The reason is "
                "printed above; if it is memory, raise STRATEGIEWIJZER_PARSE_MEMORY."
            )
        return self._worker

    def _ask(self, worker: subprocess.Popen[str], path: Path) -> str:
        """The line that answers a request; without a line end if the worker ended first.

        No answer is longer than the worker's memory.
        """
        assert worker.stdin is not None  # noqa: S101 - it is a pipe
        assert worker.stdout is not None  # noqa: S101
        try:
            worker.stdin.write(json.dumps([str(path), self._documents_dir]) + "\n")
            worker.stdin.flush()
        except BrokenPipeError:
            return ""
        return worker.stdout.readline(self._memory << 20)

    def _stop(self, patience: float = 0) -> int:
        """Ends the worker, or first waits this many seconds for it to end.

        Returns:
            Its exit code (negative: the signal that ended it).
        """
        worker, self._worker = self._worker, None
        if worker is None:
            return 0
        with worker:  # closes the pipes and waits
            try:
                worker.wait(patience)
            except subprocess.TimeoutExpired:
                worker.kill()
        return worker.wait()

    def _why(self, code: int, expired: bool) -> tuple[str, str]:
        """The problem of a file that ended the worker, and the remedy."""
        trusted = (
            "It may be damaged or made to do harm: ask its sender for another copy. Only if you "
            "trust it, save it anew in its own program, split it, or raise STRATEGIEWIJZER_PARSE_"
        )
        if expired:
            return f"takes longer than {self._timeout:g} seconds to read", f"{trusted}TIMEOUT."
        remedy = f"{trusted}MEMORY ({self._memory} megabytes now)."
        if code == _OUT_OF_MEMORY:
            return f"takes more than {self._memory} megabytes of memory to read", remedy
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        return f"ends the process that reads it ({how})", remedy


def _called(loaded: Loaded, *, official: bool) -> Loaded:
    """The same document, called an official text or not."""
    stated = loaded.document.kind
    kind: DocumentKind = "official" if official else "upload" if stated == "official" else stated
    if kind == stated:
        return loaded
    document = loaded.document.model_copy(update={"kind": kind})
    passages = (part.model_copy(update={"document": document.info}) for part in loaded.passages)
    return loaded.model_copy(
        update={"document": document, "passages": tuple(passages), "unconfirmed": not official}
    )


def serve(timeout: float, memory: int, limit: int, estimated: bool, data_dir: str) -> None:
    """Answers requests on standard input until it ends; an empty first line signals readiness.

    A request is a JSON list: the path of a file, and the folder with the organisation's own
    documents, whose prepared questions count too.

    Args:
        timeout: processor time for one file, in seconds.
        memory: address space of this process, in megabytes.
        limit: the most tokens of a passage.
        estimated, data_dir: how tokens are counted (`vectorstore.embeddings.token_counter`).
    """
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)  # keeps what libraries print out of the answers
    token_count = token_counter(estimated=estimated, data_dir=Path(data_dir))
    log = BufferingHandler(sys.maxsize)
    logging.basicConfig(level=logging.INFO, handlers=[log])
    _set_limit(resource.RLIMIT_AS, memory << 20)
    print(file=answers)
    for line in sys.stdin:
        # Ends this process when a file takes too long, also when nobody waits for it.
        _set_limit(resource.RLIMIT_CPU, math.ceil(time.process_time() + timeout) + 1)
        path, documents_dir = map(Path, json.loads(line))
        try:
            print(_answer(path, documents_dir, token_count, limit, log), file=answers)
        except MemoryError:
            os._exit(_OUT_OF_MEMORY)


def _answer(
    path: Path,
    documents_dir: Path,
    token_count: Callable[[str], int],
    limit: int,
    log: BufferingHandler,
) -> str:
    log.flush()
    try:
        document = load(path, documents_dir)
        passages = split(document, token_count, limit)
        own = question_file.own_file(documents_dir, document.key)
        questions, stale = question_file.prepared_questions(question_file.read(path, own), passages)
        loaded = Loaded(
            document=document,
            passages=tuple(passages),
            questions=tuple(questions),
            stale=tuple(stale),
        )
        return _response(loaded, log)
    except MemoryError:
        raise
    except DocumentError as error:
        failure = error
    except LimitError as error:
        failure = over_limit(path, error)
    except Exception as error:  # noqa: BLE001 - any error is a failure of this file only
        failure = unforeseen(path, error)
    return _response(_Failure.model_validate(failure, from_attributes=True), log)


def _response(outcome: Loaded | _Failure, log: BufferingHandler) -> str:
    records = tuple(  # the name of a file in a message need not be text
        (r.name, r.levelno, r.getMessage().encode("utf-8", "backslashreplace").decode())
        for r in log.buffer
    )
    return _Response(outcome=outcome, records=records).model_dump_json()


def _set_limit(name: int, value: int) -> None:
    _, hard = resource.getrlimit(name)
    resource.setrlimit(name, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))
