"""The words of a message, normalised: small letters without accents, drawn-out letters once."""

import re
import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

from language.matching import without_accents

# Words and these symbols; other symbols and punctuation are dropped.
_WORD = re.compile(r"\w+|[👋🖐🙏❤🥰💐👍👌✅👏🎉😂🖕💩😊🙂😀]")
_DRAWN_OUT = re.compile(r"([^\W\d_])\1{2,}")  # heyyyy
_SHORTENED = {"s": "is", "re": "are", "m": "am"}  # what's, you're, I'm
_SHORTENED_BEFORE = frozenset(
    ("what", "who", "where", "how", "that", "it", "this", "there", "i", "you", "we", "they")
)
# (letters, edits): edits allowed in a misspelt word of at least so many letters. Shorter words are
# near to too many others.
_MISSPELT = ((9, 2), (6, 1))


class Token(NamedTuple):
    """A normalised word, and its offsets in the message."""

    plain: str
    start: int
    end: int


def tokens(message: str) -> tuple[Token, ...]:
    """The words and symbols of a message, in order."""
    return tuple(Token(folded(m[0]), *m.span()) for m in _WORD.finditer(message))


def folded(word: str) -> str:
    """A word, normalised.

    >>> folded("Bedanktttt")
    'bedankt'
    """
    plain = without_accents(unicodedata.normalize("NFKC", word).casefold())
    return _DRAWN_OUT.sub(r"\1", plain)


def plain_words(said: Iterable[Token]) -> tuple[str, ...]:
    """The words of tokens, "what s" as "what is"."""
    words: list[str] = []
    for token in said:
        shortened = bool(words) and words[-1] in _SHORTENED_BEFORE
        words.append(_SHORTENED.get(token.plain, token.plain) if shortened else token.plain)
    return tuple(words)


def edits_allowed(word: str) -> int:
    """Edits (optimal string alignment) within which another word may be meant by this one."""
    return next((edits for letters, edits in _MISSPELT if len(word) >= letters), 0)
