"""What all tests of pages share."""

from collections.abc import Iterator
from functools import cache
from unittest.mock import patch

import pytest
import streamlit as st
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from core.settings import ROOT, Settings
from tests.support.apps import run
from tests.support.in_process import one_worker, start_here
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


@pytest.fixture(scope="module")
def one_reader() -> Iterator[None]:
    """The files of a module's tests are read in one process."""
    with one_worker():
        yield


@pytest.fixture
def commands_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes no process of its own does without."""
    monkeypatch.setattr(jobs, "start", start_here)


@pytest.fixture
def app(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The app on the bundled briefs, for somebody of whom nothing is kept."""
    monkeypatch.setenv("STRATEGIEWIJZER_DATA_DIR", str(settings.data_dir))
    (settings.data_dir / FILE).unlink(missing_ok=True)
    return run(AppTest.from_file(ROOT / "app.py", default_timeout=120))
