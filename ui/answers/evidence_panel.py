"""The panel beside an answer: each cited passage, marked."""

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote as percent_encoded
from urllib.parse import urlsplit

import streamlit as st

from core.answer import Answer, Citation, by_number, section
from core.errors import StrategiewijzerError
from core.source import STEPS_BACK, Passage, Standing
from language.escaping import is_web_page
from ui.addresses import reading_address
from ui.answers.references import (
    anchors,
    naming,
    number,
    numbers,
    pages,
    passage_of,
    references,
    stretches,
)
from ui.markup import escape, facts_html, folded_html, link, marked_pieces, new_tab
from ui.texts import Texts
from userdata.conversations import quote_id
from vectorstore.store import Snapshot

QuoteChange = Literal["gone", "changed", "moved", "superseded"]
"""What became of a quote: its document is gone; its words are no longer in it; they are, in a
passage that has changed; another document took the place of its document."""

_FIRST_WORDS = 6  # of a quote, to tell it from others; more are tiring to hear at each button
_WORDS = 12  # of a quote in an address; a longer one is named by its ends, together as long
_END = 6  # words of each end; fewer may stand elsewhere in the page as well
# Files in which a browser does not search; EUR-Lex has the form in the path ("/TXT/PDF/").
_NO_PAGE = re.compile(r"/pdf/|\.(?:pdf|docx?|odt|rtf|pptx?|odp|xlsx?|ods|epub|zip)$", re.IGNORECASE)
_ITEM = re.compile(r"^\s*(?:[-*+•]|\d{1,3}[.)])\s+")  # what a browser does not show as text


@dataclass(frozen=True)
class CurrentSources:
    """The passages of the cited documents in use now, by the document's key."""

    passages: Mapping[str, tuple[Passage, ...]]
    standings: Mapping[str, Standing]

    def change(self, citation: Citation) -> QuoteChange | None:
        """The change of a quote since the answer was given; None: it is as it was."""
        key = citation.document.key
        passages = self.passages.get(key, ())
        if not passages:
            return "gone"
        if all(passage.id != citation.passage_id for passage in passages):
            there = any(citation.quote in passage.text for passage in passages)
            return "moved" if there else "changed"
        if self.standings.get(key) == "superseded" and citation.standing != "superseded":
            return "superseded"
        return None


def current_sources(citations: Iterable[Citation], index: Snapshot | None) -> CurrentSources | None:
    """The cited documents as they are now; None while the index cannot be used."""
    keys = {citation.document.key for citation in citations}
    if index is None:
        return None
    try:
        return CurrentSources(
            {key: _passages(index.generation, key, index) for key in keys},
            index.standings() if keys else {},
        )
    except StrategiewijzerError:
        return None


@st.cache_resource(show_spinner=False, max_entries=100)
def _passages(generation: str, key: str, _index: Snapshot) -> tuple[Passage, ...]:
    """The passages of a document in use, shared by all sessions and never changed; `generation`
    only tells one state from another."""
    return tuple(_index.passages([key]))


def evidence_html(answer: Answer, prefix: str, texts: Texts, *, above: str = "") -> str:
    """Every passage that is cited, with the quotes marked in it; folded, with HTML `above` it.

    A browser unfolds it to follow a marker's link into it. It is not `st.expander`, which then
    keeps what it holds inert: visible, but its links cannot be used.
    """
    if not answer.citations:
        return ""
    by_passage: dict[str, list[Citation]] = {}
    for citation in answer.citations:
        by_passage.setdefault(citation.passage_id, []).append(citation)
    words = references(answer.citations, texts)
    shown = "".join(
        _source_html(answer, citations, words[citations[0].number], prefix, texts)
        for citations in by_passage.values()
    )
    count = len(by_number(answer.citations))
    key = "answers.nearest" if answer.kind == "refusal" else "sources.heading"
    heading = escape(texts(key, number=count))
    region = f'<div role="region" aria-label="{heading}" tabindex="0">{shown}</div>'
    return folded_html("sw-sources", heading, above + region + _panel_html(texts))


