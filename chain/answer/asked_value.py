"""The value in an answer that stands out: the number, date or name that was asked for."""

from collections.abc import Collection

from language.cues import cues_of
from language.dates import dates_as_written
from language.demands import asks_for, numbers
from language.facts import names_as_written
from language.figures import figures
from language.matching import fold
from language.words import content_words


def value_asked_for(question: str, language: str, text: str, text_language: str) -> str:
    """The number, date or name in a sentence that a question asks for: the only one that is not in
    the question, or the only one among several that counts what the question names; else empty.

    Args:
        question: as asked.
        language: of the question (ISO 639-1).
        text: the sentence that answers.
        text_language: of the sentence.
    """
    kinds = asks_for(question, language)
    known, asked, words = figures(question), fold(question), set(content_words(question, language))
    counted = [*numbers(text, text_language)] if "number" in kinds else []
    found = [
        *counted,
        *(dates_as_written(text, text_language) if "date" in kinds else ()),
        *(_names(text, text_language, words) if "name" in kinds else ()),
    ]
    new = dict.fromkeys(
        part for part in found if fold(part) not in asked and not _is_known(part, known)
    )
    meant = [
        part
        for part in new
        if part in counted and not words.isdisjoint(content_words(part, text_language))
    ]
    return next((same[0] for same in ([*new], meant) if len(same) == 1), "")


def _names(text: str, language: str, asked: Collection[str]) -> list[str]:
    """Names that say more than the words of the question; no months of dates and no letters of
    references: COM(2020) 605."""
    when = " ".join(dates_as_written(text, language)).split()
    names = tuple(names_as_written(text, language))
    known = {*asked, *cues_of(language).common}
    said = {name: set(content_words(name, language)) for name in names}
    new = (name for name in names if said[name].isdisjoint(asked) or not said[name] <= known)
    return [name for name in new if name not in when and f"{name}(" not in text]


def _is_known(part: str, known: frozenset[str]) -> bool:
    return bool(figures(part)) and figures(part) <= known
