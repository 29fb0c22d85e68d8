"""Sentence boundaries: those of the library sentencex and before figures, some taken away.

The library knows many abbreviations of many languages, but none of policy texts. Rather than keep
a list of them, a boundary goes where what stands around it shows that no sentence ended there. In
five languages that write "2." for "second" the library ends no sentence before a figure at all.
"""

import re
from collections.abc import Callable, Iterator

from sentencex import get_sentence_boundaries

Span = tuple[int, int]

_LONGEST_SPEECH = 1500  # characters: a longer quotation is split at its own sentences

# Where a sentence that is too long is cut: after a sentence, a clause, a word.
_LAST_RESORTS = tuple(map(re.compile, (r"[.!?][”“»\"')]*(?=\s)", r"[,;:](?=\s)", r"\S(?=\s)")))

# In the scripts of the EU's languages, accents included.
_VOWELS = "aeiouyàáâãäåæāăąèéêëēėęěìíîïĩīįòóôõöøőōœùúûüũūůűųýÿαεηιουωάέήίόύώϊϋΐΰаеиоуъыэюяіїѣ"
_VOWELS += _VOWELS.upper()

# The last word of a piece, with its period.
_INITIAL = re.compile(r"(?<![^\W\d_])(?<!['’])[^\W\d_]\.$")  # M. (Schinas), not video's.
_DOTTED = re.compile(r"(?<!\w)(?:[a-z]\.){2,}$")  # o.a., e.g.
_NO_VOWELS = re.compile(rf"(?<!\w)[^\W\d_{_VOWELS}][^\W\d_{_VOWELS}A-Z]{{1,4}}\.$")  # nr., Mr., чл.
_SHORT_WORD = re.compile(
    rf"(?<!\w)[^\W\d_](?:[^\W\d_A-Z]{{0,4}}[^\W\d_{_VOWELS}A-Z]|[^\W\d_A-Z]?)\.$"
)
_ORDINAL = re.compile(r"(?<!\w)\d{1,2}\.$")

_BEFORE_FIGURE = re.compile(r"(?<=[^\W\d_]{3}[.!?])\s+(?=\d)")

# The first word of the next piece.
_OPENING = "“„«»\"'‘([ "
# A number that an abbreviation stands before: art. 5, not 725,000.
_NUMBER = re.compile(r"(?!\d{1,3}(?:[ .,\u00a0\u202f]\d{3})+(?!\d))\d|[IVXL]+(?![^\W_])")

# Languages that write a number with a period for "second", "third".
_ORDINAL_LANGUAGES = ("cs", "da", "de", "et", "fi", "hr", "hu", "lv", "pl", "sk", "sl")

_CLOSERS = {"“": "”", "”": "”", "„": "“”", "«": "»", "»": "«", '"': '"', "(": ")", "[": "]"}


def sentences(text: str, language: str) -> list[Span]:
    """The sentences of a paragraph, as offsets without the white space around them."""
    pairs, _ = _enclosed(text)
    kept_together = [(start, end) for start, end in pairs if end - start <= _LONGEST_SPEECH]
    found: list[Span] = []
    for start, end in _pieces(text, language):
        if found and (
            any(first < start < last for first, last in kept_together)
            or _runs_on(text[slice(*found[-1])], text[start:end], language)
        ):
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return found


def is_open(text: str) -> bool:
    """Whether a text ends within quotation marks or parentheses that may still close."""
    _, left = _enclosed(text)
    return any(len(text) - start < _LONGEST_SPEECH for start in left)


def cut(text: str, span: Span, fits: Callable[[str], bool]) -> list[Span]:
    """Cut what is too long for one passage, as a last resort.

    Each piece fits. It ends at the last sentence, else clause, else word that lets it fit.
    """
    pieces: list[Span] = []
    start, end = span
    while (most := _longest(text, start, end, fits)) < end:
        stop = next(
            (
                ends[-1]
                for boundary in _LAST_RESORTS
                if (ends := [match.end() for match in boundary.finditer(text, start, most)])
                and ends[-1] - start >= (most - start) // 3
            ),
            most,
        )
        pieces.append(_trim(text, start, stop))
        start, _ = _trim(text, stop, end)
    return [*pieces, (start, end)]


def _longest(text: str, start: int, end: int, fits: Callable[[str], bool]) -> int:
    """Where the longest part from `start` that fits ends; at least one character further."""
    low, high = start + 1, min(end, start + 256)
    while fits(text[start:high]):
        if high == end:
            return end
        low, high = high, min(end, high + (high - start))
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(text[start:middle]) else (low, middle)
    return low


def _pieces(text: str, language: str) -> Iterator[Span]:
    """The sentences as far as the library tells, and what begins with a figure in them."""
    for piece in get_sentence_boundaries(language, text):
        start, end = piece["start_index"], piece["end_index"]
        for figure in _BEFORE_FIGURE.finditer(text, start, end):
            yield _trim(text, start, figure.start())
            start = figure.end()
        start, end = _trim(text, start, end)
        if start < end:
            yield start, end


def _trim(text: str, start: int, end: int) -> Span:
    """A span without the white space around it."""
    piece = text[start:end]
    return start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip())


def _runs_on(before: str, after: str, language: str) -> bool:
    """Whether two pieces are one sentence: what stands between them is no end of a sentence."""
    return bool(
        not any(char.isalpha() for char in before)  # "1."
        or after.lstrip(_OPENING)[:1].islower()
        or _INITIAL.search(before)
        or _DOTTED.search(before)
        or _NO_VOWELS.search(before)
        or (_SHORT_WORD.search(before) and _NUMBER.match(after))
        or (language in _ORDINAL_LANGUAGES and _ORDINAL.search(before))
    )


def _enclosed(text: str) -> tuple[list[Span], list[int]]:
    """What stands between quotation marks or parentheses, and where what never closes begins."""
    pairs: list[Span] = []
    opened: list[tuple[int, str]] = []  # where, and what closes it
    for position, char in enumerate(text):
        if opened and char in opened[-1][1]:
            pairs.append((opened.pop()[0], position + 1))
        elif char in _CLOSERS:
            opened.append((position, _CLOSERS[char]))
    return pairs, [start for start, _ in opened]
