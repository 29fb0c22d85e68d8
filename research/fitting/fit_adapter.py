"""Fits a query adapter for the embedder in use, on the index and its prepared questions.

    python -m research.fitting.fit_adapter

Half of the documents are kept apart in turn: it says how often the passage that answers is found
without an adapter and with one that was fitted on the other half. Where that is more often, one is
fitted on all and kept with the data, in `embedders/`; an app that runs takes it at its next start.
"""

import sys
from collections.abc import Sequence

import numpy as np
from rich.console import Console

from core.command_line import CommandLine
from core.settings import Settings
from core.source import Passage, PreparedQuestion
from research.reader.adapter import Asked, fit, places, shares
from vectorstore.generation import document_key
from vectorstore.profile import adapter_file
from vectorstore.store import Snapshot, open_index

_FEWEST = 50  # questions of each half

app = CommandLine()


@app.command()
def main() -> int:
    """Fits a query adapter on the index in use, and keeps it if it finds more."""
    console, settings = Console(), Settings()
    index = open_index(settings).snapshot()
    passages = index.passages()
    questions = _prepared(index, passages)
    documents = [document_key(question.units[0]) for question in questions]
    half = np.isin(documents, sorted(set(documents))[::2])
    if min(half.sum(), (~half).sum()) < _FEWEST:
        fewest = f"{_FEWEST} in each half of the documents are needed"
        console.print(f"There are too few prepared questions: {fewest}.")
        return 1
    fitted = _asked(index, passages, questions)
    before, after = np.zeros(len(half), int), np.zeros(len(half), int)
    for shown in (half, ~half):
        adapter, mine = fit(fitted.among(~shown)), fitted.among(shown)
        before[shown] = places(mine.vectors, mine)
        after[shown] = places(adapter(mine.vectors), mine)
    for name, found in (("without", before), ("with", after)):
        console.print(f"{name} an adapter: {shares(found)}")
    if (1 / (1 + after)).mean() <= (1 / (1 + before)).mean():
        console.print("It gains nothing here, so none is kept.")
        return 0
    folder = settings.data_dir / "embedders"
    folder.mkdir(parents=True, exist_ok=True)
    file = adapter_file(index.embedder.fingerprint, folder)
    fit(fitted).write(file)
    console.print(f"Fitted on {len(half):,} questions and kept: {file}", soft_wrap=True)
    return 0


def _prepared(index: Snapshot, passages: Sequence[Passage]) -> list[PreparedQuestion]:
    """The prepared questions whose units are all there."""
    known = {name for passage in passages for name in passage.unit_ids}
    documents = {passage.document.key for passage in passages}
    return [
        question
        for question in index.questions(documents)
        if question.units and known >= {*question.units}
    ]


def _asked(
    index: Snapshot, passages: Sequence[Passage], questions: Sequence[PreparedQuestion]
) -> Asked:
    names = [name for passage in passages for name in passage.unit_ids]
    rows = {name: row for row, name in enumerate(names)}
    return Asked(
        index.embedder.queries([question.question for question in questions]),
        np.concatenate(index.vectors(passages)),
        [[rows[question.units[0]]] for question in questions],
        [[rows[name] for name in question.units[1:]] for question in questions],
        np.repeat(np.arange(len(passages)), [len(passage.units) for passage in passages]),
    )


if __name__ == "__main__":
    sys.exit(app.run(sys.argv[1:], "python -m research.fitting.fit_adapter"))
