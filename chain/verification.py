"""Checks every drafted sentence against the passages, outside whatever drafted it.

A sentence is shown only with a `Quote` that this module has found: an exact stretch of a passage
that has every figure of the sentence and, for a model's own words, is close enough in meaning.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from chain.answerer import Draft, Quote, Request
from core.matching import figures, fold
from core.types import Passage, Unit
from vectorstore.embeddings import Embedder

# Cosine of a sentence and the stretch it rests on, both as bare text. Measured on the briefs: of
# units and their translations 99% are above 0.878, of units and other units of the same section
# 95% are below 0.857.
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


def supports(sentence: str, quotes: Sequence[str], about: str, embedder: Embedder) -> bool:
    """Whether quotes together support a sentence: by the same measure as `verify`.

    They have its figures (`about`, such as their headings, may have them as well), and one of them,
    or all of them read as one, has its words or is close to it in meaning.
    """
    if not quotes or not figures(sentence) <= figures("\n".join((about, *quotes))):
        return False
    if any(fold(sentence).rstrip(".;:") in fold(quote) for quote in quotes):
        return True
    joined = [" ".join(quotes)] if len(quotes) > 1 else []
    vectors = embedder.passages([sentence, *quotes, *joined])
    return bool((vectors[1:] @ vectors[0]).max() >= _CLOSE)


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
        Quote(number, units[0].start, units[-1].end)
        for number in passages
        for units in _neighbours(request.found[number].passage)
        if wanted <= _known_figures(request.found[number].passage, units)
    ]
    if not candidates:
        return None
    texts = [request.found[c.passage].passage.text[c.start : c.end] for c in candidates]
    vectors = embedder.passages([sentence, *texts])
    closeness = vectors[1:] @ vectors[0]
    best = int(np.argmax(closeness))
    return candidates[best] if closeness[best] >= _CLOSE else None


def _neighbours(passage: Passage) -> Iterator[tuple[Unit, ...]]:
    """Every unit, and every two that follow each other."""
    for unit in passage.units:
        yield (unit,)
    yield from zip(passage.units, passage.units[1:], strict=False)


def _known_figures(passage: Passage, units: Sequence[Unit]) -> frozenset[str]:
    """The figures of the units, with those of their headings and lead-ins."""
    return figures("\n".join(passage.context(unit) for unit in units))
