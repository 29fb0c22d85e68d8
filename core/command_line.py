"""Command lines: Typer without frames and colours, with this program's errors and exit codes."""

import errno
import functools
import os
import re
import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from core.background import INTERRUPTED, interruptible

_Function = TypeVar("_Function", bound=Callable[..., int | None])

DEFAULT = "default"
"""Name of the command that runs where the first argument names no other."""
BUSY = 75
"""Exit code when another run holds the lock: EX_TEMPFAIL of sysexits.h, try again later."""


def flag(name: str, help: str) -> Any:
    """An option without a value."""
    return typer.Option(False, name, help=help)


def option(default: Any, metavar: str, help: str, *names: str, **more: Any) -> Any:
    """An option with a value, which its help calls `metavar`."""
    return typer.Option(default, *names, metavar=metavar, help=help, **more)


class CommandLine(typer.Typer):
    """Typer whose commands return their exit code, or None for 0, and raise this program's errors.
    `stopped` is printed when Ctrl-C ends a command, with the exit code 130."""

    def __init__(self, stopped: str = "", cls: type | None = None, **given: Any) -> None:
        settings = {"add_completion": False, "rich_markup_mode": None, **given}
        # Pretty exceptions print the values of variables.
        super().__init__(cls=cls or CommandGroup, pretty_exceptions_enable=False, **settings)
        self._stopped = stopped

    def command(self, name: str | None = None, **given: Any) -> Callable[..., Any]:
        register = super().command(name, cls=Command, **given)

        def add(function: _Function) -> _Function:
            register(functools.wraps(function)(functools.partial(self._run, function)))
            return function

        return add

    def _run(self, function: Callable[..., int | None], *args: Any, **options: Any) -> None:
        try:
            with interruptible():
                code = function(*args, **options)
        except KeyboardInterrupt:
            if self._stopped:
                typer.echo(self._stopped, err=True)
            code = INTERRUPTED
        except Exception as error:
            from core.errors import LockedError, StrategiewijzerError  # takes long to import

            if not isinstance(error, StrategiewijzerError):
                raise
            typer.echo(str(error), err=True)
            code = BUSY if isinstance(error, LockedError) else 1
        raise typer.Exit(code or 0)

    def run(self, arguments: Sequence[str], name: str) -> int:
        """Runs a command; returns its exit code: 2 for wrong arguments, 1 also where its output
        cannot be written. `name` is what was typed before the arguments."""
        code = 1
        try:
            get_command(self)(list(arguments), prog_name=name)
        except SystemExit as ended:
            code = int(ended.code or 0)
        except OSError:
            if _is_written("\n"):  # it was another file
                raise
            return code
        return code if _is_written() else code or 1


def _is_written(more: str = "") -> bool:
    """Whether standard output takes all that was printed, and more. If it does not, the rest goes
    nowhere, and a message says so, unless it is a pipe whose reader has seen enough."""
    try:
        if sys.stdout:
            sys.stdout.write(more)
            sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if error.errno != errno.EPIPE:
            typer.echo(
                f"The output cannot be written: {error.strerror}. Send it where it can be, then "
                "run this again.",
                err=True,
            )
        return False
    return True


class Command(TyperCommand):
    """A command. Of its help, indented paragraphs stay as they are."""

    def __init__(self, name: str | None, *, help: str | None = None, **given: Any) -> None:
        super().__init__(name, help=re.sub(r"\n\n(?=    )", "\n\n\b\n", help or ""), **given)
        for parameter in self.params:
            if parameter.param_type_name == "argument":  # NAME says enough without <list[Path]>
                parameter.metavar = parameter.metavar or parameter.name.upper()
                parameter.display_type_rich = lambda ctx: None  # type: ignore[attr-defined]


class CommandGroup(TyperGroup):
    """Commands by name; the one called DEFAULT runs where the first argument names no other.

    A group that loads its commands once they are asked for gives the loaded ones by `find`.
    """

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self._default = self.commands.pop(DEFAULT, None)
        if self._default:
            named = self.commands.items()
            lines = (f"  {name:<16}{command.get_short_help_str(58)}" for name, command in named)
            self._epilog = "\n".join(["\b", "Commands, each with its own --help:", *lines])

    def find(self, name: str) -> Any:
        """The command of this name, to be run."""
        return self._default if name == DEFAULT else self.commands[name]

    def make_context(
        self, info_name: Any, args: list[str], parent: Any = None, **extra: Any
    ) -> Any:
        is_completed = not args and extra.get("resilient_parsing")
        if self._default is None or is_completed or (args and args[0] in self.commands):
            return super().make_context(info_name, args, parent, **extra)
        default = self.find(DEFAULT)
        default.epilog = self._epilog
        return default.make_context(info_name, args, parent, **extra)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # of a private class
        name, _, rest = super().resolve_command(ctx, args)
        return name, self.find(str(name)), rest

    def invoke(self, ctx: Any) -> Any:
        return super().invoke(ctx) if ctx.command is self else ctx.command.invoke(ctx)
