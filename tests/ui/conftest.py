"""What all tests of pages share."""

import io
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import streamlit as st
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from core.settings import ROOT, Settings
from ingest.__main__ import main as ingest_command
from tests.support.apps import run, visit
from tests.support.chats import Open
from tests.support.searches import Counted
from ui import jobs
from userdata.database import FILE


@pytest.fixture(scope="session", autouse=True)
def _packages_looked_at_once() -> Iterator[None]:
    """Streamlit looks for components in all that is installed, anew for each page of a test."""
    scan = cache(manifest_scanner.scan_component_manifests)
    with patch.object(manifest_scanner, "scan_component_manifests", scan):
        yield


@pytest.fixture(scope="module", autouse=True)
def _nothing_cached() -> Iterator[None]:
    """What pages cache belongs to the index of one module."""
    st.cache_resource.clear()
    yield
    st.cache_resource.clear()


# All that the process of a job does whose command ran here: it says what the command said.
_SAYS = """
import sys
sys.stdout.write({out!r})
sys.stderr.write({err!r})
sys.exit({code})
"""


@pytest.fixture
def commands_here(monkeypatch: pytest.MonkeyPatch) -> Callable[..., jobs.Job]:
    """A job that is `python -m ingest ...` runs here, and has ended when it is started: a process
    that imports what we import costs seconds of the processor. Returns what starts it apart."""
    start_apart = jobs.start

    def start(data_dir: Path, kind: jobs.JobKind, arguments: Sequence[str], by: str) -> jobs.Job:
        last = jobs.latest(data_dir, kind)
        if tuple(arguments[:2]) != ("-m", "ingest") or (last and last.state == "running"):
            return start_apart(data_dir, kind, arguments, by)
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = ingest_command(arguments[2:])
        program = _SAYS.format(out=out.getvalue(), err=err.getvalue(), code=code)
        return start_apart(data_dir, kind, ("-c", program, *arguments[2:]), by)

    monkeypatch.setattr(jobs, "start", start)
    return start_apart


@pytest.fixture
def app(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The app on the bundled briefs, for somebody of whom nothing is kept."""
    monkeypatch.setenv("STRATEGIEWIJZER_DATA_DIR", str(settings.data_dir))
    (settings.data_dir / FILE).unlink(missing_ok=True)
    return run(AppTest.from_file(ROOT / "app.py", default_timeout=120))


@pytest.fixture
def opened(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Open:
    """Opens the app in a session of its own, at an address; nothing is kept yet."""
    monkeypatch.setenv("STRATEGIEWIJZER_DATA_DIR", str(settings.data_dir))
    st.cache_resource.clear()
    store = settings.data_dir / FILE
    if store.is_dir():
        store.rmdir()
    store.unlink(missing_ok=True)
    return visit


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counted:
    """Counts from now on how often a method is called."""

    def count(owner: type, name: str) -> Counter[str]:
        calls: Counter[str] = Counter()
        original = getattr(owner, name)

        def counting(*arguments: Any, **named: Any) -> Any:
            calls[name] += 1
            return original(*arguments, **named)

        monkeypatch.setattr(owner, name, counting)
        return calls

    return count
