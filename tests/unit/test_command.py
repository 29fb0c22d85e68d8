"""What `python -m chain` prints of an answer, and what `python -m ingest` loads and lists."""

import subprocess
import sys

import pytest

from chain import __main__ as command
from chain.assistant import Assistant
from core.command_line import DEFAULT
from core.settings import ROOT, Settings
from ingest.commands import COMMANDS, app
from tests.support.answers import made


def test_the_command_prints_what_else_there_is_and_a_passage_once(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STRATEGIEWIJZER_DATA_DIR", str(settings.data_dir))
    answers = made(settings)
    told = answers["answer"].model_copy(update={"understood_as": "Hoeveel in 2019?"})
    monkeypatch.setattr(Assistant, "ask", lambda *_, **__: told)
    assert command.main(["Hoeveel?"]) == 0
    printed = capsys.readouterr().out
    order = ("Understood as: Hoeveel in 2019?", told.text, "Also in the sources:",
             told.more[0].removeprefix("### "), "\n[1] ", "\n[2] ", "\n[3] ")  # fmt: skip
    places = [printed.index(part) for part in order]
    assert places == sorted(places)
    assert printed.count("\n[1] ") == 1
    for citation in told.citations:
        assert printed.count(f"    “{citation.quote}”") == 1
    monkeypatch.setattr(Assistant, "ask", lambda *_, **__: answers["refusal"])
    assert command.main(["Hoeveel?"]) == 0
    printed = capsys.readouterr().out
    assert "Not in this selection, but elsewhere" in printed
    assert "Nearest in the sources:" in printed
    monkeypatch.setattr(Assistant, "ask", lambda *_, **__: answers["reply"])
    assert command.main(["Hallo"]) == 0
    assert capsys.readouterr().out == "Dag! Stel gerust een vraag.\n"


def test_a_question_with_bytes_that_are_no_text_is_answered(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STRATEGIEWIJZER_DATA_DIR", str(settings.data_dir))
    assert command.main(["Wat is EMPACT\udcff?"]) == 0  # how Python reads such an argument
    assert "empact" in capsys.readouterr().out.lower()


@pytest.mark.parametrize(
    ("arguments", "module", "others"),
    [
        ("--help", "sync", {"ingest.official.client"}),
        ("fetch --help", "fetch", {"chromadb", "tantivy", "ingest.publishing.plan"}),
        ("status --help", "generations", {"ingest.pipeline", "ingest.official.client"}),
        ("check-questions --help", "questions", {"tantivy", "ingest.pipeline"}),
    ],
)
def test_only_the_module_of_the_command_is_loaded(
    arguments: str, module: str, others: set[str]
) -> None:
    code = (
        "import sys; from ingest.__main__ import main; code = main(sys.argv[1:]); "
        "print(*sys.modules); sys.exit(code)"
    )
    command = [sys.executable, "-c", code, *arguments.split()]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    shown, loaded = ended.stdout.rstrip().rsplit("\n", 1)
    modules = set(loaded.split())
    of_commands = {name for name in modules if name.startswith("ingest.commands.")}
    of_commands -= {"ingest.commands.progress"}
    assert of_commands == {f"ingest.commands.{module}"}
    assert not others & modules
    if module == "sync":
        for name in COMMANDS.keys() - {DEFAULT}:
            assert f"\n    {name} " in shown


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_listed_with_the_beginning_of_its_help(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert app.run([*([] if name == DEFAULT else [name]), "--help"], "python -m ingest") == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert f" {COMMANDS[name][1].removesuffix('.')}" in shown.partition("Options:")[0]
