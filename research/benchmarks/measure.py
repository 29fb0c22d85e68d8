"""Medians, percentiles and spreads of measured times."""

import time
from collections.abc import Callable, Sequence

from core.source import Frozen
from eval.metrics import percentile


class Times(Frozen):
    """Seconds of repeated runs: median, least and most."""

    median: float
    least: float
    most: float
    runs: int


class Latency(Frozen):
    """Milliseconds per question; `p50_spread` is the least and the greatest p50 of the rounds."""

    p50: float
    p95: float
    p50_spread: tuple[float, float]
    questions: int


def times(seconds: Sequence[float]) -> Times:
    ordered = sorted(seconds)
    return Times(
        median=ordered[len(ordered) // 2], least=ordered[0], most=ordered[-1], runs=len(ordered)
    )


def latency(rounds: Sequence[Sequence[float]]) -> Latency:
    """Latency from seconds per question, in rounds; percentiles are over all rounds."""
    together = [1000 * second for asked in rounds for second in asked]
    middles = [1000 * _percentile(asked, 50) for asked in rounds]
    return Latency(
        p50=_percentile(together, 50),
        p95=_percentile(together, 95),
        p50_spread=(min(middles), max(middles)),
        questions=len(together),
    )


def seconds(action: Callable[[], object]) -> float:
    """Duration of an action in seconds."""
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def _percentile(values: Sequence[float], percent: float) -> float:
    return percentile(list(values), percent) or 0.0
