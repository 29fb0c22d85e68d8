"""`python -m eval`: ask a question set, keep the run, report on it, and open or close the gate."""

import argparse
import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pydantic import JsonValue
from rich.console import Console

import prompts
from chain.assistant import Assistant
from core.settings import Settings
from eval import gate, run_report, runs
from eval.commands import corpus
from eval.commands.progress import bar
from eval.commands.tables import (
    checks_table,
    comparison_tables,
    figures_tables,
    judgement_table,
)
from eval.compare import Comparison, compare
from eval.dataset import (
    SETS,
    Question,
    dialogues,
    fingerprints,
    load,
    load_sets,
    set_fingerprints,
)
from eval.evaluate import run
from eval.judge import Judgement, judge, require_model
from eval.outline import Outline
from eval.results import Results
from eval.stamp import make_stamp
from vectorstore.embeddings import local_embedder

GATE_CLOSED = 3  # exit code

_DESCRIPTION = """\
Ask the assistant every question of a question set and measure the answers as a reader sees them:
do they say what was asked and little else, is what cannot be answered refused, do the citations
hold.
The run is kept in data/runs/ with a report to read and to sign.
"""
_EPILOG = """\
commands, each with its own --help:
  check      do the labels of a question set fit the documents?
  compare    which questions moved between two runs, and how surely?
  accept     make a run the one that others may not be worse than
  public     ask a public set: XQuAD, SQuAD, BEIR or TSV
  feedback   turn thumbs-down from the chat page into questions
  export     a run as a Ragas dataset

examples:
  python -m eval
  python -m eval --questions my-questions.yaml --out my-run
  python -m eval --corpus my-documents --questions my-questions.yaml
  python -m eval --gate eval/gate.yaml            exit code 3 when the run may not go live
  python -m eval --parallel 8                     through a language model, where one is set
  python -m eval compare previous last

The format of a question set is described in docs/evaluation.md.
"""


def main(arguments: list[str]) -> int:
    options = _parser().parse_args(arguments)
    settings = Settings()
    asked = load(options.questions) if options.questions else load_sets(SETS)
    questions = [one for turns in dialogues(asked)[:: options.every] for one in turns]
    rules = gate.read_rules(options.gate) if options.gate is not None else None
    if options.judge:
        require_model(settings)
    before = _baseline(options.baseline, settings)
    results = _ask(corpus.chosen(options, settings, as_json=options.json), questions, options)
    comparison = compare(before, results) if before is not None else None
    checks = gate.judge(rules, results, comparison) if rules is not None else ()

    folder = options.out or runs.new_folder(settings.data_dir, results)
    files = _write(folder, results, comparison, checks)
    if not options.json:
        _print_figures(results, comparison, checks)
    if options.judge:  # last: a fault of the model's server must not cost the run
        judgement = _judge(results, settings, options)
        files = _write(folder, results, comparison, checks, judgement)
        if not options.json:
            Console().print(judgement_table(judgement))
    failed = [check for check in checks if not check.passed]
    if options.json:
        _tell(
            event="run",
            folder=str(folder),
            gate=("closed" if failed else "open") if rules is not None else None,
            failed=[check.model_dump(exclude={"passed"}) for check in failed],
        )
    else:
        print(f"Fingerprint of figures and answers: {results.fingerprint[:16]}")
        for file in files:
            print(file)
    return GATE_CLOSED if failed else 0


def _print_figures(
    results: Results, comparison: Comparison | None, checks: Sequence[gate.Check]
) -> None:
    console = Console()
    for table in figures_tables(results):
        console.print(table)
    if comparison is not None:
        for table in comparison_tables(comparison):
            console.print(table)
    if checks:
        console.print(checks_table(checks))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m eval",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--questions",
        type=Path,
        metavar="FILE_OR_DIR",
        help="a question set, or a folder of them (default: eval/questions, over which figures are "
        "reported, and eval/messages and eval/conversations, which are reported apart)",
    )
    corpus.add_option(parser)
    parser.add_argument(
        "--trial",
        action="store_true",
        help="ask what `python -m ingest --trial` has built and not published",
    )
    parser.add_argument(
        "--every",
        type=_positive,
        default=1,
        metavar="N",
        help="ask only every Nth question or conversation, for a quick look",
    )
    parser.add_argument(
        "--parallel",
        type=_positive,
        default=1,
        metavar="N",
        help="ask N questions at a time, for a language model that answers many at once",
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="where the run is written (default: a new folder in data/runs)",
    )
    parser.add_argument(
        "--baseline",
        metavar="RUN",
        help="the run to compare with: its name or folder (default: the accepted one, if any)",
    )
    parser.add_argument(
        "--gate",
        type=Path,
        metavar="FILE",
        help="rules that the run must pass, such as eval/gate.yaml; else the exit code is 3",
    )
    parser.add_argument(
        "--judge",
        action="store_true",
        help="also let the configured language model grade the answers; reported apart",
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="print a JSON object a line, for a program: progress, then the run's folder and gate",
    )
    return parser


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("must be 1, 2, 3 or more")
    return int(text)


def _baseline(name: str | None, settings: Settings) -> Results | None:
    name = name or runs.accepted(settings.data_dir)
    return runs.read(runs.resolve(name, settings.data_dir)) if name else None


def _ask(settings: Settings, questions: Sequence[Question], options: argparse.Namespace) -> Results:
    assistant = Assistant(settings, trial=options.trial)
    index = assistant.index
    stamp = make_stamp(
        settings,
        fingerprints(options.questions) if options.questions else set_fingerprints(SETS),
        prompts=prompts.fingerprints(),
        embedder=index.embedder.fingerprint,
        generation=index.generation,
    )
    with _progress("Asking", len(questions), options) as advance:
        return run(
            questions,
            assistant,
            Outline.of(index.passages()),
            local_embedder(),
            stamp=stamp,
            parallel=options.parallel,
            on_result=lambda _: advance(),
        )


def _write(
    folder: Path,
    results: Results,
    comparison: Comparison | None,
    checks: Sequence[gate.Check],
    judgement: Judgement | None = None,
) -> tuple[Path, ...]:
    return runs.write(
        results,
        folder,
        html=run_report.html(results, comparison=comparison, checks=checks, judgement=judgement),
        md=run_report.markdown(results, comparison=comparison, checks=checks, judgement=judgement),
    )


def _judge(results: Results, settings: Settings, options: argparse.Namespace) -> Judgement:
    total = sum(result.answered for result in results.questions)
    with _progress("Judging", total, options) as advance:
        return judge(results, settings, on_done=advance)


@contextmanager
def _progress(what: str, total: int, options: argparse.Namespace) -> Iterator[Callable[[], None]]:
    """What is to be called for each of `total` that is done: moves a bar, or tells a program."""
    if options.json:
        done = itertools.count(1)
        _tell(event="progress", doing=what, done=0, total=total)
        yield lambda: _tell(event="progress", doing=what, done=next(done), total=total)
        return
    with bar(what, total) as advance:
        yield advance


def _tell(**event: JsonValue) -> None:
    print(json.dumps(event), flush=True)
