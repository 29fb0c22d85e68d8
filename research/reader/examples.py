"""What a reader learns from: questions with stretches of passages, right and wrong.

a question, its document -> the unit that answers, the nearest that do not -> sequences, labels
"""

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.source import Passage
from research.reader.grounds import Document, Located, Place, Source, located
from vectorstore.e5 import Weights
from vectorstore.embeddings import LocalEmbedder, Vectors

_QUESTION, _HEADINGS, _UNIT = 40, 30, 90  # tokens kept
_ROOMS = (110, 150, 200, 280)  # tokens of a stretch: short ones are cheap, long ones as in use
_WHOLE = 400  # tokens of a stretch when it is measured, as much as a passage has
_STRETCHES = 4  # of the document of a question, that with the answer included
_ELSEWHERE = 0.5  # chance of one more stretch, of another document
_NEAREST = 60  # units looked through for what is near and wrong

Encode = Callable[[str], list[int]]
"""A text to the ids of its tokens, without those that mark begin and end."""


class Span(NamedTuple):
    """Where question and unit stand in a sequence of tokens; ends are exclusive."""

    question: tuple[int, int]
    unit: tuple[int, int]


class Sequenced(NamedTuple):
    """The tokens of a question with a stretch of a passage, and where its units are."""

    tokens: list[int]
    spans: list[Span]


class Ground:
    """A document with its questions and the vectors of its units.

    Args:
        source: which document.
        file: its text.
        embedder: makes the vectors.
        kept: folder in which the vectors are kept.
    """

    def __init__(self, source: Source, file: Path, embedder: LocalEmbedder, kept: Path) -> None:
        document = Document(file, embedder)
        self.source, self.passages = source, document.passages
        self.places: list[Place] = [
            (number, unit)
            for number, passage in enumerate(self.passages)
            for unit in range(len(passage.units))
        ]
        self.asked: list[Located] = list(located(source, document))
        made = kept / f"{source.name}.npy"
        if not made.exists():
            texts = [one.context(unit) for one in self.passages for unit in one.units]
            np.save(made, embedder.passages(texts).astype(np.float16))
        self.vectors: Vectors = np.load(made).astype(np.float32)

    def nearest(self, vector: Vectors) -> list[Place]:
        """The units nearest to a question, nearest first."""
        order = np.argsort(-(self.vectors @ vector))[:_NEAREST]
        return [self.places[place] for place in order]

    def fits(self, vector: Vectors) -> NDArray[np.float32]:
        """How near each passage is: its best unit and the mean of all, as in decision 4."""
        cosines, owners = self.vectors @ vector, np.array([place[0] for place in self.places])
        best = np.full(len(self.passages), -1.0, np.float32)
        np.maximum.at(best, owners, cosines)
        sums = np.bincount(owners, cosines, len(self.passages))
        counts = np.bincount(owners, minlength=len(self.passages)).clip(1)
        return np.asarray(0.6 * best + 0.4 * sums / counts, np.float32)


class Example(NamedTuple):
    """A sequence; for each of its units True (answers), False (does not) or None (not known)."""

    sequence: Sequenced
    labels: list[bool | None]


class Maker:
    """Makes the sequences that a reader gets."""

    def __init__(self, encode: Encode, weights: Weights) -> None:
        self._encode, self._weights = encode, weights

    def sequence(
        self, question: str, passage: Passage, wanted: int, room: int = _WHOLE
    ) -> tuple[Sequenced, range]:
        """A question with the units around one of a passage that fit, and which units these are."""
        begins, ends = self._weights.begins, self._weights.ends
        asked = self._encode(question)[:_QUESTION]
        headings = self._encode(" › ".join(passage.headings[-2:]))[:_HEADINGS]
        units = [
            self._encode(passage.text[unit.start : unit.end])[:_UNIT] or [ends]
            for unit in passage.units
        ]
        first, after, used = wanted, wanted + 1, len(units[wanted])
        grows = True
        while grows:
            grows = False
            if first > 0 and used + len(units[first - 1]) <= room:
                first, used, grows = first - 1, used + len(units[first - 1]), True
            if after < len(units) and used + len(units[after]) <= room:
                after, used, grows = after + 1, used + len(units[after]), True
        tokens = [begins, *asked, ends, ends, *headings, ends]
        spans = []
        for unit in units[first:after]:
            spans.append(Span((1, 1 + len(asked)), (len(tokens), len(tokens) + len(unit))))
            tokens += unit
        return Sequenced([*tokens, ends], spans), range(first, after)

    def of(
        self, one: Located, ground: Ground, others: Sequence[Ground], vector: Vectors,
        chance: random.Random,
    ) -> list[Example]:  # fmt: skip
        """The sequences of one question: around a unit that answers, around the nearest that do
        not, and sometimes one of another document."""
        right = {way[0] for way in one.answers}
        beside = {place for way in one.answers for place in way[1:]} | one.unsure
        wrong = [
            place
            for place in (*sorted(one.near), *ground.nearest(vector))
            if place in one.read and place not in right and place not in beside
        ]
        centres = [chance.choice(sorted(right))] if right else []
        for place in wrong:
            if len(centres) < _STRETCHES and place[0] not in {centre[0] for centre in centres}:
                centres.append(place)

        def label(place: Place) -> bool | None:
            if place in right:
                return True
            return None if place in beside or place not in one.read else False

        found = []
        for number, unit in centres:
            sequence, units = self.sequence(
                one.asked.question, ground.passages[number], unit, chance.choice(_ROOMS)
            )
            found.append(Example(sequence, [label((number, each)) for each in units]))
        other = chance.choice(others)
        is_foreign = other is not ground and other.source.name not in one.asked.elsewhere
        if is_foreign and chance.random() < _ELSEWHERE:
            number, unit = chance.choice(other.nearest(vector)[:3])
            sequence, units = self.sequence(
                one.asked.question, other.passages[number], unit, _ROOMS[0]
            )
            found.append(Example(sequence, [False] * len(units)))
        return found
