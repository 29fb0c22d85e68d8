"""Says which of the passages found a language model need not be given, and when a question need not
be said in other languages.

    python -m research.reader.given DIR ... --out FOLDER [--part choose]

The arguments are those of `research.reader.shown`. The first table moves the amount `given`, the
second the amount `own_language` (vectorstore/embeddings.py); decision 18 tells of both.
"""

import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from chain.answerability import that_may_matter
from chain.request import Request
from chain.retrieve import FOUND, lead
from core.command_line import CommandLine, option
from core.settings import Settings
from core.source import ScoredPassage
from research.reader.grounds import Part
from research.reader.shown import Asked, asked_of, decided
from vectorstore.store import open_index

_MARGINS = (0.04, 0.05, 0.055, 0.06, 0.065, 0.07, 0.08, math.inf)
_LEADS = (-math.inf, 0.0, 1.0, 2.0, 3.0)
_PROGRAM = "python -m research.reader.given"

app = CommandLine()


class _Row(NamedTuple):
    """A question, what is searched for it, and the request to a model."""

    asked: Asked
    found: Sequence[ScoredPassage]
    request: Request

    def place(self) -> int:
        """The place of the passage that answers among those found (from 0); far behind without."""
        ids = [scored.passage.id for scored in self.found]
        return min(
            (ids.index(name) for name in self.asked.passages if name in ids), default=len(ids)
        )


@app.command()
def main(
    folders: list[Path] = typer.Argument(..., metavar="DIR...", help="Where the documents are."),
    out: Path = option(..., "FOLDER", "Their index is kept here."),
    part: Part = option("choose", "PART", "Of the grounds: fit, choose or show."),
) -> None:
    """Says which passages a model need not be given, and when a question need not be translated."""
    elsewhere = Settings().model_copy(update={"data_dir": out})
    settings, questions = asked_of(part, folders, elsewhere)
    index = open_index(settings).snapshot()
    rows = []
    for labelled in questions:
        if labelled.units:
            question, language = labelled.labelled.question, labelled.labelled.language
            found = index.search(question, FOUND, language)
            _, _, request = decided(question, language, index, settings, for_model=True)
            rows.append(_Row(labelled, found, request))
    console = Console()
    console.print(_margins(rows))
    console.print(_leads(rows))


def _margins(rows: Sequence[_Row]) -> Table:
    table = Table("margin", "kept", "passages", "text", title=f"{len(rows)} questions")
    for margin in _MARGINS:
        kept, there, count, text, whole = 0, 0, 0, 0, 0
        for row in rows:
            found = row.request.found
            given = {found[n].passage.id for n in that_may_matter(found, margin)}
            among = row.asked.passages & {scored.passage.id for scored in found}
            there += bool(among)
            kept += bool(among & given)
            count += len(given)
            text += sum(len(scored.passage.text) for scored in found if scored.passage.id in given)
            whole += sum(len(scored.passage.text) for scored in found)
        shares = (kept / max(there, 1), count / len(rows), text / whole)
        table.add_row(_named(margin), f"{shares[0]:.3f}", f"{shares[1]:.1f}", f"{shares[2]:.2f}")
    return table


def _leads(rows: Sequence[_Row]) -> Table:
    table = Table("lead", "questions", "found, of 6", "of 24", "of these across")
    ahead = np.array([lead(row.found, row.asked.labelled.language) for row in rows])
    places = np.array([row.place() for row in rows])
    across = np.array([not row.asked.own_language for row in rows])
    for least in _LEADS:
        chosen = ahead >= least
        cells = (chosen, places[chosen] < 6, places[chosen] < FOUND, across[chosen])
        table.add_row(_named(least), *(f"{float(np.mean(cell)):.3f}" for cell in cells))
    return table


def _named(amount: float) -> str:
    return f"{amount:g}" if math.isfinite(amount) else "any"


if __name__ == "__main__":
    sys.exit(app.run(sys.argv[1:], _PROGRAM))
