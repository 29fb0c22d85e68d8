"""`strategiewijzer`: the packages' own commands under one name."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from chain import __main__ as chain
from command.__main__ import app
from core.settings import ROOT, Settings
from ingest.publishing.lock import exclusive
from tests.support.browser import free_port, wait_until_healthy
from tests.support.waiting import PATIENCE, until

QUESTION = "Hoeveel is de drugsmarkt in Europa waard?"


@pytest.fixture
def _here(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRATEGIEWIJZER_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("STRATEGIEWIJZER_CORPUS_DIRS", f'["{settings.corpus_dirs[0]}"]')


def test_help_lists_the_commands_and_loads_none_of_what_they_need() -> None:
    code = (
        "import sys; from typer.testing import CliRunner; from command.__main__ import app; "
        "print(CliRunner().invoke(app, ['--help']).output); "
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    shown, loaded = printed.rsplit("\n", 2)[:2]
    for name in ("ask", "ingest", "fetch", "eval", "serve", "doctor"):
        assert f"\n  {name} " in shown
    assert not {"numpy", "chromadb", "pydantic", "streamlit", "langchain"} & set(loaded.split())


@pytest.mark.usefixtures("_here")
@pytest.mark.parametrize("arguments", [["--", QUESTION], ["--document", "no-such", QUESTION]])
def test_ask_is_the_chains_ask(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    code = chain.main(arguments)
    there = capsys.readouterr()
    result = CliRunner().invoke(app, ["ask", *arguments])
    assert (result.exit_code, result.stdout, result.stderr) == (code, there.out, there.err)
    assert (code == 0) == ("30 miljard" in result.stdout)


@pytest.mark.usefixtures("_here")
def test_options_reach_the_commands() -> None:
    result = CliRunner().invoke(app, ["ingest", "--dry-run"])
    assert result.exit_code == 0
    assert "Plan (nothing was changed)" in result.stdout
    result = CliRunner().invoke(app, ["fetch", "--languages", "xx"])
    assert result.exit_code == 1
    assert "'xx' is not an official language" in result.stderr
    result = CliRunner().invoke(app, ["eval", "--no-such-option"])
    assert result.exit_code == 2
    assert "--no-such-option" in result.stderr


@pytest.mark.parametrize(
    ("typed", "completed"), [("do", ["doctor"]), ("ingest ro", ["rollback"]), ("keys n", ["new"])]
)
def test_the_shell_completes_commands(typed: str, completed: list[str]) -> None:
    environment = {
        "_STRATEGIEWIJZER_COMPLETE": "complete_bash",
        "COMP_WORDS": f"strategiewijzer {typed}",
        "COMP_CWORD": str(len(typed.split())),
    }
    told = CliRunner(env=environment).invoke(app, prog_name="strategiewijzer").stdout
    assert told.split() == completed


def test_the_launcher_runs_this_checkout_from_another_folder_through_a_link(tmp_path: Path) -> None:
    copied = tmp_path / "checkout"
    copied.mkdir()
    shutil.copy(ROOT / "strategiewijzer", copied)
    link, elsewhere = tmp_path / "linked", tmp_path / "elsewhere"
    link.symlink_to(copied / "strategiewijzer")
    elsewhere.mkdir()
    lacking = subprocess.run([link, "--help"], cwd=elsewhere, capture_output=True, text=True)
    assert lacking.returncode == 1
    assert f"Run: make -C {copied} chat" in lacking.stderr
    (copied / "command").symlink_to(ROOT / "command")
    (copied / "core").symlink_to(ROOT / "core")
    (elsewhere / "command").mkdir()  # not ours: it must not be taken
    python = copied / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n', "utf-8")
    python.chmod(0o755)
    shown = subprocess.run(
        [link, "doctor", "--help"], cwd=elsewhere, capture_output=True, text=True
    )
    assert "Usage: strategiewijzer doctor " in shown.stdout
    assert "--json" in shown.stdout


def _wait_for(words: str, log: Path) -> None:
    until(lambda: words in log.read_text("utf-8"), f"{words!r} is logged", told=log.read_text)


@pytest.mark.long
def test_serve_builds_the_index_when_no_other_run_does_and_serves_the_app(tmp_path: Path) -> None:
    port, log = free_port(), tmp_path / "log"
    environment = {
        **os.environ,
        "STRATEGIEWIJZER_DATA_DIR": str(tmp_path / "data"),
        "STRATEGIEWIJZER_CORPUS_DIRS": f'["{tmp_path / "texts"}"]',
    }
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts/one.en.md").write_text("# Lighthouses\n\nThere are 31 lighthouses.\n")
    command = [sys.executable, "-P", "-m", "command", "serve", "--port", str(port)]
    environment["PYTHONPATH"] = str(ROOT)
    with exclusive(tmp_path / "data"), log.open("w") as output:
        server = subprocess.Popen(
            command, cwd=tmp_path, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
        _wait_for("Another ingest run is busy", log)
    try:
        wait_until_healthy(f"http://localhost:{port}", server, log)
        assert "is in use." in log.read_text("utf-8")
    finally:
        server.terminate()  # the server itself, not one that leaves it running
        server.wait(timeout=PATIENCE)


def test_serve_without_texts_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)  # where the command goes; and back in the end
    monkeypatch.setattr(os, "execv", pytest.fail)
    environment = {
        "STRATEGIEWIJZER_DATA_DIR": str(tmp_path / "data"),
        "STRATEGIEWIJZER_CORPUS_DIRS": f'["{tmp_path}"]',
    }
    result = CliRunner(env=environment).invoke(app, ["serve"])
    assert result.exit_code == 1
    assert "there are no documents here" in result.stderr
