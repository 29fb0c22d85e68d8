"""Questions to ask next: prepared questions that are shown, have an answer and were not asked."""

import itertools
from collections.abc import Collection, Iterable, Iterator, Sequence
from weakref import WeakKeyDictionary

from chain.answer.summary import spread, stretches
from chain.request import Query
from chain.understanding.follow_ups import standalone
from core.answer import Answer, Turn
from core.source import (
    DocumentInfo,
    MatchedQuestion,
    Passage,
    PreparedQuestion,
    Scope,
    ScoredPassage,
    preferred,
)
from language.content_words import content_words
from language.vocabulary import cues_of
from vectorstore.chroma import batches
from vectorstore.manifest import by_document
from vectorstore.store import Snapshot

_RELATED = 2  # questions beside a refusal, which may also offer a wider search
_FOLLOW_UPS = 3  # questions after an answer; more would outweigh one of some 40 words
_ABOUT = 5  # questions about a document: one of each stretch, as the summary has sentences
_EXAMPLES = 5  # questions to begin with: a screen of a phone
_AROUND = 12  # passages around a question: as many as are compared unit by unit (embeddings.py)
_LOOKED_AT = 60  # passages of a document, evenly spread: a long act costs no more than a report
_NEAR = 300  # prepared questions around one, in all languages, most of them other words for it
_LONGEST = 110  # characters, two lines in a narrow column
_ALIKE = 0.5  # share of words that makes two questions one in other words


def related(
    index: Snapshot, question: str, query: Query, found: Sequence[ScoredPassage]
) -> tuple[str, ...]:
    """Up to two questions about the sections nearest to a refused question that stands alone."""
    turns = [*query.history, Turn(question=question, answer_text="")]
    passages = [scored.passage for scored in found]
    about = {passage.document.id for passage in passages[:1]}
    least = index.profile.amounts.cosines.related
    offers = _near(index, question, query, passages, about, least, turns)
    return tuple(itertools.islice(offers, _RELATED))


def follow_ups(
    index: Snapshot, answer: Answer, history: Sequence[Turn], scope: Scope
) -> tuple[str, ...]:
    """Up to three questions about sections near those that answered; none repeats what was asked or
    offered earlier, or asks for what earlier answers said."""
    query = Query(answer.question, answer.question_language, history, scope)
    turns = [*history, Turn.of(answer.question, answer)]
    question = standalone(query.question, query.language, history)
    about = {citation.document.id for citation in answer.citations}
    least = index.profile.amounts.cosines.goes_on
    offers = _near(index, question, query, answer.passages, about, least, turns)
    return tuple(itertools.islice(offers, _FOLLOW_UPS))


def _near(
    index: Snapshot,
    question: str,
    query: Query,
    passages: Sequence[Passage],
    about: Collection[str],
    least: float,
    turns: Sequence[Turn],
) -> Iterator[str]:
    """Prepared questions around a question that stands alone, nearest first, about the same.

    Args:
        passages: those found for it; questions of sections where neither these nor another search
            for the question lead are about something else.
        about: ids of the documents that the question is about.
        least: cosine with the question that one needs which these documents answer.
        turns: what was asked, offered or answered in these is not offered again.
    """
    language, scope = query.language, query.scope
    around = index.search(question, _AROUND, language, scope=scope)
    sections = {
        (passage.document.id, passage.section)
        for passage in (*passages, *(scored.passage for scored in around))
    }
    found = index.asked_nearby(question, language, _NEAR, scope)
    elsewhere = index.profile.amounts.cosines.elsewhere
    seen = index.named({id for turn in turns for id in turn.cited})
    offered = {text for turn in turns for text in turn.offered}
    gone = {matched.prepared.units for matched in found if matched.prepared.question in offered}
    named = index.named({id for matched in found for id in matched.prepared.passages})
    places = {passage.id: passage for passage in named}

    def is_new(matched: MatchedQuestion) -> bool:
        answer = [places[id] for id in matched.prepared.passages if id in places]
        is_about = any(passage.document.id in about for passage in answer)
        return (
            matched.prepared.units not in gone
            and not any(_same_text(passage, other) for passage in answer for other in seen)
            and any((passage.document.id, passage.section) in sections for passage in answer)
            and matched.cosine > (least if is_about else elsewhere)
        )

    known = [question, *(turn.question for turn in turns), *offered]
    new = (matched.prepared for matched in found if is_new(matched))
    return _different(_offerable(new, language), language, known)


