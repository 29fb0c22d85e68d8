"""The evaluation in the terminal: `python -m eval` asks a question set, `python -m eval COMMAND`
does the rest, and both print what was measured."""

if __name__ == "__main__":
    from core.background import quiet_start

    quiet_start()  # before the imports, which take long

import itertools
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from pydantic import JsonValue
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from chain.assistant import Assistant
from core.background import end
from core.command_line import DEFAULT, CommandLine, flag, option
from core.settings import ROOT, Settings
from core.telemetry import observe
from eval import gate, runs
from eval.assess import run as evaluate
from eval.comparison import Comparison
from eval.comparison import compare as compared
from eval.corpora import prepare
from eval.dataset import (
    DOCUMENTS,
    SETS,
    Question,
    RunPart,
    apart,
    dialogues,
    fingerprints,
    load,
    load_sets,
)
from eval.labels import Outline
from eval.labels import check as problems_of
from eval.rates import reported
from eval.results import Results, make_stamp
from eval.run_report import (
    DECIDING,
    NOT_COUNTED,
    SIGNIFICANT,
    VERDICTS,
    change,
    describe_check,
    html,
    label,
    number,
    p_value,
    utc,
    verdict_lines,
    with_bounds,
)
from ingest.commands.progress import bar, progress
from vectorstore.store import open_index

# Where weights were fitted on questions; not there where only the product is installed.
_FITTED_ON = ROOT / "research" / "fitting"

app = CommandLine()

_Corpus = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="DIR",
        help="Folders or files with the documents to ask, in place of the assistant's; their index "
        "is kept in data/corpora and made anew only where they changed.",
    ),
]


@app.command(DEFAULT)
def ask(
    questions: Path | None = option(
        None,
        "FILE_OR_DIR",
        "A question set, or a folder of them (default: eval/questions, over which figures "
        "are reported, and eval/messages and eval/conversations, which are reported apart).",
    ),
    corpus: _Corpus = None,
    documents: bool = flag(
        "--documents",
        "Ask about the official documents of eval/documents, which the answers are not "
        "made for: a second ground, with rules of its own in the gate and its runs beside its "
        "index.",
    ),
    every: int = option(
        1, "N", "Ask only every Nth question or conversation, for a quick look.", min=1
    ),
    parallel: int = option(
        1, "N", "Ask N questions at a time, for a language model that answers many at once.", min=1
    ),
    out: Path | None = option(
        None, "DIR", "Where the run is written (default: a new folder in data/runs)."
    ),
    gate_file: Path | None = option(
        None,
        "FILE",
        "Rules that the run must pass, such as eval/gate.yaml; else the exit code is 3.",
        "--gate",
    ),
    as_json: bool = flag(
        "--json",
        "Print a JSON object a line, for a program: progress, then the run's folder and gate.",
    ),
) -> int:
    """Ask the assistant every question of a question set and measure the answers as a reader sees
    them: do they say what was asked and little else, is what cannot be answered refused, do the
    citations hold. The run is kept in data/runs/ with a report to read and to sign.

        python -m eval --questions my-questions.yaml --out my-run
        python -m eval --corpus my-documents --questions my-questions.yaml
        python -m eval --documents            over official documents instead
        python -m eval --gate eval/gate.yaml  exit code 3 when it may not go live
        python -m eval --parallel 8           through a language model that is set
        python -m eval compare previous last

    The format of a question set is described in docs/evaluation.md.
    """
    settings = Settings()
    if documents:
        questions, corpus = DOCUMENTS, [DOCUMENTS / "texts"]
    sets: Mapping[RunPart, Path] = {"questions": questions} if questions else SETS
    conversations = dialogues(load_sets(sets))[::every]
    rules = gate.read_rules(gate_file) if gate_file else None
    own = _settings_of(corpus, settings, as_json=as_json)
    before, not_compared = (None, "") if documents else runs.baseline(settings.data_dir)
    if documents:
        rules = rules and gate.Rules.model_validate(dict(rules.documents))
        there = {document.id for document in open_index(own).documents()}
        conversations = [
            turns
            for turns in conversations
            if all(there.issuperset(turn.documents) for turn in turns)
        ]
    chosen = [question for turns in conversations for question in turns]
    with _progress("Asking", len(chosen), as_json=as_json) as advance:
        results = _ask(own, chosen, fingerprints(sets), advance, parallel=parallel)
    comparison = compared(before, results) if before is not None else None
    checks = gate.judge(rules, results, comparison) if rules is not None else ()

    folder = out or runs.new_folder((own if documents else settings).data_dir, results)
    found = None
    if gate_file:
        against = comparison.before.date if comparison else ""
        found = runs.GateReport(rules=gate_file.name, baseline=against, checks=checks)
    report = html(results, comparison, checks)
    files = runs.write(results, folder, report, found)
    if not as_json:
        show_run(results, comparison, checks)
        print(f"Fingerprint of figures and answers: {results.fingerprint[:16]}")
        print(*files, sep="\n")
    if not_compared:
        print(not_compared, file=sys.stderr)
    failed = [check for check in checks if not check.passed]
    if as_json:
        _tell(
            event="run",
            folder=str(folder),
            gate=("closed" if failed else "open") if rules is not None else None,
            failed=[check.model_dump() for check in failed],
        )
    return gate.CLOSED if failed else 0


