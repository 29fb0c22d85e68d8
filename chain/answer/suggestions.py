"""Suggested questions: each was prepared, or tested, and the sources answer it.

prepared questions near a question (prepared_suggestions.py); where there are none:
passages near a question -> their sections -> questions made of these (section_questions.py)
    -> asked: kept if that section, and that sentence, is the best answer with high confidence
the question in the sources' spelling, or without its limits -> asked: kept if it is answered
"""

import itertools
from collections.abc import Iterator, Sequence

from chain.answer.digest import spread
from chain.answer.prepared_suggestions import examples, near
from chain.answer.section_questions import SectionQuestion, questions
from chain.answer.sections import QUESTIONS, nearest_sections, section_of, words_of
from chain.answer.trials import Trials, answers, highest
from chain.understanding.followup import standalone
from chain.understanding.spelling import respelt
from core.answer import Answer, Turn
from core.passage import Passage, ScoredPassage
from core.source import Scope
from vectorstore.snapshot import Snapshot

_RELATED = 2  # questions beside a refusal, which may also offer a respelt and a wider one
_FOLLOW_UPS = 3  # questions after an answer; more would outweigh one of some 40 words
_EXAMPLES = 5  # questions to begin with: a screen of a phone
# Least cosines of prepared questions with a refused question, whose documents are a guess, and with
# an answered one. Questions with nothing in common have up to 0.84 (docs/decisions/0016).
_RELATES, _GOES_ON = 0.85, 0.83
_AMONG = 16  # nearest sections to ask about; farther ones are about something else
_TRIED = 8  # questions tried around a question: each costs an embedding and a search
_LOOK = 12  # passages around a question: as many as are compared unit by unit (profile.py)
# Least gain in the best passage's score by a spelling correction. Without it 18 of 773 questions
# got an offer, 13 of them wrong; with it one does, rightly (docs/decisions/0013).
_BETTER = 2.0
# Share of a sentence's words in a quote that makes it a repetition. A smaller one would leave out
# what only shares the quote's subject, a larger one would ask for what has just been read.
_SAME = 0.6


class Suggestions:
    """Makes suggestions from the sections of an index; safe to share between threads."""

    def __init__(self, trials: Trials) -> None:
        self._trials = trials
        self._examples: tuple[Snapshot, dict[str, tuple[str, ...]]] | None = None

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
        close = [*(scored.passage for scored in found), *_near(index, question, language, scope)]
        about = {scored.passage.document.id for scored in found[:1]}
        prepared = near(index, question, language, scope, close, about, _RELATES, turns)
        if offers := tuple(itertools.islice(prepared, _RELATED)):
            return offers
        words = words_of(question, language)
        offered = self._offered(index, language, close, scope, turns)
        alike = (one for one in offered if words & words_of(one, language))
        return tuple(itertools.islice(alike, _RELATED))

    def follow_ups(
        self, index: Snapshot, answer: Answer, history: Sequence[Turn], scope: Scope
    ) -> tuple[str, ...]:
        """Up to three follow-up questions about nearby sections that the answer does not cite; none
        repeats what was asked or offered earlier, or asks for what earlier answers said."""
        language = answer.question_language
        turns = [*history, Turn.of(answer.question, answer)]
        about = standalone(answer.question, language, history)
        passages = [*answer.passages, *_near(index, about, language, scope)]
        spoken = {citation.document.id for citation in answer.citations}
        prepared = near(index, about, language, scope, passages, spoken, _GOES_ON, turns)
        if offers := tuple(itertools.islice(prepared, _FOLLOW_UPS)):
            return offers
        cited_ids = {id for turn in turns for id in turn.cited}
        cited = {section_of(passage) for passage in passages if passage.id in cited_ids}
        left = [
            passage
            for passage in passages
            if passage.document.id in spoken and section_of(passage) not in cited
        ]
        said = [citation.quote for citation in answer.citations]
        offered = self._offered(index, language, left, scope, turns, said)
        return tuple(itertools.islice(offered, _FOLLOW_UPS))

    def examples(self, index: Snapshot, language: str) -> tuple[str, ...]:
        """A question of each document, up to five, for readers of a language: by turns a prepared
        one and one made of a document without any; cached while the index generation is in use."""
        known = self._examples
        if known is None or known[0] is not index:
            self._examples = known = index, {}
        if language not in known[1]:
            by_turns = itertools.zip_longest(
                examples(index, language, _EXAMPLES), self._made(index, language)
            )
            found = filter(None, itertools.chain.from_iterable(by_turns))
            known[1][language] = tuple(itertools.islice(found, _EXAMPLES))
        return known[1][language]

    def _made(self, index: Snapshot, language: str) -> Iterator[str]:
        """A question of each of at most five documents in a language that have none prepared, from
        all over the list of documents."""
        prepared = {entry.info.id for entry in index.entries() if entry.questions}
        without = [
            one for one in index.documents() if one.id not in prepared and one.language == language
        ]
        for document in without[:: -(-len(without) // _EXAMPLES) or 1]:
            passages = spread(index.passages([document.key]), _AMONG)
            yield from itertools.islice(
                self._offered(index, language, passages, Scope(), turns=()), 1
            )

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
        tried = self._trials.answer(index, better, language, scope) if better else None
        gained = tried is not None and tried.best.score >= highest(found) + _BETTER
        return better if gained else ""

    def _offered(
        self,
        index: Snapshot,
        language: str,
        passages: Sequence[Passage],
        scope: Scope,
        turns: Sequence[Turn],
        said: Sequence[str] = (),
    ) -> Iterator[str]:
        """Yields questions that a section of the passages answers, at most one for each, without
        those asked or offered in these turns or answered by the quotes in `said`."""
        earlier = (text for turn in turns for text in (turn.question, *turn.offered))
        taken = [words_of(text, language) for text in earlier]
        tries = itertools.count(1)
        for section in nearest_sections(passages, _AMONG):
            for one in itertools.islice(questions(section, language), QUESTIONS):
                words = words_of(one.question, language)
                if any(words <= old for old in taken) or _is_said(one, section, said):
                    continue
                if standalone(one.question, language, turns) != one.question:
                    continue  # would be rewritten as a follow-up
                if next(tries) > _TRIED:
                    return
                tried = self._trials.answer(index, one.question, language, scope)
                if tried is not None and answers(tried, one, section):
                    taken.append(words)
                    yield one.question
                    break


def _near(index: Snapshot, question: str, language: str, scope: Scope) -> list[Passage]:
    around = index.search(question, _LOOK, language, scope=scope, rerank=False)
    return [scored.passage for scored in around]


def _is_said(asked: SectionQuestion, section: Passage, said: Sequence[str]) -> bool:
    """Whether a quote already answers the question."""
    texts = (section.text[section.units[n].start : section.units[n].end] for n in asked.units)
    words = words_of(" ".join(texts), section.language)
    quoted = (words_of(quote, section.language) for quote in said)
    return bool(words) and any(len(words & one) >= _SAME * len(words) for one in quoted)
