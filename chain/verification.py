"""Checks every drafted sentence against the passages, outside whatever drafted it.

A sentence is shown only with a `Quote` that this module has found: an exact stretch of a passage
that has every figure of the sentence and, for a model's own words, is close enough in meaning.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from chain.answerer import Draft, Quote, Request
from core.matching import figures
from core.types import Passage
from vectorstore.embeddings import Embedder

# Cosine of a sentence and the quote it rests on. multilingual-e5 puts unrelated sentences of one
# topic near 0.80 and a paraphrase or translation above 0.88.
_CLOSE = 0.86


def verify(draft: Draft, request: Request, embedder: Embedder) -> Quote | None:
    """The evidence for a draft, or None when no retrieved passage supports it.

    The passages that the draft cites are tried first; another passage that supports it corrects
    the citation.
    """
    if draft.quote is not None:
        return draft.quote if _is_quoted(draft, request) else None
    others = [n for n in range(len(request.found)) if n not in draft.cites]
    cited = [number for number in draft.cites if number < len(request.found)]
    return _supporting(draft.text, request, cited, embedder) or _supporting(
        draft.text, request, others, embedder
    )


def _is_quoted(draft: Draft, request: Request) -> bool:
    """Whether the draft stands word for word in its quote, and the quote in its passage."""
    quote = draft.quote
    if quote is None or not 0 <= quote.passage < len(request.found):
        return False
    text = request.found[quote.passage].passage.text
    if not 0 <= quote.start < quote.end <= len(text):
        return False
    return draft.text in " ".join(text[quote.start : quote.end].split())


def _supporting(
    sentence: str, request: Request, passages: Sequence[int], embedder: Embedder
) -> Quote | None:
    """The stretch of these passages that is closest to the sentence and has all its figures."""
    wanted = figures(sentence)
    candidates = [
        (Quote(number, start, end), text)
        for number in passages
        for start, end, text in _stretches(request.found[number].passage)
        if wanted <= figures(text)
    ]
    if not candidates:
        return None
    vectors = embedder.passages([text for _, text in candidates])
    closeness = vectors @ embedder.passages([sentence])[0]
    best = int(np.argmax(closeness))
    return candidates[best][0] if closeness[best] >= _CLOSE else None


def _stretches(passage: Passage) -> Iterator[tuple[int, int, str]]:
    """One unit, or two neighbours, with what may be taken as known: heading and lead-in."""
    for unit in passage.units:
        yield unit.start, unit.end, passage.context(unit)
    for first, second in zip(passage.units, passage.units[1:], strict=False):
        yield first.start, second.end, f"{passage.context(first)}\n{passage.context(second)}"
