"""Tables of the evaluation page as HTML: what stands in them is data."""

from collections.abc import Iterable, Mapping

from eval import run_report
from eval.compare import Comparison, Test
from eval.results import Summary
from eval.run_report import Figure, bounds, change, number, p_value, reading
from ui import formats
from ui.evaluation.kept_runs import KeptRun, when
from ui.markup import escape, table_html
from ui.texts import Texts

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


def figures_html(figures: Iterable[Figure], comparison: Comparison | None, texts: Texts) -> str:
    """Figures with what they say, their intervals, and how they differ from the baseline."""
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
    return table_html(texts("evaluation.figures_table"), columns, rows, hidden=True)


def _difference(test: Test | None, texts: Texts) -> list[str]:
    if test is None:
        return [""] * 4
    method = texts.label("evaluation.methods", test.method)
    low, high = (change(end, test.group) for end in test.interval)
    changed = f"{change(test.change, test.group)} <small>{low} – {high}</small>"
    return [
        texts.figure(number(test.before, test.group)),
        texts.figure(changed),
        f"{escape(texts.figure(p_value(test.p_value)))} <small>{escape(method)}</small>",
        escape(texts.label("evaluation.readings", reading(test))),
    ]


def explanation(group: str, name: str, texts: Texts) -> str:
    """What a figure says, in plain words."""
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
    """A figure and its bounds, as HTML."""
    value = number(figure.value, figure.group)
    return texts.figure(f"{value} <small>{bounds(figure.interval, figure.group)}</small>")


def runs_html(there: Iterable[KeptRun], chosen: KeptRun, texts: Texts) -> str:
    """The runs that are kept, newest first, with what they were made with."""
    names = ("run", "questions", "set", "answers", "index", "code")
    columns = [texts(f"evaluation.columns.{name}") for name in names]
    keys = READERS_FIGURES[:3]
    rows = [
        [
            _name_html(run, chosen, texts),
            formats.number(run.figures.overall.n, texts.language),
            *(with_interval(figure, texts) for figure in of_readers(run.figures.overall)[:3]),
            *map(escape, _made_with(run, texts)),
        ]
        if run.figures
        else [escape(run.label(texts)), *[""] * (len(names) + len(keys) - 1)]
        for run in there
    ]
    columns[2:2] = [label(*key, texts) for key in keys]
    return table_html(texts("evaluation.runs_table"), columns, rows, hidden=True)


def _name_html(run: KeptRun, chosen: KeptRun, texts: Texts) -> str:
    marks = [texts("evaluation.runs.accepted")] if run.accepted else []
    if run.name == chosen.name:
        marks.append(texts("evaluation.runs.shown"))
    date = escape(when(run.figures, texts)) if run.figures else ""
    return f"{date}<small>{escape(' · '.join((run.name, *marks)))}</small>"


def _made_with(run: KeptRun, texts: Texts) -> tuple[str, ...]:
    """Question set, how answers were made, index generation and version of the code."""
    if run.figures is None:
        return ()
    stamp = run.figures.stamp
    answers = texts("sidebar.model", model=stamp.model) if stamp.model else texts("sidebar.offline")
    return ", ".join(stamp.questions), answers, stamp.generation, stamp.code_version
