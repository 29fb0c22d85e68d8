"""Prepared questions as suggestions: each has an answer, and was written by a person for people.

near a question, or of a document -> in the reader's language, whole sentences -> on what the
question is about -> not asked or offered yet, and not answered by what was shown -> at most one for
each passage
"""

import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache

from chain.answer.digest import stretches
from chain.answer.sections import words_of
from core.answer import Turn
from core.passage import Passage
from core.prepared import MatchedQuestion, PreparedQuestion
from core.source import DocumentInfo, Scope
from core.versions import preferred
from language.matching import fold
from vectorstore.snapshot import Snapshot

_NEAR = 300  # prepared questions around one, in all languages, most of them other words for it
_ELSEWHERE = 0.88  # least cosine of what other documents answer; farther ones share their form only
_LONGEST = 110  # characters, two lines in a narrow column
_COUNTED = 20_000  # questions whose words are counted: a second, once
_TELLING = 1000  # questions of a language among which a word of one alone is rather a slip
_LONG = 5  # letters of a word that is looked at
_FEWEST = 4  # words; fewer are keywords
_SENTENCE = re.compile(r"[^\W\d_a-zà-þ].*\?", re.DOTALL)  # with a capital and a question mark
# Share of words that makes two questions one in other words.
_ALIKE = 0.5


def near(
    index: Snapshot,
    question: str,
    language: str,
    scope: Scope,
    around: Sequence[Passage],
    about: Collection[str],
    least: float,
    turns: Sequence[Turn],
) -> Iterator[str]:
    """Prepared questions around a question, nearest first, that are about the same.

    Args:
        index: has them.
        question: that was asked, standing alone.
        language: of the questions (ISO 639-1).
        scope: limits of the search.
        around: passages that a search for the question finds; others are about something else.
        about: ids of the documents that the question is about.
        least: cosine of a question that one of these documents answers with this one.
        turns: earlier turns: what was asked, offered or answered there is not offered again.
    """
    found = index.asked_nearby(question, language, _NEAR, scope)
    seen = index.named({id for turn in turns for id in turn.cited})
    offered = {text for turn in turns for text in turn.offered}
    gone = {one.prepared.units for one in found if one.prepared.question in offered}
    sections = {(one.document.id, one.section) for one in around}
    places = {
        one.id: one for one in index.named({id for each in found for id in each.prepared.passages})
    }

    def is_new(one: MatchedQuestion) -> bool:
        answer = [places[id] for id in one.prepared.passages if id in places]
        return (
            one.prepared.units not in gone
            and not any(_same_text(mine, other) for mine in answer for other in seen)
            and any((mine.document.id, mine.section) in sections for mine in answer)
            and one.cosine
            > (least if any(mine.document.id in about for mine in answer) else _ELSEWHERE)
        )

    asked = [question, *(turn.question for turn in turns), *offered]
    fresh = (one.prepared for one in found if is_new(one))
    return _different(_readable(fresh, language), language, asked, _spelling(index, language))


def _same_text(one: Passage, other: Passage) -> bool:
    """Whether two passages are one, or the same section in two languages."""
    if one.document.key == other.document.key:
        return one.id == other.id
    return (one.document.id, one.section) == (other.document.id, other.section)


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
    prepared, spelling = [*_readable(every, language)], _spelling(index, language)
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
    offered: words that the sources lack and that are, but for a letter within, more usual ones of
    the language, or that of many prepared questions one alone has."""

    def __init__(self, index: Snapshot, language: str) -> None:
        documents = index.documents()
        counted = itertools.islice(index.questions([one.key for one in documents]), _COUNTED)
        prepared = {one.question for one in counted if one.language == language}
        self._index = index
        self._is_sourced = any(one.language == language for one in documents)
        self._counts = Counter(word for one in prepared for word in set(_words(one)))
        self._fewest = 2 if len(prepared) >= _TELLING else 0
        self._alike: dict[str, list[str]] = defaultdict(list)  # word without a letter -> such words
        for word in self._counts:
            for part in _without_a_letter(word):
                self._alike[part].append(word)

    def is_right(self, question: str) -> bool:
        return not any(map(self._is_slip, _words(question)))

    def _is_slip(self, word: str) -> bool:
        if self._index.has(word):
            return False
        return self._counts[word] < self._fewest or any(
            self._counts[other] > self._counts[word]
            or (self._is_sourced and self._index.has(other))
            for part in _without_a_letter(word)
            for other in self._alike.get(part, ())
            if _differ_within(word, other)
        )


@lru_cache(maxsize=8)  # the languages of an index generation or two
def _spelling(index: Snapshot, language: str) -> _Spelling:
    return _Spelling(index, language)


def _differ_within(word: str, other: str) -> bool:
    """Whether words differ before their last letter, so that they are not two forms of one."""
    common = min(len(word), len(other)) - 1
    return word[:common] != other[:common]


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
