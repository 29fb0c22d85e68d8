"""Tables of the evaluation page as HTML: what stands in them is data."""

from collections.abc import Iterable, Mapping

from eval import run_report
from eval.compare import Comparison, Test
from eval.gate import DECIDING
from eval.results import Summary
from eval.run_report import Figure, bounds, change, number, p_value, reading
from ui import formats
from ui.evaluation.kept_runs import KeptRun, decided, when
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
