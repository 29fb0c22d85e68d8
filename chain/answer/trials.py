"""Asks a question to see whether it would be answered, and from where."""

import datetime
import math
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import NamedTuple

from chain.answer.section_questions import SectionQuestion
from chain.answer.sections import section_of
from chain.reading.confidence import confidence
from chain.reading.parts import Part, as_asked
from chain.reading.relevance import rank
from core.passage import Passage, ScoredPassage
from core.settings import Settings
from core.source import Scope
from vectorstore.snapshot import Snapshot

# Least lead in score of a passage outside of the scope over the best within: it is 150 times (e^5)
# as likely to be right. A smaller one would refuse what the scope answers as well.
_EXCLUDED = 5.0
# Least confidence of a suggestion. More than a question itself needs: what nobody
# asked for must not end in a wrong answer.
_SURE = 0.7
_REMEMBERED = 2000  # questions in the cache: many readers are offered the same; bounds memory


class Tried(NamedTuple):
    """Answer to a question: the best passage, and passage and units of the best statement."""

    best: ScoredPassage
    passage: Passage
    units: frozenset[int]
    confidence: float


_Ask = Callable[[datetime.date, str, str, Scope], Tried | None]


class Trials:
    """Tries questions on an index; safe to share between threads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._known: tuple[Snapshot, _Ask] | None = None

    def answer(self, index: Snapshot, question: str, language: str, scope: Scope) -> Tried | None:
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
    ) -> Tried | None:
        del today
        wanted = self._settings.results
        found = index.search(question, wanted, language, scope=scope, rerank=False)
        ranked = rank(question, language, found, index.profile.relevance)
        sure = confidence(question, language, found, ranked, index)
        if sure.value < self._settings.refuse_below or not ranked:
            return None
        first, *_ = as_asked(Part(question, tuple(found), ranked), language, index)
        passage = found[first.passage].passage
        return Tried(found[0], passage, frozenset(first.statement.units), sure.value)

    def elsewhere(
        self, index: Snapshot, question: str, language: str, scope: Scope
    ) -> ScoredPassage | None:
        """The best passage for a question, if it is outside of the scope; None if nothing answers
        it, or a document within does, in any language."""
        tried = self.answer(index, question, language, Scope()) if scope != Scope() else None
        within = scope.model_copy(update={"language": ""})
        return None if tried is None or within.admits(tried.passage.document) else tried.best


def answers(tried: Tried, asked: SectionQuestion, section: Passage) -> bool:
    """Whether the best answer is what the question was made from, with high confidence."""
    meant = tried.passage.id == section.id and bool(asked.units & tried.units)
    found_there = section_of(tried.passage) == section_of(tried.best.passage) == section_of(section)
    return tried.confidence >= _SURE and (meant if asked.units else found_there)


def is_better_outside(outside: ScoredPassage | None, inside: float) -> bool:
    """Whether the best passage outside of the scope is so much better than the best within
    (`inside`) that the question is refused."""
    return outside is not None and outside.score > inside + _EXCLUDED


def highest(found: Sequence[ScoredPassage]) -> float:
    """Highest score of the passages; minus infinity without any."""
    return max((one.score for one in found), default=-math.inf)
