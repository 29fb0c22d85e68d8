"""Embedder profiles: the weights fitted for an embedder, and the scale of its cosines.

    the default embedder   the numbers fitted for it; cosines as they are
    any other              its own numbers where there are, else these; cosines on the default scale

One embedder gives a near text a cosine of 0.87, another 0.45. Both embed the same questions and
passages near to them (`reference.json`); a cosine of the other then becomes the one that is as many
standard deviations from the mean here (a z-score). What is compared with no index, such as small
talk and a model's sentences, always uses the local embedder.

The numbers are in a file of `profiles/` for each embedder, named by its fingerprint; the commands
of `research.fitting` write them for the embedder that is configured: docs/decisions/0014.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, Literal, TypeVar, get_args

import numpy as np
from pydantic import TypeAdapter, ValidationError

from core.source import Frozen
from vectorstore.embeddings import Embedder, Vectors

FOLDER = Path(__file__).with_name("profiles")
REFERENCE = Path(__file__).with_name("reference.json")
EVERYDAY = Path(__file__).with_name("everyday.txt")
DEFAULT = "multilingual-e5-small/1"  # whose numbers serve an embedder that has none
LOOK = 12  # first passages, which are compared unit by unit; each must be read from the store

TextKind = Literal["unit", "passage", "fit", "everyday", "question"]
_Cosines = TypeVar("_Cosines", float, Vectors)


class Measured(Frozen):
    """Mean and standard deviation of one kind of cosine over the reference questions."""

    mean: float
    spread: float


class Profile(Frozen):
    """How the cosines of an embedder are read.

    `ranking`, `relevance`, `confidence`, `chance` and `prepared` are weights by feature, for
    cosines on the scale `cosines` of the default embedder; `own` is the scale of the embedder in
    use, if it is another:

    unit, passage   of a reference question with the best unit, and passage
    fit             of the first `LOOK` passages as in `passage_fits`
    everyday        with the nearest of the sentences in `everyday.txt`
    question        with the nearest other reference question
    """

    ranking: Mapping[str, float]
    relevance: Mapping[str, float]
    confidence: Mapping[str, Mapping[str, float]]
    chance: Mapping[str, float]
    prepared: Mapping[str, float]
    cosines: Mapping[TextKind, Measured]
    own: Mapping[TextKind, Measured] | None = None

    def on_scale(self, kind: TextKind, cosines: _Cosines) -> _Cosines:
        """Maps cosines of the embedder in use to the scale of the default one."""
        if self.own is None:
            return cosines
        here, there = self.own[kind], self.cosines[kind]
        moved: _Cosines = (cosines - here.mean) / here.spread * there.spread + there.mean
        return moved


_KEPT = TypeAdapter(Mapping[TextKind, Measured])


def profile_of(embedder: Embedder, folder: Path) -> Profile:
    """The profile of an embedder.

    Args:
        embedder: embeds some five hundred texts if it is not the default one and has not been
            measured.
        folder: keeps the measured scales.

    Raises:
        ModelError: the embedder has to be measured and does not answer.
    """
    numbers = _numbers(DEFAULT) | _numbers(embedder.fingerprint)
    own = None if embedder.fingerprint == DEFAULT else _measured(embedder, folder)
    return Profile(own=own, **numbers)


def _numbers(embedder: str) -> dict[str, Any]:
    """The numbers fitted for an embedder, by section."""
    file = file_of(embedder)
    stored = json.loads(file.read_text("utf-8")) if file.is_file() else {}
    return {section: made["weights"] for section, made in stored.items()}


def _measured(embedder: Embedder, folder: Path) -> Mapping[TextKind, Measured]:
    """The scale of an embedder's cosines; measured once, as it takes seconds."""
    asked = (embedder.fingerprint.encode(), REFERENCE.read_bytes(), EVERYDAY.read_bytes())
    file = folder / f"{hashlib.sha256(b'|'.join(asked)).hexdigest()[:16]}.json"
    try:
        return _KEPT.validate_json(file.read_bytes())
    except (OSError, ValidationError):
        found = measure(embedder)
    folder.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile("wb", dir=folder, delete=False) as making:
        making.write(_KEPT.dump_json(found))
    Path(making.name).replace(file)  # another process may be measuring too
    return found


def measure(embedder: Embedder) -> dict[TextKind, Measured]:
    """Measures the cosines of an embedder on the reference questions."""
    reference = json.loads(REFERENCE.read_text("utf-8"))
    passages: list[list[str]] = reference["passages"]
    ends = np.cumsum([len(units) for units in passages])[:-1]
    units = np.split(embedder.passages([*chain.from_iterable(passages)]), ends)
    others = embedder.passages(everyday())
    asked = embedder.queries(reference["questions"])
    best: dict[TextKind, list[float]] = {kind: [] for kind in get_args(TextKind)}
    best["question"] = [float(row.max()) for row in asked @ asked.T - 2 * np.eye(len(asked))]
    for vector in asked:
        nearest = np.array([float((of @ vector).max()) for of in units])
        best["unit"].append(float(nearest.max()))
        best["passage"].append(max(mean_cosine(of, vector) for of in units))
        first = [units[place] for place in np.argsort(-nearest)[:LOOK]]
        best["fit"] += passage_fits(vector, first)
        best["everyday"].append(float((others @ vector).max()))
    return {
        kind: Measured(
            mean=round(float(np.mean(of)), 5), spread=round(max(float(np.std(of)), 1e-5), 5)
        )
        for kind, of in best.items()
    }


def everyday() -> list[str]:
    """Everyday sentences, on topics that the sources do not cover."""
    return EVERYDAY.read_text("utf-8").splitlines()


def mean_cosine(units: Vectors, vector: Vectors) -> float:
    """Cosine of a question and the mean of a passage's units, shape (units, dimensions)."""
    mean = units.mean(axis=0)
    return float(mean @ vector / np.linalg.norm(mean))


def passage_fits(question: Vectors, units: Sequence[Vectors]) -> list[float]:
    """Cosine of the question and each passage's mean, after subtracting what all passages have in
    common.

    Args:
        question: of length 1, shape (dimensions,).
        units: the unit vectors of each passage, shape (units, dimensions). What they have in common
            is the mean over all units of the first `LOOK` passages.
    """
    if not units:
        return []
    common = np.concatenate(units[:LOOK]).mean(axis=0)
    own = np.stack([vectors.mean(axis=0) for vectors in units]) - common
    lengths = np.linalg.norm(own, axis=1)
    fits = own @ question / np.where(lengths > 0, lengths, 1.0)
    return [float(fit) for fit in fits]


def file_of(embedder: str) -> Path:
    """The file of an embedder's numbers: by section, under `weights`, with their provenance."""
    return FOLDER / f"{re.sub(r'[^A-Za-z0-9.]+', '-', embedder)}.json"
