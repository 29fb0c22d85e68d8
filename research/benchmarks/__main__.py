"""Measures how well the documents of a folder are read: `python -m research.benchmarks DIR`."""

import datetime
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table

from core.command_line import CommandLine, option
from core.settings import Settings
from eval.results import code_version
from research.benchmarks.documents_read import DocumentsRead, documents
from research.benchmarks.headings import LISTS

_PROGRAM = "python -m research.benchmarks"

app = CommandLine()


@app.command()
def main(
    folder: Path = typer.Argument(..., metavar="DIR", help="Documents."),
    lists: Path = option(LISTS, "DIR", "True headings.", show_default=False),
) -> None:
    """Reads the documents of a folder, and says how much of them is right."""
    settings = Settings()
    figures = documents(settings, folder, lists)
    rows = [_cells(figure) for figure in figures]
    table = Table(*rows[0], title_justify="left")
    for row in rows:
        table.add_row(*row.values())
    Console(width=None if sys.stdout.isatty() else 200).print(table)
    print(f"Written: {save(figures, settings.data_dir / 'benchmarks')}")


def save(figures: Sequence[DocumentsRead], folder: Path) -> Path:
    """Writes the figures with all that is wrong as JSON; returns the file."""
    folder.mkdir(parents=True, exist_ok=True)
    run = {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "code_version": code_version(),
        "figures": [figure.model_dump(mode="json") for figure in figures],
    }
    file = folder / "documents.json"
    file.write_text(json.dumps(run, indent=2, ensure_ascii=False) + "\n", "utf-8")
    return file


def _cells(figure: DocumentsRead) -> dict[str, str]:
    shares = {
        name: "-" if share.value is None else f"{share.value:.3f} ({share.right}/{share.of})"
        for name, share in figure.shares().items()
    }
    return {
        "documents": figure.name if figure.files == 1 else f"{figure.name} ({figure.files})",
        "not read": str(figure.unread),
        **shares,
        "processor a page": f"{1000 * figure.cpu / figure.pages:.1f} ms" if figure.pages else "-",
    }


if __name__ == "__main__":
    sys.exit(app.run(sys.argv[1:], _PROGRAM))
