"""The examples in docstrings do what they say."""

import doctest
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("core", "language", "userdata", "vectorstore", "ingest", "chain", "eval", "research", "ui")
MODULES = [
    ".".join(file.relative_to(ROOT).with_suffix("").parts)
    for room in ROOMS
    for file in sorted((ROOT / room).rglob("*.py"))
    if ">>> " in file.read_text("utf-8")
]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_are_right(name: str) -> None:
    failed, tried = doctest.testmod(importlib.import_module(name))
    assert tried
    assert not failed
