"""What all tests of pages share."""

from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Any
from unittest.mock import patch

import pytest
import streamlit as st
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from core.settings import ROOT, Settings
from tests.support.apps import run, visit
from tests.support.chats import Open
from tests.support.in_process import start_here
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
