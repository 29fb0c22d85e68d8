"""Spelling correction of a question with the words of the sources: "did you mean ...?".

word that no passage has -> passages with a similar word -> the nearest of their words
"""

import re

from rapidfuzz import process
from rapidfuzz.distance import OSA

from language.cues import cues_of
from language.matching import fold, without_accents
from vectorstore.keyword import content_words
from vectorstore.snapshot import Snapshot

_SHORTEST = 7  # letters; shorter words are near to too many others
_WRONG = 1  # edits (optimal string alignment): a wrong letter, or two swapped neighbours
_ENDING = 2  # letters of an inflection: a plural or a case is no misspelling
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")


def respelt(question: str, language: str, index: Snapshot) -> str:
    """The question with misspelt words replaced by words of the sources; empty if there are none.

    Args:
        question: as asked.
        language: of the question and of the passages to take words from (ISO 639-1).
        index: to look words up in.
    """
    general = cues_of(language).general
    changed = question
    for word in dict.fromkeys(_WORD.findall(question)):
        if len(word) < _SHORTEST or fold(word) in general or not content_words(word, language):
            continue
        if not index.has(word) and (better := _nearest(word, language, index)):
            changed = re.sub(rf"\b{re.escape(word)}\b", better, changed)
    return changed if changed != question else ""


def _nearest(word: str, language: str, index: Snapshot) -> str:
    """The word of the sources that this may be a misspelling of; empty if there is none.

    Inflections do not count as misspellings, and the first letter must match: few people get it
    wrong.
    """
    plain = _plain(word)
    known = {
        _plain(there): there
        for passage in index.alike(word)
        if passage.language == language
        for there in _WORD.findall(passage.text)
        if _plain(there)[:1] == plain[:1] and not _plain(there).startswith(plain[:-_ENDING])
    }
    found = process.extractOne(plain, known.keys(), scorer=OSA.distance, score_cutoff=_WRONG)
    if found is None:
        return ""
    better: str = known[found[0]]
    return better if word[0].isupper() else better[0].lower() + better[1:]


def _plain(word: str) -> str:
    return without_accents(fold(word))
