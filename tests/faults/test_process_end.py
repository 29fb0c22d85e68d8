"""A process ends with the exit code of what it did, whatever its threads are doing then."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from itertools import islice

import pytest

from core.settings import ROOT, Settings
from tests.support.interrupting import interruptible
from tests.support.openai_server import Reply, Request, Script, openai_server, reply_of
from tests.support.waiting import SILENT

pytestmark = pytest.mark.usefixtures("nothing_kept")

_SMALL = 4096  # bytes
QUESTION = "How many reports of online child sexual abuse were there in the EU in 2019?"


@pytest.fixture
def server() -> Iterator[Script]:
    with openai_server() as script:
        yield script


def _started(settings: Settings, server: Script, *arguments: str) -> subprocess.Popen[str]:
    """A process that asks the scripted model."""
    about = {
        "STRATEGIEWIJZER_DATA_DIR": str(settings.data_dir),
        "STRATEGIEWIJZER_MODEL": "scripted",
        "OPENAI_BASE_URL": server.url,
    }
    command, pipe = [sys.executable, *arguments], subprocess.PIPE
    environment = {**os.environ, **about}
    # In small pipes it is hardly ahead of what is read of it.
    return subprocess.Popen(
        *(command, _SMALL), cwd=ROOT, env=environment, text=True,
        stdin=pipe, stdout=pipe, stderr=pipe, pipesize=_SMALL,
    )  # fmt: skip


@pytest.mark.long
def test_a_command_that_asked_a_model_ends_with_0(settings: Settings, server: Script) -> None:
    server.reply = reply_of("In 2019 there were more than 725 000 reports in the EU.")
    process = _started(settings, server, "-m", "chain", QUESTION)
    out, err = process.communicate(timeout=200)
    assert (process.returncode, "725 000" in out) == (0, True), err


@pytest.mark.long
def test_ctrl_c_while_the_model_writes_ends_it(settings: Settings, server: Script) -> None:
    asked = threading.Event()

    def reply(_: Request) -> Reply:
        asked.set()
        return "It is growing fast, " * 90

    server.reply, server.delay = reply, SILENT
    with interruptible():
        process = _started(settings, server, "-m", "chain", QUESTION)
    assert asked.wait(200)
    process.send_signal(signal.SIGINT)
    assert _told(process) == (130, "")


_IMPORT = "import time:"
"""Begins each line that Python prints of a module that it has imported, with `-X importtime`."""
_OURS = "core.command_line"
"""The module that a command imports first, which makes Ctrl-C quiet."""


def _told(process: subprocess.Popen[str]) -> tuple[int, str]:
    """The exit code of a process, and what it said beside its output."""
    _, err = process.communicate(timeout=200)
    lines = err.splitlines(keepends=True)
    return process.returncode, "".join(line for line in lines if not line.startswith(_IMPORT))


@pytest.mark.long
@pytest.mark.parametrize(
    ("arguments", "moments"),
    [
        ("command doctor", range(0, 2100, 700)),
        ("command ask Empact?", range(0, 2100, 1050)),
        ("chain Empact?", range(0, 750, 375)),
        ("eval check", range(0, 240, 120)),
        ("ingest --dry-run", range(0, 900, 450)),
        ("command mcp", range(0, 1800, 900)),
    ],
)
def test_ctrl_c_ends_a_command_without_a_traceback_at_any_moment(
    settings: Settings, server: Script, arguments: str, moments: range
) -> None:
    """A moment is told by how many modules have been imported since ours."""
    for moment in moments:
        with interruptible():
            process = _started(settings, server, "-X", "importtime", "-m", *arguments.split())
        assert process.stderr
        lines = iter(process.stderr.readline, "")
        next(line for line in lines if line.endswith(f" {_OURS}\n"))
        assert len(list(islice(lines, moment))) == moment
        process.send_signal(signal.SIGINT)
        assert (moment, *_told(process)) == (moment, 130, "")


@pytest.mark.long
@pytest.mark.parametrize("lines", range(2, 7))
def test_ctrl_c_ends_the_doctor_in_the_middle_of_any_check(
    settings: Settings, server: Script, lines: int
) -> None:
    with interruptible():
        process = _started(settings, server, "-m", "command", "doctor")
    assert process.stdout
    list(islice(process.stdout, lines))
    process.send_signal(signal.SIGINT)
    assert _told(process) == (130, "")


STOPS = """
from vectorstore.e5 import e5

vocabulary, stop, begun = e5(), threading.Event(), threading.Event()

def work() -> None:
    while not stop.is_set():
        vocabulary.token_count('It grows. ' * 10_000)
        begun.set()

begin(work, "work", stop)  # cut off in native code it would abort the process: exit code 134
begun.wait()
"""
DOES_NOT_STOP = """
from vectorstore.e5 import e5

vocabulary, begun = e5(), threading.Event()

def work() -> None:
    while True:
        vocabulary.token_count('It grows. ' * 10_000)
        begun.set()

begin(work, "work", threading.Event())
begun.wait()
end(3)
"""
IS_DONE = """
def work() -> None:
    threading.main_thread().join()  # until the process begins to end
    print("done")

begin(work, "work")
"""
NEEDS_THREADS = """
from concurrent.futures import ThreadPoolExecutor

pool = ThreadPoolExecutor(1)  # the interpreter takes no more threads then; the embedder's are such

def work() -> None:
    threading.main_thread().join()
    while True:
        pool.submit(int).result()

begin(work, "work")
"""
WAITS = """
import socket

here, there = socket.socketpair()
begin(lambda: here.recv(1), "silent", threading.Event())
"""


@pytest.mark.parametrize(
    ("program", "code", "out"),
    [
        (STOPS, 0, ""),
        (DOES_NOT_STOP, 3, ""),
        (IS_DONE, 0, "done\n"),
        (NEEDS_THREADS, 0, ""),
        (WAITS, 0, ""),
    ],
    ids=[
        "is stopped",
        "is not cut off in native code",
        "is done before the end",
        "is left",
        "holds up no end",
    ],
)
def test_work_that_was_begun(program: str, code: int, out: str) -> None:
    whole = f"import threading\nfrom core.background import begin, end\n{program}"
    command = [sys.executable, "-c", whole]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100)
    assert (ended.returncode, ended.stdout, ended.stderr) == (code, out, "")
