"""A question in the spelling of the sources: "did you mean ...?".

word that no passage has -> passages with a word nearly like it -> the nearest of their words
"""

import re

from rapidfuzz import process
from rapidfuzz.distance import OSA

from core.matching import fold, without_accents
from prompts import phrases
from vectorstore.keyword import content_words
from vectorstore.store import Index

_SHORTEST = 5  # letters; shorter words are near to too many others
_LONG = 8  # letters: two of them may be wrong
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")


def respelt(question: str, language: str, index: Index) -> str:
    """The question with words of the sources in place of those that they nearly have; empty where
    there are none.

    Args:
        question: as it was asked.
        language: of the question (ISO 639-1); the words of passages in it are looked at.
        index: that is asked.
    """
    general = phrases(language).demands.general
    changed = question
    for word in dict.fromkeys(_WORD.findall(question)):
        if len(word) < _SHORTEST or fold(word) in general or not content_words(word, language):
            continue
        if not index.has(word) and (better := _nearest(word, language, index)):
            changed = re.sub(rf"\b{re.escape(word)}\b", better, changed)
    return changed if changed != question else ""


def _nearest(word: str, language: str, index: Index) -> str:
    """The word of the sources that this may be a misspelling of; empty where there is none.

    Another form of a word is no misspelling of it, and few people get the first letter wrong.
    """
    plain = _plain(word)
    stem = content_words(word, language, stemmed=True)
    known = {
        _plain(there): there
        for passage in index.alike(word)
        if passage.language == language
        for there in _WORD.findall(passage.text)
        if _plain(there)[:1] == plain[:1]
        and content_words(there, language, stemmed=True) != stem
    }
    most = 2 if len(plain) >= _LONG else 1
    found = process.extractOne(plain, known.keys(), scorer=OSA.distance, score_cutoff=most)
    if found is None:
        return ""
    better = known[found[0]]
    return better if word[0].isupper() else better[0].lower() + better[1:]


def _plain(word: str) -> str:
    return without_accents(fold(word))
