"""White gaps from top to bottom on a page, which separate columns of text."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from statistics import median

Span = tuple[float, float]
"""From left to right, in points."""

_ZONE = (0.2, 0.8)  # of the whole width: nearer to its edges a gap sets off the marks of a list
_NARROWEST = 0.7  # of the type size; narrower: spaces between words, below each other by chance
_CROSSED = 0.5  # of the usual crossings: a title, an abstract or a figure may go across


def white_stretches(rows: Sequence[Sequence[Span]], size: float) -> Iterator[Span]:
    """The gaps that few rows cross.

    Args:
        rows: the spans that each row covers.
        size: the type size, in points.
    """
    spans = [span for row in rows for span in row]
    left, right = min(start for start, _ in spans), max(end for _, end in spans)
    first, last = (round(left + share * (right - left)) for share in _ZONE)
    crossing = [0] * (last - first + 1)
    for row in rows:
        covered = {
            x for start, end in row for x in range(max(first, int(start)), min(last, int(end)) + 1)
        }
        for x in covered:
            crossing[x - first] += 1
    x = first
    most = _CROSSED * median(crossing)
    for is_white, run in groupby(crossing, key=lambda count: count <= most):
        length = len(list(run))
        if is_white and length >= _NARROWEST * size:
            yield x, x + length
        x += length
