"""Runs that are kept, and tables of them."""

import datetime
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import streamlit as st

from core.errors import StrategiewijzerError
from core.settings import Settings
from eval import release, run_report, runs
from eval.compare import Comparison, Test, compare
from eval.gate import DECIDING, GoLive, go_live
from eval.rates import summarise
from eval.release import GateReport
from eval.results import Figures, Results, SignOff, Summary
from eval.run_report import Figure, bounds, change, headlines, number, p_value, reading
from ui import formats
from ui.markup import escape, table_html
from ui.texts import Texts
from vectorstore.generations import Generations, store_exists

# The runs that are kept, read once and then from memory.


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


# Tables of the evaluation page as HTML: what stands in them is data.


READERS_FIGURES = (
    ("reading", "complete"),
    ("reading", "claimed_right"),
    ("reading", "misleads"),
    ("answers", "refusal_rate_unanswerable"),
    ("answers", "false_refusal_rate"),
    ("answers", "useful_answer_rate"),
)
"""What a reader notices, which comes first."""


def label(group: str, name: str, texts: Texts) -> str:
    """A figure's name in the language of the page."""
    return texts.label("evaluation.names", f"{group}.{name}")


def of_readers(summary: Summary) -> tuple[Figure, ...]:
    """The figures of `READERS_FIGURES`."""
    return run_report.chosen(summary, READERS_FIGURES)


def figures_html(
    caption: str, figures: Iterable[Figure], comparison: Comparison | None, texts: Texts
) -> str:
    """Figures with what they say, their intervals, and how they differ from another run."""
    tests = {(test.group, test.name): test for test in comparison.tests} if comparison else {}
    names = ("figure", "value", "before", "change", "p", "reading")[: 6 if comparison else 2]
    rows = []
    for figure in figures:
        if figure.value is None:
            continue
        explained = escape(explanation(figure.group, figure.name, texts))
        row = [
            f"{escape(label(figure.group, figure.name, texts))}<small>{explained}</small>",
            with_interval(figure, texts),
        ]
        if comparison:
            row += _difference(tests.get((figure.group, figure.name)), texts)
        rows.append(row)
    columns = [texts(f"evaluation.columns.{name}") for name in names]
    return table_html(caption, columns, rows, hidden=True)


def _difference(test: Test | None, texts: Texts) -> list[str]:
    if test is None:
        return [""] * 4
    method = texts.label("evaluation.methods", test.method)
    low, high = (texts.figure(change(end, test.group)) for end in test.interval)
    span = texts("evaluation.between", low=low, high=high)
    return [
        localised(number(test.before, test.group), texts),
        f"{texts.figure(change(test.change, test.group))} ({span})",
        f"{escape(texts.figure(p_value(test.p_value)))} <small>{escape(method)}</small>",
        escape(texts.label("evaluation.readings", reading(test))),
    ]


def explanation(group: str, name: str, texts: Texts) -> str:
    """Explains a figure in plain words."""
    return texts.label("evaluation.explained", f"{group}.{name}")


def groups_html(caption: str, groups: Mapping[str, Summary], texts: Texts) -> str:
    """The readers' figures of groups of questions, with their intervals; names are text."""
    columns = [
        texts("evaluation.columns.group"),
        texts("evaluation.columns.questions"),
        *(label(*key, texts) for key in READERS_FIGURES),
    ]
    rows = [
        [
            escape(name),
            formats.number(summary.n, texts.language),
            *(with_interval(figure, texts) for figure in of_readers(summary)),
        ]
        for name, summary in groups.items()
    ]
    return table_html(caption, columns, rows)


def with_interval(figure: Figure, texts: Texts) -> str:
    """A figure and its bounds: "44% (19 to 69)"."""
    value, span = localised(number(figure.value, figure.group), texts), between(figure, texts)
    return f"{value} ({span})" if span else value


def between(figure: Figure, texts: Texts) -> str:
    """The bounds of a figure, "" without any: "19 to 69"."""
    low, _, high = texts.figure(bounds(figure.interval, figure.group)).partition(" to ")
    return texts("evaluation.between", low=low, high=high) if high else ""


def localised(text: str, texts: Texts) -> str:
    """A figure as the report writes it, such as "44%", as the language of the page does."""
    value, percent, _ = texts.figure(text).partition("%")
    return texts("evaluation.percent", value=value) if percent else value


def runs_html(there: Iterable[KeptRun], chosen: KeptRun, texts: Texts) -> str:
    """The runs that are kept, newest first, with what they were made with."""
    names = ("run", "verdict", "decision", "questions", "set", "answers", "index", "code")
    columns = [texts(f"evaluation.columns.{name}") for name in names]
    keys = [(group, name) for group, name in (name.split(".") for name in DECIDING)]
    rows = [
        [
            _name_html(run, chosen, texts),
            escape(texts(f"evaluation.verdict.short.{run.verdict}")),
            escape(_decided(run, texts)),
            formats.number(run.figures.overall.n, texts.language),
            *(
                with_interval(figure, texts)
                for figure in run_report.chosen(run.figures.overall, keys)
            ),
            *map(escape, _made_with(run, texts)),
        ]
        if run.figures
        else [escape(run.label(texts)), *[""] * (len(names) + len(keys) - 1)]
        for run in there
    ]
    columns[4:4] = [label(*key, texts) for key in keys]
    return table_html(texts("evaluation.runs_table"), columns, rows, hidden=True)


def _name_html(run: KeptRun, chosen: KeptRun, texts: Texts) -> str:
    marks = [texts("evaluation.runs.accepted")] if run.accepted else []
    if run.name == chosen.name:
        marks.append(texts("evaluation.runs.shown"))
    date = escape(when(run.figures, texts)) if run.figures else ""
    return f"{date}<small>{escape(' · '.join((run.name, *marks)))}</small>"


def _decided(run: KeptRun, texts: Texts) -> str:
    """The last decision, and whose it is."""
    if not run.decisions:
        return ""
    last = run.decisions[-1]
    return f"{decided(last, texts)} ({last.name})"


def _made_with(run: KeptRun, texts: Texts) -> tuple[str, ...]:
    """Question set, how answers were made, index generation and version of the code."""
    if run.figures is None:
        return ()
    stamp = run.figures.stamp
    answers = texts("sidebar.model", model=stamp.model) if stamp.model else texts("sidebar.offline")
    names = list(stamp.questions)
    asked = names[0] if len(names) == 1 else texts("evaluation.runs.files", n=len(names))
    return asked, answers, stamp.generation, stamp.code_version
