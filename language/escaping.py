"""Markdown that shows exactly the data that it is made of, wherever it is rendered."""

import re
from urllib.parse import quote as percent_encoded
from urllib.parse import urlsplit

from language.characters import visible

# Whatever CommonMark, tables, strikethrough, formulas, shortcodes or bare addresses begin with.
_SPECIAL = re.compile(
    r"[\\`*_\[\]<>|~$&]|(?<!\d):(?=\d)|:(?=[^\W\d]|[/-])|(?<=www)\.|@(?=\w)", re.IGNORECASE
)
_LINE_START = re.compile(r"^(#+|[-+=]+|\d+(?=[.)]))")
_ADDRESS = "%:/?#[]@!$&'()*+,;=~"  # stays as it is in an address; what could end one does not


def escaped(text: str) -> str:
    """Markdown that shows exactly this line of text.

    Spaces at its beginning, which could make it code, are left out.
    """
    return _LINE_START.sub(_before_last, inline(text).strip())


def inline(text: str) -> str:
    """As `escaped`, for a stretch that begins no line: a space at either end stays one."""
    words = re.sub(r"\s+", " ", visible(text))
    return _SPECIAL.sub(lambda found: f"\\{found[0]}", words)


def _before_last(found: re.Match[str]) -> str:
    """What begins a heading, item or line, no longer able to: a number by the dot behind it."""
    return f"{found[0]}\\" if found[0].isdigit() else f"\\{found[0]}"


def address(url: str) -> str:
    """A link that shows its address, which is known to be a web page's."""
    return f"<{percent_encoded(url, safe=_ADDRESS)}>"


def is_web_page(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)
