"""Spelling correction of a question with the words of the sources: "did you mean ...?".

word that no passage has -> passages with a similar word -> the nearest of their words -> unless the
prepared questions have the word as often as that one: then it is another word, and no misspelling
"""

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

from rapidfuzz import process
from rapidfuzz.distance import OSA

from core.passage import Passage
from language.cues import cues_of
from language.matching import fold, without_accents
from vectorstore.keyword import content_words
from vectorstore.snapshot import Snapshot

_SHORTEST = 7  # letters; shorter words are near to too many others
_WRONG = 1  # edits (optimal string alignment): a wrong letter, or two swapped neighbours
_ENDING = 2  # letters of an inflection: a plural or a case is no misspelling
_BEGINNING = 2  # letters that few people get wrong, and in which prefixes differ ("om-", "op-")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")


def respelt(
    question: str, language: str, index: Snapshot, among: Sequence[Passage] | None = None
) -> str:
    """The question with misspelt words replaced by words of the sources; empty if there are none.

    Args:
        question: as asked.
        language: of the question and of the passages to take words from (ISO 639-1).
        index: to look words up in.
        among: the passages to take words from; None: all.
    """
    general = cues_of(language).general
    changed = question
    for word in dict.fromkeys(_WORD.findall(question)):
        if len(word) < _SHORTEST or fold(word) in general or not content_words(word, language):
            continue
        if index.has(word):
            continue
        passages = index.alike(word) if among is None else among
        if better := _nearest(word, language, index, passages):
            changed = re.sub(rf"\b{re.escape(word)}\b", better, changed)
    return changed if changed != question else ""


def _nearest(word: str, language: str, index: Snapshot, passages: Sequence[Passage]) -> str:
    """The word of these passages that this may be a misspelling of; empty if there is none.

    Inflections do not count as misspellings, and the beginning must match.
    """
    plain = _plain(word)
    known = {
        _plain(there): there
        for passage in passages
        if passage.language == language
        for there in _WORD.findall(passage.text)
        if _plain(there)[:_BEGINNING] == plain[:_BEGINNING]
        and not _plain(there).startswith(plain[:-_ENDING])
    }
    found = process.extractOne(plain, known.keys(), scorer=OSA.distance, score_cutoff=_WRONG)
    if found is None:
        return ""
    used = _used(index, language)
    if used[plain] and used[plain] >= used[found[0]]:
        return ""
    better: str = known[found[0]]
    first = better[0].upper() if word[0].isupper() else better[0].lower()
    return first + better[1:]


@lru_cache(maxsize=8)  # the languages of an index generation or two
def _used(index: Snapshot, language: str) -> Counter[str]:
    """How many prepared questions of a language have each word."""
    every = index.questions([one.key for one in index.documents()])
    mine = (one.question for one in every if one.language == language)
    return Counter(word for text in mine for word in set(map(_plain, _WORD.findall(text))))


def _plain(word: str) -> str:
    return without_accents(fold(word))
