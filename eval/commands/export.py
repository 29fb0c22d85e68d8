"""`python -m eval export RUN`: a run as a dataset for Ragas."""

import argparse
from pathlib import Path

from rich.console import Console

from core.errors import IndexMismatchError, NoIndexError
from core.settings import Settings
from core.source import Passage
from eval import runs
from eval.dataset import SETS, load, load_sets
from eval.ragas import write
from vectorstore.store import open_index


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
    settings = Settings()
    folder = runs.resolve(options.run, settings.data_dir)
    results = runs.read(folder)
    file = options.out or (folder.parent if folder.is_file() else folder) / "ragas.jsonl"
    passages = _passages(settings, results.stamp.generation)
    asked = load(options.questions) if options.questions else load_sets(SETS)
    write(results, file, asked, passages)
    console = Console(stderr=True)
    if not passages:
        console.print("Without reference contexts: the index of this run is not in use any more.")
    Console().print(str(file), markup=False, soft_wrap=True)
    return 0


def _passages(settings: Settings, generation: str) -> list[Passage]:
    """All passages of the index, when it is still this generation; else none."""
    try:
        index = open_index(settings)
    except (NoIndexError, IndexMismatchError):
        return []
    return index.passages() if index.generation == generation else []
