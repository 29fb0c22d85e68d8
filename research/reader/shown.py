"""Says how well questions over documents of the grounds are answered, which nothing was fitted on.

    python -m research.reader.shown DIR ... --out FOLDER [--part show]

Right is the unit that the label of a question names as the one that answers most directly, in its
own document, and no other (docs/grounds.md; decision 17 has the figures); a passage, if it has it.
"""

import random
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from chain.answerability import Decision, build_request, decide
from chain.request import Query, Ranked, Request
from chain.retrieve import retrieve
from chain.understanding.meaning import Interpretation
from core.command_line import CommandLine, option
from core.settings import Settings
from core.source import ScoredPassage
from eval.corpora import prepare
from research.reader.grounds import Document, Labelled, Part, files, located, sources
from vectorstore.embeddings import local_embedder
from vectorstore.store import Snapshot, open_index

MOST = 1200
"""Questions over the documents of a part, drawn by lot."""
_COLUMNS = ("found, of 6", "first", "answered", "refused")
_PROGRAM = "python -m research.reader.shown"


class Asked(NamedTuple):
    """A question, the ids of the units that answer it, and whether it is in the language of its
    document."""

    labelled: Labelled
    units: frozenset[str]
    own_language: bool

    @property
    def passages(self) -> frozenset[str]:
        """The ids of the passages that have these units."""
        return frozenset(unit.partition("#")[0] for unit in self.units)

    def is_answered(self, ranked: Ranked, found: Sequence[ScoredPassage]) -> bool:
        """Whether a statement of these passages has one of the units."""
        names = found[ranked.passage].passage.unit_ids
        return not self.units.isdisjoint(names[number] for number in ranked.statement.units)


def asked_of(
    part: Part, folders: Sequence[Path], settings: Settings
) -> tuple[Settings, list[Asked]]:
    """The settings of an index of the documents of a part, which the data folder of `settings`
    keeps, and up to `MOST` questions over these."""
    there = files(folders)
    place = settings.data_dir / part
    place.mkdir(parents=True, exist_ok=True)
    questions: list[Asked] = []
    for name, source in sources().items():
        if source.part != part or name not in there:
            continue
        shutil.copyfile(there[name], place / there[name].name)
        document = Document(there[name], local_embedder())
        for question in located(source, document):
            first = (way[0] for way in question.answers)
            units = (document.passages[passage].unit_ids[unit] for passage, unit in first)
            own_language = question.asked.language == source.language
            questions.append(Asked(question.asked, frozenset(units), own_language))
    random.Random(0).shuffle(questions)  # noqa: S311 - a lot, no secret
    return prepare([place], settings), questions[:MOST]


def decided(
    question: str, language: str, index: Snapshot, settings: Settings
) -> tuple[tuple[ScoredPassage, ...], Decision, Request]:
    """What is found for a question, what is decided on it, and what an answer is made from, without
    a language model whatever the settings have."""
    settings = settings.model_copy(update={"model": "", "openai_base_url": ""})
    query, meant = Query(question, language), Interpretation(question)
    found = retrieve(index, query, meant, settings.results, for_model=False)
    decision = decide(index, query, meant, found, settings)
    return found.passages, decision, build_request(index, query, meant, decision)


app = CommandLine()


@app.command()
def main(
    folders: list[Path] = typer.Argument(..., metavar="DIR...", help="Where the documents are."),
    out: Path = option(..., "FOLDER", "Their index is kept here."),
    part: Part = option("show", "PART", "Of the grounds: fit, choose or show."),
) -> None:
    """Says how well questions over documents of the grounds are answered."""
    elsewhere = Settings().model_copy(update={"data_dir": out})
    settings, questions = asked_of(part, folders, elsewhere)
    index = open_index(settings).snapshot()
    rows = [(question, _row(question, index, settings)) for question in questions]
    answerable = [pair for pair in rows if pair[0].units]
    across = [pair for pair in answerable if not pair[0].own_language]
    kinds = {
        "answerable": answerable,
        "own language": [pair for pair in answerable if pair[0].own_language],
        "across": across,
        "everyday words, across": [pair for pair in across if pair[0].labelled.style == "everyday"],
        "unanswerable": [pair for pair in rows if not pair[0].units],
    }
    table = Table("", "questions", *_COLUMNS, "right, of those answered")
    for name, pairs in kinds.items():
        shares = [_share([row[column] for _, row in pairs]) for column in _COLUMNS]
        right = _share([row["first"] for _, row in pairs if row["answered"]])
        table.add_row(name, str(len(pairs)), *shares, right)
    Console(width=180).print(table)


def _row(question: Asked, index: Snapshot, settings: Settings) -> Mapping[str, bool]:
    """What became of a question, by column."""
    label = question.labelled
    found, decision, request = decided(label.question, label.language, index, settings)
    whole = decision.whole
    return {
        "found, of 6": any(scored.passage.id in question.passages for scored in found[:6]),
        "first": any(question.is_answered(ranked, whole.found) for ranked in whole.ranked[:1]),
        "answered": decision.quotable and request.is_sure and bool(whole.ranked),
        "refused": not decision.quotable,
    }


def _share(values: Sequence[bool]) -> str:
    return f"{np.mean(values):.3f}" if values else "-"


if __name__ == "__main__":
    sys.exit(app.run(sys.argv[1:], _PROGRAM))
