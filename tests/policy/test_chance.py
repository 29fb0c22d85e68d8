"""No test fails by chance: none sleeps, none asserts a time of the clock, none is in a hurry."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.settings import ROOT

TESTS = ROOT / "tests"
MAY_SLEEP = TESTS / "support/waiting.py"
CLOCKS = ("monotonic", "perf_counter", "time")


def wrong(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            name = ast.unparse(node.func)
            if name.endswith(".sleep"):
                yield f"{node.lineno}: wait for a condition (until, in tests/support/waiting.py)"
            is_patient = any(given.arg == "timeout" for given in node.keywords)
            if name in ("httpx.get", "httpx.post", "httpx.Client") and not is_patient:
                yield f"{node.lineno}: ask with tests/support/patient_http.py"
        if isinstance(node, ast.Assert) and any(map(_compares_a_time, ast.walk(node.test))):
            yield f"{node.lineno}: count work, or ask whether it ends at all"


def _compares_a_time(node: ast.AST) -> bool:
    return isinstance(node, ast.Compare) and any(
        f"time.{clock}()" in ast.unparse(node) for clock in CLOCKS
    )


@pytest.mark.parametrize("folder", sorted(one.name for one in TESTS.iterdir() if one.is_dir()))
def test_tests_wait_for_conditions_and_assert_no_time(folder: str) -> None:
    files = [file for file in (TESTS / folder).rglob("*.py") if file != MAY_SLEEP]
    assert [f"{file.relative_to(ROOT)}:{told}" for file in files for told in wrong(file)] == []
