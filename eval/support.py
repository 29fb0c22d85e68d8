"""Whether an answer's quotes are exact and its sentences are supported by what they cite.

This looks only at the finished `Answer` and shares no code with the checks in `chain/`, so that it
would notice if those failed.
"""

import re
from collections.abc import Iterator

from core.matching import figures, fold
from core.types import Answer, Citation
from ingest.sentences import sentences

# Text, then the markers that belong to it: "Seizures rose. [1][2]" or "Seizures rose [1, 2]."
_PIECE = re.compile(r"(?P<text>.+?)(?P<markers>(?:\s*\[\d+(?:,\s*\d+)*\])+|$)[.;:!?]?")
_HEADING = re.compile(r"^\s*#+\s")
_LINE_START = re.compile(r"^\s*(?:[-*+•>]|\d+[.)])\s+")
_MARKDOWN = re.compile(r"\\(?=[^\w\s])|[*`]")

Claim = tuple[str, frozenset[int]]  # a sentence and the numbers of the citations it carries


def inexact_quotes(answer: Answer) -> tuple[str, ...]:
    """The quotes that are not exactly what stands at their place in the passage they name."""
    texts = {passage.id: passage.text for passage in answer.passages}
    return tuple(
        citation.quote
        for citation in answer.citations
        if not citation.quote
        or texts.get(citation.passage_id, "")[citation.start : citation.end] != citation.quote
    )


def claims(answer: Answer) -> tuple[Claim, ...]:
    """The sentences of the answer's text with their markers; headings are not counted.

    Text quoted word for word is one sentence, whatever punctuation is in it. A line that ends with
    a colon and has no marker introduces what follows and shares its markers.
    """
    found: list[list[Claim]] = []
    following: frozenset[int] = frozenset()
    for line in reversed(answer.text.splitlines()):
        if not line.strip() or _HEADING.match(line):
            continue
        pieces = list(_pieces(line))
        markers = frozenset(number for _, numbers in pieces for number in numbers)
        if not markers and line.rstrip(" *_").endswith(":"):
            found.append([(_plain(line), following)])
        else:
            found.append([one for piece in pieces for one in _sentences(*piece, answer)])
        following = markers or following
    return tuple(claim for line_claims in reversed(found) for claim in line_claims)


def unsupported(answer: Answer) -> tuple[str, ...]:
    """The sentences without a marker, with a marker of no citation, or with a figure that is not
    in the quotes they cite."""
    citations = {citation.number: citation for citation in answer.citations}
    return tuple(text for text, numbers in claims(answer) if not _holds(text, numbers, citations))


def _holds(text: str, numbers: frozenset[int], citations: dict[int, Citation]) -> bool:
    if not numbers or not numbers <= citations.keys():
        return False
    quoted = figures("\n".join(citations[number].quote for number in sorted(numbers)))
    return figures(text) <= quoted


def _pieces(line: str) -> Iterator[Claim]:
    """The stretches of a line that end in markers, or at the line's end."""
    for match in _PIECE.finditer(_plain(line)):
        text = match["text"].strip()
        if re.search(r"\w", text):
            yield text, frozenset(int(number) for number in re.findall(r"\d+", match["markers"]))


def _plain(line: str) -> str:
    """The line without Markdown, so that list numbers are not taken for figures."""
    return _MARKDOWN.sub("", _LINE_START.sub("", line)).strip()


def _sentences(text: str, numbers: frozenset[int], answer: Answer) -> list[Claim]:
    """The piece's sentences; its markers belong to the last, unless it is a quote as a whole."""
    quotes = [fold(_plain(one.quote)) for one in answer.citations if one.number in numbers]
    if any(fold(text).rstrip(".;:") in quote for quote in quotes):
        return [(text, numbers)]
    spans = sentences(text, answer.language)
    parts = [text[start:end] for start, end in spans if re.search(r"\w", text[start:end])]
    earlier: list[Claim] = [(part, frozenset()) for part in parts[:-1]]
    return [*earlier, (parts[-1], numbers)]
