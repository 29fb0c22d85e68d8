"""Suggested questions: each was tested, and the sources answer it.

passages near a question -> their sections -> questions made of these (section_questions.py)
    -> asked: kept if that section, and that sentence, is the best answer with high confidence
sections of a document, evenly spaced -> the same, limited to that document
the question in the sources' spelling, or without its limits -> asked: kept if it is answered
"""

import datetime
import itertools
import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, partial
from typing import NamedTuple

from chain.answer.digest import spread, stretches
from chain.answer.section_questions import Asked, questions
from chain.reading.confidence import confidence
from chain.reading.parts import Part, as_asked
from chain.reading.relevance import rank
from chain.understanding.followup import standalone
from chain.understanding.spelling import respelt
from core.settings import Settings
from core.types import Answer, DocumentInfo, Passage, Scope, ScoredPassage, Turn
from vectorstore.keyword import content_words
from vectorstore.store import Snapshot

_RELATED = 2  # questions beside a refusal
_FOLLOW_UPS = 3  # questions after an answer
_AMONG = 8  # nearest sections to ask about
_A_SECTION = 2  # questions tried for each section
_ABOUT = 5  # questions about a document
_LOOKED_AT = 60  # passages of the document
_TRIED_ABOUT = 14  # questions tried for the document
_ALIKE = 2  # questions about it with the same first word, such as "When did ...?"
_TRIED = 8  # questions tried around a question
_LOOK = 12  # passages retrieved around a question
_EXCLUDED = 5.0  # score: least lead of a passage outside of the scope over the best within
_BETTER = 2.0  # score: least gain of the best passage by a spelling correction
_SURE = 0.7  # least confidence of a suggestion; higher than for a question that is asked
_SAME = 0.6  # share of a sentence's words in a quote that makes it a repetition

_REMEMBERED = 2000  # questions in the cache

Section = tuple[str, int]  # document key, number


class _Tried(NamedTuple):
    """Answer to a question: the best passage, and passage and units of the best statement."""

    best: ScoredPassage
    passage: Passage
    units: frozenset[int]
    confidence: float


_Ask = Callable[[datetime.date, str, str, Scope], _Tried | None]


