"""Search for words in the documents, as one types: where they stand, and snippets."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from core.source import DocumentInfo
from language.words import fold, traced, without_accents
from ui.addresses import Span
from ui.markup import source_text_html
from vectorstore.store import Snapshot

_AROUND = 60  # characters before the first word in a snippet: the words that it belongs to
_LENGTH = 260  # characters of a snippet: two or three lines, so that a list can be looked through
_MARKED = 20  # words that are marked in one passage; more marks show nothing


@dataclass(frozen=True)
class SearchedPassage:
    """A passage as it is searched."""

    id: str
    headings: tuple[str, ...]  # below the title
    text: str
    page: int | None
    compared: str  # headings and text, as words are compared with them


@dataclass(frozen=True)
class Searchable:
    """One language version of a document as it is searched."""

    title: str
    lines: tuple[SearchedPassage, ...]


@dataclass(frozen=True)
class FoundPlaces:
    """The places of the words in a document: all of them in its title, or in these passages."""

    in_title: bool
    lines: tuple[SearchedPassage, ...]


@st.cache_resource(max_entries=1, show_spinner=False)
def searchable(generation: str, _index: Snapshot) -> dict[str, Searchable]:
    """The searchable documents of a generation, by document key; made once for all sessions."""
    lines: dict[str, list[SearchedPassage]] = {}
    for passage in sorted(_index.passages(), key=lambda each: each.start):
        headings = passage.headings[1:] or passage.headings
        words = compared("\n".join((*headings, passage.text)))
        line = SearchedPassage(passage.id, headings, passage.text, passage.page, words)
        lines.setdefault(passage.document.key, []).append(line)
    found = {}
    for document in _index.documents():
        named = f"{document.title} {document.about} {document.reference} {document.celex}"
        found[document.key] = Searchable(compared(named), tuple(lines.get(document.key, ())))
    return found


def compared(text: str) -> str:
    """A text as it is compared here."""
    return without_accents(fold(text))


def find(
    words: str, documents: Iterable[DocumentInfo], texts: Mapping[str, Searchable]
) -> dict[str, FoundPlaces]:
    """The documents, by key, that have all these words in title and one passage together.

    Only passages in which a word stands are given: a title alone gives none.
    """
    wanted = compared(words).split()
    found: dict[str, FoundPlaces] = {}
    for document in documents if wanted else ():
        there = texts.get(document.key)
        if there is None:
            continue
        left = [word for word in wanted if word not in there.title]
        words_here = left or wanted
        lines = tuple(
            line for line in there.lines if all(word in line.compared for word in words_here)
        )
        if lines or not left:
            found[document.key] = FoundPlaces(not left, lines)
    return found


def spans(text: str, words: str) -> list[Span]:
    """The spans of these words in a text, in order; none of them overlap."""
    folded, places = traced(text)
    covered: set[int] = set()
    for word in compared(words).split():
        at = folded.find(word)
        while at >= 0:
            covered.update(range(at, at + len(word)))
            at = folded.find(word, at + len(word))
    found: list[Span] = []
    last = -2
    for at in sorted(covered):
        start, end = places[at]
        if at == last + 1 or (found and start < found[-1][1]):  # "½" is three: 1, ⁄ and 2
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
        last = at
    return found[:_MARKED]


def snippet_html(text: str, marked: Sequence[Span]) -> str:
    """The stretch of a passage with the most of these places, marked, in its context."""
    start, end = _window(text, marked)
    parts, position = [], start
    for left, right in marked:
        if start <= left and right <= end:
            before, found = (
                source_text_html(piece) for piece in (text[position:left], text[left:right])
            )
            parts.append(f"{before}<mark>{found}</mark>")
            position = right
    shown = "".join(parts) + source_text_html(text[position:end])
    return f"{'… ' if start else ''}{shown}{' …' if end < len(text) else ''}"


def _window(text: str, marked: Sequence[Span]) -> Span:
    """The start and end of a snippet: between words, with as many marks as fit in it."""
    best = max(
        (start for start, _ in marked),
        key=lambda start: sum(start <= left < start + _LENGTH - _AROUND for left, _ in marked),
        default=0,
    )
    start = max(0, best - _AROUND)
    if start:
        start = text.find(" ", start, best) + 1 or best
    end = min(len(text), start + _LENGTH)
    if end < len(text):
        end = max(text.rfind(" ", best + 1, end), best + 1)
        end = max([end, *(right for left, right in marked if left < end < right)])
    return start, end
