"""`python -m ingest` as typed: exit codes, Ctrl-C, and what a log and a terminal show meanwhile."""

import json
import re
import signal
import subprocess
import sys
import time
from io import StringIO

import pytest
from rich.console import Console

from core.background import INTERRUPTED
from core.settings import ROOT
from ingest.commands.progress import progress
from ingest.pipeline import ingest
from ingest.publishing.ingest_run import Embedded, FileDone
from tests.support.commands import Command, whole_environment
from tests.support.interrupting import interruptible
from tests.support.small import Small, document
from tests.support.waiting import PATIENCE
from vectorstore.generations import Generations


def test_a_failure_is_listed_with_its_remedy_and_the_exit_code_is_1(
    small: Small, run_ingest: Command
) -> None:
    run_ingest.use(small({"alpha.md": document("alpha"), "bad.md": ""}))
    assert run_ingest() == 1
    assert "NOT TAKEN: " in run_ingest.out
    assert "bad.md: has no text. Remove the file or add its text." in run_ingest.out
    assert "is in use" in run_ingest.out
    assert run_ingest("--rebuild", "--json") == 1
    assert json.loads(run_ingest.out.splitlines()[-1])["report"]["generation"] == ""
    assert "Mend it first" in run_ingest.err


def test_a_stop_is_a_warning_in_a_dry_run_and_an_error_otherwise(
    small: Small, run_ingest: Command
) -> None:
    run_ingest.use(small({n: document(n[:-3]) for n in ("alpha.md", "beta.md", "gamma.md")}))
    assert run_ingest() == 0
    small({"alpha.md": document("alpha")})
    assert run_ingest("--dry-run") == 0
    assert "A run would stop here." in run_ingest.out
    assert run_ingest() == 1
    assert "remove 2 of the 3 documents" in run_ingest.err
    assert "--allow-shrink" in run_ingest.err
    assert run_ingest("--allow-shrink") == 0
    assert "2 removed" in run_ingest.out


@pytest.mark.long
def test_ctrl_c_while_embedding_leaves_everything_as_it_was(small: Small) -> None:
    settings = small({"alpha.md": document("alpha")})
    before = ingest(settings).generation
    many = "\n\n".join(f"## Part {n}\n\nPart {n} speaks of {n} ships." for n in range(1200))
    small({"alpha.md": document("alpha", many)})
    with interruptible():
        child = subprocess.Popen(
            [sys.executable, "-m", "ingest", "--json"],
            env=whole_environment(settings),
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert child.stdout is not None
    next(line for line in child.stdout if json.loads(line)["event"] == "embedded")

    child.send_signal(signal.SIGINT)
    _, errors = child.communicate(timeout=PATIENCE)

    assert child.returncode == INTERRUPTED
    assert errors.endswith("Stopped. The index is as it was before.\n")
    assert "Traceback" not in errors
    assert Generations(settings).pointer().current == before
    assert ingest(settings).generation  # nothing is locked, nothing in the way


def test_only_goes_with_no_other_choice_of_documents(small: Small, run_ingest: Command) -> None:
    run_ingest.use(small({"alpha.md": document("alpha")}))
    assert run_ingest() == 0
    assert run_ingest("--rebuild", "--only", "alpha.en") == 2
    assert "leave out" in run_ingest.err
    small({"alpha.md": document("alpha", "Of boats.")})
    assert run_ingest("--only", "alpha.en") == 0
    assert "is in use" in run_ingest.out


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
