"""How a run differs from an earlier one, figure by figure."""

from core.types import Frozen
from eval.metrics import Interval
from eval.results import Results, Summary

LATENCY = "latency_ms"


class Figure(Frozen):
    """One figure of a summary. `group` is "retrieval", "answers", "citations" or "latency_ms"."""

    group: str
    name: str
    value: float | None
    interval: Interval | None


class Difference(Frozen):
    """A figure in two runs; `change` is None where either run lacks it."""

    group: str
    name: str
    before: float | None
    now: float | None
    change: float | None


def figures(summary: Summary) -> tuple[Figure, ...]:
    """All figures of a summary, in reading order."""
    groups = {
        "retrieval": summary.retrieval,
        "answers": summary.answers,
        "citations": summary.citations,
        LATENCY: summary.latency_ms,
    }
    return tuple(
        Figure(
            group=group,
            name=name,
            value=value,
            interval=summary.intervals.get(group, {}).get(name),
        )
        for group, values in groups.items()
        for name, value in values.items()
    )


def differences(now: Results, before: Results) -> tuple[Difference, ...]:
    """The overall figures of both runs side by side."""
    earlier = {(one.group, one.name): one.value for one in figures(before.overall)}
    found = []
    for figure in figures(now.overall):
        value = earlier.get((figure.group, figure.name))
        change = (
            round(figure.value - value, 4)
            if figure.value is not None and value is not None
            else None
        )
        found.append(
            Difference(
                group=figure.group,
                name=figure.name,
                before=value,
                now=figure.value,
                change=change,
            )
        )
    return tuple(found)


def same_questions(now: Results, before: Results) -> bool:
    """Whether both runs asked the same; if not, their differences say little."""
    return dict(now.stamp.questions) == dict(before.stamp.questions)
