"""`python -m ingest` as typed: exit codes, Ctrl-C, options that do not go together."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable

import pytest

from core.background import INTERRUPTED
from core.settings import ROOT, Settings
from ingest.__main__ import main
from ingest.pipeline import ingest
from tests.support.commands import whole_environment
from tests.support.interrupting import interruptible
from tests.support.small import Small, document
from tests.support.waiting import PATIENCE
from vectorstore.generations import Generations

TEXT = "# Title\n\nSome text about ships.\n"


def _texts(settings: Settings) -> str:
    return "\n".join(p.text for p in Generations(settings).current().all_passages())


@pytest.fixture
def typed(small: Small, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Runs `python -m ingest` in this process, over the folder of `small`."""
    for name, value in whole_environment(small({})).items():
        monkeypatch.setenv(name, value)
    return lambda *arguments: main([str(argument) for argument in arguments])


def test_a_failure_is_listed_with_its_remedy_and_the_exit_code_is_1(
    small: Small, typed: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    small({"alpha.md": document("alpha"), "bad.md": ""})
    assert typed() == 1
    out = capsys.readouterr().out
    assert "NOT TAKEN: " in out
    assert "bad.md: has no text. Remove the file or add its text." in out
    assert "is in use" in out
    assert typed("--rebuild", "--json") == 1
    printed = capsys.readouterr()
    assert json.loads(printed.out.splitlines()[-1])["report"]["generation"] == ""
    assert "Mend it first" in printed.err


def test_a_stop_is_a_warning_in_a_dry_run_and_an_error_otherwise(
    small: Small, typed: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    small({n: document(n[:-3]) for n in ("alpha.md", "beta.md", "gamma.md")})
    assert typed() == 0
    small({"alpha.md": document("alpha")})
    capsys.readouterr()
    assert typed("--dry-run") == 0
    assert "A run would stop here." in capsys.readouterr().out
    assert typed() == 1
    assert "--allow-shrink" in capsys.readouterr().err
    assert typed("--allow-shrink") == 0


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
    assert "speaks of ships" in _texts(settings)
    assert ingest(settings).generation  # nothing is locked, nothing in the way


def test_only_goes_with_no_other_choice_of_documents(
    small: Small, typed: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    small({"alpha.md": document("alpha")})
    assert typed() == 0
    assert typed("--rebuild", "--only", "alpha.en") == 2
    assert "leave out" in capsys.readouterr().err
    assert typed("--only", "beta.en") == 1
    told = capsys.readouterr().err
    assert "beta.en: there is no such document in the index. Choose from: alpha.en" in told
    small({"alpha.md": document("alpha", "Of boats.")})
    assert typed("--only", "alpha.en") == 0
    assert "is in use" in capsys.readouterr().out
