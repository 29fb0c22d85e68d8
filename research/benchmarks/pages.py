"""Load test of the chat page: throughput, latency and cost with many readers at once.

The real app runs on a copy of the index in use. Each reader is a session over the real protocol
(client.py) that asks the next question as soon as it has an answer. Readers run in this process and
the app in another, so the figures are the app's alone; both share the processors.
"""

import asyncio
import itertools
import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from core.settings import ROOT, Settings
from core.source import Frozen
from eval.dataset import QUESTIONS, load
from research.benchmarks.machine import cpu_seconds, memory_mb
from research.benchmarks.measure import Latency, latency
from research.benchmarks.page_session import Session, session
from research.benchmarks.served_app import served

_FOLLOWING = 4  # questions of each reader, in one conversation


class PagesAt(Frozen):
    """Figures of a checkout with so many readers at once.

    opening: from connecting until the page takes a question.
    asking: from a question to its final answer.
    per_second: questions per second.
    cpu: the app's processor time per question, in seconds.
    received: kilobytes that the app sends per question.
    memory: the app's peak memory in MB.
    """

    checkout: str
    readers: int
    opening: Latency
    asking: Latency
    per_second: float
    cpu: float
    received: float
    memory: float


def pages(settings: Settings, readers: Sequence[int], against: Path | None = None) -> list[PagesAt]:
    """Measures each number of readers with a new app.

    Args:
        settings: has the index.
        readers: numbers of readers.
        against: another checkout; its app is measured in turn with ours, so that other load on
            the machine affects both.
    """
    roots = [ROOT] if against is None else [against.resolve(), ROOT]
    return [measure(settings, number, root) for number in readers for root in roots]


def measure(settings: Settings, readers: int, root: Path = ROOT) -> PagesAt:
    """Measures so many readers; each asks four questions in one conversation."""
    asked = [question.question for question in load(QUESTIONS) if question.language in ("nl", "en")]
    shared = itertools.cycle(asked)
    per_reader = [[next(shared) for _ in range(_FOLLOWING)] for _ in range(readers)]
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(settings.data_dir, Path(folder) / "data", dirs_exist_ok=True)
        with served(root, Path(folder)) as (address, pid):
            asyncio.run(_alone(address, asked[-1]))  # warm-up, not counted
            started, before = time.perf_counter(), cpu_seconds(pid)
            taken = asyncio.run(_together(address, per_reader))
            seconds, cpu = time.perf_counter() - started, cpu_seconds(pid) - before
            memory = memory_mb(peak=True, pid=pid)
    number = readers * _FOLLOWING
    return PagesAt(
        checkout=root.name,
        readers=readers,
        opening=latency([[opening for opening, _, _ in taken]]),
        asking=latency([answers for _, answers, _ in taken]),
        per_second=number / seconds,
        cpu=cpu / number,
        received=sum(received for _, _, received in taken) / number / 1000,
        memory=memory,
    )


async def _alone(address: str, question: str) -> None:
    async with session(address) as reader:
        await reader.load()
        await reader.ask(question)


async def _together(
    address: str, questions: Sequence[Sequence[str]]
) -> list[tuple[float, list[float], int]]:
    return await asyncio.gather(*(_read(address, own) for own in questions))


async def _read(address: str, questions: Sequence[str]) -> tuple[float, list[float], int]:
    """One reader: seconds to open the page, seconds per question, and bytes received."""
    started = time.perf_counter()
    async with session(address) as reader:
        await reader.load()
        opening = time.perf_counter() - started
        return opening, [await _asked(reader, one) for one in questions], reader.received


async def _asked(reader: Session, question: str) -> float:
    started = time.perf_counter()
    await reader.ask(question)
    return time.perf_counter() - started
