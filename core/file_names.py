"""File names and titles from outside: as text that can be stored, and that is safe to show."""

import os
import re
from pathlib import Path

_CODE = re.compile(r"\\x([89a-f][0-9a-f])")  # escape of a byte that is not UTF-8


def as_text(path: object) -> str:
    """A path as text that can be stored: bytes that are not UTF-8 become escapes such as \\xff."""
    return str(path).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def as_path(text: str) -> Path:
    """The path that `as_text` encoded: escapes become bytes unless a file has the literal name.

    A name may contain the four characters of an escape itself; then the file exists as it is.
    """
    path = Path(text)
    if os.path.lexists(path):
        return path
    return Path(_CODE.sub(lambda code: chr(0xDC00 + int(code[1], 16)), text))


def printable(name: object) -> str:
    """A path or title in one line, with what is invisible escaped: newlines, control characters,
    marks that turn the direction of writing, bytes that are not UTF-8."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode()
        for char in as_text(name)
    )
