"""Joins the lines of a paragraph; a hyphen at a line's end stays if it belongs to the word."""

import re
from collections.abc import Sequence
from functools import cache

from babel import Locale

from language.official import OFFICIAL

_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_LAST_WORD = re.compile(r"(?<![^\W_])([^\W_]+(?:-[^\W_]+)*)[-\xad]$")
_FIRST_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_HYPHENATED = 0.02  # share of lines that end in a hyphen: below it these are hyphens of compounds


class Joiner:
    """Joins broken words by the words of their document, to tell "ver-|slag" from "e-|mail"."""

    def __init__(self, lines: Sequence[str]) -> None:
        """Collects the words of the document's lines; parts of words at their ends do not count."""
        whole = [_LAST_WORD.sub("", line) for line in lines]
        self._words = {word.lower() for line in whole for word in _WORD.findall(line)}
        cut = sum(line != own for line, own in zip(lines, whole, strict=True))
        self._is_hyphenated = cut > _HYPHENATED * len(lines)

    def join(self, above: str, below: str) -> tuple[str, str]:
        """The end of a line and the beginning of the next, ready to be put together."""
        last, first = _LAST_WORD.search(above), _FIRST_WORD.match(below)
        if last is None:
            return above, f" {below}"
        stem, head = last[1], first[0] if first else ""
        whole = (stem + head).lower()
        if head.lower() in _conjunctions() and whole not in self._words:  # drug- and arms trade
            return above.replace("\xad", "-"), f" {below}"
        if above.endswith("\xad"):
            return above[:-1], below
        keeps = (
            not head
            or head[0].isupper()
            or not stem.isalpha()
            or stem.isupper()
            or (not self._is_hyphenated and whole not in self._words)
            or (f"{stem}-{head}".lower() in self._words and whole not in self._words)
        )
        return (above if keeps else above[:-1]), below


@cache
def _conjunctions() -> frozenset[str]:
    """The words for "and" and "or" in the languages of the Union."""
    patterns = [Locale.parse(language).list_patterns for language in OFFICIAL]
    return frozenset(
        pattern[kind]["2"].replace("{0}", "").replace("{1}", "").strip()
        for pattern in patterns
        for kind in ("standard", "or")
    )
