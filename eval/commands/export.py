"""`python -m eval export RUN`: a run as a dataset for Ragas."""

import argparse
from pathlib import Path

from rich.console import Console

from core.settings import Settings


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m eval export",
        description="Write a run as a JSONL file that Ragas reads (EvaluationDataset.from_jsonl).",
    )
    parser.add_argument("run", metavar="RUN", help='its name in data/runs, its folder, or "last"')
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="default: ragas.jsonl in the folder of the run"
    )
    parser.add_argument(
        "--questions",
        type=Path,
        metavar="FILE_OR_DIR",
        help="the question set that was asked (default: ours)",
    )
    options = parser.parse_args(arguments)
    from eval.export import export  # an extra: whoever does not ask for it does without

    file, has_references = export(options.run, Settings(), options.out, options.questions)
    if not has_references:
        told = "Without reference contexts: the index of this run is not in use any more."
        Console(stderr=True).print(told)
    Console().print(str(file), markup=False, soft_wrap=True)
    return 0
