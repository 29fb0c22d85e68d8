"""What all tests of pages share."""

from collections.abc import Iterator

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.settings import ROOT, Settings
from people.database import FILE
from tests.support.apps import run


@pytest.fixture(scope="module", autouse=True)
def _nothing_cached() -> Iterator[None]:
    """What pages cache belongs to the index of one module."""
    st.cache_resource.clear()
    yield
    st.cache_resource.clear()


@pytest.fixture
def app(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The app on the bundled briefs, for somebody of whom nothing is kept."""
    monkeypatch.setenv("STRATEGIEWIJZER_DATA_DIR", str(settings.data_dir))
    (settings.data_dir / FILE).unlink(missing_ok=True)
    return run(AppTest.from_file(ROOT / "app.py", default_timeout=120))