def _same_text(passage: Passage, other: Passage) -> bool:
    """Whether two passages are one, or the same section in two languages."""
    if passage.document.key == other.document.key:
        return passage.id == other.id
    return (passage.document.id, passage.section) == (other.document.id, other.section)


def questions_about(
    index: Snapshot, document: DocumentInfo, language: str, count: int = _ABOUT
) -> tuple[str, ...]:
    """Prepared questions of a document in a language (ISO 639-1), from all its parts in order."""
    passages = spread(index.passages([document.key]), _LOOKED_AT)
    by_passage: dict[str, list[PreparedQuestion]] = {}
    for prepared in _offerable(index.questions([document.key]), language):
        by_passage.setdefault(prepared.passages[0], []).append(prepared)
    chosen: list[str] = []
    for places in stretches(len(passages), count):
        here = (by_passage.get(passages[place].id, ()) for place in places)
        best_first = sorted(itertools.chain.from_iterable(here), key=_preference)
        chosen += itertools.islice(_different(best_first, language, chosen), 1)
    return tuple(chosen)


_examples: WeakKeyDictionary[Snapshot, dict[str, tuple[str, ...]]] = WeakKeyDictionary()


def examples(index: Snapshot, language: str) -> tuple[str, ...]:
    """Questions to begin with, for readers of a language (ISO 639-1): of each of the first five
    documents that have one in it the first; kept while the index generation is in use."""
    known = _examples.setdefault(index, {})
    if language not in known:
        known[language] = tuple(itertools.islice(_first_questions(index, language), _EXAMPLES))
    return known[language]


def _first_questions(index: Snapshot, language: str) -> Iterator[str]:
    """The first prepared question of each document that has one in a language."""
    documents = by_document(entry for entry in index.entries() if entry.questions)
    keys = [versions[preferred(versions, language)].key for versions in documents.values()]
    # Those of one document are found by reading all, so several documents are asked of at once.
    for some in batches(keys, _EXAMPLES):
        first: dict[str, str] = {}
        for prepared in _offerable(index.questions(some), language):
            first.setdefault(prepared.document, prepared.question)
        yield from (first[key] for key in some if key in first)


def _offerable(prepared: Iterable[PreparedQuestion], language: str) -> Iterator[PreparedQuestion]:
    """Keeps the questions in a language that have an answer, are to be shown, and are short."""
    for question in prepared:
        is_readable = question.is_shown and len(question.question) <= _LONGEST
        if question.units and question.language == language and is_readable:
            yield question


def _different(
    prepared: Iterable[PreparedQuestion], language: str, known: Sequence[str]
) -> Iterator[str]:
    """Questions that do not repeat in other words what was asked or offered; one per passage."""
    taken, passages = [_words(question, language) for question in known], set[str]()
    for question in prepared:
        words = _words(question.question, language)
        again = any(len(words & old) > _ALIKE * min(len(words), len(old)) for old in taken)
        if words and not again and passages.isdisjoint(question.passages):
            taken.append(words)
            passages.update(question.passages)
            yield question.question


def _words(text: str, language: str) -> frozenset[str]:
    """Content words, by which questions are compared; not those that only ask."""
    cues = cues_of(language)
    return frozenset(content_words(text, language)).difference(cues.asking, cues.helping)


def _preference(prepared: PreparedQuestion) -> tuple[bool, int, str]:
    """Approved ones first, then those whose answer is a sentence or a short list."""
    return prepared.approved is None, abs(len(prepared.units) - 2), prepared.id
