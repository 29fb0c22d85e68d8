"""Prepared questions as suggestions: each has an answer, and was written by a person for people.

near a question, or of a document -> in the reader's language, whole sentences -> not asked yet, and
not answered by what was shown -> at most one for each passage
"""

import itertools
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache

from chain.answer.digest import stretches
from chain.answer.sections import words_of
from core.answer import Turn
from core.passage import Passage
from core.prepared import PreparedQuestion
from core.source import DocumentInfo, Scope
from core.versions import preferred
from language.matching import fold
from vectorstore.snapshot import Snapshot

_NEAR = 96  # prepared questions around one, of which most are other words for it
_LONGEST = 90  # characters, about a line and a half in a narrow column
_COUNTED = 20_000  # questions whose words are counted: a second, once
_LONG = 5  # letters of a word that is looked at
_TIMES = 5  # as many questions have the word that was meant
_FEWEST = 4  # words; fewer are keywords
_SENTENCE = re.compile(r"[^\W\d_a-zà-þ].*\?", re.DOTALL)  # with a capital and a question mark
# Share of words that makes two questions one in other words.
_ALIKE = 0.5


def near(
    index: Snapshot,
    question: str,
    language: str,
    scope: Scope,
    shown: Collection[str],
    turns: Sequence[Turn],
) -> Iterator[str]:
    """Prepared questions around a question, nearest first.

    Args:
        index: has them.
        question: that was asked, standing alone.
        language: of the questions (ISO 639-1).
        scope: limits of the search.
        shown: ids of passages whose content the reader has seen.
        turns: earlier turns, whose questions are not offered again.
    """
    found = index.asked_nearby(question, language, _NEAR, scope)
    asked = [question, *(turn.question for turn in turns)]
    others = (one for one in found if not set(one.passages) & {*shown})
    return _different(_readable(others, language), language, asked, _spelling(index))


def about(
    index: Snapshot, document: DocumentInfo, language: str, passages: Sequence[Passage], count: int
) -> tuple[str, ...]:
    """Prepared questions of a document, `count` of them, from all its parts and in its order.

    Args:
        index: has them.
        document: the language version.
        language: of the questions (ISO 639-1).
        passages: those of the document, in order.
        count: how many.
    """
    every = index.questions([document.key])
    prepared, spelling = [*_readable(every, language)], _spelling(index)
    by_passage: dict[str, list[PreparedQuestion]] = {}
    for one in prepared:
        by_passage.setdefault(one.passages[0], []).append(one)
    chosen: list[str] = []
    for places in stretches(len(passages), count):
        here = (by_passage.get(passages[place].id, ()) for place in places)
        asked = sorted((one for of_passage in here for one in of_passage), key=_preference)
        chosen += itertools.islice(_different(asked, language, chosen, spelling), 1)
    return tuple(chosen)


def examples(index: Snapshot, language: str, count: int) -> Iterator[str]:
    """A prepared question of each of the first documents that have one in a language."""
    versions: dict[str, dict[str, DocumentInfo]] = {}
    for entry in index.entries():
        if entry.questions:
            versions.setdefault(entry.info.id, {})[entry.info.language] = entry.info
    found = (
        one
        for of_document in versions.values()
        for document in [of_document[preferred(of_document, language)]]
        for one in about(index, document, language, index.passages([document.key]), 1)
    )
    return itertools.islice(found, count)


class _Spelling:
    """Tells slips of the pen, which are prepared too, as people make them, and are not to be
    offered: words that the sources lack and that are, but for a letter, much more frequent ones."""

    def __init__(self, index: Snapshot, prepared: Iterable[PreparedQuestion]) -> None:
        self._index = index
        self._counts = Counter(word for one in prepared for word in set(_words(one.question)))
        self._frequent: dict[str, int] = {}  # word without a letter -> most frequent of such
        for word, count in self._counts.items():
            for part in _without_a_letter(word):
                self._frequent[part] = max(self._frequent.get(part, 0), count)

    def is_right(self, question: str) -> bool:
        return not any(map(self._is_slip, _words(question)))

    def _is_slip(self, word: str) -> bool:
        near = max(self._frequent.get(part, 0) for part in _without_a_letter(word))
        return near > _TIMES * max(1, self._counts[word]) and not self._index.has(word)


@lru_cache(maxsize=2)  # of an index generation
def _spelling(index: Snapshot) -> _Spelling:
    documents = [one.key for one in index.documents()]
    return _Spelling(index, itertools.islice(index.questions(documents), _COUNTED))


def _without_a_letter(word: str) -> set[str]:
    """A word, and it without each of its letters: two words with one in common differ by one."""
    return {word, *(word[:at] + word[at + 1 :] for at in range(len(word)))}


def _words(question: str) -> list[str]:
    return [word for word in re.findall(r"\w+", fold(question)) if len(word) >= _LONG]


def _readable(prepared: Iterable[PreparedQuestion], language: str) -> Iterator[PreparedQuestion]:
    """Those that have an answer and are a short whole sentence in the language."""
    for one in prepared:
        text = one.question
        is_sentence = _SENTENCE.fullmatch(text) and len(text.split()) >= _FEWEST
        if one.units and one.language == language and is_sentence and len(text) <= _LONGEST:
            yield one


def _different(
    prepared: Iterable[PreparedQuestion],
    language: str,
    asked: Sequence[str],
    spelling: _Spelling,
) -> Iterator[str]:
    """Questions that are spelt right and not in other words what was asked or offered, one for each
    passage."""
    taken, passages = [words_of(one, language) for one in asked], set[str]()
    for one in prepared:
        words = words_of(one.question, language)
        again = any(len(words & old) > _ALIKE * min(len(words), len(old)) for old in taken)
        is_new = words and not again and passages.isdisjoint(one.passages)
        if is_new and spelling.is_right(one.question):
            taken.append(words)
            passages.update(one.passages)
            yield one.question


def _preference(one: PreparedQuestion) -> tuple[bool, int, str]:
    """Approved ones first, then those whose answer is a sentence or a short list."""
    return one.approved is None, abs(len(one.units) - 2), one.id
