"""`python -m eval`: ask a question set, keep the run, report on it, and open or close the gate."""

import argparse
import itertools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import JsonValue

import prompts
from chain.assistant import Assistant
from core.settings import Settings
from eval import gate, release, run_report, runs
from eval.commands import corpus
from eval.commands.terminal import bar, show
from eval.dataset import (
    DOCUMENTS,
    SETS,
    Outline,
    Question,
    RunPart,
    apart,
    dialogues,
    fingerprints,
    load_sets,
)
from eval.evaluate import run
from eval.gate import Comparison, compare
from eval.results import Results
from eval.runs import make_stamp
from vectorstore.store import open_index

if TYPE_CHECKING:
    from eval.judge import Judgement

GATE_CLOSED = 3  # exit code; 1 is a problem, and 2 is argparse's for wrong arguments

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
  feedback   turn thumbs-down from the chat page into questions
  export     a run as a Ragas dataset

examples:
  python -m eval
  python -m eval --questions my-questions.yaml --out my-run
  python -m eval --corpus my-documents --questions my-questions.yaml
  python -m eval --documents                      over official documents instead
  python -m eval --gate eval/gate.yaml            exit code 3 when the run may not go live
  python -m eval --parallel 8                     through a language model, where one is set
  python -m eval compare previous last

The format of a question set is described in docs/evaluation.md.
"""


def main(arguments: list[str]) -> int:
    options = _parser().parse_args(arguments)
    settings = Settings()
    if options.documents:
        options.questions, options.corpus = DOCUMENTS, [DOCUMENTS / "texts"]
    sets: Mapping[RunPart, Path] = {"questions": options.questions} if options.questions else SETS
    asked = dialogues(load_sets(sets))[:: options.every]
    rules = gate.read_rules(options.gate) if options.gate is not None else None
    if options.judge:
        from eval.judge import require_model  # an extra: whoever does not ask for it does without

        require_model(settings)
    own = corpus.chosen(options, settings, as_json=options.json)
    before = None if options.documents else _baseline(options.baseline, settings)
    if options.documents:
        rules = rules and gate.Rules.model_validate(dict(rules.documents))
        there = {document.id for document in open_index(own).documents()}
        asked = [turns for turns in asked if all(there.issuperset(one.documents) for one in turns)]
    results = _ask(own, [one for turns in asked for one in turns], fingerprints(sets), options)
    comparison = compare(before, results) if before is not None else None
    checks = gate.judge(rules, results, comparison) if rules is not None else ()

    kept_in = (own if options.documents else settings).data_dir
    folder = options.out or runs.new_folder(kept_in, results)
    if rules is not None:
        baseline = comparison.before.date if comparison else ""
        found = release.GateReport(rules=options.gate.name, baseline=baseline, checks=checks)
        release.keep_gate(folder, found)
    files, report = _write(folder, results, comparison, checks)
    try:
        if options.judge:  # last: a fault of the model's server must not cost the run
            judgement = _judge(results, settings, options)
            files, report = _write(folder, results, comparison, checks, judgement)
    finally:
        if not options.json:
            show(report)
            print(f"Fingerprint of figures and answers: {results.fingerprint[:16]}")
            print(*files, sep="\n")
    failed = [check for check in checks if not check.passed]
    if options.json:
        _tell(
            event="run",
            folder=str(folder),
            gate=("closed" if failed else "open") if rules is not None else None,
            failed=[check.model_dump(exclude={"passed"}) for check in failed],
        )
    return GATE_CLOSED if failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m eval",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add(
        "--questions", type=Path, metavar="FILE_OR_DIR",
        help="a question set, or a folder of them (default: eval/questions, over which figures are "
        "reported, and eval/messages and eval/conversations, which are reported apart)",
    )  # fmt: skip
    corpus.add_option(parser)
    add(
        "--documents", action="store_true",
        help="ask about the official documents of eval/documents, which the answers are not made "
        "for: a second ground, with rules of its own in the gate and its runs beside its index",
    )  # fmt: skip
    add(
        "--trial", action="store_true",
        help="ask what `python -m ingest --trial` has built and not published",
    )  # fmt: skip
    add(
        "--every", type=_positive, default=1, metavar="N",
        help="ask only every Nth question or conversation, for a quick look",
    )  # fmt: skip
    add(
        "--parallel", type=_positive, default=1, metavar="N",
        help="ask N questions at a time, for a language model that answers many at once",
    )  # fmt: skip
    add(
        "--out", type=Path, metavar="DIR",
        help="where the run is written (default: a new folder in data/runs)",
    )  # fmt: skip
    add(
        "--baseline", metavar="RUN",
        help="the run to compare with: its name or folder (default: the accepted one, if any)",
    )  # fmt: skip
    add(
        "--gate", type=Path, metavar="FILE",
        help="rules that the run must pass, such as eval/gate.yaml; else the exit code is 3",
    )  # fmt: skip
    add(
        "--judge", action="store_true",
        help="also let the configured language model grade the answers; reported apart",
    )  # fmt: skip
    add(
        "--json", action="store_true",
        help="print a JSON object a line, for a program: progress, then the run's folder and gate",
    )  # fmt: skip
    return parser


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("must be 1, 2, 3 or more")
    return int(text)


def _baseline(name: str | None, settings: Settings) -> Results | None:
    name = name or runs.accepted(settings.data_dir)
    return runs.read(runs.resolve(name, settings.data_dir)) if name else None


def _ask(
    settings: Settings,
    questions: Sequence[Question],
    sets: Mapping[str, str],
    options: argparse.Namespace,
) -> Results:
    unaudited = settings.model_copy(update={"audit": False})  # the run is a record of its own
    assistant = Assistant(unaudited, trial=options.trial)
    index = assistant.index
    stamp = make_stamp(
        settings,
        sets,
        prompts=prompts.fingerprints(),
        embedder=index.embedder.fingerprint,
        generation=index.generation,
    )
    snapshot = index.snapshot()
    prepared = snapshot.questions([one.key for one in snapshot.documents()])
    with _progress("Asking", len(questions), options) as advance:
        return run(
            apart(questions, (one.question for one in prepared)),
            assistant,
            Outline.of(index.passages()),
            stamp=stamp,
            parallel=options.parallel,
            on_result=lambda _: advance(),
        )


def _write(
    folder: Path,
    results: Results,
    comparison: Comparison | None,
    checks: Sequence[gate.RuleResult],
    judgement: "Judgement | None" = None,
) -> tuple[tuple[Path, ...], str]:
    """Writes the run and its reports; returns the files, and the report in Markdown."""
    markdown = run_report.markdown(results, comparison, checks, judgement)
    html = run_report.html(results, comparison, checks, judgement)
    return runs.write(results, folder, html=html, md=markdown), markdown


def _judge(results: Results, settings: Settings, options: argparse.Namespace) -> "Judgement":
    from eval.judge import judge

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
