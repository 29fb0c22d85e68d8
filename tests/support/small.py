"""Documents of a test's own: the type of the fixtures `small` and `indexed` (tests/conftest.py)."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from core.settings import Settings

Small = Callable[[Mapping[str, str]], Settings]
"""Writes files (name -> text), in place of those before; returns settings for them."""


def reading(documents: Path) -> dict[str, str]:
    """The environment of an app whose maintainer puts files into this folder."""
    return {
        "STRATEGIEWIJZER_CORPUS_DIRS": json.dumps([str(documents)]),
        "STRATEGIEWIJZER_DOCUMENTS_DIR": str(documents),
    }
