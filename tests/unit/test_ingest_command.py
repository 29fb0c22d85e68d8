"""`python -m ingest` lists all commands, and loads the one that is asked for."""

import subprocess
import sys

import pytest

from core.command_line import DEFAULT
from core.settings import ROOT
from ingest.commands import COMMANDS, app


def loaded_by(*arguments: str) -> tuple[str, set[str]]:
    """What a command printed in a process of its own, and the modules that it loaded."""
    code = (
        "import sys; from ingest.__main__ import main; code = main(sys.argv[1:]); "
        "print(*sys.modules); sys.exit(code)"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    shown, modules = printed.rstrip().rsplit("\n", 1)
    return shown, set(modules.split())


@pytest.mark.parametrize(
    ("arguments", "module", "others"),
    [
        ("--help", "sync", {"ingest.official.client"}),
        ("documents --help", "sync", {"ingest.official.client"}),
        ("fetch --help", "fetch", {"chromadb", "tantivy", "ingest.publishing.plan"}),
        ("status --help", "generations", {"ingest.pipeline", "ingest.official.client"}),
        ("check-questions --help", "questions", {"tantivy", "ingest.pipeline"}),
    ],
)
def test_only_the_module_of_the_command_is_loaded(
    arguments: str, module: str, others: set[str]
) -> None:
    shown, modules = loaded_by(*arguments.split())
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
