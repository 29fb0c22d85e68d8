"""The process that has questions written ends, hangs or never ends its line: a run says so."""

import sys

import pytest

from core.errors import StrategiewijzerError
from core.proposals import ProposerReady, SectionToAsk
from core.source import DocumentInfo
from ingest.publishing import proposer
from ingest.publishing.proposer import Proposer
from tests.support.passages import passage_of

READY = ProposerReady(model="m", address="http://a", rules="r", seconds=0.5)
PORT = DocumentInfo(id="port", language="en", title="The port")
SECTION = SectionToAsk(passage=passage_of(PORT, "", "The port"), languages=("en",))


def speaks(monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Has this script stand in for the process."""
    program = f"import sys, time\nready = {READY.model_dump_json()!r}\n{script}"
    monkeypatch.setattr(proposer, "_COMMAND", (sys.executable, "-c", program))


def test_one_that_reads_no_request_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    speaks(monkeypatch, "import os; os.close(0); print(ready, flush=True); time.sleep(600)")
    with pytest.raises(StrategiewijzerError, match="where it stopped"), Proposer() as started:
        started.ask(SECTION)


@pytest.mark.parametrize("script", ["", "sys.exit(1)", "print('Traceback', end='')"])
def test_one_that_does_not_start_is_told(monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    speaks(monkeypatch, script)
    with pytest.raises(StrategiewijzerError, match="ended, or took longer"), Proposer():
        pass


@pytest.mark.parametrize(
    "after",
    [
        "sys.exit(1)",
        "input()",
        "input(); sys.stdin.read(); sys.stdin.read(); time.sleep(600)",  # is killed
        "sys.stdout.write('x' * 50_000); sys.stdout.flush(); time.sleep(600)",
    ],
)
def test_one_that_ends_or_hangs_is_ended(monkeypatch: pytest.MonkeyPatch, after: str) -> None:
    speaks(monkeypatch, f"print(ready, flush=True)\n{after}")
    with Proposer() as started:
        with pytest.raises(StrategiewijzerError, match="it goes on where it stopped"):
            started.ask(SECTION)
        process = started._process
    assert process.returncode is not None
