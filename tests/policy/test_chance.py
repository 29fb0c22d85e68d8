"""No test fails by chance: none sleeps, none asserts a time of the clock, none is in a hurry."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.settings import ROOT

TESTS = ROOT / "tests"
MAY_SLEEP = TESTS / "support/waiting.py"
CLOCKS = {"monotonic", "perf_counter", "time"}


def called(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """Each call of a function of a module, as in "time.sleep"."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield ast.unparse(node.func), node


def wrong(file: Path) -> Iterator[str]:
    tree = ast.parse(file.read_text("utf-8"))
    for name, call in called(tree):
        if name.endswith(".sleep"):
            yield f"{call.lineno}: wait for a condition (until, in tests/support/waiting.py)"
        if name in ("httpx.get", "httpx.post", "httpx.Client") and not any(
            given.arg == "timeout" for given in call.keywords
        ):
            yield f"{call.lineno}: ask with tests/support/patient_http.py"
    for node in ast.walk(tree):
        if isinstance(node, ast.Assert) and any(
            name in {f"time.{clock}" for clock in CLOCKS} and isinstance(compared, ast.Compare)
            for compared in ast.walk(node.test)
            for name, call in called(compared)
            if not call.args
        ):
            yield f"{node.lineno}: count work, or ask whether it ends at all"


@pytest.mark.parametrize("folder", sorted(one.name for one in TESTS.iterdir() if one.is_dir()))
def test_tests_wait_for_conditions_and_assert_no_time(folder: str) -> None:
    files = [file for file in (TESTS / folder).rglob("*.py") if file != MAY_SLEEP]
    assert [f"{file.relative_to(ROOT)}:{told}" for file in files for told in wrong(file)] == []
