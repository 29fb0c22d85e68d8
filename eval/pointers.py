"""Sentences that refer back (anaphora), and so cannot be read alone."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from core.source import Frozen
from core.yaml_files import read_yaml
from language.words import fold

_FILE = Path(__file__).with_name("pointers.yaml")
_OPENING = "\"'«»([ "


class _Words(Frozen):
    """Words of one language; the file explains them."""

    opens: tuple[str, ...]
    prepositions: str
    after: str
    before: Mapping[str, str] = {}
    except_: tuple[str, ...] = ()
    itself: tuple[str, ...] = ()

    @property
    def pointing(self) -> re.Pattern[str]:
        openings = (
            *self.opens,
            rf"(?:{self.prepositions}) (?:{self.after})",
            *(rf"{word} (?:{verbs})" for word, verbs in self.before.items()),
        )
        return re.compile("|".join(rf"(?:{opening})(?:(?<=')|(?!\w))" for opening in openings))

    @property
    def not_pointing(self) -> re.Pattern[str]:
        exceptions = "|".join(rf"(?:{exception})(?!\w)" for exception in self.except_) or r"(?!)"
        return re.compile(rf"(?:(?:{self.prepositions}) )?(?:{exceptions})")

    @property
    def about_itself(self) -> re.Pattern[str]:
        return re.compile(
            "|".join(rf"(?<!\w)(?:{phrase})(?!\w)" for phrase in self.itself) or r"(?!)"
        )


def points_back(sentence: str, language: str) -> bool:
    """Whether a sentence opens with a word that refers back; False for languages not in the file.

    >>> points_back("This strategy has four parts.", "en")
    True
    >>> points_back("There are four parts.", "en")
    False
    """
    patterns = _patterns().get(language)
    if patterns is None:
        return False
    pointing, not_pointing, _ = patterns
    text = fold(sentence).lstrip(_OPENING)
    return pointing.match(text) is not None and not_pointing.match(text) is None


def about_itself(sentence: str, language: str) -> bool:
    """Whether a summary talks about itself: "this brief does not list"."""
    patterns = _patterns().get(language)
    return patterns is not None and patterns[2].search(fold(sentence)) is not None


_Patterns = tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]


@cache
def _patterns() -> dict[str, _Patterns]:
    """Language -> patterns for references back, their exceptions, and talk about itself."""
    found = {}
    for language, entry in read_yaml(_FILE.read_text("utf-8")).items():
        entry["except_"] = entry.pop("except")
        words = _Words.model_validate(entry)
        found[language] = words.pointing, words.not_pointing, words.about_itself
    return found
