"""The runs that are kept, read once and then from memory."""

import datetime
from pathlib import Path
from typing import NamedTuple

import streamlit as st

from core.errors import StrategiewijzerError
from core.settings import Settings
from eval import release, runs
from eval.compare import Comparison, compare
from eval.gate import GoLive, go_live
from eval.release import GateReport
from eval.results import Figures, Results, SignOff
from eval.run_report import Figure, headlines
from eval.summary import summarise
from ui.texts import Texts
from vectorstore.generations import Generations, store_exists


class KeptRun(NamedTuple):
    """A run that is kept. `figures` is None when another version of this program wrote it."""

    name: str
    folder: Path
    figures: Figures | None
    accepted: bool
    gate: GateReport = GateReport()
    decisions: tuple[SignOff, ...] = ()

    @property
    def verdict(self) -> GoLive:
        """Whether what it measured may go live."""
        return go_live(self.figures.overall.n if self.figures else 0, self.gate.checks)

    def label(self, texts: Texts) -> str:
        """What it is called in the page: when it was made, of how many questions."""
        if self.figures is None:
            return texts("evaluation.runs.unreadable", name=self.name)
        label = texts(
            "evaluation.runs.label", date=when(self.figures, texts), n=self.figures.overall.n
        )
        marks = [texts("evaluation.runs.accepted")] if self.accepted else []
        if self.decisions:
            marks.append(decided(self.decisions[-1], texts))
        return " · ".join((label, *marks))


def decided(decision: SignOff, texts: Texts) -> str:
    """What was decided: goes live, or does not."""
    return texts("evaluation.sign.goes" if decision.goes_live else "evaluation.sign.stays")


def when(figures: Figures, texts: Texts) -> str:
    """The date and time of a run where the reader is: "25 November 2026, 10:15:07"."""
    return texts.moment(datetime.datetime.fromisoformat(figures.stamp.date), seconds=True)


def generation_in_use(settings: Settings) -> str:
    """The id of the index generation that readers are answered from; empty where there is none, or
    none can be read."""
    try:
        return Generations(settings).pointer().current if store_exists(settings) else ""
    except StrategiewijzerError:
        return ""


def kept(data_dir: Path) -> list[KeptRun]:
    """All runs, newest first."""
    chosen, found = runs.accepted(data_dir), []
    for name in reversed(runs.listed(data_dir)):
        folder = runs.runs_folder(data_dir) / name
        try:
            figures = _figures(folder, _modified(folder))
        except StrategiewijzerError:
            found.append(KeptRun(name, folder, None, name == chosen))
        else:
            found.append(KeptRun(name, folder, figures[0], name == chosen, *figures[1:]))
    return found


def read(folder: Path) -> Results:
    """A run with its questions.

    Raises:
        StrategiewijzerError: another version of this program wrote it, or it is gone.
    """
    return _results(folder, _modified(folder))


def compared(before: Path, now: Path, ids: tuple[str, ...] | None = None) -> Comparison:
    """How two runs differ, in some of their questions or in all.

    Raises:
        StrategiewijzerError: as `read`.
    """
    return _comparison((before, _modified(before)), (now, _modified(now)), ids)


def headlines_of(folder: Path, ids: tuple[str, ...]) -> tuple[Figure, ...]:
    """The headline figures of some of the questions of a run."""
    return _headlines(folder, _modified(folder), ids)


def _modified(folder: Path) -> int:
    """When a run was written (ns): one that is written again is read again."""
    return max((file.stat().st_mtime_ns for file in folder.glob("*.json*")), default=0)


# Kept as resources: they never change, so that no copy is made whenever they are used.


@st.cache_resource(max_entries=1000, show_spinner=False)
def _figures(folder: Path, modified: int) -> tuple[Figures, GateReport, tuple[SignOff, ...]]:
    return runs.read_figures(folder), release.gate_of(folder), release.sign_offs(folder)


@st.cache_resource(max_entries=8, show_spinner=False)
def _results(folder: Path, modified: int) -> Results:
    return runs.read(folder)


@st.cache_resource(max_entries=100, show_spinner=False)
def _comparison(
    before: tuple[Path, int], now: tuple[Path, int], ids: tuple[str, ...] | None
) -> Comparison:
    return compare(_some(before[0], ids), _some(now[0], ids))


@st.cache_resource(max_entries=100, show_spinner=False)
def _headlines(folder: Path, modified: int, ids: tuple[str, ...]) -> tuple[Figure, ...]:
    return headlines(summarise(_some(folder, ids).questions))


def _some(folder: Path, ids: tuple[str, ...] | None) -> Results:
    """A run with only these questions; its figures stay those of all."""
    results = read(folder)
    if ids is None:
        return results
    wanted = frozenset(ids)
    chosen = tuple(result for result in results.questions if result.id in wanted)
    return results.model_copy(update={"questions": chosen})
