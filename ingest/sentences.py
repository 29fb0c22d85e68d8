"""Sentence boundaries: those of the library sentencex, of which some are taken away, never added.

The library knows many abbreviations of many languages, but none of policy texts. Rather than keep
a list of them, a boundary goes where what stands around it shows that no sentence ended there.
"""

import re
from collections.abc import Callable, Iterator

from sentencex import get_sentence_boundaries

Span = tuple[int, int]

_LONGEST_SPEECH = 1500  # characters: a longer quotation is split at its own sentences

# Where a sentence that is too long is cut: after a sentence, a clause, a word.
_LAST_RESORTS = tuple(map(re.compile, (r"[.!?][”“»\"')]*(?=\s)", r"[,;:](?=\s)", r"\S(?=\s)")))

# The last word of a piece, with its period.
_INITIAL = re.compile(r"(?<![^\W\d_])(?<!['’])[^\W\d_]\.$")  # M. (Schinas), not video's.
_DOTTED = re.compile(r"(?<!\w)(?:[a-z]\.){2,}$")  # o.a., e.g.
_NO_VOWELS = re.compile(r"(?<!\w)[^\W\d_AEIOUYaeiouy][^\W\d_aeiouyA-Z]{1,4}\.$")  # nr., Mr., blz.
_SHORT_WORD = re.compile(r"(?<!\w)[^\W\d_](?:[^\W\d_A-Z]{0,4}[^\W\d_aeiouyA-Z]|[a-z]?)\.$")
_ORDINAL = re.compile(r"(?<!\w)\d{1,2}\.$")

# The first word of the next piece.
_OPENING = "“„«»\"'‘([ "
_NUMBER = re.compile(r"\d|[IVXL]+(?![^\W_])")

# Languages that write a number with a period for "second", "third".
_ORDINAL_LANGUAGES = ("cs", "da", "de", "et", "fi", "hr", "hu", "lv", "pl", "sk", "sl")

_CLOSERS = {"“": "”", "”": "”", "„": "“”", "«": "»", "»": "«", '"': '"', "(": ")", "[": "]"}


def sentences(text: str, language: str) -> list[Span]:
    """The sentences of a paragraph, as offsets without the white space around them."""
    kept_together = list(_enclosed(text))
    found: list[Span] = []
    for piece in get_sentence_boundaries(language, text):
        start, end = _trim(text, piece["start_index"], piece["end_index"])
        if start >= end:
            continue
        if found and (
            any(first < start < last for first, last in kept_together)
            or _runs_on(text[slice(*found[-1])], text[start:end], language)
        ):
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return found


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


def _enclosed(text: str) -> Iterator[Span]:
    """What stands between quotation marks or parentheses and is not too long."""
    position = 0
    while position < len(text):
        end = _closing(text, position) if text[position] in _CLOSERS else None
        if end is not None and end - position <= _LONGEST_SPEECH:
            yield position, end
            position = end
        position += 1


def _closing(text: str, position: int) -> int | None:
    """Where what opens at a position closes, or None."""
    open_marks = [_CLOSERS[text[position]]]
    for index in range(position + 1, min(len(text), position + _LONGEST_SPEECH + 1)):
        char = text[index]
        if char in open_marks[-1]:
            open_marks.pop()
            if not open_marks:
                return index + 1
        elif char in _CLOSERS:
            open_marks.append(_CLOSERS[char])
    return None
