"""Checks proposed questions against the index: each finds its answer again, and asks something new.

They are asked as a reader's are, without a reranker, whose calls nobody has agreed to pay.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from chain.reading.relevance import rank
from core.passage import Passage
from core.prepared import PreparedQuestion
from core.proposals import Dropped, ProposedAnswer
from language.same_question import Asked, asked, differ
from vectorstore.embeddings import Vectors
from vectorstore.snapshot import Snapshot

_FIRST = 3  # statements among which the answer has to be: as many as a reader is shown first
_TWIN = 0.97  # cosine from which two questions are the same, if their facts are


class Checked(NamedTuple):
    """The answers with the questions that are kept, and how many are dropped, by reason."""

    answers: tuple[ProposedAnswer, ...]
    dropped: Counter[Dropped]


class _Known(NamedTuple):
    """A question that is answered already."""

    about: Asked
    vector: Vectors
    units: frozenset[str]


def checked(
    answers: Sequence[ProposedAnswer],
    passage: Passage,
    known: Sequence[PreparedQuestion],
    index: Snapshot,
    results: int,
) -> Checked:
    """The questions that find one of their units among the first statements, and that are no twins
    of a known one, or of one before them, with the same units.

    Args:
        answers: with numbers of units of the passage.
        passage: in use.
        known: the questions that units of the passage answer already.
        index: what is searched.
        results: how many passages an answer is made from.
    """
    dropped: Counter[Dropped] = Counter()
    kept: list[ProposedAnswer] = []
    there = list(_known(known, index))
    on_scale = index.profile.on_scale

    def reason(question: str, language: str, answer: ProposedAnswer) -> Dropped | None:
        units = frozenset(passage.unit_ids[number] for number in answer.units)
        about, vector = asked(question, language), index.embedder.query(question)
        for one in there:
            near = one.units == units and on_scale("question", float(one.vector @ vector)) >= _TWIN
            if near and not differ(about, one.about):
                return "twin"
        if not _finds(question, language, units, index, results):
            return "elsewhere"
        there.append(_Known(about, vector, units))
        return None

    for answer in answers:
        questions: dict[str, tuple[str, ...]] = {}
        for language, texts in answer.questions.items():
            reasons = {text: reason(text, language, answer) for text in texts}
            dropped.update(one for one in reasons.values() if one)
            if good := tuple(text for text, why in reasons.items() if why is None):
                questions[language] = good
        if questions:
            kept.append(ProposedAnswer(units=answer.units, questions=questions))
    return Checked(tuple(kept), dropped)


def _known(known: Sequence[PreparedQuestion], index: Snapshot) -> Iterator[_Known]:
    if known:
        vectors = index.embedder.queries([one.question for one in known])
        for one, vector in zip(known, vectors, strict=True):
            yield _Known(asked(one.question, one.language), vector, frozenset(one.units))


def _finds(
    question: str, language: str, units: frozenset[str], index: Snapshot, results: int
) -> bool:
    """Whether one of these units is in the first statements that are found for a question."""
    found = index.search(question, results, language, rerank=False)
    for one in rank(question, language, found, index.profile.relevance)[:_FIRST]:
        names = found[one.passage].passage.unit_ids
        if not units.isdisjoint(names[number] for number in one.statement.units):
            return True
    return False
