"""Words by which a question tells what it asks for, and a sentence what it is for, by language."""

from collections.abc import Mapping
from functools import cache

from core.source import Frozen
from core.yaml_files import checked
from language.words import FOLDER

FILE = FOLDER / "cues.yaml"
_FALLBACK_LANGUAGE = "en"


class Asks(Frozen):
    """Words that ask for a kind of answer: `amount` is one of money."""

    list: tuple[str, ...]
    number: tuple[str, ...]
    date: tuple[str, ...]
    name: tuple[str, ...]
    reason: tuple[str, ...]
    amount: tuple[str, ...] = ()


class Cues(Frozen):
    """Cue words of questions, and patterns of sentences that say what a document is for."""

    opening: tuple[str, ...]  # begin a follow-up
    referring: tuple[str, ...]  # stand for something of before
    ordinals: tuple[str, ...]  # what "first" to "tenth" begin with, in that order
    items: frozenset[str]  # beside an ordinal, leave open what it is the first of
    asking: tuple[str, ...]
    helping: tuple[str, ...]  # verbs that begin a question for yes or no
    empty: tuple[str, ...]  # no topic, besides the words that search leaves out anyway
    defining: tuple[str, ...]  # the `asking` words that ask what something is
    common: tuple[str, ...]  # names of what every document is about
    joining: tuple[str, ...]  # between the parts of a question
    comparing: tuple[str, ...]  # make it a comparison
    writing: tuple[str, ...]  # ask for what no quote is: a comparison, a timeline, a summary
    versus: tuple[str, ...]  # join and compare
    than: tuple[str, ...]  # join and compare behind a comparative
    # Ask whether a document still applies, until when, or what succeeds it; other words may stand
    # between those of one.
    lasting: tuple[str, ...]
    causal: tuple[str, ...]  # words and phrases that give a reason
    general: frozenset[str]  # say how something is asked, not what
    purpose: tuple[str, ...]  # patterns of sentences on what a document is for, the plainest first
    presented: tuple[str, ...]  # the same of a press release: what was presented, and what for


class _File(Frozen):
    """Cues of each language; `asks` has all official languages of the EU."""

    asks: Mapping[str, Asks]
    cues: Mapping[str, Cues]


def asks(language: str) -> Mapping[str, tuple[str, ...]]:
    """Kind of answer -> what asks for it; empty for a language without entry (ISO 639-1)."""
    known = _file().asks.get(language)
    return dict(known) if known else {}


def has_cues(language: str) -> bool:
    """Whether `cues_of` knows this language."""
    return language in _file().cues


def cues_of(language: str) -> Cues:
    """The cues of a language (ISO 639-1), or those of English where there are none.

    Raises:
        PromptError: the file has wrong or missing entries.
    """
    known = _file().cues
    return known.get(language) or known[_FALLBACK_LANGUAGE]


@cache
def _file() -> _File:
    return checked(FILE, _File)
