"""Relevance of each sentence and list item of the passages found to a question, or to its parts.

    cosines -> the most promising units -> the reader's score of each -> statements, best first

The score of a unit is the reader's, with some weight of its promise, by which it was chosen to be
read. A statement counts as its best unit. What the reader cannot see is added: whether the question
names the document, whether the passage is a recital or a memorandum, and how close a prepared
question is that the unit answers. How the reader came to be: docs/decisions/0017-a-reader.md.
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from chain.reading.quotables import Statement, series, statements
from chain.request import Part, Ranked
from chain.understanding.follow_ups import sub_questions
from core.source import STEPS_BACK, Passage, Scope, ScoredPassage
from language.demands import asks_for
from vectorstore.profile import Profile
from vectorstore.reader import reader, text_of
from vectorstore.store import Snapshot

READ = 12
"""Units that are read for a question."""
READ_OF_OTHERS = 8
"""Units that are read for a part of a question, and for one that the assistant asks itself."""
# A unit's promise is its cosine, with what a passage's score (log-odds) and the closeness of a
# prepared question are worth as cosines.
_OF_PASSAGE, _OF_ASKED = 0.005, 0.1
_OF_PROMISE = 15.0  # log-odds of a cosine of 1, beside the reader's score: docs/decisions/0017
_Place = tuple[int, int]  # index of a passage, number of its unit


def rank(
    question: str, language: str, found: Sequence[ScoredPassage], profile: Profile, most: int = READ
) -> list[Ranked]:
    """Ranks the statements of the passages, best first, by their best core unit; `most` units are
    read. The question stands alone. If it asks for a list, a series of sentences counts as one."""
    wanted = asks_for(question, language)
    candidates: list[tuple[int, Statement, tuple[int, ...]]] = []
    for index, scored in enumerate(found):
        passage = scored.passage
        own = statements(passage, reasons="reason" in wanted)
        if "list" in wanted and (whole := series(passage, own)) is not None:
            others = (each for each in own if not set(each.core) <= set(whole.units))
            own = (whole, *others)
        for statement in own:
            numbers = statement.units if statement.is_list else statement.core
            without_notes = tuple(n for n in numbers if passage.units[n].kind != "note")
            candidates.append((index, statement, without_notes))
    contexts = {
        (index, number): _context(found[index].passage, statement, number)
        for index, statement, numbers in candidates
        for number in numbers
    }
    scores = _scores(question, found, profile, most, contexts)
    ranked = []
    for index, statement, numbers in candidates:
        score, is_read = max(scores[index, number] for number in numbers)
        ranked.append(Ranked(index, statement, score, is_read))
    return sorted(ranked, key=lambda each: (-each.score, each.passage, each.statement.core))


def best_first(
    question: str, language: str, found: Sequence[ScoredPassage], profile: Profile, count: int
) -> tuple[tuple[ScoredPassage, ...], list[Ranked]]:
    """The passages, best first by what search and what reading says; and the statements of the
    first `count`, ranked, best first.

    Both are log-odds and become shares of all passages; of what was read "none" has one too. A
    passage of which nothing was read is left with its share by search.
    """
    ranked = rank(question, language, found, profile)
    best = {each.passage: each.score for each in reversed(ranked) if each.is_read}
    read = dict(zip(best, _shares([*best.values(), 0.0]), strict=False))
    searched = _shares([scored.score for scored in found])
    order = sorted(range(len(found)), key=lambda n: -(searched[n] + read.get(n, 0.0)))
    places = {before: place for place, before in enumerate(order)}
    moved = [replace(each, passage=places[each.passage]) for each in ranked]
    kept = [each for each in moved if each.passage < count]
    return tuple(found[before] for before in order), kept


def _shares(scores: Sequence[float]) -> list[float]:
    """Softmax."""
    highest = max(scores, default=0.0)
    weights = [math.exp(score - highest) for score in scores]
    return [weight / sum(weights) for weight in weights]


def _scores(
    question: str,
    found: Sequence[ScoredPassage],
    profile: Profile,
    most: int,
    contexts: Mapping[_Place, str],
) -> dict[_Place, tuple[float, bool]]:
    """The score of each unit in log-odds (+1 makes it e times as likely to be the right one), and
    whether the reader has read it; the others stand behind those read. `contexts` has the units,
    each with what is read in front of it."""
    best = max((scored.score for scored in found), default=0.0)
    promises = sorted((-_promise(found[place[0]], place[1], best), place) for place in contexts)
    first, rest = promises[:most], promises[most:]
    texts = [
        (passage.headings[-1], contexts[index, number] + text_of(passage, number))
        for _, (index, number) in first
        for passage in [found[index].passage]
    ]
    amounts, scores = profile.amounts.relevance, dict[_Place, tuple[float, bool]]()
    read = map(float, reader().scores(question, texts))
    for (promise, (index, number)), score in zip(first, read, strict=True):
        scored = found[index]
        own = amounts.named * scored.named - amounts.preamble * scored.passage.preamble
        own -= amounts.step_back * (scored.standing in STEPS_BACK)
        own += amounts.asked * (scored.asked[number] if scored.asked else 0.0)
        own += _OF_PROMISE * (first[0][0] - promise)  # both have a minus sign
        scores[index, number] = score + own, True
    lowest = min((score for score, _ in scores.values()), default=0.0)
    for promise, place in rest:
        scores[place] = lowest - 1 - (promise - first[-1][0]), False
    return scores


def _promise(scored: ScoredPassage, unit: int, best: float) -> float:
    """Of a unit of a passage; `best` is the score of the best passage."""
    closeness = scored.asked[unit] if scored.asked else 0.0
    of_passage = _OF_PASSAGE * (scored.score - best) - scored.level
    return scored.unit_similarities[unit] + of_passage + _OF_ASKED * closeness


def _context(passage: Passage, statement: Statement, number: int) -> str:
    """The sentence that a unit of a statement points back to; empty if it points to none."""
    first = statement.core[0]
    if number < first or first == statement.units[0]:
        return ""
    unit = passage.units[statement.units[statement.units.index(first) - 1]]
    return f"{passage.text[unit.start : unit.end]} "


def in_parts(
    whole: Part, index: Snapshot, scope: Scope
) -> tuple[tuple[ScoredPassage, ...], tuple[Part, ...]]:
    """The passages with each part's best added, and the scored parts; else just the whole."""
    language, profile = whole.language, index.profile
    questions = sub_questions(whole.question, language)
    near = [index.prepared(question, language, scope) for question in questions]
    nearest = [
        index.search(question, 1, language, scope=scope, prepared=prepared)
        for question, prepared in zip(questions, near, strict=True)
    ]
    # Scores of different queries do not compare: an added passage gets the whole's lowest score.
    lowest = min((scored.score for scored in whole.found), default=0.0)
    together = {scored.passage.id: scored for scored in whole.found}
    for scored in itertools.chain.from_iterable(nearest):
        together.setdefault(scored.passage.id, scored.model_copy(update={"score": lowest}))
    passages = tuple(together.values())
    parts = []
    for question, best, prepared in zip(questions, nearest, near, strict=True):
        found = _scored_for(question, passages, best, index)
        ranked = rank(question, language, found, profile, READ_OF_OTHERS)
        parts.append(Part(question, language, found, ranked, prepared))
    return passages, tuple(parts) or (whole,)


def _scored_for(
    part: str, found: Sequence[ScoredPassage], best: Sequence[ScoredPassage], index: Snapshot
) -> tuple[ScoredPassage, ...]:
    """Passages scored for a part: units by the part alone, passages by the whole question, so that
    the part keeps the shared topic; the part's best passage gets the highest score."""
    cosines = index.similarities(part, [scored.passage for scored in found])
    first = {scored.passage.id for scored in best}
    highest = max((scored.score for scored in found), default=0.0)
    return tuple(
        scored.model_copy(
            update={
                "score": highest if scored.passage.id in first else scored.score,
                "unit_similarities": cosines.get(scored.passage.id, scored.unit_similarities),
            }
        )
        for scored in found
    )
