"""Tells a message that consists of known phrases and fillers only, by the best segmentation."""

from collections.abc import Sequence
from typing import NamedTuple

from chain.understanding.known_phrases import longest, meanings, spelt
from chain.understanding.manner_lists import manner_lists
from core.answer import Message

# Precedence of kinds in a message made of phrases of several.
_FIRST: tuple[Message, ...] = (
    "rude", "email", "translate", "table", "summarise", "shorter", "sources", "workings",
    "identity", "capabilities", "farewell", "thanks", "greeting", "acknowledgement",
)  # fmt: skip
_MISSPELT_WORDS = 8  # words; in longer messages too many words are near to one of a phrase
_NEVER_MISSPELT: tuple[Message, ...] = ("rude", "acknowledgement")


class _Tiling(NamedTuple):
    """A segmentation of the first words into phrases and fillers."""

    foreign: int  # pieces in other languages
    pieces: int
    phrases: int  # pieces that are phrases: "help" alone is one, in "thanks for your help" a filler
    kinds: frozenset[Message]

    @property
    def cost(self) -> tuple[bool, int, int, int]:
        """The least is the best: one with phrases, then fewer foreign pieces, pieces, phrases."""
        return not self.phrases, self.foreign, self.pieces, self.phrases


def made_of_phrases(words: Sequence[str], language: str, asks: bool) -> Message | None:
    """Kind of a message that consists of phrases, also when it is softened or misspelt.

    Args:
        words: normalised.
        language: of the message (ISO 639-1).
        asks: whether it ends as a question.
    """
    softening = manner_lists().softening
    firm = [word for word in words if not softening.within(word)]
    kind = _first(_tiled(words, language), asks) or _first(_tiled(firm, language), asks)
    if kind or len(words) > _MISSPELT_WORDS:
        return kind
    kind = _first(_tiled(spelt(words, language), language), asks)
    if kind in _NEVER_MISSPELT or (len(words) == 1 and kind not in ("greeting", "thanks")):
        return None  # a search for "price" is no insult
    return kind


def _first(kinds: frozenset[Message], asks: bool) -> Message | None:
    if asks and not kinds.isdisjoint(("thanks", "farewell", "acknowledgement")):
        return None  # "good?" and "thanks, and the other?" are questions
    return next((kind for kind in _FIRST if kind in kinds), None)


def _tiled(words: Sequence[str], language: str) -> frozenset[Message]:
    """Kinds of the phrases in the best segmentation of the words (dynamic programming); empty if
    there is none."""
    best: list[_Tiling | None] = [_Tiling(0, 0, 0, frozenset()), *(None for _ in words)]
    for start, before in enumerate(best):
        if before is None:
            continue
        for end in range(start + 1, min(start + longest(), len(words)) + 1):
            for kind, foreign in meanings(tuple(words[start:end]), language):
                tiling = _Tiling(
                    before.foreign + foreign,
                    before.pieces + 1,
                    before.phrases + (kind is not None),
                    before.kinds | ({kind} if kind else set()),
                )
                there = best[end]
                if there is None or tiling.cost < there.cost:
                    best[end] = tiling
    return best[-1].kinds if best[-1] else frozenset()
