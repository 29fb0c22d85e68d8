"""From the bytes of a text file to its text."""

import re
from pathlib import Path

from core.errors import DocumentError

# A NUL would end the text of the embedder; none of these is ever shown.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def decode(path: Path, data: bytes) -> str:
    """The text of a file, with newlines as line ends and without control characters.

    Raises:
        DocumentError: the file is not UTF-8.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DocumentError(path, line, "is not UTF-8", "Save the file as UTF-8.") from None
    return without_control(text)


def without_control(text: str) -> str:
    """A text with newlines as line ends and without control characters."""
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
