"""Runs that are kept: tables of them, and whether what one measured may go live."""

import datetime
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import streamlit as st

from core.errors import StrategiewijzerError
from core.settings import Settings
from eval import release, run_report, runs
from eval.gate import Comparison, GoLive, RuleResult, Test, compare, go_live
from eval.rates import summarise
from eval.release import GateReport
from eval.results import LONGEST_NAME, LONGEST_REASON, Figures, Results, SignOff, Summary
from eval.run_report import DECIDING, Figure, bounds, change, headlines, number, p_value, reading
from language.matching import visible
from ui import access, error_messages, formats, scripts
from ui.markup import code, escape, facts_html, table_html
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
    *DECIDING,
    ("refusals", "recall"),
    ("answers", "false_refusal_rate"),
    ("answers", "useful_answer_rate"),
)
"""What a reader notices, which comes first: the figures of the verdict before all others."""


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
    rows = [
        [
            _name_html(run, chosen, texts),
            escape(texts(f"evaluation.verdict.short.{run.verdict}")),
            escape(_decided(run, texts)),
            formats.number(run.figures.overall.n, texts.language),
            *(
                with_interval(figure, texts)
                for figure in run_report.chosen(run.figures.overall, DECIDING)
            ),
            *map(escape, _made_with(run, texts)),
        ]
        if run.figures
        else [escape(run.label(texts)), *[""] * (len(names) + len(DECIDING) - 1)]
        for run in there
    ]
    columns[4:4] = [label(*key, texts) for key in DECIDING]
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


# Whether what a run measured may go live: one sentence, and the rules behind it.


BOXES = {"passed": st.success, "failed": st.error, "too few": st.warning, "unchecked": st.info}


def show_verdict(run: KeptRun, texts: Texts) -> None:
    """The verdict, a line for each figure of it, and what these do not see; only one that passed is
    green."""
    if run.figures is None:
        return
    n, checks = run.figures.overall.n, run.gate.checks
    parts = []
    if run.verdict == "too few":
        parts.append(texts("evaluation.verdict.proves_nothing", n=n))
    if checks:
        failed = [_rule(check, texts) for check in checks if not check.passed]
        met = len(checks) - len(failed)
        facts = {"met": met, "all": len(checks), "file": code(run.gate.rules), "n": n}
        parts.append(texts("evaluation.verdict.rules", baseline=_baseline(run, texts), **facts))
        if failed:
            parts.append(texts("evaluation.verdict.not_met", rules="; ".join(failed)))
    elif run.verdict == "unchecked":
        parts.append(texts("evaluation.verdict.no_rules"))
    parts.append(texts("evaluation.verdict.not_counted"))
    verdict = f"**{texts(f'evaluation.verdict.{run.verdict}')}**"
    BOXES[run.verdict]("\n\n".join((verdict, _lines(run, texts), " ".join(parts))))


def _lines(run: KeptRun, texts: Texts) -> str:
    """The figures of the verdict as a Markdown list, each with what it is over and its rule."""
    if run.figures is None:
        return ""
    told = []
    for figure, check in run_report.deciding(run.figures.overall, run.gate.checks):
        name = label(figure.group, figure.name, texts)
        value = localised(number(figure.value, figure.group), texts)
        line = texts("evaluation.verdict.line", figure=name, value=_over(figure, value, texts))
        told.append(_rule(check, texts, figure) if check else line)
    return "\n".join(f"- {line}" for line in told)


def _over(figure: Figure, value: str, texts: Texts) -> str:
    """A figure of the verdict, with its bounds and what it is over: "4% (2 to 6) of 297
    questions"."""
    span, n = between(figure, texts), formats.number(figure.n, texts.language)
    over = texts(f"evaluation.verdict.over.{figure.name}", n=n)
    value = f"{value} ({span})" if span else value
    return texts("evaluation.verdict.value", value=value, over=over)


def show_version(settings: Settings, run: KeptRun, texts: Texts) -> None:
    """Says where the verdict is not about the version in use, and where the decision is against
    that version."""
    current = generation_in_use(settings)
    if run.figures is None or not current:
        return
    if run.figures.stamp.generation != current:
        st.warning(texts("evaluation.verdict.not_in_use"))
    elif run.decisions and not run.decisions[-1].goes_live:
        st.warning(texts("evaluation.sign.in_use"))


def show_rules(run: KeptRun, texts: Texts) -> None:
    """All rules with what was found, those that were not met first."""
    if not run.gate.checks:
        return
    with st.expander(texts("evaluation.verdict.all_rules", n=len(run.gate.checks))):
        in_order = sorted(run.gate.checks, key=lambda check: check.passed)
        marks = {True: "✓", False: "✗"}
        st.markdown("\n".join(f"- {marks[one.passed]} {_rule(one, texts)}" for one in in_order))


def _baseline(run: KeptRun, texts: Texts) -> str:
    if not run.gate.baseline:
        return texts("evaluation.verdict.no_baseline")
    date = texts.moment(datetime.datetime.fromisoformat(run.gate.baseline))
    return texts("evaluation.verdict.baseline", date=date)


