"""Jinja templates of a folder: what is put in is escaped, and a name that is not known fails."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined


def environment(folder: Path, **known: Any) -> Environment:
    """The templates of a folder.

    Args:
        folder: has the files.
        known: functions and values that templates can use.
    """
    made = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,  # Markdown holds HTML as well
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(known)
    return made
