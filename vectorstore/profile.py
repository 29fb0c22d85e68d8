"""The profile of an embedder: weights fitted for it, its adapter, and the scale of its cosines."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, Literal, TypeVar, get_args

import numpy as np
from pydantic import InstanceOf, TypeAdapter, ValidationError

from core.source import Frozen
from vectorstore.embeddings import Embedder, Vectors

FOLDER = Path(__file__).with_name("profiles")
REFERENCE = Path(__file__).with_name("reference.json")
EVERYDAY = Path(__file__).with_name("everyday.txt")
DEFAULT = "multilingual-e5-small/1"  # whose numbers serve an embedder that has none
LOOK = 12  # first passages, which are compared unit by unit; each must be read from the store

TextKind = Literal["unit", "passage", "fit", "everyday", "question"]
"""Cosines of a reference question: with the best unit; with the best passage; of the first `LOOK`
passages as in `passage_fits`; with the nearest sentence of `everyday.txt`; with the nearest other
reference question."""
_Cosines = TypeVar("_Cosines", float, Vectors)
_STRENGTH = 0.5  # of an adapter: at 0.3 and 0.7 it finds less


class Measured(Frozen):
    """Mean and standard deviation of one kind of cosine over the reference questions."""

    mean: float
    spread: float


class RankingAmounts(Frozen):
    """In the score of a passage, log-odds."""

    named: float  # bonus of a document that the question names
    preamble: float  # penalty of a recital or a memorandum
    step_back: float  # penalty of a document that is not in force
    own_language: float  # lead of those in the question's language, from which no other is searched
    outside: float  # least lead outside of the scope, from which a question is refused within


class RelevanceAmounts(Frozen):
    """In the score of a statement, log-odds."""

    named: float  # bonus of a document that the question names
    preamble: float  # penalty of a recital or a memorandum
    step_back: float  # penalty of a document that is not in force
    asked: float  # bonus of what answers a prepared question that asks the same
    again: float  # penalty of what the last answer said
    also: float  # how far behind the best one is shown beside it
    within: float  # and how far behind it is a result
    within_another: float  # the same for one of another document


class ConfidenceAmounts(Frozen):
    """Probabilities."""

    far: float  # of being on topic, below which no model is asked


class ChanceAmounts(Frozen):
    """Probabilities that the first statement answers."""

    sure: float  # from which it is given as the answer
    sure_follow_up: float  # the same of a question that rules have put together
    unlikely: float  # below which results are said to come near only


class CosineAmounts(Frozen):
    """On the scale `cosines`, of questions the first; all are cosines but the three closenesses."""

    apart: float  # of questions of which most ask different things
    close: float  # closeness from which a prepared question may ask the same
    very_close: float  # and from which it does: an approved answer is given
    closest: float  # and any other prepared answer
    the_same: float  # and in almost the same words
    almost: float  # by which one in the reader's language goes before the nearest
    related: float  # least of a question offered beside a refusal
    goes_on: float  # and behind an answer
    elsewhere: float  # and to a document that the question is not about
    given: float  # by which a passage for a model may be less near than the nearest
    first: float  # bonus of a section's first sentence, in a summary
    counted: float  # and of a list whose introduction counts its items
    record: float  # and of bibliographic data


class LocalAmounts(Frozen):
    """Of the local embedder alone, whatever the index uses: cosines, and measures of its tokens."""

    near: float  # least of a sentence with its evidence, where nobody else checks it
    near_translated: float  # the same across languages
    clause_near: float  # and of each of its clauses
    far: float  # below these, by which a sentence that names no evidence is about something else
    rare_pieces: float  # tokens from which a word is in no everyday vocabulary, so a name
    more_frequent: float  # log of how much more frequent a name is with a capital than without
    meant: float  # least of a model's rewriting with the follow-up in context


class Amounts(Frozen):
    """Amounts in the unit of a fit, by the section of the file in which its weights stand; there
    each is with what it was set on. They were set for these weights: `research.fitting` leaves them
    alone, and a test fails until they are looked at again (tests/unit/test_amounts.py)."""

    ranking: RankingAmounts
    relevance: RelevanceAmounts
    confidence: ConfidenceAmounts
    chance: ChanceAmounts
    cosines: CosineAmounts
    local: LocalAmounts


@dataclass(frozen=True, eq=False)
class Adapter:
    """A map that moves a question's vector towards the units that answer it: docs/decisions/0017.

    matrix, shift: A and b of q' = normalised(q + (q A + b) / 2).
    """

    matrix: Vectors
    shift: Vectors

    def __call__(self, vectors: Vectors) -> Vectors:
        """The vectors moved; shape (width,) or (questions, width), as they came."""
        moved = vectors + _STRENGTH * (vectors @ self.matrix + self.shift)
        return np.asarray(moved / np.linalg.norm(moved, axis=-1, keepdims=True), np.float32)

    def write(self, file: Path) -> None:
        """Keeps it, with 16 bits a number."""
        np.save(file, np.concatenate([self.matrix, self.shift[None]]).astype(np.float16))


def adapter_file(embedder: str, folder: Path) -> Path:
    """The file of an embedder's adapter."""
    return folder / file_of(embedder).with_suffix(".adapter.npy").name


def adapter_of(embedder: str, *folders: Path) -> Adapter | None:
    """The adapter of an embedder (its fingerprint) in the first of the folders that has one."""
    for file in (adapter_file(embedder, folder) for folder in folders):
        if file.is_file():
            kept = np.load(file).astype(np.float32)
            return Adapter(kept[:-1], kept[-1])
    return None