def _rule(check: RuleResult, texts: Texts, seen: Figure | None = None) -> str:
    """A rule and what was found, in Markdown; as it stands where it has no bound. With the figure
    also its bounds and what it is over."""
    bounds = {"floor": check.floor, "ceiling": check.ceiling, "before": check.before}
    kind = next((name for name, bound in bounds.items() if bound is not None), None)
    bound = bounds[kind] if kind else None
    if kind is None or bound is None:
        return code(f"{check.rule}: {check.found}")
    if kind == "before" and check.passed:
        kind = "not_worse"
    group, _, name = check.figure.partition(".")
    found, limit = (localised(text, texts) for text in run_report.beside(check.value, bound, group))
    found = _over(seen, found, texts) if seen else found
    language = texts.label("languages", check.language)
    figure = label(group, name, texts) + (f" ({language})" if language else "")
    told = texts(f"evaluation.verdict.bounds.{kind}", figure=figure, value=found, bound=limit)
    cause = texts.label("evaluation.causes", check.cause)
    return told + (texts("evaluation.verdict.cause", cause=cause) if cause else "")


# Decide whether what a run measured goes live, and see who decided that.


def offer_sign_off(settings: Settings, run: KeptRun, texts: Texts) -> None:
    """The form to decide with; after a decision it is another one, closed and empty."""
    form = f"{run.name}-{len(run.decisions)}"
    with st.popover(
        texts("evaluation.sign.offer"),
        icon=":material/draw:",
        key=f"evaluation-sign-{form}",
        on_change="rerun",
    ):
        st.markdown(f"{_lines(run, texts)}\n\n{texts('evaluation.sign.explained')}")
        if run.verdict != "passed":
            st.html(facts_html(texts("evaluation.sign.not_passed")))
        goes_live = st.radio(
            texts("evaluation.sign.decision"),
            (True, False),
            index=None,
            format_func=lambda live: texts(f"evaluation.sign.{'goes' if live else 'stays'}"),
            key=f"evaluation-decision-{form}",
        )
        known = access.user().name
        name = known or st.text_input(
            texts("evaluation.sign.name"), max_chars=LONGEST_NAME, key="evaluation-signer"
        )
        reason = st.text_area(
            texts("evaluation.sign.reason"),
            max_chars=LONGEST_REASON,
            key=f"evaluation-reason-{form}",
        )
        if known:
            st.html(facts_html(texts("evaluation.sign.as", name=known)))
        if st.button(texts("evaluation.sign.confirm"), type="primary"):
            if goes_live is None or not all(visible(one).strip() for one in (name, reason)):
                st.warning(texts("evaluation.sign.lacks"))
                return
            _sign(settings, run, texts, goes_live=goes_live, name=name, reason=reason)


def _sign(
    settings: Settings, run: KeptRun, texts: Texts, *, goes_live: bool, name: str, reason: str
) -> None:
    with error_messages.showing(texts):
        user = access.require("evaluator")
        release.sign(
            settings,
            run.name,
            goes_live=goes_live,
            name=user.name or name,
            reason=reason,
            by=user.id,
        )
        st.rerun()


def show_sign_off(run: KeptRun, texts: Texts) -> None:
    """The decisions on a run, the last one first."""
    for decision in reversed(run.decisions):
        st.html(facts_html(describe_sign_off(decision, texts)))


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
    return dict(reversed(list(_last_decisions(kept(data_dir), texts))))


def _last_decisions(
    runs: Iterable[KeptRun], texts: Texts
) -> Iterable[tuple[str, tuple[str, bool]]]:
    for run in runs:
        if run.figures and run.decisions:
            last = run.decisions[-1]
            measured = texts("evaluation.sign.measured", date=when(run.figures, texts))
            line = facts_html(f"{measured} {describe_sign_off(last, texts)}")
            yield run.figures.stamp.generation, (line, last.goes_live)


# What can be done with a run: make it the accepted one, and take its report along.


FILES = ("report.html", "report.md", "results.json")
UNDO = "evaluation-undo"  # which run was accepted before, "" for none


def offer_accept(data_dir: Path, run: KeptRun, texts: Texts) -> None:
    """Buttons to accept the run and to download its files."""
    if not run.accepted:
        with st.popover(texts("evaluation.accept.offer"), icon=":material/verified:"):
            st.markdown(texts("evaluation.accept.explained"))
            if st.button(texts("evaluation.accept.confirm"), type="primary"):
                _accept(data_dir, run.name, texts, undo=runs.accepted(data_dir) or "")
    _offer_files(run, texts)


def show_accepted(data_dir: Path, run: KeptRun, texts: Texts) -> None:
    """That the run is the accepted one, and the way back."""
    if run.accepted:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.html(facts_html(texts("evaluation.accept.done")))
            earlier = st.session_state.get(UNDO)
            if earlier is not None and st.button(texts("evaluation.accept.undo")):
                _accept(data_dir, earlier or None, texts, undo=None)


def _accept(data_dir: Path, name: str | None, texts: Texts, *, undo: str | None) -> None:
    with error_messages.showing(texts):
        access.require("evaluator")
        runs.accept(data_dir, name)
        st.session_state[UNDO] = undo
        st.rerun()


def _offer_files(run: KeptRun, texts: Texts) -> None:
    """The list of files is read once it is open."""
    offer = st.popover(
        texts("evaluation.download.offer"),
        icon=":material/download:",
        key="evaluation-files",
        on_change="rerun",
    )
    there = [name for name in FILES if (run.folder / name).is_file()] if offer.open else []
    for name in there:
        with offer:
            scripts.offer_download(
                texts(f"evaluation.download.{name.partition('.')[2]}"),
                (run.folder / name).read_bytes,
                name=f"{run.name}-{name}",
                key=f"evaluation-download-{name}",
            )
