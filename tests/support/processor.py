"""How much of the processor each folder of tests takes, and what it may take at most.

Counted is the processor time of a worker and of all that it started: other work on the machine
hardly moves it, where a clock would tell of that work.
"""

import os
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

_ALLOWED = 1.5  # of a budget: kinds of processors differ by less
_TICKS = os.sysconf("SC_CLK_TCK")  # a second
_SPENT = "processor seconds"


class Budgets:
    """A plugin of pytest that counts by folder, and fails a run in which one takes more than half
    as much again as its budget.

    Args:
        budgets: processor seconds by folder.
    """

    def __init__(self, budgets: Mapping[str, float]) -> None:
        self._budgets = budgets
        self._spent: Counter[str] = Counter()
        self._before = processor_seconds()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, call: pytest.CallInfo[None]) -> Iterator[pytest.TestReport]:
        """Runs in the worker that ran the test."""
        report: pytest.TestReport = yield
        if call.when == "teardown":
            now = processor_seconds()
            # Less when a server ended whose own children it did not wait for: theirs is lost then.
            report.user_properties.append((_SPENT, max(0.0, now - self._before)))
            self._before = now
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "teardown":
            folder = Path(report.nodeid).parts[1]
            self._spent[folder] += dict(report.user_properties)[_SPENT]

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self._exceeded() and not hasattr(session.config, "workerinput"):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.section("processor seconds by folder")
        for folder, seconds in self._spent.most_common():
            budget = self._budgets.get(folder, 0)
            terminalreporter.line(f"{folder:10}{seconds:8.0f}  of {budget}")
        for folder in self._exceeded():
            terminalreporter.line(
                f"ERROR: tests/{folder} takes more than {_ALLOWED} times its budget. See which of "
                "its tests are slow, above; a budget is raised in tests/conftest.py.",
                red=True,
            )

    def _exceeded(self) -> list[str]:
        return [
            folder
            for folder, seconds in self._spent.items()
            if seconds > _ALLOWED * self._budgets.get(folder, 0)
        ]


def processor_seconds() -> float:
    """What this process and its descendants have taken until now, ended ones included."""
    spent: dict[int, int] = {}
    children: dict[int, list[int]] = defaultdict(list)
    for place in Path("/proc").iterdir():
        if not place.name.isdigit():
            continue
        try:
            fields = (place / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        children[int(fields[1])].append(int(place.name))
        spent[int(place.name)] = sum(map(int, fields[11:15]))  # proc(5): utime to cstime
    ours, ticks = [os.getpid()], 0
    while ours:
        process = ours.pop()
        ticks += spent.get(process, 0)
        ours += children[process]
    return ticks / _TICKS
