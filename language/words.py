"""The words of a text, normalised to compare them."""

import re
import unicodedata

_SPACES = re.compile(r"\s+")
_ACCENTS = re.compile("[\u0300-\u036f]")
_CLUSTER = re.compile("(?s).[\u0300-\u036f]*")  # a character with its accents
_QUOTES = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "„": '"', "–": "-", "‑": "-"})


def grouped(separators: str) -> str:
    """Pattern for a figure in groups of three digits (725 000, 725,000, 725'000); `separators` are
    what may stand between the groups, as in a character class."""
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


def words(text: str) -> list[str]:
    """The folded words and figures of a text, in order.

    >>> words("Meer dan 725 000 video's")
    ['meer', 'dan', '725000', 'video', 's']
    """
    return re.findall(r"\w+", fold(text))


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


def plain(text: str) -> str:
    """A folded text without accents.

    >>> plain("Oostenrijkse Coördinatie")
    'oostenrijkse coordinatie'
    """
    return without_accents(fold(text))


def shared_start(first: str, second: str) -> int:
    """Length of the beginning that two words share."""
    pairs = enumerate(zip(first, second, strict=False))
    return next((place for place, (a, b) in pairs if a != b), min(len(first), len(second)))


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
