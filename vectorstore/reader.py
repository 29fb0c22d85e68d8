"""The reader: how well a sentence or list item answers a question.

    question, heading, unit -> tokens -> the embedder's word vectors -> six layers -> score

It was trained by `research/reader/train.py`: docs/decisions/0017-a-reader.md.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.background import once
from core.source import Passage
from vectorstore.e5 import E5, READER, e5
from vectorstore.embeddings import clean
from vectorstore.encoder_files import EncoderFile, Matrix

_REMEMBERED, _STATES = 8192, 512  # scores, and states of questions
_QUESTION, _HEADING, _UNIT = 40, 14, 80  # tokens kept, the first ones

Encode = Callable[[str], list[int]]
"""A text to the ids of its tokens, without those that mark begin and end."""


class Sequenced(NamedTuple):
    """The tokens of a question with a unit, and where the two stand in it; ends are exclusive."""

    tokens: list[int]
    question: tuple[int, int]
    unit: tuple[int, int]


def text_of(passage: Passage, number: int) -> str:
    """A unit of a passage, behind the introduction of its list."""
    unit = passage.units[number]
    lead_ins = (lead_in.strip("| ") for lead_in in passage.lead_ins(unit)[-1:])
    return " ".join((*lead_ins, passage.text[unit.start : unit.end]))


class Sequencer:
    """Makes what the reader reads, with the tokens that begin and end a text."""

    def __init__(self, encode: Encode, begins: int, ends: int) -> None:
        self._encode, self._begins, self._ends = encode, begins, ends

    def joined(self, question: str, heading: str, text: str) -> Sequenced:
        """A question with a heading and a text."""
        asking = self._encode(question)[:_QUESTION]
        above, own = self._encode(heading)[:_HEADING], self._encode(text)[:_UNIT]
        before = [self._begins, *asking, self._ends, self._ends, *above, self._ends]
        return Sequenced(
            [*before, *own, self._ends], (1, 1 + len(asking)), (len(before), len(before) + len(own))
        )


class UnitReader:
    """Scores units for a question, with the vocabulary, word vectors and kept files of a model.
    Threads share it; a unit is read by one core."""

    def __init__(self, model: E5) -> None:
        self._model = model
        self._sequencer = Sequencer(model.tokens, model.begins, model.ends)
        stored = EncoderFile(READER)
        width, longest = stored.width, _QUESTION + _HEADING + _UNIT + 5
        self._around = stored.vector("around", longest * width).reshape(longest, width)
        self._hidden = stored.matrix("head.w", width, 3 * width).T.copy()
        self._hidden_bias = stored.vector("head.b", width)
        self._out = stored.vector("out.w", width)
        self._out_bias = float(stored.vector("out.b", 1)[0])
        self._cores = ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="reader")
        # Parts of a question, and what can be asked next, read the same units again.
        self._known = lru_cache(maxsize=_REMEMBERED)(self._score)
        # A conversation is understood anew with each of its questions.
        self._known_states = lru_cache(maxsize=_STATES)(self._state)

    def scores(self, question: str, texts: Sequence[tuple[str, str]]) -> NDArray[np.float32]:
        """The score of each text, behind its heading: the log-odds that it answers rather than that
        nothing does, were it alone."""
        cleaned = clean(question)
        return np.array(
            list(self._cores.map(lambda text: self._known(cleaned, *text), texts)), "f4"
        )

    def state(self, question: str) -> Matrix:
        """The mean of a question's last states, shape (width,), where there is nothing beside it:
        zeros without a word."""
        return self._known_states(clean(question))

    def _state(self, question: str) -> Matrix:
        sequence = self._sequencer.joined(question, "", "")
        return _mean(self._states(sequence)[slice(*sequence.question)])

    def _states(self, sequence: Sequenced) -> Matrix:
        given = self._model.rows(sequence.tokens) + self._around[: len(sequence.tokens)]
        return np.asarray(self._model.reader.run(["last"], {"rows": given})[0], np.float32)

    def _score(self, question: str, heading: str, text: str) -> float:
        sequence = self._sequencer.joined(question, heading, text)
        states = self._states(sequence)
        means = (_mean(states[slice(*span)]) for span in (sequence.question, sequence.unit))
        hidden = np.concatenate([states[0], *means]) @ self._hidden + self._hidden_bias
        return float(_gelu(hidden) @ self._out) + self._out_bias


def _mean(states: Matrix) -> Matrix:
    """The mean over tokens; zeros without any."""
    return np.asarray(states.sum(axis=0) / max(1, len(states)), np.float32)


def _gelu(values: Matrix) -> Matrix:
    return np.asarray(values * 0.5 * (1 + _erf(values / 2**0.5)), np.float32)


def _erf(values: Matrix) -> Matrix:
    """Abramowitz and Stegun 1964, 7.1.26; the error is below 1.5e-7."""
    size = np.abs(values)
    part = 1 / (1 + 0.3275911 * size)
    series = np.zeros_like(size)
    for factor in (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592):
        series = (series + factor) * part
    return np.asarray(np.sign(values) * (1 - series * np.exp(-(size**2))), np.float32)


@once
def reader() -> UnitReader:
    """The reader of this process; loaded at the first call."""
    return UnitReader(e5())