def _panel_html(texts: Texts) -> str:
    """The panel as it is before a passage is put into it: hidden, and never opened itself."""
    names = {
        name: escape(texts(f"panel.{name}")) for name in ("title", "previous", "next", "close")
    }
    previous, following, close = (
        f'<button type="button" class="sw-panel-{name}" aria-label="{names[name]}" '
        f'title="{names[name]}">{sign}</button>'
        for name, sign in (("previous", "‹"), ("next", "›"), ("close", "✕"))
    )
    return (
        f'<dialog class="sw-panel" aria-label="{names["title"]}"><div class="sw-panel-bar">'
        f'{previous}<span class="sw-panel-place" role="status"></span>{following}{close}</div>'
        f'<div class="sw-panel-body" role="group" aria-label="{names["title"]}" tabindex="0"></div>'
        "</dialog>"
    )


def _source_html(
    answer: Answer, citations: Sequence[Citation], words: str, prefix: str, texts: Texts
) -> str:
    """One passage under its reference in `words`, with its origin, its quotes and links to where it
    stands."""
    first = citations[0]
    document = first.document
    text, spans = _quoted(answer, citations)
    sentences = itertools.chain(*(line for block in answer.blocks for line in block.lines))
    # What the answer proper rests on, not what is folded.
    proper = {(span.number, span.start, span.end) for each in sentences for span in each.evidence}
    quoted = [
        span
        for span, quote in zip(spans, citations, strict=True)
        if (quote.number, quote.start, quote.end) in proper
    ]
    keeps = _keeps_html(stretches(citations, answer), text, prefix, texts)
    marked = highlighted(text, spans, anchors(answer, prefix), quoted or spans, keeps)
    facts = [
        document.title if document.title not in words else "",
        texts.label("kinds", document.kind),
        number(document, texts),
        texts.date(document.date),
        texts.label("standings", first.standing) if first.standing in STEPS_BACK else "",
    ]
    if document.language != answer.question_language:
        name = texts.label("languages", document.language)
        facts.append(texts("sources.quote_language", language=name))
    path = "" if section(citations) in words else section(citations)
    return (
        f'<section class="sw-source"><h3>{numbers(citations)} {escape(words)}</h3>'
        + facts_html(*facts)
        + (f"<p>{escape(texts('sources.section'))}: {escape(path)}</p>" if path else "")
        + f'<blockquote lang="{escape(document.language)}">'
        f"{marked}</blockquote>" + f"{origins(citations, texts)}</section>"
    )


def _quoted(
    answer: Answer, citations: Sequence[Citation]
) -> tuple[str, list[tuple[int, int, int]]]:
    """A passage and the (start, end, number) of its quotes; only the quotes if it was not kept."""
    if passage := passage_of(citations[0], answer):
        return passage.text, [(quote.start, quote.end, quote.number) for quote in citations]
    text = "\n\n".join(dict.fromkeys(quote.quote for quote in citations))
    starts = [(text.index(quote.quote), quote) for quote in citations]
    return text, [(start, start + len(quote.quote), quote.number) for start, quote in starts]


def _keeps_html(quotes: Sequence[Citation], text: str, prefix: str, texts: Texts) -> dict[int, str]:
    """By where each of these quotes ends in the text: a small button that keeps it, or takes it
    away again (ui/notes.py, which shows them where quotes can be kept). What is not seen
    names the quote by its first words."""
    found = {}
    for quote in quotes:
        name = " ".join(quote.quote.split()[:_FIRST_WORDS])
        keep, kept = (
            f'{escape(texts(f"notes.{key}"))}<span class="sw-hidden">'
            f"{escape(texts(f'notes.{key}_which', quote=name))}</span>"
            for key in ("keep", "kept")
        )
        there = text.startswith(quote.quote, quote.start)
        end = quote.end if there else text.index(quote.quote) + len(quote.quote)
        found[end] = (
            f'<span class="sw-keep" lang="{texts.language}">'
            f'<button type="button" data-keep="{escape(prefix)}-{quote_id(quote)}">'
            f'<span class="sw-unkept">{keep}</span><span class="sw-kept">{kept}</span></button>'
            f'<span class="sw-keep-told" role="status"></span></span>'
        )
    return found


