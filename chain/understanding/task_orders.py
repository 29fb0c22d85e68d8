"""Tells tasks that name their object: "translate the agenda", "summarise the strategy"."""

from collections.abc import Sequence

from chain.understanding.known_phrases import is_filler, phrases_in
from chain.understanding.manner_lists import concepts, manner_lists
from core.answer import Message

TASKS: tuple[Message, ...] = ("shorter", "table", "translate", "email", "summarise")
_ORDER_WORDS = 6  # words within which an order to write is given; later ones are what is asked
_ORDERED = 3  # least words of a phrase that orders an e-mail: "e-mail" may be what is asked about
_REFERENCE = "com"  # COM(2020) 607; in Portuguese also a filler


def task_ordered(words: Sequence[str], message: str) -> Message | None:
    """Kind of a task with its object; None for other messages.

    Args:
        words: of the message, normalised.
        message: as typed.
    """
    lists, said = manner_lists(), list(phrases_in(words))
    opening = next((n for n, word in enumerate(words) if not is_filler(word)), len(words) - 1)
    start = " ".join(words[: opening + _ORDER_WORDS])
    if (lists.writing.within(start) and lists.letters.within(start)) or any(
        kind == "email" and len(places) >= _ORDERED and places[0] <= opening
        for places, kind in said
    ):
        return "email"
    if lists.translating.pattern().fullmatch(words[opening]):
        return "translate"
    # "a short summary" is one, too
    task = {place for places, kind in said if kind in ("summarise", "shorter") for place in places}
    # "summarise the agenda: how many ..." is a question.
    if not task or ":" in message or asks_for_existing(words):
        return None
    rest = [
        word
        for n, word in enumerate(words)
        if n not in task and (word == _REFERENCE or not is_filler(word))
    ]
    document = [word for word in rest if word == _REFERENCE or concepts(word, "documents")]
    other = [word for word in rest[:1] if words.index(word) > opening] + rest[1:]
    names = all(word in document or concepts(word, "subjects") or word.isdigit() for word in other)
    return "summarise" if document and names else None


def asks_for_existing(words: Sequence[str]) -> bool:
    """Whether it asks for something that exists: "is there a summary of the agenda" is no task."""
    return manner_lists().existing.pattern().match(" ".join(words)) is not None
