"""Word alignment of a sentence with its evidence, within and across languages.

passages -> contextual word vectors;  sentence -> its word vectors -> the units that cover it best
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from core.passage import Passage
from vectorstore.keyword import content_words
from vectorstore.words import States, WordStates

Place = tuple[int, int]  # passage number, unit number within it

_MOST_UNITS = 5  # units that may support one sentence together; more only add single words
_GAIN = 0.015  # least gain in mean cosine for adding a unit; less adds units for a common word
# Words compared of a sentence, and of its evidence: the size of the examples that the network of
# judgement.py is fitted on. What is longer is only judged by its beginning.
MOST_WORDS = 56
MOST_EVIDENCE = 140
_SHORT = 4  # letters: shorter words are no content words unless they are names or figures


@dataclass(frozen=True)
class Basis:
    """A sentence aligned with its most likely evidence.

    words: of the sentence.
    states: their vectors, shape (words, dimensions).
    content: which words are content words, shape (words,).
    places: the units of the evidence, the one that covers most first.
    reached: mean cosine of the content words with the first unit, with the first two, ...
    evidence: the words of these units, with lead-in and heading.
    evidence_states: their vectors, shape (evidence words, dimensions).
    positions: their positions among the words of all passages.
    in_first: which of them belong to the first unit.
    closeness: cosines, shape (words, evidence words).
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
        """Cosine of each word with the closest word of the evidence."""
        nearest: States = self.closeness.max(axis=1)
        return nearest


class Aligner:
    """Aligns sentences with passages, whose word vectors it computes once.

    Args:
        passages: in the order of their numbers.
        states: computes the word vectors of a text.
        centre: mean word vector, subtracted from each, shape (dimensions,).
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
        """Aligns a sentence in `language` with its evidence; None if either has no words."""
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
        """Subtracts the mean that all word vectors share, then normalises to length 1."""
        moved = states - self._centre
        lengths = np.linalg.norm(moved, axis=1, keepdims=True)
        made: States = (moved / np.maximum(lengths, 1e-9)).astype(np.float32)
        return made


def _covering(covers: States) -> tuple[list[int], tuple[float, ...]]:
    """Greedy choice of units that cover the words together: their numbers, and the mean cosine
    after each. `covers` has shape (units, words)."""
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
    """Number of the unit at an offset; -1 in the heading, -2 between units."""
    if place < 0:
        return -1
    inside = (n for n, unit in enumerate(passage.units) if unit.start <= place < unit.end)
    return next(inside, -2)


@lru_cache(maxsize=20_000)
def _is_content(word: str, language: str) -> bool:
    short = len(word) < _SHORT and word.islower() and not any(map(str.isdigit, word))
    return bool(content_words(word, language)) and not short
