"""What people found who read answers, beside what is counted of the same answers.

    eval/readings/*.csv -> by ground: share as read, share as counted, and how far the two agree

Each line is one answer as one reader judged it: who reads has not seen what changed, and reads what
the page shows without a click. `full` is 2, 1 or 0; `signed`, `misleads` and `first_screen` are as
a demanding official says; the `counted_` columns are what eval/rates.py says of the same text. A
figure that stands first in the report agrees with readers (`RELIABLE`).
"""

import csv
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from core.errors import StrategiewijzerError
from core.frozen import Frozen
from eval.judge import Agreement, agreement

FOLDER = Path(__file__).with_name("readings")
RELIABLE = 0.6
"""Least kappa of a figure that is shown first; below it is "moderate" at most (Landis and Koch, The
measurement of observer agreement for categorical data, 1977)."""


class ReadAnswer(Frozen):
    """An answer as one reader judged it, and what is counted of it."""

    question: str
    ground: Literal["summaries", "documents"]
    language: str
    answerable: bool
    version: Literal["earlier", "now"]
    form: Literal["answer", "results", "refusal"]
    reader: str
    full: Literal["0", "1", "2"]
    signed: bool
    misleads: bool
    first_screen: bool
    counted_first_screen: bool
    counted_misleads: bool


class ReadFigure(Frozen):
    """A figure over the readings of one ground: shares in [0, 1], `answers` as read; `agreement` of
    readers and what is counted, None where nothing is counted."""

    name: str
    ground: str
    version: str
    answers: int
    read: float | None
    counted: float | None = None
    agreement: Agreement | None = None


_Value = Callable[[ReadAnswer], bool]
# Name -> which answers it is over, what readers say, what is counted.
_FIGURES: Mapping[str, tuple[_Value, _Value, _Value | None]] = {
    "complete": (
        lambda one: one.answerable,
        lambda one: one.first_screen,
        lambda one: one.counted_first_screen,
    ),
    "claimed_right": (
        lambda one: one.form == "answer",
        lambda one: one.full == "2",
        lambda one: one.counted_first_screen,
    ),
    "misleads": (
        lambda one: one.form != "refusal",
        lambda one: one.misleads,
        lambda one: one.counted_misleads,
    ),
    "signed": (lambda one: one.answerable, lambda one: one.signed, None),
}


@cache
def readings(folder: Path = FOLDER) -> tuple[ReadAnswer, ...]:
    """All readings.

    Raises:
        StrategiewijzerError: a line is malformed; the message names file and line.
    """
    found = []
    for file in sorted(folder.glob("*.csv")):
        with file.open(encoding="utf-8", newline="") as lines:
            for number, line in enumerate(csv.DictReader(lines), start=2):
                try:
                    found.append(ReadAnswer.model_validate(line))
                except ValidationError as error:
                    first = error.errors(include_input=False, include_url=False)[0]
                    place = ".".join(map(str, first["loc"]))
                    raise StrategiewijzerError(
                        f"{file}: line {number}: {place}: {first['msg']}"
                    ) from None
    return tuple(found)


def read_figures(all_read: Iterable[ReadAnswer]) -> tuple[ReadFigure, ...]:
    """The figures of each version and ground, those of both grounds together behind them."""
    every = tuple(all_read)
    found = []
    for version in ("earlier", "now"):
        for ground in ("summaries", "documents", "both"):
            some = [
                one for one in every if one.version == version and ground in (one.ground, "both")
            ]
            found += [_figure(name, ground, version, some) for name in _FIGURES]
    return tuple(found)


def agreements(all_read: Iterable[ReadAnswer]) -> Mapping[str, Agreement]:
    """How far readers and what is counted agree, by figure, over all that was read."""
    every = tuple(all_read)
    found = {}
    for name, (applies, read, counted) in _FIGURES.items():
        if counted is not None and (some := [one for one in every if applies(one)]):
            found[name] = agreement([(read(one), counted(one)) for one in some])
    return found


def _figure(name: str, ground: str, version: str, some: Iterable[ReadAnswer]) -> ReadFigure:
    applies, read, counted = _FIGURES[name]
    over = [one for one in some if applies(one)]
    if not over:
        return ReadFigure(name=name, ground=ground, version=version, answers=0, read=None)
    pairs = [(read(one), counted(one)) for one in over] if counted else []
    return ReadFigure(
        name=name,
        ground=ground,
        version=version,
        answers=len({one.question for one in over}),
        read=round(sum(map(read, over)) / len(over), 4),
        counted=round(sum(map(counted, over)) / len(over), 4) if counted else None,
        agreement=agreement(pairs) if pairs else None,
    )
