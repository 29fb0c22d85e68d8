"""How long a search takes, alone and with 16 asking at once, and whether it finds what is there."""

import multiprocessing
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import numpy as np

from core.settings import Settings
from core.types import Frozen, Scope
from eval.benchmarks.indexes import corpus, known, settings_of
from eval.benchmarks.machine import memory_mb
from eval.benchmarks.measure import Latency, latency, seconds
from eval.dataset import QUESTIONS, load
from ingest.pipeline import ingest
from vectorstore.embeddings import Embedder
from vectorstore.generations import Generation, Generations
from vectorstore.store import Index

THREADS = 16
_RECALL_AT = 20


class LatencyAt(Frozen):
    """Figures of one size. `embedding` is what of `alone` goes to the question's vector.

    `narrow` is a search within one document, another one for each question. `first` is the first
    question of a process, in seconds. `recall` is recall@20 of the nearest passages against exact
    search. `same` is whether the threads got what one alone got.
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
    """Measures each size in a process of its own; builds the indexes that are missing."""
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
    """Makes sure of the index of one size."""
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
        # a space makes it a new question to the cache of vectors, but not to the search
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
    """recall@20 of the nearest passages against exact search, a mean over questions.

    What is as near as the 20th exact one counts as found: texts that say the same are equal.
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