def highlighted(
    text: str,
    spans: Sequence[tuple[int, int, int]],
    targets: Mapping[int, str],
    proper: Sequence[tuple[int, int, int]],
    keeps: Mapping[int, str],
) -> str:
    """A passage with its quotes marked, of which spans (start, end, number) may overlap.

    Args:
        targets: the id that the first mark of a number gets.
        proper: those of the spans that the answer proper rests on.
        keeps: HTML behind what ends at an offset.
    """
    left_over = dict(targets)
    parts: list[str] = []
    for left, right, piece in marked_pieces(text, [(start, end) for start, end, _ in spans]):
        if piece.startswith("<mark>"):
            if not any(start <= left and right <= end for start, end, _ in proper):
                piece = piece.replace("<mark>", '<mark class="sw-further">', 1)
            for start, end, number in spans:
                if start <= left < end and number in left_over:  # takes the focus for a marker
                    id = escape(left_over.pop(number))
                    piece = f'<span id="{id}" tabindex="-1">{piece}</span>'
        parts.append(piece)
        if left < right:
            parts.append(keeps.get(right, ""))
    return "".join(parts)


def in_context(citations: Sequence[Citation], label: str, texts: Texts) -> str:
    """A link to the quotes in their document, in a tab of its own: the conversation stays."""
    first = citations[0]
    spans = ((citation.start, citation.end) for citation in citations)
    address = f"sources?{reading_address(first.document, first.passage_id, spans)}"
    return new_tab(address, label, texts)


def origins(citations: Sequence[Citation], texts: Texts) -> str:
    """Links to these quotes out of one passage in their document, and to the first in its official
    page. The label says where it cannot lead there: the page of a brief has another text, and a PDF
    has no such places."""
    first, found = citations[0], list[tuple[str, str]]()
    if first.document.kind == "brief":
        found = pages(first.document, texts)
    elif is_web_page(first.url):
        url = at_quote(first.url, first.quote)
        key = "answers.open_at_quote" if leads_to_words(url) else "answers.open_source"
        found = [(naming(url, texts(key)), url)]
    links = [in_context(citations, texts("sources.context"), texts)]
    for label, url in found:
        shown = label if leads_to_words(url) else texts("answers.at_top", label=label)
        links.append(link(url, shown, texts))
    return "".join(f"<p>{each}</p>" for each in links)


def at_quote(url: str, quote: str) -> str:
    """The address of a page, at a quote in it.

    Words that stand in one block of the page are found as a whole; a quote of several lines, such
    as a list, or a long one is named by its first and last words. Without the quote where the page
    cannot be searched for it: in a PDF, or for a row of a table, which has no such signs there.
    """
    lines = [words for line in quote.splitlines() if (words := _ITEM.sub("", line).split())]
    if not url or not lines or "|" in quote or _NO_PAGE.search(urlsplit(url).path):
        return url
    ends = [lines[0]]
    if len(lines) > 1 or len(lines[0]) > _WORDS:
        ends = [lines[0][:_END], lines[-1][-_END:]]
    # "-" is part of the syntax as well, though no address needs it encoded.
    coded = (percent_encoded(" ".join(words), safe="").replace("-", "%2D") for words in ends)
    return f"{url}{'' if '#' in url else '#'}:~:text={','.join(coded)}"


def leads_to_words(url: str) -> bool:
    """Whether an address is one at a quote."""
    return ":~:text=" in url
