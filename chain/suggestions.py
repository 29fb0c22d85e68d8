"""Questions to offer, of which it is sure that the sources answer them.

passages near a question -> their sections -> a question about each heading
    -> asked: kept where it is answered, and best by that very section
the question in the sources' spelling, or without its limits -> asked: kept where it is answered
"""

import datetime
import itertools
import math
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import lru_cache, partial

from chain.confidence import confidence
from chain.followup import standalone
from chain.relevance import rank
from chain.spelling import respelt
from core.matching import fold
from core.settings import Settings
from core.types import Answer, Passage, Scope, ScoredPassage, Turn
from prompts import phrases
from vectorstore.store import Snapshot

_RELATED = 2  # questions beside a refusal
_RELATED_AMONG = 5  # nearest sections that they may be about
_FOLLOW_UPS = 3
_FOLLOW_UPS_AMONG = 8
_LOOK = 12  # passages around a question
_BETTER = 2.0  # in the score of the best passage: what a mended misspelling gains at least

_REMEMBERED = 2000  # questions

Section = tuple[str, int]  # document key, number
_Asked = Callable[[datetime.date, str, str, Scope], ScoredPassage | None]


class Suggestions:
    """Makes suggestions from the headings of an index, which each method is given; safe to share
    between threads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._known: tuple[Snapshot, _Asked] | None = None

    def related(
        self, index: Snapshot, language: str, found: Sequence[ScoredPassage], scope: Scope
    ) -> tuple[str, ...]:
        """Two questions about the sections nearest to a refused one, as far as there are any.

        Args:
            index: that they were found in.
            language: of the questions (ISO 639-1).
            found: the passages that were found, best first.
            scope: what they are limited to.
        """
        near = nearest_sections([scored.passage for scored in found], _RELATED_AMONG)
        return tuple(itertools.islice(self._answered(index, language, near, scope, ()), _RELATED))

    def follow_ups(
        self, index: Snapshot, answer: Answer, history: Sequence[Turn], scope: Scope
    ) -> tuple[str, ...]:
        """Up to three questions about sections near an answer that it does not cite.

        Each can be asked after the answer, and is no question that was asked before.
        """
        turns = [*history, Turn.of(answer.question, answer)]
        about = standalone(answer.question, answer.question_language, history)
        around = index.search(about, _LOOK, answer.question_language, scope=scope, rerank=False)
        passages = [*answer.passages, *(scored.passage for scored in around)]
        cited_ids = {citation.passage_id for citation in answer.citations}
        cited = {_section(passage) for passage in passages if passage.id in cited_ids}
        left = [passage for passage in passages if _section(passage) not in cited]
        near = nearest_sections(left, _FOLLOW_UPS_AMONG)
        asked = {fold(turn.question) for turn in turns}
        offered = (
            question
            for question in self._answered(index, answer.question_language, near, scope, turns)
            if fold(question) not in asked
        )
        return tuple(itertools.islice(offered, _FOLLOW_UPS))

    def respelt(
        self,
        index: Snapshot,
        question: str,
        language: str,
        found: Sequence[ScoredPassage],
        scope: Scope,
    ) -> str:
        """The question in the sources' spelling where so it is answered, by a passage that fits
        clearly better than those found; else empty."""
        better = respelt(question, language, index)
        best = self._asked(index, better, language, scope) if better else None
        return better if best is not None and best.score >= highest(found) + _BETTER else ""

    def elsewhere(
        self, index: Snapshot, question: str, language: str, scope: Scope
    ) -> ScoredPassage | None:
        """The passage outside of the scope that answers a question best; None where nothing does,
        or a document within, in whatever language."""
        best = self._asked(index, question, language, Scope()) if scope != Scope() else None
        within = scope.model_copy(update={"language": ""})
        return None if best is None or within.admits(best.passage.document) else best

    def _answered(
        self,
        index: Snapshot,
        language: str,
        sections: Collection[Passage],
        scope: Scope,
        turns: Sequence[Turn],
    ) -> Iterator[str]:
        """The questions about these sections that they answer best, asked after these turns."""
        for passage in sections:
            question = phrases(language).about.format(heading=passage.headings[-1])
            best = self._asked(index, standalone(question, language, turns), language, scope)
            if best is not None and _section(best.passage) == _section(passage):
                yield question

    def _asked(
        self, index: Snapshot, question: str, language: str, scope: Scope
    ) -> ScoredPassage | None:
        """The passage that answers a question best, if it is answered.

        There are not many questions about headings, and the same are looked at for many readers:
        what answers them is remembered for as long as the generation is in use.
        """
        known = self._known
        if known is None or known[0] is not index:
            known = index, lru_cache(maxsize=_REMEMBERED)(partial(self._best, index))
            self._known = known
        today = datetime.datetime.now(datetime.UTC).date()  # decides what is in force
        return known[1](today, question, language, scope)

    def _best(
        self, index: Snapshot, today: datetime.date, question: str, language: str, scope: Scope
    ) -> ScoredPassage | None:
        del today
        wanted = self._settings.results
        found = index.search(question, wanted, language, scope=scope, rerank=False)
        ranked = rank(question, language, found, index.profile.relevance)
        sure = confidence(question, language, found, ranked, index)
        return found[0] if sure.value >= self._settings.refuse_below else None


def highest(found: Sequence[ScoredPassage]) -> float:
    """The score of the best passage; below all others where nothing was found."""
    return max((one.score for one in found), default=-math.inf)


def nearest_sections(passages: Sequence[Passage], count: int) -> list[Passage]:
    """The first passage of each of the best sections."""
    first: dict[Section, Passage] = {}
    for passage in passages:
        first.setdefault(_section(passage), passage)
    return list(first.values())[:count]


def _section(passage: Passage) -> Section:
    return passage.document.key, passage.section
