"""Benchmark of search: latency, alone and from 16 threads, and recall against exact search."""

import multiprocessing
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import numpy as np

from core.settings import Settings
from core.source import Frozen, Scope
from eval.dataset import QUESTIONS, load
from ingest.pipeline import ingest
from research.benchmarks.indexes import corpus, known, settings_of
from research.benchmarks.machine import memory_mb
from research.benchmarks.measure import Latency, latency, seconds
from vectorstore.embeddings import Embedder
from vectorstore.generation import Generation
from vectorstore.generations import Generations
from vectorstore.store import Index

THREADS = 16
_RECALL_AT = 20


class LatencyAt(Frozen):
    """Figures of one size.

    first: seconds for the first question of a process.
    embedding: part of `alone` for the question's vector.
    narrow: search within one document, another one for each question.
    together: search from 16 threads.
    same: whether the threads got the same results as one alone.
    recall: recall@20 of the nearest passages against exact search.
    memory: resident memory in MB.
    """

    passages: int
    first: float
    embedding: Latency
    alone: Latency
    narrow: Latency
    together: Latency
    errors: int
    same: bool
    recall: float
    memory: float


def latencies(
    settings: Settings, sizes: Sequence[int], xquad: Path | None, rounds: int = 3
) -> list[LatencyAt]:
    """Measures each size in a process of its own; builds missing indexes."""
    corpus(settings, xquad)
    spawn = multiprocessing.get_context("spawn")
    figures = []
    for size in sizes:
        with ProcessPoolExecutor(1, mp_context=spawn) as alone:
            alone.submit(build, settings, size, xquad).result()
        with ProcessPoolExecutor(1, mp_context=spawn) as alone:
            figures.append(alone.submit(measure, settings, size, xquad, rounds).result())
    return figures


def build(settings: Settings, size: int, xquad: Path | None) -> None:
    """Builds or updates the index of one size."""
    own, made = settings_of(settings, size), corpus(settings, xquad)
    if not own.corpus_dirs[0].is_dir():
        made.write(own.corpus_dirs[0], size)
    ingest(own, embedder=known(settings, made))


def measure(
    settings: Settings, size: int, xquad: Path | None, rounds: int, every: int = 1
) -> LatencyAt:
    """Measures one size in this process, with every `every`-th question of the project's set."""
    own = settings_of(settings, size)
    embedder = known(settings, corpus(settings, xquad))
    index = Index(own, Generations(own), embedder)
    questions = [(question.question, question.language) for question in load(QUESTIONS)[::every]]
    embedder.query("the model is loaded now")
    seconds(lambda: index.profile)  # measured once, kept on disk
    first = seconds(lambda: index.search(*_arguments(questions[0])))

    def ask(question: tuple[str, str], number: int) -> tuple[float, list[str]]:
        # Trailing spaces bypass the cache of vectors, and do not change the search.
        text, k, language = _arguments(question)
        started = time.perf_counter()
        found = index.search(text + " " * number, k, language)
        return time.perf_counter() - started, [scored.passage.id for scored in found]

    documents = sorted({document.id for document in index.documents()})

    def ask_one(document: int, question: tuple[str, str], number: int) -> float:
        text, k, language = _arguments(question)
        scope = Scope(documents=(documents[document % len(documents)],))
        return seconds(lambda: index.search(text + " " * number, k, language, scope=scope))

    def embed(question: tuple[str, str], number: int) -> float:
        return seconds(lambda: embedder.query(question[0] + " " * number))

    embedding = [[embed(q, 1 + n) for q in questions] for n in range(rounds)]
    alone = [[ask(q, 101 + n) for q in questions] for n in range(rounds)]
    narrow = [
        [ask_one(n * len(questions) + place, q, 301 + n) for place, q in enumerate(questions)]
        for n in range(rounds)
    ]
    together, errors = [], 0
    with ThreadPoolExecutor(THREADS) as pool:
        for number in range(rounds):
            asked = [pool.submit(ask, question, 201 + number) for question in questions]
            errors += sum(future.exception() is not None for future in asked)
            together.append([future.result() for future in asked if not future.exception()])
    memory = memory_mb()
    generation = Generations(own).current()
    return LatencyAt(
        passages=generation.manifest.passages,
        first=first,
        embedding=latency(embedding),
        alone=latency([[taken for taken, _ in asked] for asked in alone]),
        narrow=latency(narrow),
        together=latency([[taken for taken, _ in asked] for asked in together]),
        errors=errors,
        same=[[ids for _, ids in asked] for asked in together]
        == [[ids for _, ids in asked] for asked in alone],
        recall=recall(generation, embedder, [text for text, _ in questions]),
        memory=memory,
    )


def recall(generation: Generation, embedder: Embedder, questions: Sequence[str]) -> float:
    """Mean recall@20 of the nearest passages against exact search.

    A passage as near as the 20th exact one counts as found, because equal texts tie.
    """
    ids = generation.sample(generation.manifest.passages)
    exact = np.stack(list(generation.passage_vectors(ids).values()))
    count = min(_RECALL_AT, len(exact))
    shares = []
    for question in questions:
        vector = embedder.query(question)
        last = np.sort(exact @ vector)[-count]
        found = generation.nearest_passages(vector, count)
        shares.append(sum(cosine >= last - 1e-5 for _, cosine in found) / count)
    return float(np.mean(shares))


def _arguments(question: tuple[str, str]) -> tuple[str, int, str]:
    text, language = question
    return text, 6, language