def _settings_of(
    corpus: Sequence[Path] | None, settings: Settings, *, as_json: bool = False
) -> Settings:
    """The settings of the index that is asked: the assistant's, or one over `--corpus`; errors as
    of `prepare`."""
    if not corpus:
        return settings
    with progress(as_json=as_json) as tell:
        return prepare(corpus, settings, tell)


def _ask(
    settings: Settings,
    questions: Sequence[Question],
    sets: Mapping[str, str],
    advance: Callable[[], None],
    *,
    parallel: int,
) -> Results:
    unaudited = settings.model_copy(update={"audit": False})  # the run is a record of its own
    assistant = Assistant(unaudited)
    snapshot = assistant.index.snapshot()
    embedder, generation = snapshot.embedder.fingerprint, snapshot.generation
    prepared = snapshot.questions([document.key for document in snapshot.documents()])
    return evaluate(
        apart(questions, (prepared_question.question for prepared_question in prepared)),
        assistant,
        Outline.of(snapshot.passages()),
        stamp=make_stamp(settings, sets, embedder=embedder, generation=generation),
        parallel=parallel,
        on_result=lambda _: advance(),
    )


@contextmanager
def _progress(what: str, total: int, *, as_json: bool) -> Iterator[Callable[[], None]]:
    """What is to be called for each of `total` that is done: moves a bar, or tells a program."""
    done = itertools.count(1)
    if as_json:
        _tell(event="progress", doing=what, done=0, total=total)
        yield lambda: _tell(event="progress", doing=what, done=next(done), total=total)
        return
    with bar(what) as shown:
        yield lambda: shown(next(done), total)


def _tell(**event: JsonValue) -> None:
    print(json.dumps(event), flush=True)


@app.command()
def check(
    questions: Path | None = typer.Argument(
        None, metavar="FILE_OR_DIR", help="A question set, or a folder of them (default: ours)."
    ),
    corpus: _Corpus = None,
) -> int:
    """Do the labels of a question set fit the documents?"""
    entries = load(questions) if questions else load_sets(SETS)
    outline = Outline.of(open_index(_settings_of(corpus, Settings())).snapshot().passages())
    fitted_on = load(_FITTED_ON) if _FITTED_ON.is_dir() else ()
    problems = problems_of(entries, outline, fitted_on=fitted_on)
    console = Console()
    for problem in problems:
        text = f"{problem.severity}: {problem.question}: {problem.key}: {problem.message}"
        console.print(escape(text), soft_wrap=True)
    severities = Counter(problem.severity for problem in problems)
    found = f"{severities['error']} errors, {severities['warning']} warnings"
    console.print(f"{len(entries)} questions: {found}")
    return 1 if severities["error"] else 0


@app.command()
def compare(
    before: str = typer.Argument(..., metavar="A", help="The earlier run."),
    now: str = typer.Argument(..., metavar="B", help="The later run."),
) -> None:
    """Which questions moved between two runs, and how surely?

    A run is its name in data/runs, or "last", "previous" or "accepted".
    """
    folder = Settings().data_dir
    earlier, later = (runs.read(runs.resolve(name, folder)) for name in (before, now))
    show_changes(compared(earlier, later))


@app.command()
def accept(
    run: str | None = typer.Argument(None, help='Its name in data/runs, or "last".'),
) -> None:
    """Make a run the one that others may not be worse than. Without RUN, list them."""
    folder = Settings().data_dir
    if run:
        runs.accept(folder, runs.resolve(run, folder).name)
    chosen = runs.accepted(folder)
    for name in runs.listed(folder):
        print(f"{name}  accepted" if name == chosen else name)


def show_run(
    results: Results, comparison: Comparison | None, checks: Sequence[gate.RuleResult]
) -> None:
    """Prints the verdict on a run with its reasons, and its figures."""
    console = Console(highlight=False)
    failed = [check for check in checks if not check.passed]
    counted = reported(results.questions)
    lines = [
        VERDICTS[gate.go_live(results.overall.n, checks)],
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


def main(arguments: Sequence[str]) -> int:
    """Runs a command; returns its exit code: 1 for a problem, 3 when the gate is closed."""
    return app.run(arguments, "python -m eval")


if __name__ == "__main__":
    observe()
    end(main(sys.argv[1:]))
