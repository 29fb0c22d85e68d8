"""The tests themselves: where they stand, which of them concern a room, and what they may take."""

import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.conftest import BUDGETS
from tests.policy.test_layers import MAY_IMPORT
from tests.support import rooms
from tests.support.processor import Budgets, processor_seconds
from tests.support.rooms import TESTS, concerned, touched


def test_every_file_of_tests_stands_in_a_folder_with_a_budget() -> None:
    assert {file.parent for file in TESTS.rglob("test_*.py")} == {TESTS / one for one in BUDGETS}


@pytest.mark.parametrize("room", [room.removesuffix(".py") for room in MAY_IMPORT])
def test_a_room_has_tests(room: str) -> None:
    assert concerned(room)


@pytest.mark.parametrize(
    ("room", "tests"),
    [
        ("chain/understanding", {"index/test_understanding.py", "index/test_followup.py"}),
        ("chain.understanding", {"index/test_understanding.py", "index/test_followup.py"}),
        ("ui/sources", {"ui/test_ui_sources.py", "browser/test_browser_sources.py"}),
        ("docs", {"policy/test_docs_links.py"}),
        ("prompts", {"policy/test_prompts.py", "index/test_generative.py"}),
        ("prompts/phrases/nl.yaml", {"index/test_tasks.py", "index/test_verification.py"}),
        ("tests/support/openai_server.py", {"index/test_model.py"}),
        ("tests/unit/test_facts.py", {"unit/test_facts.py"}),
    ],
)
def test_tests_concern_what_they_use_and_what_they_are_named_for(
    room: str, tests: set[str]
) -> None:
    assert {TESTS / one for one in tests} <= concerned(room)


def test_what_no_test_concerns_is_told() -> None:
    with pytest.raises(pytest.UsageError, match=r"No test concerns 'nowhere'\. Name a package"):
        concerned("nowhere")


@pytest.mark.parametrize(
    ("changed", "concerned_by_it"),
    [
        ("chain/reading/quotables.py", "index/test_extractive.py"),
        ("tests/unit/test_facts.py", "unit/test_facts.py"),
        ("tests/support/openai_server.py", "index/test_model.py"),
        ("docs/chat.md", "policy/test_docs_links.py"),
        ("corpus/nl/new.md", "policy/test_layers.py"),
    ],
)
def test_what_git_says_is_changed_or_new_is_touched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: str, concerned_by_it: str
) -> None:
    asked: list[Any] = []

    def status(command: Any, **_: Any) -> subprocess.CompletedProcess[str]:
        asked.append(command)
        return subprocess.CompletedProcess(command, 0, f" M {changed}\0", "")

    monkeypatch.setattr(rooms.subprocess, "run", status)
    assert TESTS / concerned_by_it in touched()
    assert asked[0][:2] == ("git", "status")


def _told(budgets: Budgets) -> tuple[int, str]:
    """How a run ends by its budgets, and what it says of them."""
    lines: list[str] = []
    session = SimpleNamespace(config=SimpleNamespace(), exitstatus=0)
    reporter = SimpleNamespace(section=lines.append, line=lambda text, **_: lines.append(text))
    budgets.pytest_sessionfinish(session)  # type: ignore[arg-type]
    budgets.pytest_terminal_summary(reporter)  # type: ignore[arg-type]
    return session.exitstatus, "\n".join(lines)


@pytest.mark.parametrize(("seconds", "status"), [(14.0, 0), (16.0, 1)])
def test_a_folder_that_takes_half_as_much_again_fails_the_run(seconds: float, status: int) -> None:
    budgets = Budgets({"unit": 10})
    for nodeid in ("tests/unit/test_a.py::test_a", "tests/unit/test_b.py::test_b"):
        properties = [("processor seconds", seconds / 2)]
        report = SimpleNamespace(when="teardown", nodeid=nodeid, user_properties=properties)
        budgets.pytest_runtest_logreport(report)  # type: ignore[arg-type]
    exit_status, told = _told(budgets)
    assert exit_status == status
    assert ("ERROR: tests/unit takes more than 1.5 times its budget" in told) == bool(status)


def test_the_work_of_a_process_that_was_started_counts() -> None:
    before = processor_seconds()
    subprocess.run(["sh", "-c", "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done"], check=True)
    assert processor_seconds() > before
