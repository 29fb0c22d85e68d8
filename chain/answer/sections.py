"""The sections of documents that questions are made of."""

from collections.abc import Sequence

from core.passage import Passage
from language.cues import cues_of
from vectorstore.keyword import content_words

QUESTIONS = 2  # more would spend the few tries on the first sections
"""Questions tried for each section."""

Section = tuple[str, int]  # document key, number


def nearest_sections(passages: Sequence[Passage], count: int) -> list[Passage]:
    """The first passage of each of the best sections."""
    first: dict[Section, Passage] = {}
    for passage in passages:
        first.setdefault(section_of(passage), passage)
    return list(first.values())[:count]


def section_of(passage: Passage) -> Section:
    return passage.document.key, passage.section


def words_of(text: str, language: str) -> frozenset[str]:
    """Content words, by which questions are compared; not those that only ask."""
    cues = cues_of(language)
    return frozenset(content_words(text, language)).difference(cues.asking, cues.helping)
