"""Extractive summary of a document: a few of its sentences, from all its sections.

passages of a document -> five stretches -> from each the sentence nearest to the title, among those
                          that stand alone -> an answer that cites them

It begins with a sentence that says what the document is for, where there is one; that stands for
its stretch, but for a list that says how the document is divided.
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from chain.answer.composition import AnswerBuilder
from chain.checking.verification import quoted
from chain.reading.quotables import Statement, reading, statements
from chain.request import Request
from chain.writing.extractive import QuotedBlock, drafts
from core.answer import Answer
from core.source import DocumentInfo, Passage, ScoredPassage
from language.cues import question_forms
from language.words import content_words, vocabulary, words
from prompts import languages, version
from vectorstore.store import Snapshot

_SENTENCES = 5  # one of each stretch; more is no summary
_FEWEST, _MOST = 8, 45  # words of a sentence: fewer is a slogan, more is hard to take in
_MOST_LISTED = 90  # words of a list; a longer one outweighs the sentences beside it
_ENDS = re.compile(r"[.!?…][\"'”“»’)\]]*$")
# Share of its content words that makes a sentence a repetition of another; a smaller one would
# leave out sentences that have only their subject in common.
_SAME = 0.5
_LOOKED_AT = 200  # passages, evenly spaced: a long act costs no more than a report


class _Sentence(NamedTuple):
    place: int  # of its passage
    units: tuple[int, ...]
    words: frozenset[str]
    worth: float
    is_list: bool
    purpose: float  # how plainly it says what the document is for: 0 is best, infinite not at all


def digest(index: Snapshot, key: str) -> Answer | None:
    """Summary of a language version of a document: up to six sentences, what it is for and then in
    its order, with citations; None if no sentence stands alone."""
    told = telling_statements(index, key)
    return _answer(told, index) if told else None


def telling_statements(index: Snapshot, key: str) -> list[tuple[ScoredPassage, tuple[int, ...]]]:
    """The statements of such a summary: of each the passage, and its numbers of units."""
    passages = spread(index.passages([key]), _LOOKED_AT)
    if not passages:
        return []
    found = index.cited([one.id for one in passages], passages[0].document.title)
    candidates = [one for place, each in enumerate(found) for one in _sentences(place, each, index)]
    chosen = sorted(candidates, key=lambda one: one.purpose)[:1]
    if chosen and math.isinf(chosen[0].purpose):
        chosen = []
    purposes = {one.place for one in chosen}
    for places in stretches(len(found), _SENTENCES):
        is_told = not purposes.isdisjoint(places)
        here = (one for one in candidates if one.place in places and (one.is_list or not is_told))
        for one in sorted(here, key=lambda one: -one.worth):
            if not any(_same(one, other) or (one.is_list and other.is_list) for other in chosen):
                chosen.append(one)
                break
    return [(found[one.place], one.units) for one in chosen]


def spread(passages: Sequence[Passage], most: int) -> list[Passage]:
    """Passages of a document in order; at most `most`, evenly spaced.

    Recitals and other preambles are left out if enough passages follow them.
    """
    ordered = sorted(passages, key=lambda one: one.start)
    enacting = [one for one in ordered if not one.preamble]
    ordered = enacting if len(enacting) >= _SENTENCES else ordered
    return ordered[:: -(-len(ordered) // most)] if ordered else []


def stretches(length: int, count: int) -> Iterator[range]:
    """Splits `range(length)` into `count` ranges of about equal length; fewer if it is shorter."""
    count = min(count, length)
    for number in range(count):
        yield range(number * length // count, (number + 1) * length // count)


def _sentences(place: int, found: ScoredPassage, index: Snapshot) -> Iterator[_Sentence]:
    """Candidates: sentences, and lists with a count, that can be understood alone."""
    passage, amounts = found.passage, index.profile.amounts.cosines
    for one in statements(passage):
        text = " ".join(reading(passage, passage.units[number]) for number in one.units)
        if one.is_list:
            is_fit = _is_counted(passage, one) and len(text.split()) <= _MOST_LISTED
        else:
            is_whole = text[:1].isupper() and _ENDS.search(text) is not None
            is_fit = is_whole and _FEWEST <= len(text.split()) <= _MOST
        if is_fit and one.units == one.core:
            is_first = one.units[0] == 0 and not passage.continues
            worth = (
                found.unit_similarities[one.units[0]]
                + amounts.first * is_first
                + amounts.counted * one.is_list
                + amounts.record * _is_record(text, passage.document)
            )
            words = frozenset(content_words(text, passage.language))
            told = purpose(text, passage.document)
            yield _Sentence(place, one.units, words, worth, one.is_list, told)


def purpose(text: str, document: DocumentInfo) -> float:
    """The place of the first pattern of purpose that a sentence has. In a press release "the
    strategy" is another document: it has patterns of its own."""
    if document.language not in languages():
        return math.inf
    forms = question_forms(document.language)
    patterns = forms.purpose if document.about_form == "document" else forms.presented
    places = (place for place, one in enumerate(patterns) if re.match(one, text))
    return next(places, math.inf)


def _is_counted(passage: Passage, one: Statement) -> bool:
    """Whether a list is complete and its introduction gives the number of items."""
    first, *items = (passage.units[number] for number in one.units)
    numbers = vocabulary(passage.language).numbers
    told = {numbers.get(word) for word in words(passage.text[first.start : first.end])}
    return first.kind == "sentence" and len(items) > 1 and not one.left_out and len(items) in told


def _is_record(text: str, document: DocumentInfo) -> bool:
    number = document.reference.removesuffix(" final")
    day = document.date
    dated = day is not None and re.search(rf"\b{day.day}\b.{{1,20}}\b{day.year}\b", text)
    return bool(dated) or (bool(number) and number in text)


def _same(one: _Sentence, other: _Sentence) -> bool:
    fewest = min(len(one.words), len(other.words))
    return len(one.words & other.words) >= _SAME * fewest


def _answer(told: Sequence[tuple[ScoredPassage, tuple[int, ...]]], index: Snapshot) -> Answer:
    """Answer with each sentence below the name of its section, with a citation."""
    document = told[0][0].passage.document
    cited = tuple({one.passage.id: one for one, _ in told}.values())
    request = Request(document.title, document.language, cited)
    composition, section = AnswerBuilder(request), ""
    passages = [one.passage for one in cited]
    for one, units in told:
        passage = one.passage
        block = QuotedBlock(passages.index(passage), units)
        name = passage.headings[-1] if len(passage.headings) > 1 else ""
        for draft in drafts(block, request, labelled=False):
            assert draft.quote is not None  # noqa: S101 - so drafts of a block are made
            verdict = quoted(draft, draft.quote, passages)
            if verdict.is_confirmed:
                label = name if name != section else ""
                composition.add(replace(draft, label=label), verdict)
                section = name
    return Answer(
        question=document.title,
        blocks=composition.blocks,
        language=composition.language,
        citations=composition.citations,
        passages=tuple(passages),
        answered=True,
        confidence=1.0,
        mode="extractive",
        prompt_version=version(),
        generation=index.generation,
    )
