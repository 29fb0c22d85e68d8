"""Which document a task is about: "summarise COM(2020) 607"."""

import math
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from rapidfuzz.distance import OSA

from chain.understanding.known_phrases import is_filler, phrases_in
from chain.understanding.manner_lists import concepts
from chain.understanding.message_words import edits_allowed, tokens
from core.source import DocumentInfo

# Least margin in score of the best-fitting document over the next: a word that all of ten documents
# have weighs log(11/10), which is less.
_CLEARLY = 0.1
_SMALL = 2  # digits of a number that may count sentences or points


def document_named(message: str, documents: Sequence[DocumentInfo]) -> str | None:
    """Id of the document that a message names; None if none, or several equally well.

    Args:
        message: "Vat de drugsagenda samen", "summarise COM(2020) 607".
        documents: language versions of the same document have the same id.
    """
    named: dict[str, set[str]] = {}
    for document in documents:
        said = f"{document.title} {document.reference} {document.celex}"
        named.setdefault(document.id, set()).update(_name_parts(said))
    asked = _name_parts(message) - _counts(message)
    in_all = Counter(part for parts in named.values() for part in parts)
    weights = {
        id_: sum(
            math.log((1 + len(named)) / in_all[part]) for part in parts if _is_said(part, asked)
        )
        for id_, parts in named.items()
    }
    first, second, *_ = [*sorted(weights.values(), reverse=True), 0.0, 0.0]
    if first - second < _CLEARLY:
        return None
    return max(weights, key=lambda id_: weights[id_])


def says_document(message: str) -> bool:
    """Whether a message has a word for a document: "summarise the strategy", not "summarise it"."""
    return any(concepts(token.plain, "documents") for token in tokens(message))


def _counts(message: str) -> set[str]:
    """Small numbers that count what follows: in "in 2 sentences", not in "annex 2, please"."""
    words = [token.plain for token in tokens(message)]
    return {
        word
        for word, after in pairwise(words)
        if word.isdecimal() and len(word) <= _SMALL and not any(phrases_in([after]))
    }


def _name_parts(text: str) -> set[str]:
    """Parts of a document's name: concepts, other words, numbers."""
    parts: set[str] = set()
    for token in tokens(text):
        found = concepts(token.plain, "documents") | concepts(token.plain, "subjects")
        found -= {"other"}  # its words are no synonyms
        parts |= found or ({token.plain} if not is_filler(token.plain) else set())
    return parts


def _is_said(part: str, asked: set[str]) -> bool:
    edits = edits_allowed(part)
    return part in asked or (edits > 0 and any(OSA.distance(part, word) <= edits for word in asked))