class Profile(Frozen):
    """How the cosines of an embedder are read: weights by feature, for cosines on the scale of the
    default embedder."""

    ranking: Mapping[str, float]
    confidence: Mapping[str, Mapping[str, float]]
    chance: Mapping[str, float]
    cosines: Mapping[TextKind, Measured]  # the scale of the default embedder
    amounts: Amounts
    own: Mapping[TextKind, Measured] | None = None  # that of the embedder in use, if another
    adapter: InstanceOf[Adapter] | None = None

    def towards(self, question: Vectors) -> Vectors:
        """The vector of a question with which passages and units are looked for."""
        return question if self.adapter is None else self.adapter(question)

    def closeness(self, cosine: float) -> float:
        """How close two questions of a cosine are (0-1): 0 for one on something else."""
        apart = self.amounts.cosines.apart
        return min(1.0, max(0.0, (cosine - apart) / (1.0 - apart)))

    def on_scale(self, kind: TextKind, cosines: _Cosines) -> _Cosines:
        """Maps cosines of the embedder in use to the scale of the default one."""
        if self.own is None:
            return cosines
        here, there = self.own[kind], self.cosines[kind]
        moved: _Cosines = (cosines - here.mean) / here.spread * there.spread + there.mean
        return moved


_SCALES = TypeAdapter(Mapping[TextKind, Measured])


def profile_of(embedder: Embedder, folder: Path) -> Profile:
    """The profile of an embedder, which embeds some five hundred texts if it is not the default one
    and no scales are kept in the folder. Raises ModelError: the embedder has to be measured and
    does not answer."""
    adapter = adapter_of(embedder.fingerprint, folder, FOLDER)
    own = None if embedder.fingerprint == DEFAULT else _measured(embedder, adapter, folder)
    return _profile(embedder.fingerprint).model_copy(update={"own": own, "adapter": adapter})


@lru_cache(maxsize=1)
def default_profile() -> Profile:
    """The profile of the default embedder."""
    return _profile(DEFAULT)


def _profile(embedder: str) -> Profile:
    """The numbers for an embedder: of each section its own, else the default one's."""
    weights: dict[str, Any] = {}
    amounts: dict[str, Any] = {}
    for file in filter(Path.is_file, map(file_of, (DEFAULT, embedder))):
        for section, made in json.loads(file.read_text("utf-8")).items():
            if "weights" in made:
                weights[section] = made["weights"]
            if "amounts" in made:
                named = made["amounts"].items()
                amounts[section] = {name: amount["value"] for name, amount in named}
    return Profile(amounts=Amounts(**amounts), **weights)


def _measured(
    embedder: Embedder, adapter: Adapter | None, folder: Path
) -> Mapping[TextKind, Measured]:
    """The scale of an embedder's cosines; measured once, as it takes seconds."""
    moved = adapter.matrix.tobytes() if adapter else b""
    texts = (REFERENCE.read_bytes(), EVERYDAY.read_bytes())
    parts = (embedder.fingerprint.encode(), *texts, *filter(None, [moved]))
    file = folder / f"{hashlib.sha256(b'|'.join(parts)).hexdigest()[:16]}.json"
    try:
        return _SCALES.validate_json(file.read_bytes())
    except (OSError, ValidationError):
        found = measure(embedder, adapter)
    folder.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile("wb", dir=folder, delete=False) as making:
        making.write(_SCALES.dump_json(found))
    Path(making.name).replace(file)  # another process may be measuring too
    return found


def measure(embedder: Embedder, adapter: Adapter | None) -> dict[TextKind, Measured]:
    """Measures the cosines of an embedder on the reference questions, for passages and units with
    its adapter."""
    reference = json.loads(REFERENCE.read_text("utf-8"))
    passages: list[list[str]] = reference["passages"]
    ends = np.cumsum([len(units) for units in passages])[:-1]
    units = np.split(embedder.passages([*chain.from_iterable(passages)]), ends)
    others = embedder.passages(everyday())
    questions = embedder.queries(reference["questions"])
    best: dict[TextKind, list[float]] = {kind: [] for kind in get_args(TextKind)}
    between = questions @ questions.T - 2 * np.eye(len(questions))
    best["question"] = [float(row.max()) for row in between]
    for as_asked in questions:
        vector = adapter(as_asked) if adapter else as_asked
        nearest = np.array([float((of @ vector).max()) for of in units])
        best["unit"].append(float(nearest.max()))
        best["passage"].append(max(mean_cosine(of, vector) for of in units))
        first = [units[place] for place in np.argsort(-nearest)[:LOOK]]
        best["fit"] += passage_fits(vector, first)
        best["everyday"].append(float((others @ as_asked).max()))
    return {
        kind: Measured(
            mean=round(float(np.mean(cosines)), 5),
            spread=round(max(float(np.std(cosines)), 1e-5), 5),
        )
        for kind, cosines in best.items()
    }


def everyday() -> list[str]:
    """Everyday sentences, on topics that the sources do not cover."""
    return EVERYDAY.read_text("utf-8").splitlines()


def mean_cosine(units: Vectors, vector: Vectors) -> float:
    """Cosine of a question and the mean of a passage's units, shape (units, dimensions)."""
    mean = units.mean(axis=0)
    return float(mean @ vector / np.linalg.norm(mean))


def passage_fits(question: Vectors, units: Sequence[Vectors]) -> list[float]:
    """Cosine of the question, of length 1, and the mean of each passage's unit vectors, shape
    (units, dimensions), after subtracting what they have in common: the mean over all units of the
    first `LOOK` passages."""
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
