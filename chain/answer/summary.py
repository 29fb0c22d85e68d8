"""Extractive summary of a document: a few of its sentences, from all its sections.

passages of a document -> five stretches -> from each the sentence nearest to the title, among those
                          that stand alone

It begins with a sentence that says what the document is for, where there is one; that stands for
its stretch, but for a list that says how the document is divided.
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from chain.answer.composition import AnswerBuilder
from chain.checking.quotes import quoted
from chain.reading.quotables import Statement, reading, statements
from chain.request import Request
from chain.writing.extractive import QuotedBlock, drafts
from core.answer import Answer
from core.source import DocumentInfo, Passage, ScoredPassage
from language.content_words import content_words
from language.vocabulary import cues_of, vocabulary
from language.words import words
from prompts import version
from vectorstore.store import Snapshot

_SENTENCES = 5  # one of each stretch; more is no summary
_FEWEST, _MOST = 8, 45  # words of a sentence: fewer is a slogan, more is hard to take in
_MOST_LISTED = 90  # words of a list; a longer one outweighs the sentences beside it
_ENDS = re.compile(r"[.!?…][\"'”“»’)\]]*$")
# Share of its content words that makes a sentence a repetition of another; a smaller one would
# leave out sentences that have only their subject in common.
_SAME = 0.5
_LOOKED_AT = 200  # passages, evenly spaced: a long act costs no more than a report


class _Candidate(NamedTuple):
    place: int  # of its passage
    units: tuple[int, ...]
    words: frozenset[str]
    worth: float
    is_list: bool
    purpose: float  # how plainly it says what the document is for: 0 is best, infinite not at all


def summary_of(index: Snapshot, key: str) -> Answer | None:
    """Summary of a document under its sections; None if no sentence stands alone."""
    statements = summary_statements(index, key)
    if not statements:
        return None
    document = statements[0][0].passage.document
    found = tuple({scored.passage.id: scored for scored, _ in statements}.values())
    passages = tuple(scored.passage for scored in found)
    request = Request(document.title, document.language, found)
    builder, section = AnswerBuilder(request), ""
    for scored, units in statements:
        block = QuotedBlock(passages.index(scored.passage), units)
        headings = scored.passage.headings
        name = headings[-1] if len(headings) > 1 else ""
        for draft in drafts(block, request, labelled=False):
            verdict = quoted(draft, request)
            if verdict.is_confirmed:
                builder.add(replace(draft, label=name if name != section else ""), verdict)
                section = name
    return Answer(
        question=document.title,
        blocks=builder.blocks,
        language=builder.language,
        citations=builder.citations,
        passages=passages,
        answered=True,
        confidence=1.0,
        mode="extractive",
        prompt_version=version(),
        generation=index.generation,
    )


def summary_statements(index: Snapshot, key: str) -> list[tuple[ScoredPassage, tuple[int, ...]]]:
    """Up to six statements of a document's language version, with their passages: what it is for,
    and then in its order; none if no sentence stands alone."""
    passages = spread(index.passages([key]), _LOOKED_AT)
    if not passages:
        return []
    found = index.cited([passage.id for passage in passages], passages[0].document.title)
    candidates = [
        candidate
        for place, scored in enumerate(found)
        for candidate in _candidates(place, scored, index)
    ]
    chosen = sorted(candidates, key=lambda candidate: candidate.purpose)[:1]
    if chosen and math.isinf(chosen[0].purpose):
        chosen = []
    purposes = {candidate.place for candidate in chosen}
    for places in stretches(len(found), _SENTENCES):
        has_purpose = not purposes.isdisjoint(places)
        here = [
            candidate
            for candidate in candidates
            if candidate.place in places and (candidate.is_list or not has_purpose)
        ]
        here.sort(key=lambda candidate: -candidate.worth)
        chosen += [candidate for candidate in here if _is_new(candidate, chosen)][:1]
    return [(found[candidate.place], candidate.units) for candidate in chosen]


def spread(passages: Sequence[Passage], most: int) -> list[Passage]:
    """Passages of a document, evenly spaced; preambles only if little follows them."""
    ordered = sorted(passages, key=lambda passage: passage.start)
    enacting = [passage for passage in ordered if not passage.preamble]
    ordered = enacting if len(enacting) >= _SENTENCES else ordered
    return ordered[:: -(-len(ordered) // most)] if ordered else []


def stretches(length: int, count: int) -> Iterator[range]:
    """Splits `range(length)` into `count` ranges of about equal length; fewer if it is shorter."""
    count = min(count, length)
    for number in range(count):
        yield range(number * length // count, (number + 1) * length // count)


def _candidates(place: int, found: ScoredPassage, index: Snapshot) -> Iterator[_Candidate]:
    """Sentences, and lists with a count, that can be understood alone."""
    passage, amounts = found.passage, index.profile.amounts.cosines
    for statement in statements(passage):
        text = " ".join(reading(passage, passage.units[number]) for number in statement.units)
        if statement.is_list:
            is_fit = _is_counted(passage, statement) and len(text.split()) <= _MOST_LISTED
        else:
            is_whole = text[:1].isupper() and _ENDS.search(text) is not None
            is_fit = is_whole and _FEWEST <= len(text.split()) <= _MOST
        if is_fit and statement.units == statement.core:
            first = statement.units[0]
            worth = (
                found.unit_similarities[first]
                + amounts.first * (first == 0 and not passage.continues)
                + amounts.counted * statement.is_list
                + amounts.record * _is_record(text, passage.document)
            )
            topic = frozenset(content_words(text, passage.language))
            says = purpose(text, passage.document)
            yield _Candidate(place, statement.units, topic, worth, statement.is_list, says)


def purpose(text: str, document: DocumentInfo) -> float:
    """The place of the first pattern of purpose that a sentence has; infinite for one that has
    none. In a press release "the strategy" is another document: it has patterns of its own."""
    cues = cues_of(document.language)
    patterns = cues.purpose if document.about_form == "document" else cues.presented
    places = (place for place, pattern in enumerate(patterns) if re.match(pattern, text))
    return next(places, math.inf)


def _is_counted(passage: Passage, listing: Statement) -> bool:
    """Whether a list is complete and its introduction gives the number of items."""
    first, *items = (passage.units[number] for number in listing.units)
    numbers = vocabulary(passage.language).numbers
    counts = {numbers.get(word) for word in words(passage.text[first.start : first.end])}
    is_whole = first.kind == "sentence" and len(items) > 1 and not listing.left_out
    return is_whole and len(items) in counts


def _is_record(text: str, document: DocumentInfo) -> bool:
    """Whether a sentence has the number or the date of its document."""
    number = document.reference.removesuffix(" final")
    day = document.date
    dated = day is not None and re.search(rf"\b{day.day}\b.{{1,20}}\b{day.year}\b", text)
    return bool(dated) or (bool(number) and number in text)


def _is_new(candidate: _Candidate, chosen: Sequence[_Candidate]) -> bool:
    """Whether a candidate repeats none of those chosen, and is no second list."""
    return not any(
        (candidate.is_list and other.is_list)
        or len(candidate.words & other.words) >= _SAME * min(len(candidate.words), len(other.words))
        for other in chosen
    )
