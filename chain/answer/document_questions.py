"""Questions about a document: each was prepared, or tried, and the document answers it.

prepared questions of the document (prepared_suggestions.py); where there are none:
sections of a document, evenly spaced -> questions made of them -> tried -> at most five
"""

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence

from chain.answer.digest import spread, stretches
from chain.answer.prepared_suggestions import about
from chain.answer.section_questions import SectionQuestion, questions
from chain.answer.sections import QUESTIONS, Section, section_of, words_of
from chain.answer.trials import Trials, answers, is_better_outside
from core.passage import Passage
from core.source import DocumentInfo, Scope
from vectorstore.snapshot import Snapshot

_ABOUT = 5  # questions about a document: one of each stretch, as the summary has sentences
_LOOKED_AT = 60  # passages, evenly spread: a long act costs no more than a report
_TRIED_ABOUT = 14  # questions tried: each is a search, and another one if it is answered
_ALIKE = 2  # questions about it with the same first word; five "When did ...?" tell little


def document_questions(
    index: Snapshot, document: DocumentInfo, language: str, trials: Trials
) -> tuple[str, ...]:
    """Up to five questions that a language version of a document answers, in its order.

    They come from all its parts; where none is prepared, they are made and tested with the search
    limited to it, which costs up to 19 searches.
    """
    passages = spread(index.passages([document.key]), _LOOKED_AT)
    if prepared := about(index, document, language, passages, _ABOUT):
        return prepared
    scope = Scope(documents=(document.id,))
    waiting = {
        number: _candidates([passages[place] for place in places], language)
        for number, places in enumerate(stretches(len(passages), _ABOUT))
    }
    found: list[tuple[int, str]] = []
    asked_of: set[Section] = set()
    given, tries = Counter[int](), Counter[int]()
    while waiting and len(found) < _ABOUT and tries.total() < _TRIED_ABOUT:
        number = min(waiting, key=lambda one: (given[one], tries[one]))
        candidate = next(waiting[number], None)
        if candidate is None:
            del waiting[number]
            continue
        passage, asked = candidate
        words = words_of(asked.question, language)
        if section_of(passage) in asked_of:
            continue
        alike = sum(_opening(old) == _opening(asked.question) for _, old in found)
        if any(words <= words_of(old, language) for _, old in found) or (
            asked.units and alike == _ALIKE
        ):
            continue
        tries[number] += 1
        tried = trials.answer(index, asked.question, language, scope)
        if tried is None or not answers(tried, asked, passage):
            continue
        outside = trials.elsewhere(index, asked.question, language, scope)
        if not is_better_outside(outside, tried.best.score):
            given[number] += 1
            asked_of.add(section_of(passage))
            found.append((passage.start, asked.question))
    return tuple(question for _, question in sorted(found))


def _candidates(
    passages: Sequence[Passage], language: str
) -> Iterator[tuple[Passage, SectionQuestion]]:
    """Questions about the passages; first those that one sentence answers."""
    listed = []
    for passage in passages:
        asked = itertools.islice(questions(passage, language), QUESTIONS)
        listed += [(passage, one) for one in asked]
    yield from sorted(listed, key=lambda one: not one[1].units)


def _opening(question: str) -> str:
    return question.split(maxsplit=1)[0]
