"""Logs that a test sets up anew."""

import logging
from collections.abc import Iterator

import pytest

from core import logs


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Leaves the logs as they were: other tests read them too."""
    loggers = [logging.getLogger(name) for name in ("", *logs.PACKAGES)]
    before = [(logger, logger.level, logger.handlers[:]) for logger in loggers]
    yield
    for logger, level, handlers in before:
        logger.setLevel(level)
        logger.handlers[:] = handlers
