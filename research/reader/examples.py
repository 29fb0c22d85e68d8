"""What a reader learns from: questions with stretches of passages, right and wrong.

a question, its document -> the unit that answers, the nearest that do not -> sequences, labels
"""

import random
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.source import Passage
from research.reader.grounds import Document, Located, Part, Place, Source, files, located, sources
from vectorstore.embeddings import LocalEmbedder, Vectors
from vectorstore.reader import Sequenced, Sequencer, text_of

_RIGHT = 2  # units that answer, at most
_HARDEST = 3  # of the units that do not answer: the nearest
_WRONG = 5  # units that do not answer, two more where nothing does
_NEAREST = 60  # units looked through for what is near and wrong
_AMONG = 30  # of these others are drawn from


class Ground:
    """A document with its questions and the vectors of its units.

    Args:
        source: which document.
        document: its passages.
        asked: its questions.
        embedder: makes the vectors.
        kept: folder in which the vectors are kept.
    """

    def __init__(
        self,
        source: Source,
        document: Document,
        questions: Iterable[Located],
        embedder: LocalEmbedder,
        kept: Path,
    ) -> None:
        self.source, self.passages, self.asked = source, document.passages, list(questions)
        self.places: list[Place] = [
            (number, unit)
            for number, passage in enumerate(self.passages)
            for unit in range(len(passage.units))
        ]
        made = kept / f"{source.name}.npy"
        if not made.exists():
            texts = [passage.context(unit) for passage in self.passages for unit in passage.units]
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


def grounds_of(
    part: Part, folders: Sequence[Path], embedder: LocalEmbedder, kept: Path
) -> list[Ground]:
    """The documents of a part that are below the folders; as of `Ground`."""
    there, made = files(folders), []
    for source in sources().values():
        if source.part == part and source.name in there:
            document = Document(there[source.name], embedder)
            made.append(Ground(source, document, located(source, document), embedder, kept))
    return made


class Example(NamedTuple):
    """A sequence, and whether its unit answers."""

    sequence: Sequenced
    answers: bool


class Maker(Sequencer):
    """Makes the sequences that a reader learns from."""

    def sequence(self, question: str, passage: Passage, number: int) -> Sequenced:
        """A question with a unit of a passage."""
        return self.joined(question, passage.headings[-1], text_of(passage, number))

    def of(
        self, question_located: Located, ground: Ground, others: Sequence[Ground], vector: Vectors,
        chance: random.Random,
    ) -> list[Example]:  # fmt: skip
        """The sequences of one question: units that answer, near ones that do not, and one of
        another document."""
        right = {way[0] for way in question_located.answers}
        beside = {
            place for way in question_located.answers for place in way[1:]
        } | question_located.unsure
        looked_at = dict.fromkeys((*sorted(question_located.near), *ground.nearest(vector)))
        wrong = [place for place in looked_at if place in question_located.read - right - beside]
        rest = wrong[_HARDEST:_AMONG]
        chance.shuffle(rest)
        many = _WRONG if right else _WRONG + 2
        chosen = [
            *((place, True) for place in chance.sample(sorted(right), min(_RIGHT, len(right)))),
            *((place, False) for place in (*wrong[:_HARDEST], *rest)[:many]),
        ]
        question = question_located.asked.question
        found = [
            Example(self.sequence(question, ground.passages[number], unit), answers)
            for (number, unit), answers in chosen
        ]
        other = chance.choice(others)
        same = other is ground or other.source.kind == ground.source.kind == "brief"
        if not same and other.source.name not in question_located.asked.elsewhere:
            number, unit = chance.choice(other.nearest(vector)[:3])
            found.append(Example(self.sequence(question, other.passages[number], unit), False))
        return found
