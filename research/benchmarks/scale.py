"""Benchmark of ingest: time, memory and disk by size, for a full run and one changed document.

Vectors are known beforehand (`research/benchmarks/synthetic_corpus.py`), so times exclude
embedding. Each size runs in a process of its own, so that its memory can be measured.
"""

import multiprocessing
import shutil
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from core.settings import Settings
from core.source import Frozen
from ingest.pipeline import ingest
from ingest.reading.files import find
from ingest.reading.load import load as load_file
from research.benchmarks.indexes import corpus, known, settings_of
from research.benchmarks.machine import memory_mb
from research.benchmarks.measure import Times, seconds, times
from vectorstore.generations import Generations


class Scale(Frozen):
    """Figures of one size. Times in seconds, without embedding; memory and disk in MB.

    load: reading and parsing the files, part of every run.
    full: writing everything.
    memory: peak of the process.
    """

    passages: int
    units: int
    documents: int
    load: float
    full: float
    unchanged: Times
    one_document: Times
    segments: int
    memory: float
    disk: float


def scale(
    settings: Settings, sizes: Sequence[int], xquad: Path | None, runs: int = 3
) -> list[Scale]:
    """Measures each size; keeps the indexes for `latency`."""
    corpus(settings, xquad)  # embeds the sentences once, before memory is measured
    spawn = multiprocessing.get_context("spawn")
    figures = []
    for size in sizes:
        with ProcessPoolExecutor(1, mp_context=spawn) as alone:
            figures.append(alone.submit(measure, settings, size, xquad, runs).result())
    return figures


def measure(settings: Settings, size: int, xquad: Path | None, runs: int) -> Scale:
    """Measures one size in this process."""
    own = settings_of(settings, size)
    documents = own.corpus_dirs[0]
    shutil.rmtree(own.data_dir, ignore_errors=True)
    made = corpus(settings, xquad)
    made.write(documents, size)
    embedder = known(settings, made)
    load = seconds(lambda: list(map(load_file, find(own.corpus_dirs).files)))
    full = ingest(own, embedder=embedder).seconds
    unchanged = [ingest(own, embedder=embedder).seconds for _ in range(runs)]
    changes = []
    for version in range(1, runs + 1):
        made.write_document(documents, 0, version)
        changes.append(ingest(own, embedder=embedder).seconds)
    manifest = Generations(own).current().manifest
    return Scale(
        passages=manifest.passages,
        units=manifest.units,
        documents=len(manifest.documents),
        load=load,
        full=full,
        unchanged=times(unchanged),
        one_document=times(changes),
        segments=len(manifest.segments),
        memory=memory_mb(peak=True),
        disk=sum(f.stat().st_size for f in own.data_dir.rglob("*") if f.is_file()) / 1e6,
    )
