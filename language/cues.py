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
    """Cue words of questions: for follow-ups, comparisons and parts.

    Follow-ups: `opening` words begin one, `referring` ones stand for something said before;
    `ordinals` are what "first" to "tenth" begin with, in that order; `items` words beside one leave
    open what it is the first of.
    `asking` words ask, `defining` ones among them what something is; `helping` verbs begin a
    question for yes or no. `common` names are those of what every document is about. `empty` words
    say nothing of what a question is about; what search leaves out anyway need not be among them.

    Parts: `joining` words stand between the parts of a question, `comparing` ones make it a
    comparison, `versus` ones do both, and so do `than` ones behind a comparative. `writing` words
    ask for what no quote is: a comparison, a timeline, a summary.

    Documents: `lasting` words ask whether one still applies, until when, or what succeeds it; other
    words may stand between those of one.

    Topics: `general` words say how something is asked, not what. `causal` words and phrases give a
    reason.

    Summaries: `purpose` are patterns of sentences that say what a document is for, the plainest
    first; `presented` those of a press release, which says what was presented and what for.
    """

    opening: tuple[str, ...]
    referring: tuple[str, ...]
    ordinals: tuple[str, ...]
    items: frozenset[str]
    asking: tuple[str, ...]
    helping: tuple[str, ...]
    empty: tuple[str, ...]
    defining: tuple[str, ...]
    common: tuple[str, ...]
    joining: tuple[str, ...]
    comparing: tuple[str, ...]
    writing: tuple[str, ...]
    versus: tuple[str, ...]
    than: tuple[str, ...]
    lasting: tuple[str, ...]
    causal: tuple[str, ...]
    general: frozenset[str]
    purpose: tuple[str, ...]
    presented: tuple[str, ...]


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
