"""Text made safe for pages and terminals: without invisible characters, and as Markdown."""

import re
from urllib.parse import quote as percent_encoded
from urllib.parse import urlsplit

# Unicode's control characters, default ignorables and annotation marks: among them those that turn
# the direction of writing, have no width, or move a terminal's cursor. Spaces are kept.
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_LINE_ENDS = re.compile("\r\n?|[\x0b\x0c\x1c-\x1f\x85\u2028\u2029]")
_HALVES = re.compile("[\ud800-\udfff]")  # lone surrogates, which cannot be encoded

BROKEN = "\ufffd"
"""The replacement character, for what could not be read."""

# Whatever CommonMark, tables, strikethrough, formulas, shortcodes or bare addresses begin with.
_SPECIAL = re.compile(
    r"[\\`*_\[\]<>|~$&]|(?<!\d):(?=\d)|:(?=[^\W\d]|[/-])|(?<=www)\.|@(?=\w)", re.IGNORECASE
)
_LINE_START = re.compile(r"^(#+|[-+=]+|\d+(?=[.)]))")
_ADDRESS = "%:/?#[]@!$&'()*+,;=~"  # stays as it is in an address; what could end one does not


def visible(text: str) -> str:
    """A text without invisible characters and with every line end as "\\n".

    >>> visible("pay\u202e gnp.exe\x1b[2J")
    'pay gnp.exe[2J'
    """
    return _HALVES.sub(BROKEN, _LINE_ENDS.sub("\n", _UNSEEN.sub("", text)))


def escaped(text: str) -> str:
    """Markdown that shows exactly this line of text, without spaces at its ends."""
    return _LINE_START.sub(_before_last, inline(text).strip())


def inline(text: str) -> str:
    """Escapes as `escaped` does, but keeps a space at either end: a stretch begins no line."""
    words = re.sub(r"\s+", " ", visible(text))
    return _SPECIAL.sub(lambda found: f"\\{found[0]}", words)


def _before_last(found: re.Match[str]) -> str:
    """Escapes what begins a heading, item or line: a number by the dot behind it."""
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
