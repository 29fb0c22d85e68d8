"""Fits a query adapter for the embedder in use, on the index and its prepared questions.

    python -m research.fitting.fit_adapter

Half of the documents are kept apart in turn: it says how often the passage that answers is found
without an adapter and with one that was fitted on the other half. Where that is more often, one is
fitted on all and kept with the data, in `embedders/`; an app that runs takes it at its next start.
"""

import sys
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from core.errors import StrategiewijzerError
from core.prepared import PreparedQuestion
from core.settings import Settings
from core.source import Passage
from research.reader.adapter import Asked, fit, places
from vectorstore.profile import adapter_file
from vectorstore.segments import document_key
from vectorstore.store import Snapshot, open_index

_FEWEST = 50  # questions of each half
_WITHIN = (1, 3, 6, 24)


def main() -> int:
    console = Console()
    settings = Settings()
    try:
        index = open_index(settings).snapshot()
        passages = index.passages()
        questions = _prepared(index, passages)
        documents = [document_key(one.units[0]) for one in questions]
        half = np.isin(documents, sorted(set(documents))[::2])
        if min(half.sum(), (~half).sum()) < _FEWEST:
            fewest = f"{_FEWEST} in each half of the documents are needed"
            console.print(f"There are too few prepared questions: {fewest}.")
            return 1
        asked = _asked(index, passages, questions)
    except StrategiewijzerError as error:
        Console(stderr=True).print(error, markup=False)
        return 1
    owners = np.repeat(np.arange(len(passages)), [len(one.units) for one in passages])
    before, after = np.zeros(len(half), int), np.zeros(len(half), int)
    for shown in (half, ~half):
        adapter = fit(_among(asked, ~shown))
        mine = _among(asked, shown)
        before[shown] = places(mine.vectors, mine, owners)
        after[shown] = places(adapter(mine.vectors), mine, owners)
    for name, found in (("without", before), ("with", after)):
        shares = (f"{np.mean(found < within):.3f} of {within}" for within in _WITHIN)
        console.print(f"{name} an adapter: {', '.join(shares)}")
    if (1 / (1 + after)).mean() <= (1 / (1 + before)).mean():
        console.print("It gains nothing here, so none is kept.")
        return 0
    folder = settings.data_dir / "embedders"
    folder.mkdir(parents=True, exist_ok=True)
    file = adapter_file(index.embedder.fingerprint, folder)
    fit(asked).write(file)
    console.print(f"Fitted on {len(half):,} questions and kept: {file}", soft_wrap=True)
    return 0


def _prepared(index: Snapshot, passages: Sequence[Passage]) -> list[PreparedQuestion]:
    """The prepared questions whose units are all there."""
    known = {name for one in passages for name in one.unit_ids}
    documents = {one.document.key for one in passages}
    return [one for one in index.questions(documents) if one.units and known >= {*one.units}]


def _asked(
    index: Snapshot, passages: Sequence[Passage], questions: Sequence[PreparedQuestion]
) -> Asked:
    rows = {name: row for row, name in enumerate(name for one in passages for name in one.unit_ids)}
    return Asked(
        index.embedder.queries([one.question for one in questions]),
        np.concatenate(index.vectors(passages)),
        [[rows[one.units[0]]] for one in questions],
        [[rows[name] for name in one.units[1:]] for one in questions],
    )


def _among(asked: Asked, chosen: NDArray[np.bool_]) -> Asked:
    numbers = np.flatnonzero(chosen)
    return Asked(
        asked.vectors[numbers],
        asked.units,
        [asked.right[one] for one in numbers.tolist()],
        [asked.beside[one] for one in numbers.tolist()],
    )


if __name__ == "__main__":
    sys.exit(main())
