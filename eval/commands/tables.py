"""Tables for the terminal."""

from collections.abc import Iterable, Mapping, Sequence

from rich.markup import escape
from rich.table import Table

from eval import run_report
from eval.compare import Comparison
from eval.gate import Check
from eval.judge import Judgement
from eval.results import Results, Summary

_MAIN = (
    ("reading", "signable"),
    ("reading", "precision"),
    ("reading", "complete"),
    ("retrieval", "hit@1"),
    ("answers", "false_refusal_rate"),
    ("answers", "refusal_rate_unanswerable"),
    ("answers", "useful_answer_rate"),
)


def figures_tables(results: Results) -> Iterable[Table]:
    """The figures overall with their intervals, then the main ones by language and part."""
    table = Table("", "value", "95% interval", title=f"Figures, {results.overall.n} questions")
    for group, name, value, interval in run_report.figures(results.overall):
        if value is not None:
            told = (run_report.number(value, group), run_report.bounds(interval, group))
            table.add_row(run_report.label(group, name), *told)
    yield table
    yield _groups_table("By language", results.by_language)
    yield _groups_table("By part", results.by_part)


def _groups_table(title: str, groups: Mapping[str, Summary]) -> Table:
    table = Table("", "n", *(run_report.label(*one) for one in _MAIN), title=title)
    for name, summary in groups.items():
        shown = run_report.chosen(summary, _MAIN)
        cells = (run_report.number(figure.value, figure.group) for figure in shown)
        table.add_row(name, str(summary.n), *cells)
    return table


def comparison_tables(comparison: Comparison) -> Iterable[Table]:
    """What moved: the figures, then the questions."""
    table = Table(
        "", "before", "now", "change", "95% interval", "p", "test",
        title=f"{comparison.before.date} → {comparison.now.date}, "
        f"{comparison.same_questions} questions",
    )  # fmt: skip
    for test in comparison.tests:
        sure = " *" if test.p_value < run_report.SIGNIFICANT else ""
        table.add_row(
            run_report.label(test.group, test.name),
            run_report.number(test.before, test.group),
            run_report.number(test.now, test.group),
            run_report.change(test.change, test.group),
            run_report.bounds(test.interval, test.group),
            f"{test.p_value:.3f}{sure}",
            test.method,
        )
    yield table
    moves = Table("", "question", "why", title="Questions that moved", show_lines=False)
    for move in comparison.moves:
        asked = f"{move.now.id}: {move.now.question}"
        moves.add_row(move.direction, escape(asked), escape(move.why))
    yield moves


def checks_table(checks: Sequence[Check]) -> Table:
    """The verdict of the gate, rule by rule."""
    failed = sum(not check.passed for check in checks)
    title = f"Gate: {failed} of {len(checks)} rules failed" if failed else "Gate: passed"
    table = Table("", "rule", "found", title=title)
    for check in checks:
        table.add_row("ok" if check.passed else "FAILED", escape(check.rule), escape(check.found))
    return table


def judgement_table(judgement: Judgement) -> Table:
    """What the judge says, and how far it agrees with the deterministic checks."""
    title = (
        f"Judge {judgement.model}: {judgement.asked} answers, {judgement.failed} without verdict"
    )
    table = Table("", "mean grade", "agreement", "kappa", title=title)
    for criterion, mean in judgement.means.items():
        agreed = judgement.agreement.get(criterion)
        share = "" if agreed is None else f"{agreed.share:.3f} of {agreed.n}"
        kappa = "" if agreed is None or agreed.kappa is None else f"{agreed.kappa:.3f}"
        table.add_row(criterion, f"{mean:.3f}", share, kappa)
    return table
