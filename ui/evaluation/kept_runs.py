"""The runs that are kept: read once and then from memory, and the decisions on them."""

import datetime
from pathlib import Path
from typing import NamedTuple

import streamlit as st

from core.errors import StrategiewijzerError
from core.settings import Settings
from eval import runs
from eval.comparison import Comparison, compare
from eval.gate import GoLive, go_live
from eval.results import Figures, Results, SignOff
from ui.markup import facts_html
from ui.texts import Texts
from vectorstore.generations import Generations, store_exists


class KeptRun(NamedTuple):
    """A run that is kept."""

    name: str
    folder: Path
    figures: Figures | None  # None when another version of this program wrote it, or it is damaged
    accepted: bool  # whether it is the baseline
    gate: runs.GateReport = runs.GateReport()
    decisions: tuple[SignOff, ...] = ()

    @property
    def verdict(self) -> GoLive:
        """Whether what it measured may go live."""
        return go_live(self.figures.overall.n if self.figures else 0, self.gate.checks)

    def label(self, texts: Texts) -> str:
        """The name of a run in the page: when it was made, of how many questions."""
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
    """The decision on a run: goes live, or does not."""
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
    baseline, found = runs.accepted(data_dir), []
    for name in reversed(runs.listed(data_dir)):
        folder = runs.runs_folder(data_dir) / name
        try:
            figures, gate, decisions = _figures(folder, _modified(folder))
        except StrategiewijzerError:
            found.append(KeptRun(name, folder, None, name == baseline))
        else:
            found.append(KeptRun(name, folder, figures, name == baseline, gate, decisions))
    return found


def read(folder: Path) -> Results:
    """A run with its questions; StrategiewijzerError where another version wrote it, or it went."""
    return _results(folder, _modified(folder))


def is_readable(run: KeptRun) -> bool:
    """Whether a run can be read with its questions, and so be compared with."""
    try:
        return run.figures is not None and bool(read(run.folder))
    except StrategiewijzerError:
        return False


def compared(before: Path, now: Path) -> Comparison:
    """How two runs differ; errors as of `read`."""
    return _comparison((before, _modified(before)), (now, _modified(now)))


def _modified(folder: Path) -> int:
    """When a run was written (ns): one that is written again is read again."""
    return max((file.stat().st_mtime_ns for file in folder.glob("*.json*")), default=0)


# Cached as resources: runs never change, so that no copy is made whenever one is used.
@st.cache_resource(max_entries=1000, show_spinner=False)
def _figures(folder: Path, modified: int) -> tuple[Figures, runs.GateReport, tuple[SignOff, ...]]:
    return runs.read_figures(folder), runs.gate_of(folder), runs.sign_offs(folder)


@st.cache_resource(max_entries=8, show_spinner=False)
def _results(folder: Path, modified: int) -> Results:
    return runs.read(folder)


@st.cache_resource(max_entries=8, show_spinner=False)
def _comparison(before: tuple[Path, int], now: tuple[Path, int]) -> Comparison:
    return compare(read(before[0]), read(now[0]))


def describe_sign_off(decision: SignOff, texts: Texts) -> str:
    """A decision in a line."""
    return texts(
        "evaluation.sign.told",
        decision=decided(decision, texts),
        name=decision.name,
        date=texts.moment(datetime.datetime.fromisoformat(decision.date)),
        reason=decision.reason,
    )


def sign_offs_by_generation(data_dir: Path, texts: Texts) -> dict[str, tuple[str, bool]]:
    """The last decision on each index generation, as HTML, and whether it goes live."""
    found = {}
    for run in reversed(kept(data_dir)):
        if run.figures and run.decisions:
            last = run.decisions[-1]
            measured = texts("evaluation.sign.measured", date=when(run.figures, texts))
            line = facts_html(f"{measured} {describe_sign_off(last, texts)}")
            found[run.figures.stamp.generation] = line, last.goes_live
    return found
