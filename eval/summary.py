"""Figures of a group of questions."""

from collections.abc import Callable, Iterable, Sequence

from eval.metrics import Interval, interval, percentile, rate
from eval.question_result import QuestionResult
from eval.rates import RATES
from eval.results import Summary


def summarise(
    results: Sequence[QuestionResult], manners_of: Sequence[QuestionResult] | None = None
) -> Summary:
    """Figures of a group, rounded to four decimals (rates) and 0.1 ms.

    `manners_of` are the results that manners cover, where these are others.
    """
    values: dict[str, dict[str, float | None]] = {}
    intervals: dict[str, dict[str, Interval | None]] = {}
    for group, metrics in RATES.items():
        values[group], intervals[group] = {}, {}
        counted = manners_of if manners_of is not None and group == "manners" else results
        for name, share_of in metrics.items():
            shares = [share for share in map(share_of, counted) if share is not None]
            bounds = interval(shares)
            values[group][name] = _rounded(rate(shares), 4)
            intervals[group][name] = (
                (round(bounds[0], 4), round(bounds[1], 4)) if bounds is not None else None
            )
    stages = dict.fromkeys(stage for result in results for stage in result.stages_ms)
    return Summary(
        n=len(results),
        latency_ms=_percentiles([result.latency_ms for result in results]),
        stages_ms={
            stage: _percentiles(
                [result.stages_ms[stage] for result in results if stage in result.stages_ms]
            )
            for stage in stages
        },
        intervals=intervals,
        **values,
    )


def reported(results: Sequence[QuestionResult]) -> list[QuestionResult]:
    """Results that a run's figures cover: the questions, without messages and conversations; all
    results if there are no questions."""
    questions = [result for result in results if result.part == "questions"]
    return questions or list(results)


def summarise_by(
    results: Sequence[QuestionResult], keys: Callable[[QuestionResult], Iterable[str]]
) -> dict[str, Summary]:
    """Figures of each group, in order of name; a question counts in each of its groups."""
    groups: dict[str, list[QuestionResult]] = {}
    for result in results:
        for key in keys(result):
            groups.setdefault(key, []).append(result)
    return {key: summarise(groups[key]) for key in sorted(groups)}


def _percentiles(milliseconds: Sequence[float]) -> dict[str, float | None]:
    return {f"p{percent}": _rounded(percentile(milliseconds, percent), 1) for percent in (50, 95)}


def _rounded(value: float | None, digits: int) -> float | None:
    return round(value, digits) if value is not None else None
