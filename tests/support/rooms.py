"""Which tests concern a room of the project, or what was touched.

A room is a package or a folder: "chain", "chain/reading", "docs". A file of tests concerns the
rooms that it imports from, itself or by way of tests/support/, the one that it is named for, and
those that a map names for its folder.
"""

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from core.settings import ROOT

TESTS = ROOT / "tests"
# What the tests of a folder concern without importing it.
_BY_FOLDER = {
    "browser": ("app", "ui", ".streamlit"),
    "policy": ("docs", "deploy", ".ci", ".streamlit", "Makefile", "pyproject", "README"),
}
# Rooms that nobody imports, and whose words these use.
_USED_BY = {
    "corpus": ("corpus", "ingest"),
    "prompts": ("prompts", "chain"),
}


def concerned(room: str) -> set[Path]:
    """The files of tests that concern a room, dotted or as a path; of a path to tests, those.

    Raises:
        pytest.UsageError: no test concerns it.
    """
    place = (ROOT / room).resolve()
    found = {place} if place.is_file() else set(place.rglob("test_*.py"))
    if not all(map(_is_test, found)) or not found:
        path = room if place.exists() else room.replace(".", "/")
        found = _of(path.strip("/").removesuffix(".py"))
    if not found:
        raise pytest.UsageError(
            f"No test concerns {room!r}. Name a package or a folder, such as chain/reading or "
            "tests/unit."
        )
    return found


def touched() -> set[Path]:
    """The files of tests that concern what git says is changed or new and not committed.

    Raises:
        pytest.UsageError: git tells nothing here.
    """
    asked = ("git", "status", "--porcelain", "--no-renames", "--untracked-files=all", "-z")
    told = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True)
    if told.returncode:
        raise pytest.UsageError(f"git does not say what was touched: {told.stderr.strip()}")
    files = [Path(one[3:]) for one in told.stdout.split("\0") if one]
    return set().union(*map(_concerned_by, files), (TESTS / "policy").glob("test_*.py"))


def _concerned_by(file: Path) -> set[Path]:
    """A file of tests itself, those that import what serves tests, else those of its room."""
    if _is_test(ROOT / file):
        return {ROOT / file} if (ROOT / file).is_file() else set()
    is_its_own = file.parts[0] == "tests" or len(file.parts) == 1
    return _of((file.with_suffix("") if is_its_own else file.parent).as_posix())


def _is_test(file: Path) -> bool:
    return file.is_relative_to(TESTS) and file.name.startswith("test_")


def _of(room: str) -> set[Path]:
    wanted, name = _USED_BY.get(room.partition("/")[0], (room,)), room.rpartition("/")[2]
    return {
        file
        for file in TESTS.rglob("test_*.py")
        if name in file.stem.split("_")
        or any(_is_in(place, one) for place in _places(file) for one in wanted)
    }


def _is_in(place: str, room: str) -> bool:
    return place == room or place.startswith(f"{room}/")


@cache
def _places(file: Path) -> frozenset[str]:
    """The modules of the project that a file of tests uses, as paths without a suffix."""
    folder = file.relative_to(TESTS).parts[0]
    found = set(_BY_FOLDER.get(folder, ()))
    for name in _imported(file):
        path = name.replace(".", "/")
        found.add(path)
        support = ROOT / f"{path}.py"
        if path.startswith("tests/support/") and support.is_file():
            found |= _places(support)
    return frozenset(found)


def _imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
