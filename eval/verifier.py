"""Measures what becomes of a strong model's sentences: `python -m eval.verifier`."""

import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from chain.checking.verification import nearness_of
from core.command_line import CommandLine, flag, option
from core.settings import Settings
from eval import gate, run_report
from eval.metrics import percentile
from eval.replies import DOCUMENTS, FOLDER, HALVES, GivenReply, Half, opinions, read, read_documents
from eval.verdicts import CHANGES, Checking, ReplyVerdicts, VerifierFigure, figures, outcome
from ingest.commands.progress import bar
from vectorstore.embeddings import local_embedder
from vectorstore.store import open_index

ACCURACY = 0.9  # of the checker that figures are computed for
_ROWS = {
    "shown_whole": "replies shown whole",
    "true_confirmed": "true confirmed",
    "true_found": "true confirmed or found",
    "true_left_out": "true said to differ",
    "stretches_found": "stretches found",
    "evidence_given": "all evidence given",
    "false_confirmed": "false confirmed",
    "false_found": "false confirmed or found",
    **{f"false_confirmed.{change}": f"  {change}" for change in CHANGES},
    "riders_confirmed": "riders confirmed",
    "riders_found": "riders confirmed or found",
}


app = CommandLine()


@app.command()
def measure(
    context: typer.Context,
    documents: bool = flag("--documents", "The replies over official documents."),
    half: Half | None = typer.Option(None, help="Only this half (default: both)."),
    listed: bool = flag(
        "--list",
        "Of the open half, list every true sentence that is not found, and why, and "
        "what false is confirmed.",
    ),
    gate_file: Path | None = option(
        None,
        "FILE",
        "Rules whose limits for the verifier the held half must keep, such as "
        "eval/gate.yaml; else the exit code is 3.",
        "--gate",
    ),
) -> int:
    """Measures what becomes of a strong model's sentences: the replies in tests/replies/.

    True sentences should be confirmed and their false twins not. Half of the replies are held out:
    the verifier is measured on them, and nobody who changes it looks at them. --documents takes the
    replies over official documents, which the index in use must have (tests/replies/documents).
    """
    if listed and half == "held":
        context.fail(
            "the sentences of the held half are never listed: a verifier that was changed to fit "
            "them is not measured by them any more. Use --half open."
        )
    if gate_file and half == "open":
        context.fail("the gate is about the held half; leave out --half open.")
    rules = gate.read_rules(gate_file) if gate_file else None
    outcomes = {
        (part, form): _outcomes(part, documents=documents, stretches=form)
        for part in ((half,) if half else HALVES)
        for form in _forms(part, documents=documents)
    }
    console = Console()
    for (part, form), found in outcomes.items():
        title = f"Replies, {part} half: {len(found)}"
        title += ", with stretches" if form else ", without stretches"
        readers = opinions(DOCUMENTS if documents else FOLDER / part)
        console.print(_figures_table(title, found, readers))
        console.print(_languages_table(found))
    if listed:
        for line in _lines(outcomes["open", documents]):
            console.print(escape(line), soft_wrap=True)
    if rules is None:
        return 0
    limits = rules.verifier_documents if documents else rules.verifier
    checks = judge_verifier(limits, figures(outcomes["held", True]))
    failed = sum(not check.passed for check in checks)
    title = f"Gate: {failed} of {len(checks)} rules failed" if failed else "Gate: passed"
    table = Table("", "rule", "found", title=title)
    for check in checks:
        table.add_row("ok" if check.passed else "FAILED", check.rule, check.found)
    console.print(table)
    return gate.CLOSED if failed else 0


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


def _forms(half: Half, *, documents: bool) -> Sequence[bool]:
    """With the stretches that sentences name, where they do, and without."""
    return (True, False) if documents or half == "held" else (False,)


def _outcomes(half: Half, *, documents: bool, stretches: bool) -> list[ReplyVerdicts]:
    replies = read_documents(half) if documents else read(half)
    index = open_index(Settings()).snapshot()
    outcomes = []
    with bar(f"Verifying, {half} half") as shown:
        for number, reply in enumerate(replies, 1):
            given = GivenReply(reply, index, stretches=stretches)
            outcomes.append(outcome(given, nearness_of(index, local_embedder())))
            shown(number, len(replies))
    return outcomes


def _figures_table(title: str, outcomes: Sequence[ReplyVerdicts], readers: Checking) -> Table:
    """Table of all figures: measured, with intervals, and with a checker."""
    seconds = [verdict.seconds for outcome in outcomes for verdict in outcome.judged]
    table = Table(
        "", "n", "no checker", "95% interval", f"checker {ACCURACY:g}", "readers",
        title=title,
        caption=f"checker {ACCURACY:g}: computed, for a checker that is right so often; readers: "
        "with what careful readers (language models) said.\n"
        "Seconds a sentence, median and 95th percentile: "
        f"{run_report.number(percentile(seconds, 50))}, "
        f"{run_report.number(percentile(seconds, 95))}",
    )  # fmt: skip
    measured, computed = figures(outcomes), figures(outcomes, ACCURACY)
    read_again = figures(outcomes, readers) if readers else {}
    for name, label in _ROWS.items():
        found = measured[name]
        again = run_report.number(read_again[name].value) if read_again else ""
        cells = (*_cells(found), run_report.number(computed[name].value), again)
        table.add_row(label, str(found.n), *cells)
    return table


def _languages_table(outcomes: Sequence[ReplyVerdicts]) -> Table:
    table = Table(
        "", "true", "or found", "95% interval", "false", "confirmed", "95% interval",
        title="By language, no checker",
    )  # fmt: skip
    for language in sorted({verdicts.reply.language for verdicts in outcomes}):
        found = figures([verdicts for verdicts in outcomes if verdicts.reply.language == language])
        true, false = found["true_found"], found["false_confirmed"]
        table.add_row(language, str(true.n), *_cells(true), str(false.n), *_cells(false))
    return table


def _cells(figure: VerifierFigure) -> tuple[str, str]:
    return run_report.number(figure.value), run_report.bounds(figure.interval)


def _lines(outcomes: Iterable[ReplyVerdicts]) -> Iterable[str]:
    """A line for each true sentence that is not found, with why, and each false one that is
    confirmed."""
    for found in outcomes:
        for verdict in found.judged:
            name = verdict.change or verdict.kind
            if verdict.kind == "true" and not verdict.found(None):
                why = ", ".join(filter(None, (verdict.reason, *verdict.details)))
                yield f"{verdict.sentence} {verdict.status}: {verdict.text} ({why})"
            elif verdict.kind != "true" and verdict.status == "confirmed":
                yield f"{verdict.sentence} confirmed, {name}: {verdict.text}"


def main(arguments: Sequence[str]) -> int:
    """Returns the exit code: 0 done, 1 an error (on standard error), 3 the gate is closed."""
    return app.run(arguments, "python -m eval.verifier")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
