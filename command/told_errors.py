"""A group of commands of which errors of ours are told without a traceback."""

from typing import Any

import typer
from typer.core import TyperGroup


class TellingGroup(TyperGroup):
    """Prints an error of ours and exits with 1."""

    def invoke(self, ctx: Any) -> Any:  # of a private class
        try:
            return super().invoke(ctx)
        except Exception as error:
            from core.errors import StrategiewijzerError  # not before a command has run

            if not isinstance(error, StrategiewijzerError):
                raise
            typer.echo(str(error), err=True)
            raise typer.Exit(1) from None
