"""The real app in a process of its own, for benchmarks."""

import contextlib
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

from core.errors import StoreError

_START = 120  # seconds within which the app must start


def environment(variables: Mapping[str, str]) -> list[str]:
    """The beginning of a command line that sets these environment variables."""
    return ["/usr/bin/env", *(f"{name}={value}" for name, value in variables.items())]


@contextlib.contextmanager
def served(
    root: Path, folder: Path, variables: Mapping[str, str] = {}
) -> Iterator[tuple[str, int]]:
    """Runs the app of a checkout on folder/data, with more environment variables; yields its
    address and process id.

    Raises:
        StoreError: it does not start.
    """
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    address = f"http://localhost:{port}"
    command = [
        *environment({"STRATEGIEWIJZER_DATA_DIR": str(folder / "data"), **variables}),
        *(sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)),
    ]
    log = folder / "log"
    with log.open("w") as output:
        app = subprocess.Popen(command, cwd=root, stdout=output, stderr=subprocess.STDOUT)  # noqa: S603 # our own
    try:
        _wait(address, app, log)
        yield address, app.pid
    finally:
        app.terminate()
        app.wait()


def _wait(address: str, app: "subprocess.Popen[bytes]", log: Path) -> None:
    """Waits until the app answers.

    Raises:
        StoreError: it ends, or does not answer within two minutes.
    """
    for _ in range(10 * _START):
        if app.poll() is not None:
            break
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"{address}/_stcore/health", timeout=5).close()  # noqa: S310 # ours
            return
        time.sleep(0.1)
    raise StoreError(f"The app did not start. It said:\n{log.read_text('utf-8')}")
