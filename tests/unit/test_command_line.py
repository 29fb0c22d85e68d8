"""Command lines: which command runs with what, its exit code, and what is told of a mistake."""

import io
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import pytest
import typer

from core.command_line import DEFAULT, CommandLine
from core.errors import LockedError, StrategiewijzerError

app = CommandLine("Stopped.")


@app.command(DEFAULT)
def tell(
    files: Annotated[list[Path] | None, typer.Argument()] = None,
    only: Annotated[list[str] | None, typer.Option(metavar="KEY")] = None,
    area: Annotated[list[str] | None, typer.Option(metavar="AREA")] = None,
) -> None:
    """Tell what was given.

    It is folded
    here.

        and as it is
        here
    """
    typer.echo(f"{[str(file) for file in files or ()]} {only} {area}")


@app.command("import")
def take(what: str) -> int:
    """Take something. Or fail."""
    raised = {
        "lock": LockedError(Path("index.lock")),
        "problem": StrategiewijzerError("No. Try again."),
        "stop": KeyboardInterrupt(),
    }
    if what in raised:
        raise raised[what]
    return len(what)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("", "[] None None"),
        ("a --only x --only=y --area b c", "['a', 'c'] ['x', 'y'] ['b']"),
        ("default", "['default'] None None"),
        ("a import", "['a', 'import'] None None"),
    ],
)
def test_the_default_runs_where_no_other_is_named(
    arguments: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert app.run(arguments.split(), "program") == 0
    assert capsys.readouterr().out == f"{told}\n"


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        ("import four", 4, ""),
        ("import lock", 75, "index.lock"),
        ("import problem", 1, "No. Try again.\n"),
        ("import stop", 130, "Stopped.\n"),
        ("import", 2, "Usage: program import [OPTIONS] {WHAT}"),
        ("--only", 2, "Error: Option '--only' requires an argument.\n"),
        ("--none", 2, "Error: No such option: --none"),
    ],
)
def test_exit_codes_tell_what_became_of_it(
    arguments: str, code: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert app.run(arguments.split(), "program") == code
    printed = capsys.readouterr()
    assert printed.out == ""
    assert told in printed.err


def test_help_is_plain_and_lists_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["--help"], "program") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Usage: program [OPTIONS] [FILES]..."
    shown = {"  It is folded here.", "      and as it is", "      here"}
    assert shown <= {*lines}
    assert lines[-1] == "    import          Take something."


def test_ctrl_c_without_a_word_to_say_has_its_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    silent = CommandLine()
    silent.command()(take)
    assert silent.run(["stop"], "program") == 130
    assert capsys.readouterr() == ("", "")


def _full() -> int:
    return os.open("/dev/full", os.O_WRONLY)


def _closed_pipe() -> int:
    reading, writing = os.pipe()
    os.close(reading)
    return writing


@pytest.mark.parametrize(
    ("output", "told"),
    [
        (
            _full,
            "The output cannot be written: No space left on device. Send it where it can be, then "
            "run this again.\n",
        ),
        (_closed_pipe, ""),
    ],
)
@pytest.mark.parametrize("kept", [True, False], ids=["buffered", "unbuffered"])
@pytest.mark.parametrize("arguments", [["a"], ["--help"]])
def test_output_that_cannot_be_written_is_told_in_a_line_and_a_pipe_that_is_closed_is_not(
    arguments: list[str],
    kept: bool,
    output: Callable[[], int],
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    printing = CommandLine()
    printing.command()(_print)
    raw = io.FileIO(output(), "w")
    out = io.TextIOWrapper(io.BufferedWriter(raw) if kept else raw, write_through=not kept)
    monkeypatch.setattr(sys, "stdout", out)
    assert printing.run(arguments, "program") == 1
    assert capsys.readouterr().err == told
    sys.stdout.flush()  # as the end of the process does
    with suppress(BrokenPipeError):
        out.close()


def test_an_error_of_another_file_is_not_taken_for_one_of_the_output() -> None:
    reading = CommandLine()
    reading.command()(_read)
    with pytest.raises(FileNotFoundError):
        reading.run([], "program")


def _print(what: str) -> None:
    sys.stdout.write(what)


def _read() -> None:
    Path("none").read_text("utf-8")
