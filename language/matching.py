"""Text normalisation, to compare texts whatever their case, spaces, digit grouping and quotation
marks."""

import re
import unicodedata

_SPACES = re.compile(r"\s+")
# 725 000, 725,000, 725.000, 725'000: groups of exactly three digits after one to three.
_GROUPED = re.compile(r"(?<![\d.,])\d{1,3}(?:[ .,'’]\d{3})+(?![\d])")
_FIGURE = re.compile(r"\d+(?:[.,/]\d+)*")
_ACCENTS = re.compile("[\u0300-\u036f]")
_WRITTEN = re.compile(f"{_GROUPED.pattern}|{_FIGURE.pattern}")
_CLUSTER = re.compile("(?s).[\u0300-\u036f]*")  # a character with its accents
_QUOTES = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "„": '"', "–": "-", "‑": "-"})


def fold(text: str) -> str:
    """Normalises a text: NFKC, lower case, single spaces, figures without grouping.

    >>> fold("More than 725 000  Reports")
    'more than 725000 reports'
    """
    text = unicodedata.normalize("NFKC", text).casefold().translate(_QUOTES)
    text = _SPACES.sub(" ", text).strip()
    return _GROUPED.sub(lambda match: re.sub(r"\D", "", match.group()), text)


def contains(text: str, part: str) -> bool:
    """Whether `part` occurs in `text` after folding, not inside a longer word or figure."""
    return in_folded(fold(text), part)


def in_folded(text: str, part: str) -> bool:
    """As `contains`, for a text that is already folded."""
    return re.search(rf"(?<!\w){re.escape(fold(part))}(?!\w)", text) is not None


def figures_as_written(text: str) -> dict[str, str]:
    """Maps each normalised number to how it is written.

    >>> figures_as_written("11,6 miljard of 725 000?")
    {'11.6': '11,6', '725000': '725 000'}
    """
    text = unicodedata.normalize("NFKC", text)
    return {figure: match[0] for match in _WRITTEN.finditer(text) for figure in figures(match[0])}


def figures(text: str) -> frozenset[str]:
    """The normalised numbers of a text: decimal commas become points.

    >>> sorted(figures("EUR 11,6 billion in 2019, 725 000 reports"))
    ['11.6', '2019', '725000']
    """
    return frozenset(match.replace(",", ".") for match in _FIGURE.findall(fold(text)))


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
        for figure in _GROUPED.finditer(folded)
        for offset in range(*figure.span())
        if not folded[offset].isdigit()
    }
    kept = [offset for offset in range(len(folded)) if offset not in grouping]
    return "".join(folded[offset] for offset in kept), [places[offset] for offset in kept]
