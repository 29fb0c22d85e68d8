"""Tells whether a sentence depends on the one before it, by its words."""

import re
from functools import cache

from language.matching import fold
from language.vocabulary import vocabulary

_WORD = re.compile(r"\w+(?:['’-]\w+)*")
_OPENING = 6  # first words, checked for a reference back; a later one is to the sentence itself


def points_back(text: str, language: str) -> bool:
    """Whether a sentence opens with a word that refers back (an anaphor).

    >>> points_back("In that year the number rose.", "en")
    True
    >>> points_back("There are eight of them.", "en")
    False
    """
    words = vocabulary(language)
    opening = [fold(word) for word in _WORD.findall(text[:200])[:_OPENING]]
    said = f"{' '.join(opening)} "
    if not opening or any(said.startswith(f"{phrase} ") for phrase in words.no_pointing):
        return False
    if _opening(language).match(said) or not words.same.isdisjoint(opening):
        return True
    for word in opening:
        if word in words.demonstratives:
            return True
        if word not in words.linking:
            return False
    return False


def follows(text: str, language: str) -> bool:
    """Whether a sentence states a consequence ("therefore")."""
    words = [fold(word) for word in _WORD.findall(text)]
    return not vocabulary(language).consequences.isdisjoint(words)


@cache
def _opening(language: str) -> re.Pattern[str]:
    phrases = sorted(map(re.escape, vocabulary(language).pointing), key=len, reverse=True)
    return re.compile(rf"(?:{'|'.join(phrases)}) " if phrases else "(?!)")
