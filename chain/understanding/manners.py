"""Intent classification of a message before any search: small talk, a task, or a question.

    message -> made of known phrases and fillers only           small talk or a task
            -> a task and its object                            summarise, translate, e-mail
            -> asks how to commit a crime                       harm
            -> surely a question by its vector                  a question
            -> nearer to examples of a kind than to questions   that kind
            -> of a kind by its vector                          that kind
            -> none of these                                    a question to the sources

A question must never be taken for small talk, so an uncertain message is a question. Phrases and
examples are in `manners.yaml`, replies in prompts/phrases/, measurements in
docs/decisions/0012-manners.md.
"""

import unicodedata
from collections.abc import Sequence

from chain.understanding.example_nearness import SOCIAL, by_nearness, social_by_nearness
from chain.understanding.known_phrases import longest, meanings
from chain.understanding.message_classifier import by_vector, is_question
from chain.understanding.message_words import Token, plain_words, tokens
from chain.understanding.phrase_tiling import made_of_phrases
from chain.understanding.task_orders import task_ordered
from core.answer import Message
from vectorstore.embeddings import Embedder

_MOST_WORDS = 30  # a longer message is a question


def classify(message: str, language: str, embedder: Embedder) -> Message | None:
    """Kind of a message; None for a question to the sources.

    Args:
        message: as typed.
        language: of the message (ISO 639-1); decides the meaning of a word of several languages.
        embedder: the local one, for which the margins of nearness hold.
    """
    message = unicodedata.normalize("NFC", message)
    said = tokens(message)
    if not 0 < len(said) <= _MOST_WORDS:
        return None
    asks = "?" in message or (language == "el" and message.rstrip().endswith(";"))
    if told := made_of_phrases(plain_words(said), language, asks):
        return told
    own, social = _without_social(said, language)
    words = plain_words(own)
    if told := made_of_phrases(words, language, asks) or task_ordered(words, message):
        return told
    text = message if own == said else message[own[0].start : own[-1].end] + "?" * asks
    told = None
    if not is_question(text, embedder):
        told = by_nearness(words, text, language, asks, embedder) or by_vector(text, embedder)
    if not social:
        return told
    if asks:
        return None if told in SOCIAL else told
    return social_by_nearness(message, social, told, embedder) or told


def _without_social(
    said: Sequence[Token], language: str
) -> tuple[Sequence[Token], frozenset[Message]]:
    """Strips small talk from both ends of a message; returns the rest and the kinds stripped."""
    social: set[Message] = set()
    for last in (False, True):
        while True:
            length, kinds = _social_at(plain_words(said), language, last=last)
            if not length or length >= len(said):
                break
            social |= kinds
            said = said[:-length] if last else said[length:]
    return said, frozenset(social)


def _social_at(words: Sequence[str], language: str, *, last: bool) -> tuple[int, set[Message]]:
    """Length and kinds of the longest small-talk phrase at the start, or at the end (`last`)."""
    # "is it any good" does not end with an acknowledgement
    allowed = [kind for kind in SOCIAL if not last or kind != "acknowledgement"]
    for length in range(min(longest(), len(words)), 0, -1):
        piece = tuple(words[-length:] if last else words[:length])
        if kinds := {kind for kind, _ in meanings(piece, language) if kind in allowed and kind}:
            return length, kinds
    return 0, set()
