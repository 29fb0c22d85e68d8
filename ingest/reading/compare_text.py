"""Verbatim check: whether the stored text of a file stands in it word for word.

    units and headings -> runs of five words -> looked up in the file's own text -> what is missing

White space is ignored, and so is what we write ourselves: list marks, bars of tables, backslashes,
numbers of notes that we move below their sentence. A run never spans two units, or two cells of a
row. Time is linear in the length of the text, whatever it holds.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from core.passage import Passage
from core.source import SourceDocument
from ingest.reading.comparison import Misread, WordComparison
from ingest.reading.formats import blocks_of
from ingest.reading.formats.blocks import first_heading
from ingest.reading.source_parts import APART, LABEL

WORDS = 5  # in a run: fewer occur by chance, more are lacking for one word that differs
_LONGEST = 200  # characters compared of a run: each length takes one more pass over the file
# White space, invisible characters, bullets, and the marks of our own Markdown.
_NOT_COMPARED = re.compile(
    "[\\s\\\\•◦▪‣·\x01-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"
    "\ue002-\uf8ff\ufff9-\ufffb\U000e0000-\U000e007f]+"
)
_BAR = re.compile(r"(?<!\\)\|")
_JOINED = " – "  # we write it between two lines of the file that are one heading
_LABELS = re.compile(rf"[(\[]?{LABEL.pattern}(?:[,;]?{LABEL.pattern})*[)\]]?")
_HYPHEN = re.compile("[-\u2010]$")
_BASE = 0x9E3779B97F4A7C15  # odd, so that it has an inverse
_BITS = 16  # of a hash: 65,536 marks rule out most places, and fit a processor's cache
_REST = np.uint64(64 - _BITS)  # the other bits of a hash
_RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹"  # we write raised figures of a PDF so: of a square metre, of a note
_AS_FIGURES, _LEFT_OUT = str.maketrans(_RAISED, "0123456789"), str.maketrans("", "", _RAISED)
_LIGATURES = str.maketrans({char: unicodedata.normalize("NFKC", char) for char in "ﬀﬁﬂﬃﬄﬅﬆ"})

_Run = tuple[str, ...]
_Numbers = NDArray[np.uint64]


@dataclass(frozen=True)
class _Kept:
    """A stored text, and its pages (from 1)."""

    text: str
    heading: str
    pages: tuple[int, int] | None


def compare(
    document: SourceDocument, passages: Sequence[Passage], source: Sequence[str]
) -> WordComparison:
    """Looks up all stored text of a document in its file.

    Args:
        document: as it was loaded.
        passages: the passages of the document.
        source: the file's own text, page by page, as `ingest.reading.source_text.read` gives it.
    """
    windows: dict[tuple[int, int], list[tuple[_Kept, list[str]]]] = {}
    for kept in (*_headings(document), *_units(passages)):
        first, last = kept.pages or (1, len(source))
        for part in _BAR.split(kept.text):
            if words := _words(part):
                windows.setdefault((first, last), []).append((kept, words))
    runs = missing = 0
    misread: list[Misread] = []
    for (first, last), parts in windows.items():
        lookup = _Source(source[first - 1 : max(last, first + 1)])
        wanted = {run for _, words in parts for run in _runs(words)}
        lacking = lookup.lacking(wanted)
        for kept, words in parts:
            wrong = [run in lacking for run in _runs(words)]
            runs, missing = runs + len(wrong), missing + sum(wrong)
            page = first if kept.pages else None
            for text in _stretches(words, wrong):
                misread.append(Misread(text=text, heading=kept.heading, page=page))
    return WordComparison(runs=runs, missing=missing, misread=tuple(misread))


def _headings(document: SourceDocument) -> Iterator[_Kept]:
    """All headings but the title, which may be composed, or come from elsewhere than the text."""
    blocks = blocks_of(document)
    root = first_heading(blocks)
    for block in blocks:
        if block.kind == "heading" and not (block is root and block.level == 1):
            page = bisect_right(document.page_starts, block.begin)
            for line in block.title.split(_JOINED):
                yield _Kept(line, block.title, (page, page) if page else None)


def _units(passages: Sequence[Passage]) -> Iterator[_Kept]:
    for passage in passages:
        for unit in passage.units:
            yield _Kept(
                passage.text[unit.start : unit.end],
                passage.headings[-1],
                passage.pages(unit.start, unit.end),
            )


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", _NOT_COMPARED.sub("", text)).translate(_LIGATURES)


def _words(text: str) -> list[str]:
    return [word for word in map(_plain, text.split()) if word]


def _runs(words: Sequence[str]) -> list[_Run]:
    """The word n-grams, of five words; all words as one run if there are fewer."""
    return [tuple(words[n : n + WORDS]) for n in range(max(len(words) - WORDS, 0) + 1)]


def _stretches(words: Sequence[str], wrong: Sequence[bool]) -> Iterator[str]:
    """The words of missing runs; overlapping runs are one text."""
    start = end = 0
    for number in (n for n, is_wrong in enumerate(wrong) if is_wrong):
        if number >= end:
            if end:
                yield " ".join(words[start:end])
            start = number
        end = number + WORDS
    if end:
        yield " ".join(words[start:end])


class _Source:
    """The text of some pages, in which runs are looked up.

    A sentence may be read with or without the numbers of notes, a word broken at the end of a line
    with or without its hyphen. Where other text comes between, as at the foot of a page, the words
    before it end a line and those after it begin one.
    """

    def __init__(self, pages: Iterable[str]) -> None:
        text = "\n".join(pages)
        readings: set[str] = set()
        for reading in (LABEL.sub(r"\1", text), _LABELS.sub("", text)):
            lines = [_plain(line) for line in reading.split("\n")]
            unbroken = [_HYPHEN.sub("", line) for line in lines[:-1]] + lines[-1:]
            readings |= {"".join(lines), "".join(unbroken)}
            if len(lines) > 1:
                readings.add("\n".join(("", *lines, "")))
        self._text = _Hashed(APART.join(sorted(readings)))

    def lacking(self, runs: Iterable[_Run]) -> set[_Run]:
        """The runs that are not in the text."""
        missing = set(runs)
        for raised in (_AS_FIGURES, _LEFT_OUT):
            missing = self._lacking(
                {run: tuple(w.translate(raised) for w in run) for run in missing}
            )
        return missing

    def _lacking(self, runs: Mapping[_Run, _Run]) -> set[_Run]:
        whole = {run: "".join(words) for run, words in runs.items()}
        found = self._text.found(whole.values())
        parted = {run: list(_parted(runs[run])) for run, text in whole.items() if text not in found}
        parts = chain.from_iterable(chain.from_iterable(parted.values()))
        found = self._text.found(parts)
        return {run for run, pairs in parted.items() if not any(map(found.issuperset, pairs))}


def _parted(run: _Run) -> Iterator[tuple[str, str]]:
    """The ways to split a run over two lines: the end of one, and the beginning of another."""
    for number in range(1, len(run)):
        yield "".join(run[:number]) + "\n", "\n" + "".join(run[number:])


class _Hashed:
    """A text in which others are found by a rolling hash (Rabin-Karp), in one pass per length.

    The hash of a text is the sum of its characters, each times the next power of `_BASE`, modulo
    2**64; that of a stretch is the difference of two prefix sums, times the inverse power.
    """

    def __init__(self, text: str) -> None:
        characters = _codes(text)
        sums = np.cumsum(characters * _powers(_BASE, len(characters)))
        self._sums = np.concatenate((np.zeros(1, np.uint64), sums))
        self._inverse = _powers(pow(_BASE, -1, 1 << 64), len(characters))

    def found(self, texts: Iterable[str]) -> set[str]:
        """The texts that occur in this one; only the beginning of a very long one is compared."""
        by_length: dict[int, dict[int, list[str]]] = {}
        for text in texts:
            characters = _codes(text[:_LONGEST])
            own = int(np.sum(characters * _powers(_BASE, len(characters))))
            by_length.setdefault(len(characters), {}).setdefault(own, []).append(text)
        there = set(by_length.pop(0, {}).get(0, ()))  # an empty text is everywhere
        for length, sought in by_length.items():
            places = len(self._sums) - length
            if places > 0:
                hashes = (self._sums[length:] - self._sums[:-length]) * self._inverse[:places]
                may_be = np.zeros(1 << _BITS, bool)  # by the first bits: rules out most
                may_be[np.fromiter(sought, np.uint64, len(sought)) >> _REST] = True
                for own in np.unique(hashes[may_be[hashes >> _REST]]):
                    there.update(sought.get(int(own), ()))
        return there


def _codes(text: str) -> _Numbers:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)


def _powers(base: int, number: int) -> _Numbers:
    """The powers of a base from 0 up, modulo 2**64."""
    powers = np.full(number, base, np.uint64)
    powers[:1] = 1
    return np.cumprod(powers)
