"""Tells the kind of a message by its nearness to examples, and the words that speak for a kind."""

import math
from collections.abc import Hashable, Mapping, Sequence
from functools import lru_cache
from typing import cast, get_args

import numpy as np
from numpy.typing import NDArray

from chain.understanding.known_phrases import kinds_in, words_known
from chain.understanding.manner_lists import manner_lists
from chain.understanding.message_classifier import QUESTION
from chain.understanding.task_orders import TASKS, asks_for_existing
from core.answer import Message
from vectorstore.embeddings import Embedder, Vectors

SOCIAL: tuple[Message, ...] = ("greeting", "thanks", "farewell", "acknowledgement")

# Margins: how much nearer (cosine) a message must be to an example of a kind than to any question.
# Measured on eval/questions and research/fitting: docs/decisions/0012.
_UNTOLD = 0.07  # nothing but nearness speaks for it
_ADDRESSED = 0.022  # it speaks to or about the assistant
_WORDED = 0.0  # it has a phrase of the kind, and few unknown words
_SOCIABLE, _SOCIABLE_SAID = 0.06, 0.02  # small talk; with a phrase of it at its begin or end
_SCOLDING = 0.04  # rude words, or words to the assistant
_CUED: Mapping[Message, float] = {"opinion": -0.1, "legal": -0.05}  # with a cue of the kind
_JUDGING = -0.025  # asks to judge, without saying who else does
_OWN_CASE = 0.03  # legal advice for the asker
_NAMED, _UNNAMED = -0.04, 0.03  # harm, with and without a crime in its words
_NEVER = math.inf
# How far (cosine) a kind that is cued, or said, may be behind the nearest one.
_CUED_BEHIND = 0.03
_SAID_BEHIND = 0.02  # more would overrule what the whole message is nearest to


def by_nearness(
    words: Sequence[str], text: str, language: str, asks: bool, embedder: Embedder
) -> Message | None:
    """Kind of a message that is near enough to an example of it; None if there is none.

    Args:
        words: of the text, normalised.
        text: the message without small talk around it.
        language: of the message (ISO 639-1).
        asks: whether it ends as a question.
        embedder: the local one, for which the margins hold.
    """
    near = _nearness(text, embedder)
    fits = [kind for kind in near if near[kind] >= _needed(kind, words, language, asks)]
    if "harm" in fits:
        return "harm"
    said, cues = " ".join(words), manner_lists().cues
    best = max(fits, key=lambda kind: near[kind], default=None)
    for kind in sorted(cues, key=lambda kind: -near[kind]):
        if best in fits and kind in fits and cues[kind].within(said):
            return kind if near[kind] >= near[best] - _CUED_BEHIND else best
    return best


def social_by_nearness(
    message: str, said: frozenset[Message], told: Message | None, embedder: Embedder
) -> Message | None:
    """Kind of small talk of a whole message; None if it is not near enough to any.

    Args:
        message: as typed; it is no question.
        said: kinds of small talk that it begins or ends with.
        told: kind of the rest; small talk must be nearer where that is a kind of its own.
        embedder: the local one, for which the margins hold.
    """
    near = _nearness(message, embedder)
    best = max(SOCIAL, key=lambda kind: near[kind])
    if near[best] < (_SOCIABLE if told and told not in SOCIAL else _SOCIABLE_SAID):
        return None
    nearest = max(said, key=lambda kind: near[kind])
    return nearest if near[nearest] >= near[best] - _SAID_BEHIND else best


def _needed(kind: Message, words: Sequence[str], language: str, asks: bool) -> float:
    """Margin (cosine) by which the message must be nearer to the kind than to any question."""
    lists, said = manner_lists(), " ".join(words)
    if kind == "harm":
        return _needed_for_harm(said, language)
    if kind in ("opinion", "legal"):
        if lists.cues[kind].within(said):
            return _CUED[kind]
        if kind == "legal":
            return _OWN_CASE if lists.self.within(said, language) else _NEVER
        judges = asks and lists.judging.within(said)
        return _JUDGING if judges and not lists.reported.within(said, language, "en") else _NEVER
    if kind in SOCIAL:
        return _NEVER if asks or len(words) < 2 else _SOCIABLE
    if _is_worded(kind, words):
        return _WORDED
    polite = lists.polite.within(said)
    addressed = lists.addressed.within(said, language, "en", "any") and not polite
    if kind == "rude":
        scolds = addressed or kind in kinds_in(words)
        return _SCOLDING if scolds and not asks else _NEVER
    if kind in TASKS:
        return _NEVER
    return _ADDRESSED if addressed else _UNTOLD


def _needed_for_harm(said: str, language: str) -> float:
    lists = manner_lists()
    harm = lists.harm
    named = harm.crimes.within(said) or (harm.doing.within(said) and harm.goods.within(said))
    own = named and lists.self.within(said, language) and not lists.cues["legal"].within(said)
    if not (own or harm.asking.within(said)) or harm.attributed.within(said):
        return _NEVER
    return _NAMED if named else _UNNAMED


def _is_worded(kind: Message, words: Sequence[str]) -> bool:
    """Whether it has a phrase of this kind and few unknown words."""
    if kind in TASKS and asks_for_existing(words):
        return False
    unknown = sum(word not in words_known() for word in words)
    most = min(1, len(words) // 4) if kind in TASKS else len(words) // 4
    return unknown <= most and kind in kinds_in(words)


def _nearness(text: str, embedder: Embedder) -> Mapping[Message, float]:
    """Kind -> cosine with its nearest example, minus cosine with the nearest question."""
    kinds, vectors = _examples(cast(Hashable, embedder))
    cosines = vectors @ embedder.query(text)
    question = float(cosines[kinds == QUESTION].max())
    return {kind: float(cosines[kinds == kind].max()) - question for kind in get_args(Message)}


@lru_cache(maxsize=4)  # embedders: there is one, tests have others
def _examples(embedder: Hashable) -> tuple[NDArray[np.str_], Vectors]:
    """Kinds and vectors of the examples."""
    listed = [(kind, text) for kind, texts in manner_lists().examples.items() for text in texts]
    vectors = cast(Embedder, embedder).passages([text for _, text in listed])
    return np.array([kind for kind, _ in listed]), vectors
