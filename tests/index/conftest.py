"""Fixtures of the tests that ask the bundled briefs."""

import pytest

from chain.assistant import Assistant
from core.settings import Settings


@pytest.fixture(scope="session")
def assistant(settings: Settings) -> Assistant:
    """Without a model, over the bundled briefs."""
    return Assistant(settings)
