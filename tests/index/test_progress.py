"""What a log and a terminal show of a run while it is busy."""

import re
import time
from io import StringIO

import pytest
from rich.console import Console

from ingest.commands.progress import progress
from ingest.publishing.ingest_run import Embedded, FileDone


def test_a_log_has_a_line_every_few_seconds_and_no_bar(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    with progress(as_json=False, console=Console(file=StringIO())) as tell:
        tell(FileDone(event="failed", path="a", done=1, total=2, reason="a: bad. Mend it."))
        tell(FileDone(event="loaded", path="b", done=2, total=2))
        for done in range(1, 101):
            now += 1
            tell(Embedded(done=done, total=400))
    lines = [line.partition(" ")[2] for line in capsys.readouterr().err.splitlines()]
    assert lines[0] == "Not taken: a: bad. Mend it."
    assert "Reading files: 2 of 2" in lines
    assert "Embedding passages: 100 of 400" in lines
    assert len(lines) < 30


def test_a_terminal_has_a_bar_with_the_time_left() -> None:
    out, now = StringIO(), 100.0
    console = Console(file=out, force_terminal=True, width=120, get_time=lambda: now)
    with progress(as_json=False, console=console) as tell:
        for done in (1, 2, 3):
            now += 1
            tell(Embedded(done=done, total=300))
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", out.getvalue())
    assert re.search(r"Embedding passages.*3/300.*time left 0:04:57", shown)
