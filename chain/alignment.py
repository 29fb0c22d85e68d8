"""Which words of the passages say what the words of a sentence say, whatever their languages.

passages -> their words in context;  sentence -> its words -> the units that cover them best
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from core.types import Passage
from vectorstore.keyword import content_words
from vectorstore.words import States, WordStates

Place = tuple[int, int]  # the number of a passage, and of a unit in it

_MOST_UNITS = 5  # that a sentence rests on together
_GAIN = 0.015  # in mean closeness, that a further unit must bring
MOST_WORDS = 56  # of a sentence that are compared
MOST_EVIDENCE = 140  # words of the units that they are compared with
_SHORT = 4  # letters: shorter words are no content unless they are names or figures


@dataclass(frozen=True)
class Basis:
    """A sentence and what it rests on most likely.

    `words` are those of the sentence, `states` theirs, shape (words, dimensions); `content` tells
    which carry meaning. `places` are the units, the one that covers most first, and `reached` how
    close the content is on average to the first unit, to the first two, ...; `evidence` are the
    words of these with lead-in and heading, `positions` where they stand in all passages,
    `in_first` which belong to the first unit. `closeness` has a cosine for every word and every
    word of the evidence.
    """

    words: tuple[str, ...]
    states: States
    content: NDArray[np.bool_]
    places: tuple[Place, ...]
    reached: tuple[float, ...]
    evidence: tuple[str, ...]
    evidence_states: States
    positions: NDArray[np.int_]
    in_first: NDArray[np.bool_]
    closeness: States

    @property
    def coverage(self) -> States:
        """How close the closest word of the evidence is to each word."""
        nearest: States = self.closeness.max(axis=1)
        return nearest


class Evidence:
    """The words of passages; made once for all sentences of a reply.

    Args:
        passages: in the order in which they are numbered.
        states: gives the words of a text.
        centre: the mean state of words, taken from each, shape (dimensions,).
    """

    def __init__(self, passages: Sequence[Passage], states: WordStates, centre: States) -> None:
        self._of = states
        self._centre = centre
        texts: list[str] = []
        found: list[States] = []
        passage_of: list[int] = []
        unit_of: list[int] = []
        starts: list[int] = []
        for number, passage in enumerate(passages):
            heading = passage.headings[-1] if passage.headings else ""
            text = f"{heading}\n{passage.text}"
            words = states.words(text)
            found.append(self._centred(words.states))
            for start, end in words.spans:
                begin = start - len(heading) - 1
                texts.append(text[start:end])
                passage_of.append(number)
                starts.append(begin)
                unit_of.append(_unit(passage, begin))
        self._texts = texts
        self._states = np.concatenate(found)
        self._passage = np.array(passage_of)
        self._unit = np.array(unit_of)
        self._masks: dict[Place, NDArray[np.bool_]] = {}
        for place in sorted(set(zip(passage_of, unit_of, strict=True))):
            of, at = place
            if at < 0:
                continue
            inside = (self._unit == at) | (self._unit == -1)
            lead = passages[of].units[at].lead_in
            if lead is not None:
                begins = np.array(starts)
                inside |= (begins >= lead[0]) & (begins < lead[1])
            self._masks[place] = (self._passage == of) & inside

    def basis(self, sentence: str, language: str) -> Basis | None:
        """What a sentence in this language rests on; None where either has no words."""
        words = self._of.words(sentence)
        spans = words.spans[:MOST_WORDS]
        texts = tuple(sentence[start:end] for start, end in spans)
        if not texts or not self._masks:
            return None
        states = self._centred(words.states[:MOST_WORDS])
        content = np.array([_is_content(word, language) for word in texts])
        if not content.any():
            content[:] = True
        closeness = states @ self._states.T
        places = list(self._masks)
        covers = np.stack([closeness[:, self._masks[place]].max(axis=1) for place in places])
        chosen, reached = _covering(covers[:, content])
        kept = np.zeros(len(self._texts), bool)
        for number in chosen:
            kept |= self._masks[places[number]]
        at = np.nonzero(kept)[0][:MOST_EVIDENCE]
        return Basis(
            words=texts,
            states=states,
            content=content,
            places=tuple(places[number] for number in chosen),
            reached=reached,
            evidence=tuple(self._texts[number] for number in at),
            evidence_states=self._states[at],
            positions=at,
            in_first=self._masks[places[chosen[0]]][at],
            closeness=closeness[:, at],
        )

    def _centred(self, states: States) -> States:
        """States of length 1 after the mean is taken away, which all words share."""
        moved = states - self._centre
        lengths = np.linalg.norm(moved, axis=1, keepdims=True)
        made: States = (moved / np.maximum(lengths, 1e-9)).astype(np.float32)
        return made


def _covering(covers: States) -> tuple[list[int], tuple[float, ...]]:
    """The units that together cover words best, one after the other, and how well they do then;
    `covers` is (units, words)."""
    chosen: list[int] = []
    means: list[float] = []
    best = np.full(covers.shape[1], -1.0)
    while len(chosen) < _MOST_UNITS:
        possible = np.maximum(covers, best).mean(axis=1)
        number = int(possible.argmax())
        if chosen and possible[number] - means[-1] < _GAIN:
            break
        chosen.append(number)
        means.append(float(possible[number]))
        best = np.maximum(best, covers[number])
    return chosen, tuple(means)


def _unit(passage: Passage, place: int) -> int:
    """The number of the unit at a place; -1 in the heading, -2 between units."""
    if place < 0:
        return -1
    inside = (n for n, unit in enumerate(passage.units) if unit.start <= place < unit.end)
    return next(inside, -2)


@lru_cache(maxsize=20_000)
def _is_content(word: str, language: str) -> bool:
    short = len(word) < _SHORT and word.islower() and not any(map(str.isdigit, word))
    return bool(content_words(word, language)) and not short
