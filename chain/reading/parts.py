"""Query decomposition: splits a question that asks several things, or compares two.

    question -> parts -> for each part its best passage, and the scores of all units for that part

Alternatives are in docs/decisions/0009-choosing-sentences.md, the cue words in language/cues.yaml.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from chain.reading.relevance import Ranked, rank
from chain.understanding.meaning import WORD, standalone
from core.answer import Turn
from core.source import Scope, ScoredPassage
from language.cues import Cues, cues_of
from language.matching import without_accents
from vectorstore.keyword_index import content_words
from vectorstore.store import Snapshot

_DIGIT = re.compile(r"\d")
_COMPARATIVE = re.compile(r"\w{3,}er(?:e[nrs]?)?")  # larger, größere, kleinere
_NEAR = 2  # words after a conjunction that may have the question word: "en in welke landen"
_AROUND = " ,;:?!¿¡."


@dataclass(frozen=True)
class Part:
    """A sub-question, or the whole question.

    found: the passages of the whole question, in its order, scored for this part.
    ranked: their statements, best first.
    """

    question: str
    found: tuple[ScoredPassage, ...]
    ranked: Sequence[Ranked]


def parts(question: str, language: str) -> tuple[str, ...]:
    """Sub-questions of a question that asks several things or compares; the topic alone of one that
    asks what somebody says about it; empty for others.

    >>> parts("What does the strategy say about drones?", "en")
    ('drones',)
    >>> parts("Who runs it and since when does it exist?", "en")
    ('Who runs it', 'since when does it exist')
    >>> parts("How many were there in 2010 and in 2019?", "en")
    ('How many were there in 2010', 'How many were there in 2019')
    """
    if topic := _topic(question, language):
        return (topic,)
    start, said = 0, list[str]()
    for end, after in [*(m.span() for m in _borders(question, language)), (len(question), 0)]:
        piece = question[start:end].strip(_AROUND)
        if content_words(piece, language):
            if not said and _only_compares(piece, language):
                return ()  # "compare the 2017 and the 2020 estimate": the first part has no noun
            said.append(_whole(piece, language, said))
        start = after
    return tuple(said) if len(said) > 1 else ()


def _topic(question: str, language: str) -> str:
    """Topic of "What does X say about <topic>?"; empty for other questions."""
    for frame in cues_of(language).frames:
        if found := re.fullmatch(frame, question.strip(_AROUND), re.IGNORECASE):
            return found["topic"].strip(_AROUND)
    return ""


def _only_compares(piece: str, language: str) -> bool:
    """Whether a piece asks for a comparison without saying of what."""
    cues = cues_of(language)
    comparing = set(map(without_accents, cues.comparing))
    general = comparing.union(map(without_accents, cues.general))
    words = content_words(piece, language)
    topics = (word for word in words if word not in general and not _DIGIT.search(word))
    return not comparing.isdisjoint(words) and not any(topics)


def _whole(piece: str, language: str, before: Sequence[str]) -> str:
    """Completes a piece without question word from the one before, like a follow-up."""
    cues = cues_of(language)
    words = {word[0].casefold() for word in WORD.finditer(piece)}
    if not before or not words.isdisjoint(cues.asking):
        return piece
    follow_up = f"{cues.joining[0]} {piece}"
    whole = standalone(follow_up, language, [Turn(question=before[-1], answer_text="")])
    return piece if whole == follow_up else whole.strip(_AROUND)


def _borders(question: str, language: str) -> list[re.Match[str]]:
    """Words at which to split: "and" before a question word or between figures; in a comparison
    also "and", "versus" or "than" between its sides."""
    cues = cues_of(language)
    words = list(WORD.finditer(question))
    said = [word[0].casefold() for word in words]
    versus = {
        n for n, word in enumerate(said) if word in cues.versus or _is_than(said[:n], word, cues)
    }
    compares = bool(versus) or not set(cues.comparing).isdisjoint(said)
    borders = []
    for number in range(1, len(words)):
        after = said[number + 1 : number + 1 + _NEAR]
        if said[number] in cues.joining:
            asks = not set(cues.asking).isdisjoint(after)
            figures = _DIGIT.search(said[number - 1]) and any(map(_DIGIT.search, after))
            border = compares or asks or figures
        else:
            border = number in versus
        if border:
            borders.append(words[number])
    return borders


def _is_than(before: Sequence[str], word: str, cues: Cues) -> bool:
    """Whether a word means "than": "als" and "dan" do so only behind a comparative."""
    compares = not set(cues.comparing).isdisjoint(before)
    return word in cues.than and (compares or any(map(_COMPARATIVE.fullmatch, before[-_NEAR:])))


def in_parts(
    whole: Part, language: str, index: Snapshot, scope: Scope
) -> tuple[tuple[ScoredPassage, ...], tuple[Part, ...]]:
    """The retrieved passages with each part's best passage added, and the scored parts; just the
    whole if the question asks one thing."""
    found, asked = whole.found, parts(whole.question, language)
    weights = index.profile.relevance
    nearest = [index.search(part, 1, language, scope=scope) for part in asked]
    # Scores of different queries do not compare: an added passage gets the whole's lowest score.
    lowest = min((scored.score for scored in found), default=0.0)
    together = {scored.passage.id: scored for scored in found}
    for best in nearest:
        for one in best:
            together.setdefault(one.passage.id, one.model_copy(update={"score": lowest}))
    passages = tuple(together.values())
    made = []
    for part, best in zip(asked, nearest, strict=True):
        scored = _scored_for(part, passages, best, index)
        made.append(Part(part, scored, rank(part, language, scored, weights)))
    if len(made) == 1:  # a topic: scores for the question and for the topic are averaged
        both = _both(rank(whole.question, language, passages, weights), made[0].ranked)
        return passages, (Part(whole.question, passages, both),)
    return passages, tuple(made) or (whole,)


def as_asked(whole: Part, language: str, index: Snapshot) -> Sequence[Ranked]:
    """Statements as `in_parts` ranks them for a question about a topic, but without another search;
    unchanged for any other question."""
    if not (topic := _topic(whole.question, language)):
        return whole.ranked
    scored = _scored_for(topic, whole.found, (), index)
    return _both(whole.ranked, rank(topic, language, scored, index.profile.relevance))


def _both(first: Sequence[Ranked], second: Sequence[Ranked]) -> list[Ranked]:
    """Statements in both rankings, by their mean score."""
    scores = {(one.passage, one.statement): one.score for one in second}
    together = [
        replace(one, score=(one.score + scores[one.passage, one.statement]) / 2)
        for one in first
        if (one.passage, one.statement) in scores
    ]
    return sorted(together, key=lambda one: (-one.score, one.passage, one.statement.core))


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
