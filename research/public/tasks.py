"""The two tasks: retrieve the document that answers a question, and rank its sentences."""

import math
import time
from collections.abc import Callable, Collection, Mapping, Sequence

from chain.reading.relevance import rank_units
from core.source import Frozen, ScoredPassage
from eval.metrics import (
    Interval,
    Share,
    average_precision,
    hit_at,
    interval,
    percentile,
    rate,
    reciprocal_rank,
)
from research.public.index import document_of, span_of
from research.public.shapes import PublicQuestion, PublicSet
from vectorstore.store import Index

DEPTH = 10  # distinct documents ranked for a question

Asked = Callable[[int, int], None]
"""Progress callback: (questions done, questions in all)."""


class Figure(Frozen):
    """Mean over questions with its 95% bootstrap interval; None without questions."""

    value: float | None
    interval: Interval | None


class Retrieval(Frozen):
    """Retrieval results. `rankings`: question id -> ids of the first ten documents, best first."""

    figures: Mapping[str, Figure]
    rankings: Mapping[str, tuple[str, ...]]
    latency_ms: Mapping[str, float | None]


class SentenceFinding(Frozen):
    """Result of sentence ranking. `ranks`: id of a question with an answer -> 1-based rank of the
    first right sentence, or None."""

    figures: Mapping[str, Figure]
    ranks: Mapping[str, int | None]


def retrieval(
    public: PublicSet,
    index: Index,
    questions: Sequence[PublicQuestion] | None = None,
    asked: Asked = lambda done, total: None,
) -> Retrieval:
    """Ranks documents for each question (default: all of the set).

    Latencies are per question, embedding included.
    """
    chosen = public.questions if questions is None else questions
    rankings: dict[str, tuple[str, ...]] = {}
    times: list[float] = []
    for number, question in enumerate(chosen, start=1):
        started = time.perf_counter()
        rankings[question.id] = rank_documents(public, index, question)
        times.append((time.perf_counter() - started) * 1000)
        asked(number, len(chosen))
    return Retrieval(
        figures=retrieval_figures(chosen, rankings),
        rankings=rankings,
        latency_ms={"p50": percentile(times, 50), "p95": percentile(times, 95)},
    )


def rank_documents(public: PublicSet, index: Index, question: PublicQuestion) -> tuple[str, ...]:
    """Ids of the first ten documents, best first; a document ranks by its best passage.

    A document with the question's id is left out, as in BEIR: in some sets queries are documents of
    the corpus.
    """
    wanted = DEPTH
    while True:
        found = index.search(question.text, k=wanted, language=public.question_language)
        names = dict.fromkeys(document_of(public, scored.passage).id for scored in found)
        names.pop(question.id, None)
        if len(names) >= DEPTH or len(found) < wanted:
            return tuple(names)[:DEPTH]
        wanted *= 2


def retrieval_figures(
    questions: Sequence[PublicQuestion], rankings: Mapping[str, Sequence[str]]
) -> dict[str, Figure]:
    """Figures of rankings of at most ten documents.

    MAP and recall are included if a question has several relevant documents; else they equal MRR
    and hits.
    """
    pairs = [(question, rankings[question.id]) for question in questions]

    def figure(of: Callable[[PublicQuestion, list[bool]], float]) -> Figure:
        return _mean([of(q, [name in q.relevant for name in names]) for q, names in pairs])

    figures = {
        "hit@1": figure(lambda _, ranking: hit_at(ranking, 1)),
        "hit@5": figure(lambda _, ranking: hit_at(ranking, 5)),
        "mrr@10": figure(lambda _, ranking: reciprocal_rank(ranking)),
        "ndcg@10": _mean(
            [
                graded_ndcg([q.relevant.get(name, 0) for name in names], q.relevant.values(), DEPTH)
                for q, names in pairs
            ]
        ),
    }
    if any(len(question.relevant) > 1 for question in questions):
        figures["map@10"] = figure(
            lambda question, ranking: average_precision(ranking, len(question.relevant))
        )
        figures["recall@10"] = figure(
            lambda question, ranking: sum(ranking) / len(question.relevant)
        )
    return figures


def graded_ndcg(gains: Sequence[int], all_gains: Collection[int], k: int) -> float:
    """nDCG with graded gains, as `ndcg_cut` of trec_eval computes it and BEIR reports it.

    DCG = sum of gain / log2(rank + 1) over the first k results, divided by the DCG of all relevant
    documents in the order of their grades.

    https://github.com/usnistgov/trec_eval/blob/main/m_ndcg_cut.c

    Args:
        gains: grade of each result, best result first; 0 if not relevant.
        all_gains: grades of all relevant documents, found or not.
        k: number of results that count.
    """

    def dcg(ordered: Sequence[int]) -> float:
        return sum(gain / math.log2(rank + 1) for rank, gain in enumerate(ordered[:k], start=1))

    ideal = dcg(sorted(all_gains, reverse=True))
    return dcg(gains) / ideal if ideal else 0.0


def sentence_finding(
    public: PublicSet,
    index: Index,
    passages: int,
    questions: Sequence[PublicQuestion] | None = None,
    asked: Asked = lambda done, total: None,
) -> SentenceFinding:
    """Ranks the sentences of the retrieved passages, as the assistant does.

    Every question with an answer counts, also if its document is not retrieved: then no sentence is
    right.

    Args:
        public: the set.
        index: of its documents.
        passages: number retrieved for each question; the assistant's `results`.
        questions: default: all of the set.
        asked: receives progress.
    """
    chosen = [q for q in (public.questions if questions is None else questions) if q.answers]
    ranks: dict[str, int | None] = {}
    for number, question in enumerate(chosen, start=1):
        found = index.search(question.text, k=passages, language=public.question_language)
        ranked = rank_units(question.text, found, index.profile)
        right = right_units(public, question, found)
        ranks[question.id] = next(
            (
                rank
                for rank, unit in enumerate(ranked, start=1)
                if (unit.passage, unit.number) in right
            ),
            None,
        )
        asked(number, len(chosen))
    return SentenceFinding(figures=sentence_figures(ranks), ranks=ranks)


def right_units(
    public: PublicSet, question: PublicQuestion, found: Sequence[ScoredPassage]
) -> set[tuple[int, int]]:
    """(index in `found`, number of the unit) of every unit that overlaps an answer."""
    right = set()
    for position, scored in enumerate(found):
        document = document_of(public, scored.passage)
        answers = [answer for answer in question.answers if answer.document == document.id]
        for number, unit in enumerate(scored.passage.units if answers else ()):
            start, end = span_of(document, scored.passage, unit)
            if any(answer.start < end and start < answer.end for answer in answers):
                right.add((position, number))
    return right


def sentence_figures(ranks: Mapping[str, int | None]) -> dict[str, Figure]:
    """Share of questions with a right sentence among the first 1, 3 and 5."""
    return {
        f"sentence@{k}": _mean([float(rank is not None and rank <= k) for rank in ranks.values()])
        for k in (1, 3, 5)
    }


def _mean(values: Sequence[float]) -> Figure:
    shares: list[Share] = [(value, 1.0) for value in values]
    return Figure(value=rate(shares), interval=interval(shares))