class Suggestions:
    """Makes suggestions from the sections of an index; safe to share between threads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._known: tuple[Snapshot, _Ask] | None = None

    def related(
        self,
        index: Snapshot,
        question: str,
        language: str,
        found: Sequence[ScoredPassage],
        scope: Scope,
        history: Sequence[Turn],
    ) -> tuple[str, ...]:
        """Up to two questions about the sections nearest to a refused question.

        Args:
            index: holds the passages.
            question: the refused one.
            language: of the questions (ISO 639-1).
            found: the retrieved passages, best first.
            scope: limits of the search.
            history: earlier turns.
        """
        turns = [*history, Turn(question=question, answer_text="")]
        near = [*(scored.passage for scored in found), *_near(index, question, language, scope)]
        offered = self._offered(index, language, near, near, scope, turns)
        return tuple(itertools.islice(offered, _RELATED))

    def follow_ups(
        self, index: Snapshot, answer: Answer, history: Sequence[Turn], scope: Scope
    ) -> tuple[str, ...]:
        """Up to three follow-up questions about nearby sections that the answer does not cite; none
        repeats an earlier question."""
        language = answer.question_language
        turns = [*history, Turn.of(answer.question, answer)]
        about = standalone(answer.question, language, history)
        passages = [*answer.passages, *_near(index, about, language, scope)]
        cited_ids = {citation.passage_id for citation in answer.citations}
        cited = {_section(passage) for passage in passages if passage.id in cited_ids}
        left = [passage for passage in passages if _section(passage) not in cited]
        spoken = {citation.document.id for citation in answer.citations}
        left.sort(key=lambda passage: passage.document.id not in spoken)
        said = [citation.quote for citation in answer.citations]
        offered = self._offered(index, language, left, passages, scope, turns, said)
        return tuple(itertools.islice(offered, _FOLLOW_UPS))

    def about(self, index: Snapshot, document: DocumentInfo, language: str) -> tuple[str, ...]:
        """Up to five questions that a language version of a document answers, in its order.

        They come from all its parts and are tested with the search limited to it; costs up to 19
        searches.
        """
        passages = spread(index.passages([document.key]), _LOOKED_AT)
        scope = Scope(documents=(document.id,))
        waiting = {
            number: self._candidates(index, [passages[place] for place in places], language)
            for number, places in enumerate(stretches(len(passages), _ABOUT))
        }
        found: list[tuple[int, str]] = []
        given, tries = Counter[int](), Counter[int]()
        while waiting and len(found) < _ABOUT and tries.total() < _TRIED_ABOUT:
            number = min(waiting, key=lambda one: (given[one], tries[one]))
            candidate = next(waiting[number], None)
            if candidate is None:
                del waiting[number]
                continue
            passage, asked = candidate
            words = _words(asked.question, language)
            alike = sum(_opening(old) == _opening(asked.question) for _, old in found)
            if any(words <= _words(old, language) for _, old in found) or (
                asked.units and alike == _ALIKE
            ):
                continue
            tries[number] += 1
            tried = self._asked(index, asked.question, language, scope)
            if tried is None or not _answers(tried, asked, passage):
                continue
            outside = self.elsewhere(index, asked.question, language, scope)
            if not is_better_outside(outside, tried.best.score):
                given[number] += 1
                found.append((passage.start, asked.question))
        return tuple(question for _, question in sorted(found))

    def _candidates(
        self, index: Snapshot, passages: Sequence[Passage], language: str
    ) -> Iterator[tuple[Passage, Asked]]:
        """Questions about the passages; first those that one sentence answers."""
        listed = []
        for passage in passages:
            versions = _versions(index, passage) if passage.language != language else ()
            asked = questions(passage, (), language, versions, named=True)
            listed += [(passage, one) for one in itertools.islice(asked, _A_SECTION)]
        yield from sorted(listed, key=lambda one: not one[1].units)

    def respelt(
        self,
        index: Snapshot,
        question: str,
        language: str,
        found: Sequence[ScoredPassage],
        scope: Scope,
    ) -> str:
        """The question in the sources' spelling, if a clearly better passage than those found
        answers it then; else empty."""
        better = respelt(question, language, index)
        tried = self._asked(index, better, language, scope) if better else None
        gained = tried is not None and tried.best.score >= highest(found) + _BETTER
        return better if gained else ""

    def elsewhere(
        self, index: Snapshot, question: str, language: str, scope: Scope
    ) -> ScoredPassage | None:
        """The best passage for a question, if it is outside of the scope; None if nothing answers
        it, or a document within does, in any language."""
        tried = self._asked(index, question, language, Scope()) if scope != Scope() else None
        within = scope.model_copy(update={"language": ""})
        return None if tried is None or within.admits(tried.passage.document) else tried.best

    def _offered(
        self,
        index: Snapshot,
        language: str,
        passages: Sequence[Passage],
        around: Sequence[Passage],
        scope: Scope,
        turns: Sequence[Turn],
        said: Sequence[str] = (),
    ) -> Iterator[str]:
        """Yields questions that a section of the passages answers, at most one for each, without
        those asked in these turns or answered by the quotes in `said`."""
        taken = [_words(turn.question, language) for turn in turns]
        tries = itertools.count(1)
        for section in nearest_sections(passages, _AMONG):
            versions = _versions(index, section) if section.language != language else ()
            asked = questions(section, around, language, versions)
            for one in itertools.islice(asked, _A_SECTION):
                words = _words(one.question, language)
                if any(words <= old for old in taken) or _is_said(one, section, said):
                    continue
                if standalone(one.question, language, turns) != one.question:
                    continue  # would be rewritten as a follow-up
                if next(tries) > _TRIED:
                    return
                tried = self._asked(index, one.question, language, scope)
                if tried is not None and _answers(tried, one, section):
                    taken.append(words)
                    yield one.question
                    break

    def _asked(self, index: Snapshot, question: str, language: str, scope: Scope) -> _Tried | None:
        """Answer to a question; None if it would be refused.

        Cached while the index generation is in use: many readers get the same few questions.
        """
        known = self._known
        if known is None or known[0] is not index:
            known = index, lru_cache(maxsize=_REMEMBERED)(partial(self._best, index))
            self._known = known
        today = datetime.datetime.now(datetime.UTC).date()  # part of the key: what is in force
        return known[1](today, question, language, scope)

    def _best(
        self, index: Snapshot, today: datetime.date, question: str, language: str, scope: Scope
    ) -> _Tried | None:
        del today
        wanted = self._settings.results
        found = index.search(question, wanted, language, scope=scope, rerank=False)
        ranked = rank(question, language, found, index.profile.relevance)
        sure = confidence(question, language, found, ranked, index)
        if sure.value < self._settings.refuse_below or not ranked:
            return None
        first, *_ = as_asked(Part(question, tuple(found), ranked), language, index)
        passage = found[first.passage].passage
        return _Tried(found[0], passage, frozenset(first.statement.units), sure.value)


def _near(index: Snapshot, question: str, language: str, scope: Scope) -> list[Passage]:
    around = index.search(question, _LOOK, language, scope=scope, rerank=False)
    return [scored.passage for scored in around]


def _answers(tried: _Tried, asked: Asked, section: Passage) -> bool:
    """Whether the best answer is what the question was made from, with high confidence."""
    meant = tried.passage.id == section.id and bool(asked.units & tried.units)
    found_there = _section(tried.passage) == _section(tried.best.passage) == _section(section)
    return tried.confidence >= _SURE and (meant if asked.units else found_there)


def _is_said(asked: Asked, section: Passage, said: Sequence[str]) -> bool:
    """Whether a quote already answers the question."""
    texts = (section.text[section.units[n].start : section.units[n].end] for n in asked.units)
    words = _words(" ".join(texts), section.language)
    quoted = (_words(quote, section.language) for quote in said)
    return bool(words) and any(len(words & one) >= _SAME * len(words) for one in quoted)


def _opening(question: str) -> str:
    return question.split(maxsplit=1)[0]


def _words(text: str, language: str) -> frozenset[str]:
    return frozenset(content_words(text, language))


def _versions(index: Snapshot, section: Passage) -> list[Passage]:
    """The same section in the other languages of its document."""
    id_, key = section.document.id, section.document.key
    others = {one.key for one in index.documents() if one.id == id_} - {key}
    return [one for one in index.passages(others) if one.section == section.section]


def is_better_outside(outside: ScoredPassage | None, inside: float) -> bool:
    """Whether the best passage outside of the scope is so much better than the best within
    (`inside`) that the question is refused."""
    return outside is not None and outside.score > inside + _EXCLUDED


def highest(found: Sequence[ScoredPassage]) -> float:
    """Highest score of the passages; minus infinity without any."""
    return max((one.score for one in found), default=-math.inf)


def nearest_sections(passages: Sequence[Passage], count: int) -> list[Passage]:
    """The first passage of each of the best sections."""
    first: dict[Section, Passage] = {}
    for passage in passages:
        first.setdefault(_section(passage), passage)
    return list(first.values())[:count]


def _section(passage: Passage) -> Section:
    return passage.document.key, passage.section
