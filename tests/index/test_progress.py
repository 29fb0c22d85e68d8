"""What a log and a terminal show of a run while it is busy."""

import re
import time
from io import StringIO

import pytest
from rich.console import Console

from ingest.commands.progress import LogLines, progress
from ingest.publishing.ingest_run import Embedded, FileDone, FilesFound


def test_a_log_has_lines_with_rate_and_time_left_and_no_bar(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    lines: list[str] = []
    tell = LogLines(lines.append)
    tell(FilesFound(files=2))
    tell(FileDone(event="failed", path="a", done=1, total=2, reason="a: bad. Mend it."))
    tell(FileDone(event="loaded", path="b", done=2, total=2))
    for done in range(1, 101):
        now += 1
        tell(Embedded(done=done, total=400))
    told = [line.partition(" ")[2] for line in lines]
    assert told[:2] == ["2 files found", "Not taken: a: bad. Mend it."]
    assert "Reading files: 2 of 2" in told
    assert "Embedding passages: 95 of 400 (1.0/s, 5:05 left)" in told
    assert len(told) < 30


def test_a_terminal_has_a_bar_with_rate_and_time_left() -> None:
    out, now = StringIO(), 100.0
    console = Console(file=out, force_terminal=True, width=120, get_time=lambda: now)
    with progress(as_json=False, console=console) as tell:
        tell(FilesFound(files=1))
        for done in (1, 2, 3):
            now += 1
            tell(Embedded(done=done, total=300))
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", out.getvalue())
    assert re.search(r"Embedding passages.*3/300.*1\.0/s.*time left 0:04:57", shown)
