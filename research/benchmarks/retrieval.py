"""Benchmark of retrieval: ours and the plain LangChain recipe, with the same embedder."""

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from core.settings import Settings
from core.source import Frozen
from eval.metrics import Interval, bounds, hit_at, reciprocal_rank, resamples
from research.benchmarks.indexes import xquad_sets
from research.benchmarks.measure import Latency, latency
from research.benchmarks.plain_recipe import K, PlainIndex
from research.public import PublicQuestion, PublicSet, build_index, rank_documents
from research.public.index import as_line
from vectorstore.embeddings import make_embedder


class Side(Frozen):
    """Figures of one retriever: means over questions; only the first four documents count.
    `latency` excludes embedding the question, which both need."""

    hit_at_1: float
    hit_at_4: float
    mrr_at_4: float
    latency: Latency


class Comparison(Frozen):
    """Both retrievers on one set.

    misses_ratio: our share of questions with another document in first place, divided by the plain
        recipe's; less than 1 is better.
    difference: 95% paired bootstrap interval of hit@1, ours minus plain.
    """

    name: str
    language: str
    documents: int
    questions: int
    ours: Side
    plain: Side
    misses_ratio: float | None
    difference: Interval


def compare(settings: Settings, xquad: Path, every: int = 1) -> list[Comparison]:
    """Asks every `every`-th question of each set."""
    return [_compare(public, settings, every) for public in xquad_sets(xquad)]


def _compare(public: PublicSet, settings: Settings, every: int) -> Comparison:
    questions = public.questions[::every]
    embedder, index = make_embedder(settings), build_index(public, settings)
    plain = PlainIndex([as_line(d.text) for d in public.documents], embedder)
    our_rankings, plain_rankings = [], []
    our_seconds, plain_seconds = [], []
    rank_documents(public, index, questions[0])  # warm-up
    for question in questions:
        embedder.query(question.text)  # caches the vector for both
        begun = time.perf_counter()
        our_rankings.append(rank_documents(public, index, question)[:K])
        then = time.perf_counter()
        found = plain.search(question.text)
        plain_seconds.append(time.perf_counter() - then)
        our_seconds.append(then - begun)
        plain_rankings.append(tuple(public.documents[position].id for position in found))
    ours = _side(questions, our_rankings, latency([our_seconds]))
    other = _side(questions, plain_rankings, latency([plain_seconds]))
    return Comparison(
        name=public.name,
        language=public.language,
        documents=len(public.documents),
        questions=len(questions),
        ours=ours,
        plain=other,
        misses_ratio=(1 - ours.hit_at_1) / (1 - other.hit_at_1) if other.hit_at_1 < 1 else None,
        difference=_difference(questions, our_rankings, plain_rankings),
    )


def _relevant(question: PublicQuestion, ranking: Sequence[str]) -> list[bool]:
    return [document in question.relevant for document in ranking]


def _side(
    questions: Sequence[PublicQuestion], rankings: Sequence[Sequence[str]], taken: Latency
) -> Side:
    found = [_relevant(q, ranking) for q, ranking in zip(questions, rankings, strict=True)]
    return Side(
        hit_at_1=float(np.mean([hit_at(ranking, 1) for ranking in found])),
        hit_at_4=float(np.mean([hit_at(ranking, K) for ranking in found])),
        mrr_at_4=float(np.mean([reciprocal_rank(ranking) for ranking in found])),
        latency=taken,
    )


def _difference(
    questions: Sequence[PublicQuestion],
    ours: Sequence[Sequence[str]],
    plain: Sequence[Sequence[str]],
) -> Interval:
    pairs = zip(questions, ours, plain, strict=True)
    gains = np.array(
        [hit_at(_relevant(q, mine), 1) - hit_at(_relevant(q, other), 1) for q, mine, other in pairs]
    )
    return bounds(gains[resamples(len(gains))].mean(axis=1))
