"""Sentence boundaries: those of the library sentencex, some added before figures, some dropped.

The library knows many abbreviations of many languages, but none of policy texts. Rather than list
these, a boundary is dropped where the text around it shows that no sentence ends. In five languages
that write "2." for "second" the library ends no sentence before a figure at all.

Time is linear in the length of the text, whatever it holds.
"""

import re
from collections import deque
from collections.abc import Callable, Iterator

from sentencex import get_sentence_boundaries

from language.words import grouped

Span = tuple[int, int]

_LONGEST_SPEECH = 1500  # characters: a longer quotation, more than a passage has, is split
_STRETCH = 10_000  # characters the library sees at once: its time can grow with their square
_STRETCH_ENDS = tuple(map(re.compile, (r"(?s:.*)[.!?]\s", r"(?s:.*)\s")))
_ENDING = 32  # last characters of a piece that tell whether a sentence ends: a word or two
_SPACE = re.compile(r"\s*")

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
_NUMBER = re.compile("(?!" + grouped(" .,\u00a0\u202f") + r"(?!\d))\d|[IVXL]+(?![^\W_])")

# Languages that write a number with a period for "second", "third".
_ORDINAL_LANGUAGES = ("cs", "da", "de", "et", "fi", "hr", "hu", "lv", "pl", "sk", "sl")

_CLOSERS = {"“": "”", "”": "”", "„": "“”", "«": "»", "»": "«", '"': '"', "(": ")", "[": "]"}


def sentences(text: str, language: str) -> list[Span]:
    """The sentences of a paragraph as offsets, without the white space around them."""
    kept_together = _kept_together(text)
    found: list[Span] = []
    has_letters = False  # whether the last sentence has any
    for start, end in _pieces(text, language):
        while kept_together and kept_together[0][1] <= start:
            kept_together.popleft()
        within = bool(kept_together) and kept_together[0][0] < start
        piece = text[start:end]
        begun, stopped = found[-1] if found else (0, 0)
        ending = text[max(begun, stopped - _ENDING) : stopped]
        # "1." is no sentence either
        if found and (within or not has_letters or _runs_on(ending, piece, language)):
            found[-1] = (begun, end)
        else:
            found.append((start, end))
            has_letters = False
        has_letters = has_letters or any(map(str.isalpha, piece))
    return found


def cut(text: str, span: Span, fits: Callable[[str], bool]) -> list[Span]:
    """Cuts a span that is too long into pieces that fit, at a sentence, clause or word."""
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
        start = _after_space(text, stop, end)
    return [*pieces, (start, end)]


def _longest(text: str, start: int, end: int, fits: Callable[[str], bool]) -> int:
    """The end of the longest part from `start` that fits; at least one character further."""
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
    """The sentences that the library finds, also cut before figures."""
    for first, last in _stretches(text):
        for piece in get_sentence_boundaries(language, text[first:last]):
            start, end = first + piece["start_index"], first + piece["end_index"]
            for figure in _BEFORE_FIGURE.finditer(text, start, end):
                yield _trim(text, start, figure.start())
                start = figure.end()
            start, end = _trim(text, start, end)
            if start < end:
                yield start, end


def _stretches(text: str) -> Iterator[Span]:
    """Parts of at most `_STRETCH` characters that end at a sentence, else at a space."""
    start = 0
    while len(text) - start > _STRETCH:
        most = start + _STRETCH
        ends = (boundary.match(text, start, most) for boundary in _STRETCH_ENDS)
        stop = next((end.end() for end in ends if end), most)
        yield start, stop
        start = stop
    yield start, len(text)


def _trim(text: str, start: int, end: int) -> Span:
    """A span without the white space around it."""
    piece = text[start:end]
    return start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip())


def _after_space(text: str, start: int, end: int) -> int:
    """The start of a span after its leading white space."""
    space = _SPACE.match(text, start, end)
    return space.end() if space else start


def _runs_on(before: str, after: str, language: str) -> bool:
    """Whether two pieces are one sentence, as the boundary between them is false."""
    return bool(
        after.lstrip(_OPENING)[:1].islower()
        or _INITIAL.search(before)
        or _DOTTED.search(before)
        or _NO_VOWELS.search(before)
        or (_SHORT_WORD.search(before) and _NUMBER.match(after))
        or (language in _ORDINAL_LANGUAGES and _ORDINAL.search(before))
    )


def _kept_together(text: str) -> deque[Span]:
    """The outermost quotations and parentheses that are short enough to keep whole, in order."""
    found: deque[Span] = deque()
    for start, end in sorted(_enclosed(text)):
        if end - start <= _LONGEST_SPEECH and (not found or start >= found[-1][1]):
            found.append((start, end))
    return found


def _enclosed(text: str) -> list[Span]:
    """The spans between quotation marks or parentheses."""
    pairs: list[Span] = []
    opened: list[tuple[int, str]] = []  # where it opens, and what closes it
    for position, char in enumerate(text):
        if opened and char in opened[-1][1]:
            pairs.append((opened.pop()[0], position + 1))
        elif char in _CLOSERS:
            opened.append((position, _CLOSERS[char]))
    return pairs
