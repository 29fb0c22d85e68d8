"""`python -m eval check`: do the labels of a question set fit the documents in the index?"""

import argparse
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from core.settings import ROOT, Settings
from eval.commands import corpus
from eval.dataset import SETS, Outline, Question, check, load, load_sets
from vectorstore.store import open_index

# Where weights were fitted on questions; not there where only the product is installed.
_FITTED_ON = ROOT / "research" / "fitting"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m eval check", description=__doc__)
    parser.add_argument(
        "questions", nargs="?", type=Path, metavar="FILE_OR_DIR",
        help="a question set, or a folder of them (default: ours)",
    )  # fmt: skip
    corpus.add_option(parser)
    options = parser.parse_args(arguments)
    questions = load(options.questions) if options.questions else load_sets(SETS)
    outline = Outline.of(open_index(corpus.chosen(options, Settings())).passages())
    problems = check(questions, outline, fitted_on=load(_FITTED_ON) if _FITTED_ON.is_dir() else ())
    console = Console()
    for problem in problems:
        text = f"{problem.severity}: {problem.question}: {problem.key}: {problem.message}"
        console.print(escape(text), soft_wrap=True)
    console.print(_counts(questions))
    severities = Counter(problem.severity for problem in problems)
    console.print(f"{severities['error']} errors, {severities['warning']} warnings")
    return 1 if severities["error"] else 0


def _counts(questions: Iterable[Question]) -> Table:
    """How many questions there are of each language and kind."""
    counts = Counter[tuple[str, str]]()
    for question in questions:
        columns = [
            question.kind,
            *(["follow-up"] if question.history else []),
            *(["turn of a conversation"] if question.conversation else []),
            *([question.challenge] if question.challenge else []),
            *(["held out"] if question.held_out else []),
            "all",
        ]
        for column in columns:
            counts[question.language, column] += 1
            counts["all", column] += 1
    languages = [*sorted({language for language, _ in counts} - {"all"}), "all"]
    table = Table("", *languages, title="Questions")
    for column in [*sorted({column for _, column in counts} - {"all"}), "all"]:
        table.add_row(column, *(str(counts[language, column] or "") for language in languages))
    return table
