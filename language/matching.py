"""Text normalisation for comparing, and escaping for Markdown."""

import re
import unicodedata
from urllib.parse import quote as percent_encoded
from urllib.parse import urlsplit

_SPACES = re.compile(r"\s+")
_ACCENTS = re.compile("[\u0300-\u036f]")
_CLUSTER = re.compile("(?s).[\u0300-\u036f]*")  # a character with its accents
_QUOTES = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "„": '"', "–": "-", "‑": "-"})


def grouped(separators: str) -> str:
    """Pattern for a figure in groups of three digits: 725 000, 725,000, 725'000.

    Args:
        separators: what may stand between the groups, as in a character class.
    """
    return rf"\d{{1,3}}(?:[{separators}]\d{{3}})+"


GROUPED = re.compile(r"(?<![\d.,])" + grouped(" .,'’") + r"(?!\d)")
"""A grouped figure of a text in NFKC, where a space is a plain one."""


def fold(text: str) -> str:
    """Normalises a text: NFKC, lower case, single spaces, figures without grouping.

    >>> fold("More than 725 000  Reports")
    'more than 725000 reports'
    """
    text = unicodedata.normalize("NFKC", text).casefold().translate(_QUOTES)
    text = _SPACES.sub(" ", text).strip()
    return GROUPED.sub(lambda match: re.sub(r"\D", "", match.group()), text)


def contains(text: str, part: str) -> bool:
    """Whether `part` occurs in `text` after folding, not inside a longer word or figure."""
    return in_folded(fold(text), part)


def in_folded(text: str, part: str) -> bool:
    """Does as `contains` for a text that is already folded."""
    return re.search(rf"(?<!\w){re.escape(fold(part))}(?!\w)", text) is not None


def without_accents(text: str) -> str:
    """Strips the accents from a text.

    >>> without_accents("Oostenrijkse coördinatie")
    'Oostenrijkse coordinatie'
    """
    return _ACCENTS.sub("", unicodedata.normalize("NFD", text))


def traced(text: str) -> tuple[str, list[tuple[int, int]]]:
    """Folds a text and strips accents; also maps each character of the result to its place in the
    text.

    Places are (start, end), end exclusive; a figure keeps its grouping within them.

    >>> traced("É 1 000")
    ('e 1000', [(0, 1), (1, 2), (2, 3), (4, 5), (5, 6), (6, 7)])
    """
    characters: list[str] = []
    places: list[tuple[int, int]] = []
    for cluster in _CLUSTER.finditer(text):
        plain = unicodedata.normalize("NFKC", cluster[0]).casefold().translate(_QUOTES)
        for character in without_accents(plain):
            is_space = character.isspace()
            if is_space and (not characters or characters[-1] == " "):
                continue
            characters.append(" " if is_space else character)
            places.append(cluster.span())
    if characters and characters[-1] == " ":
        characters.pop()
        places.pop()
    folded = "".join(characters)
    grouping = {
        offset
        for figure in GROUPED.finditer(folded)
        for offset in range(*figure.span())
        if not folded[offset].isdigit()
    }
    kept = [offset for offset in range(len(folded)) if offset not in grouping]
    return "".join(folded[offset] for offset in kept), [places[offset] for offset in kept]


# Text made safe for pages and terminals: invisible characters, HTML, Markdown.


# Invisible characters, which can make a text look like another one.


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


def visible(text: str) -> str:
    """A text without invisible characters and with every line end as "\\n".

    >>> visible("pay\u202e gnp.exe\x1b[2J")
    'pay gnp.exe[2J'
    """
    return _HALVES.sub(BROKEN, _LINE_ENDS.sub("\n", _UNSEEN.sub("", text)))


# Markdown that shows exactly the data that it is made of, wherever it is rendered.


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
    """Escapes as `escaped` does, for a stretch that begins no line: a space at either end stays
    one."""
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
