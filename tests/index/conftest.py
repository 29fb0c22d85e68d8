"""Fixtures of the tests that ask the bundled briefs, or run commands over an index."""

import pytest

from chain.assistant import Assistant
from core.settings import Settings
from tests.support.commands import Command


@pytest.fixture(scope="session")
def assistant(settings: Settings) -> Assistant:
    """Without a model, over the bundled briefs."""
    return Assistant(settings)


@pytest.fixture
def run_ingest(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """`python -m ingest`; it is first told which settings to use."""
    return Command(monkeypatch, capsys)
