"""What the terminal shows of a run, and of what changed between two."""

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from eval.comparison import Comparison
from eval.gate import RuleResult, go_live
from eval.rates import reported
from eval.results import Results
from eval.run_report import (
    DECIDING,
    NOT_COUNTED,
    SIGNIFICANT,
    VERDICTS,
    change,
    describe_check,
    label,
    number,
    p_value,
    utc,
    verdict_lines,
    with_bounds,
)


def show_run(results: Results, comparison: Comparison | None, checks: Sequence[RuleResult]) -> None:
    """Prints the verdict on a run with its reasons, and its figures."""
    console = Console(highlight=False)
    failed = [check for check in checks if not check.passed]
    counted = reported(results.questions)
    lines = [
        VERDICTS[go_live(results.overall.n, checks)],
        *verdict_lines(results.overall, checks),
        f"{len(checks) - len(failed)} of {len(checks)} rules are met."
        if checks
        else "No gate was run.",
        *(f"FAILED: {describe_check(check)}" for check in failed),
        NOT_COUNTED,
        f"{sum(result.wrong for result in counted)} of {len(counted)} questions answered wrongly.",
    ]
    console.print("\n".join(lines), markup=False)
    console.print(_parts(results))
    table = Table("figure", "value (95% interval)", box=None)
    for name, figure in results.overall.figures.items():
        if figure.value is not None:
            table.add_row(label(name), with_bounds(name, figure))
    console.print(table)
    if comparison is not None:
        show_changes(comparison)


def show_changes(comparison: Comparison) -> None:
    """Prints how the figures changed, with what certainty, and which questions moved."""
    console = Console(highlight=False)
    before, now = utc(comparison.before.date), utc(comparison.now.date)
    console.print(
        f"{before} → {now}, over the {comparison.same_questions} questions that both runs asked; "
        f"{comparison.other_questions} were asked in only one of them."
    )
    table = Table("", "before", "now", "change", "95% interval", "p", "test", box=None)
    for test in comparison.tests:
        low, high = (change(end, test.figure) for end in test.interval)
        table.add_row(
            label(test.figure),
            number(test.before, test.figure),
            number(test.now, test.figure),
            change(test.change, test.figure),
            f"{low} to {high}",
            p_value(test.p_value) + (" *" if test.p_value < SIGNIFICANT else ""),
            test.method,
        )
    console.print(table)
    table = Table("", "question", "why", box=None)
    for move in comparison.moves:
        table.add_row(
            move.direction, escape(f"{move.now.id}: {move.now.question}"), escape(move.why)
        )
    console.print(table)


def _parts(results: Results) -> Table:
    table = Table("part", "n", *map(label, DECIDING), box=None)
    for part, summary in {"all questions": results.overall, **results.by_part}.items():
        cells = (with_bounds(name, summary.figures[name]) for name in DECIDING)
        table.add_row(part, str(summary.n), *cells)
    return table
