"""Measures the verifier on a strong model's sentences, in tests/replies/.

    python -m eval.verifier [--half open|held] [--list] [--gate eval/gate.yaml]

True sentences should be shown and their false twins not. Half of the replies are held out: the
verifier is measured on them, and nobody who changes it looks at them. Columns with a checker are
computed, not measured: as if a second reader with that accuracy read all that passes.
"""

import argparse
import math
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from chain.answerer import Draft, Request, Verdict
from chain.checking.verification import Verifier
from core.errors import StrategiewijzerError
from core.settings import Settings
from eval import gate, run_report
from eval.commands.ask import GATE_CLOSED
from eval.commands.terminal import bar
from eval.metrics import percentile
from eval.replies import HALVES, Half, read
from eval.verdicts import CHANGES, ReplyVerdicts, VerifierFigure, figures, outcome
from vectorstore.store import open_index

CHECKERS = (0.8, 0.9, 0.95)  # accuracies, as none was measured: what each would let through
_ROWS = {
    "true_withheld": "true withheld",
    "true_uncertain": "  uncertain",
    "true_contradicted": "  contradicted",
    "whole_replies": "replies left whole",
    "false_passed": "false passed",
    **{f"false_passed.{change}": f"  {change}" for change in CHANGES},
    "riders_passed": "riders passed",
    "balanced_accuracy": "balanced accuracy",
}
_NOT_CHECKED = ("true_uncertain", "true_contradicted")  # before any checker


def main(arguments: list[str]) -> int:
    """Returns the exit code: 0 done, 1 an error (on standard error), 3 the gate is closed."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.list and options.half == "held":
        parser.error(
            "the sentences of the held half are never listed: a verifier that was changed to fit "
            "them is not measured by them any more. Use --half open."
        )
    if options.gate is not None and options.half == "open":
        parser.error("the gate is about the held half; leave out --half open.")
    halves = (options.half,) if options.half else HALVES
    try:
        rules = gate.read_rules(options.gate) if options.gate is not None else None
        outcomes = {half: _outcomes(half) for half in halves}
    except StrategiewijzerError as error:
        Console(stderr=True).print(escape(str(error)), soft_wrap=True)
        return 1
    console = Console()
    for half, found in outcomes.items():
        console.print(_figures_table(half, found))
        console.print(_languages_table(half, found))
    if options.list:
        for line in _lines(outcomes["open"]):
            console.print(escape(line), soft_wrap=True)
    if rules is None:
        return 0
    checks = judge_verifier(rules.verifier, figures(outcomes["held"]))
    failed = sum(not check.passed for check in checks)
    title = f"Gate: {failed} of {len(checks)} rules failed" if failed else "Gate: passed"
    table = Table("", "rule", "found", title=title)
    for check in checks:
        table.add_row("ok" if check.passed else "FAILED", check.rule, check.found)
    console.print(table)
    return GATE_CLOSED if failed else 0


def judge_verifier(
    limits: gate.Limits, found: Mapping[str, VerifierFigure]
) -> tuple[gate.RuleResult, ...]:
    """Checks every limit of the verifier."""
    bounded = [(name, limit, math.inf) for name, limit in limits.at_least.items()]
    bounded += [(name, -math.inf, limit) for name, limit in limits.at_most.items()]
    checks = []
    for name, floor, ceiling in bounded:
        value = found[name].value
        demand = f"at least {floor:g}" if ceiling == math.inf else f"at most {ceiling:g}"
        checks.append(
            gate.RuleResult(
                rule=f"{name} {demand}",
                found="nothing to measure it on" if value is None else f"{value:.3f}",
                passed=value is not None and floor <= value <= ceiling,
            )
        )
    return tuple(checks)


def verify(request: Request) -> Callable[[Draft], Verdict]:
    """The verdicts of the product's verifier on drafts for a request."""
    return Verifier(request).verdict


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m eval.verifier",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--half", choices=HALVES, help="only this half (default: both)")
    parser.add_argument(
        "--list",
        action="store_true",
        help="of the open half, list every true sentence withheld, and why, and what false passed",
    )
    parser.add_argument(
        "--gate",
        type=Path,
        metavar="FILE",
        help="rules whose limits for the verifier the held half must keep, such as "
        "eval/gate.yaml; else the exit code is 3",
    )
    return parser


def _outcomes(half: Half) -> list[ReplyVerdicts]:
    replies = read(half)
    passages = {passage.id: passage for passage in open_index(Settings()).passages()}
    outcomes = []
    with bar(f"Verifying, {half} half", len(replies)) as advance:
        for reply in replies:
            outcomes.append(outcome(reply, passages, verify))
            advance()
    return outcomes


def _figures_table(half: Half, outcomes: Sequence[ReplyVerdicts]) -> Table:
    """Table of all figures: measured, with intervals, and computed for each checker."""
    checkers = (f"{accuracy:g}" for accuracy in CHECKERS)
    seconds = [one.seconds for outcome in outcomes for one in outcome.judged]
    table = Table(
        "", "n", "measured", "95% interval", *checkers,
        title=f"Verifier, {half} half: {len(outcomes)} replies",
        caption=f"Last {len(CHECKERS)} columns: computed, not measured, with a checker of this "
        "accuracy.\nSeconds a sentence, median and 95th percentile: "
        f"{run_report.number(percentile(seconds, 50))}, "
        f"{run_report.number(percentile(seconds, 95))}",
    )  # fmt: skip
    measured = figures(outcomes)
    computed = [figures(outcomes, accuracy) for accuracy in CHECKERS]
    for name, label in _ROWS.items():
        found = measured[name]
        others = () if name in _NOT_CHECKED else (one[name].value for one in computed)
        table.add_row(label, str(found.n), *_cells(found), *map(run_report.number, others))
    return table


def _languages_table(half: Half, outcomes: Sequence[ReplyVerdicts]) -> Table:
    table = Table(
        "", "true", "withheld", "95% interval", "false", "passed", "95% interval",
        title=f"By language, {half} half",
    )  # fmt: skip
    for language in sorted({one.reply.language for one in outcomes}):
        found = figures([one for one in outcomes if one.reply.language == language])
        withheld, passed = found["true_withheld"], found["false_passed"]
        table.add_row(language, str(withheld.n), *_cells(withheld), str(passed.n), *_cells(passed))
    return table


def _cells(figure: VerifierFigure) -> tuple[str, str]:
    return run_report.number(figure.value), run_report.bounds(figure.interval)


def _lines(outcomes: Iterable[ReplyVerdicts]) -> Iterable[str]:
    """A line for each true sentence withheld, with the doubt, and each false one passed."""
    for found in outcomes:
        for one in found.judged:
            if one.kind == "true" and one.state != "supported":
                yield f"{found.reply.id} withheld, {one.state}: {one.text} ({one.doubt or '-'})"
            elif one.kind != "true" and one.state == "supported":
                yield f"{found.reply.id} passed, {one.type or one.kind}: {one.text}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
