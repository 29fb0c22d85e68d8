"""Reads files in a worker process, so that no file can stop, hang or fill the process of the run.

    Loader.load(path) --path--> ingest/passages/worker.py --document and passages, or error--> it

The worker is started as a program of its own rather than by `multiprocessing`, which would run the
main module again (Streamlit's, pytest's, a script's). Answers are JSON, not pickles: a reader that
a hostile file has taken over must not decide what runs here.
"""

import json
import logging
import subprocess
import sys
import threading
from pathlib import Path
from typing import Self

from core.errors import DocumentError, StrategiewijzerError
from core.settings import Settings
from core.source import DocumentKind
from ingest.passages.worker import OUT_OF_MEMORY, Loaded, LoadFailure, Response
from ingest.reading.files import is_official

_SERVE = (
    "import sys; "
    "timeout, memory, limit, estimated, data_dir, *sys.path = sys.argv[1:]; "
    "from ingest.passages.worker import serve; "
    "serve(float(timeout), int(memory), int(limit), bool(int(estimated)), data_dir)"
)
_DYING = 5.0  # seconds for a worker to end by itself before it is killed, so no run hangs on it


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
        answer = Response.model_validate_json(line)
        for record in answer.records:
            logging.getLogger(record.logger).log(record.level, "%s", record.message)
        if isinstance(answer.outcome, LoadFailure):
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
        if code == OUT_OF_MEMORY:
            return (
                f"takes more than {self._memory} megabytes of memory to read",
                f"{trusted}MEMORY.",
            )
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        return (
            f"ends the process that reads it ({how})",
            f"{trusted}MEMORY ({self._memory} megabytes now).",
        )


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
