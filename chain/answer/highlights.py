"""Highlights: the numbers, dates or names in an answer that the question asks for."""

from chain.understanding.asking import asks_for, numbers
from language.dates import dates_as_written
from language.matching import fold
from language.proper_names import names_as_written
from language.quantities import figures


def highlights(question: str, language: str, text: str, text_language: str) -> tuple[str, ...]:
    """Strings of the answer to highlight, each once: those of the answer type of the question.

    Only the first paragraph or list is searched: it has the best match. Words of the question are
    left out.

    Args:
        question: as asked.
        language: of the question (ISO 639-1).
        text: of the answer, without its markers.
        text_language: of the answer's text.
    """
    kinds = asks_for(question, language)
    first = text.split("\n\n")[0]
    found = [
        *(numbers(first, text_language) if "number" in kinds else ()),
        *(dates_as_written(first, text_language) if "date" in kinds else ()),
        *(_names(first, text_language) if "name" in kinds else ()),
    ]
    known, asked = figures(question), fold(question)
    new = (part for part in found if fold(part) not in asked and not _is_known(part, known))
    return tuple(dict.fromkeys(new))


def _names(text: str, language: str) -> list[str]:
    """Names, but no months of dates and no letters of references: COM(2020) 605."""
    when = " ".join(dates_as_written(text, language)).split()
    names = names_as_written(text, language)
    return [name for name in names if name not in when and f"{name}(" not in text]


def _is_known(part: str, known: frozenset[str]) -> bool:
    return bool(figures(part)) and figures(part) <= known
