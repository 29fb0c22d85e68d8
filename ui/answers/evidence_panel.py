"""The panel beside an answer: each cited passage, marked, in its surroundings."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal
from urllib.parse import quote as percent_encoded
from urllib.parse import urlsplit

import streamlit as st

from core.answer import Answer
from core.citations import Citation, by_number, section
from core.errors import StrategiewijzerError
from core.source import STEPS_BACK, Passage, Standing
from language.escaping import is_web_page
from ui import origins
from ui.addresses import Span, reading_address
from ui.answers.citations import anchors, numbers, passage_of, references, rests_on, stretches
from ui.markup import escape, facts_html, folded_html, link, marked_pieces, new_tab, text_html
from ui.texts import Texts
from userdata.conversation import quote_id
from vectorstore.store import Snapshot

QuoteChange = Literal["gone", "changed", "moved", "superseded"]
"""What became of a quote: its document is gone; its words are no longer in it; they are, in a
passage that has changed; another document took the place of its document."""

Piece = tuple[str, bool]
"""Words of a source, and whether they are quoted."""

_LONGEST = 200  # characters of a sentence beside a quote; more would draw the eye from the quote
_FIRST_WORDS = 6  # of a quote, to tell it from others; more are tiring to hear at each button
_WORDS = 12  # of a quote in an address; a longer one is named by its ends, together as long
_END = 6  # words of each end; fewer may stand elsewhere in the page as well
# Files in which a browser does not search; EUR-Lex has the form in the path ("/TXT/PDF/").
_NO_PAGE = re.compile(r"/pdf/|\.(?:pdf|docx?|odt|rtf|pptx?|odp|xlsx?|ods|epub|zip)$", re.IGNORECASE)
_ITEM = re.compile(r"^\s*(?:[-*+•]|\d{1,3}[.)])\s+")  # what a browser does not show as text


@dataclass(frozen=True)
class Surroundings:
    """The passages of the cited documents in use now, by key, in the order of their text."""

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

    def neighbours(self, citation: Citation) -> tuple[Passage | None, Passage | None]:
        """The passages before and after a cited one."""
        passages = self.passages.get(citation.document.key, ())
        ids = [passage.id for passage in passages]
        if citation.passage_id not in ids:
            return None, None
        place = ids.index(citation.passage_id)
        before = passages[place - 1] if place else None
        after = passages[place + 1] if place + 1 < len(passages) else None
        return before, after


def surroundings(citations: Iterable[Citation], index: Snapshot | None) -> Surroundings | None:
    """The text of the index around the citations; None while it cannot be used."""
    keys = {citation.document.key for citation in citations}
    if index is None:
        return None
    try:
        return Surroundings(
            {key: _passages(index.generation, key, index) for key in keys},
            index.standings() if keys else {},
        )
    except StrategiewijzerError:
        return None


def excerpts(
    answer: Answer, quotes: Sequence[Citation], around: Surroundings | None
) -> list[list[Piece]]:
    """Quotes out of one passage, each with the sentence before and the one after it.

    These may stand in the passages next to it, in the same section. Quotes that are that near to
    each other share an excerpt; only the quotes are there if the passage was not kept.
    """
    passage = passage_of(quotes[0], answer)
    if passage is None:
        return [[(quote.quote, True)] for quote in quotes]
    text, units, shift = "", list[Span](), 0
    before, after = around.neighbours(quotes[0]) if around else (None, None)
    for part in (before, passage, after):
        if part is None or part.headings != passage.headings:
            continue
        shift = len(text) if part is passage else shift
        units += ((len(text) + unit.start, len(text) + unit.end) for unit in part.units)
        text += f"{part.text}\n\n"
    quoted = sorted((shift + quote.start, shift + quote.end) for quote in quotes)
    stretches: list[Span] = []
    for start, end in quoted:
        first = max((left for left, right in units if right <= start), default=start)
        last = min((right for left, right in units if left >= end), default=end)
        if start - first > _LONGEST:
            first = text.find(" ", start - _LONGEST, start) + 1 or start
        if last - end > _LONGEST:
            last = max(end, text.rfind(" ", end, end + _LONGEST))
        if stretches and first <= stretches[-1][1]:
            first, last = stretches[-1][0], max(last, stretches.pop()[1])
        stretches.append((first, last))
    return [_pieces(text, stretch, quoted, units) for stretch in stretches]


def _pieces(text: str, stretch: Span, quoted: Sequence[Span], units: Sequence[Span]) -> list[Piece]:
    """A stretch of a text, cut where quotes begin and end; dots where it has half a sentence."""
    first, last = stretch
    cuts = sorted({first, last, *(cut for span in quoted for cut in span if first < cut < last)})
    found = [
        (text[left:right], any(start <= left and right <= end for start, end in quoted))
        for left, right in pairwise(cuts)
    ]
    if all(first != start for start, _ in (*units, *quoted)):
        found.insert(0, ("… ", False))
    if all(last != end for _, end in (*units, *quoted)):
        found.append((" …", False))
    return found


@st.cache_resource(show_spinner=False, max_entries=100)
def _passages(generation: str, key: str, _index: Snapshot) -> tuple[Passage, ...]:
    """The passages of a document in use, in order; `generation` only tells one state from another.

    They are shared by all sessions and never changed.
    """
    found = _index.passages([key])
    return tuple(sorted(found, key=lambda passage: passage.start))


def evidence_html(
    answer: Answer, prefix: str, texts: Texts, around: Surroundings | None, *, above: str = ""
) -> str:
    """Every passage that is cited, with the quotes marked in it; folded until it is asked for.

    The markers in the answer link into it, and a browser unfolds it to follow such a link. It is
    not `st.expander`, which then keeps what it holds inert: visible, but its links cannot be used.

    Args:
        answer: whose evidence is shown.
        prefix: begins the names of its places in the page.
        texts: the strings of the interface language.
        around: the documents as they are now, for the text around the quotes; None: not known.
        above: HTML that is folded with it, before it.
    """
    if not answer.citations:
        return ""
    by_passage: dict[str, list[Citation]] = {}
    for citation in answer.citations:
        by_passage.setdefault(citation.passage_id, []).append(citation)
    words = references(answer.citations, texts)
    shown = "".join(
        _source_html(answer, citations, words[citations[0].number], prefix, texts, around)
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
    answer: Answer,
    citations: Sequence[Citation],
    words: str,
    prefix: str,
    texts: Texts,
    around: Surroundings | None,
) -> str:
    """One passage under its reference in `words`, with its origin, its quotes, the text around it
    and links to where it stands."""
    first = citations[0]
    document = first.document
    text, spans = _quoted(answer, citations)
    proper = rests_on(answer)
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
        origins.number(document, texts),
        texts.date(document.date) if document.date else "",
        texts.label("standings", first.standing) if first.standing in STEPS_BACK else "",
    ]
    if document.language != answer.question_language:
        name = texts.label("languages", document.language)
        facts.append(texts("sources.quote_language", language=name))
    path = "" if section(citations) in words else section(citations)
    before, after = around.neighbours(first) if around else (None, None)
    return (
        f'<section class="sw-source"><h3>{numbers(citations)} {escape(words)}</h3>'
        + facts_html(*facts)
        + (f"<p>{escape(texts('sources.section'))}: {escape(path)}</p>" if path else "")
        + _neighbour_html(before, first, "answers.before", texts)
        + f'<blockquote lang="{escape(document.language)}">'
        f"{marked}</blockquote>"
        + _neighbour_html(after, first, "answers.after", texts)
        + f"{in_context(citations, texts)}{official_pages(citations, texts)}</section>"
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


def _neighbour_html(passage: Passage | None, cited: Citation, key: str, texts: Texts) -> str:
    """The text before or after a cited passage, folded; with its heading where that is another."""
    if passage is None:
        return ""
    heading = ""
    if passage.headings != cited.headings:
        heading = facts_html(" › ".join(passage.headings[-2:]))
    text = f'<div lang="{escape(passage.language)}">{text_html(passage.text)}</div>'
    return folded_html("sw-nearby", escape(texts(key)), heading + text)


def _keeps_html(quotes: Sequence[Citation], text: str, prefix: str, texts: Texts) -> dict[int, str]:
    """By where each of these quotes ends in the text: a small button that keeps it, or takes it
    away again (ui/notes/keeping.py, which shows them where quotes can be kept). What is not seen
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
    """A passage with its quotes marked.

    Args:
        text: the passage, with its lists as such and else character for character.
        spans: (start, end, number) of each quote; they may overlap. Where all have one number, it
            is not repeated behind each.
        targets: the id that the first mark of a number gets.
        proper: those of the spans that the answer proper rests on.
        keeps: HTML behind what ends at an offset.
    """
    several = len({number for *_, number in spans}) > 1
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
        ending = (number for _, end, number in spans if end == right) if several else ()
        parts.append(piece + "".join(f"<sup>[{number}]</sup>" for number in ending))
        if left < right:
            parts.append(keeps.get(right, ""))
    return "".join(parts)


def in_context(citations: Sequence[Citation], texts: Texts) -> str:
    """A link to the quotes in their document, in a tab of its own: the conversation stays."""
    first = citations[0]
    spans = ((citation.start, citation.end) for citation in citations)
    address = f"sources?{reading_address(first.document, first.passage_id, spans)}"
    return f"<p>{new_tab(address, texts('sources.context'), texts)}</p>"


def official_pages(citations: Sequence[Citation], texts: Texts) -> str:
    """One link per address; with the citations' numbers where there is more than one.

    It leads to the first quote of a number, and says so where it cannot: the page of a brief has
    another text, and a PDF has no such places.
    """
    document = citations[0].document
    if document.kind == "brief":
        named = origins.pages(document, texts)
        return "".join(_link_html(url, label, texts) for label, url in named)
    by_url: dict[str, list[Citation]] = {}
    for citation, *_ in by_number(citations).values():
        if is_web_page(citation.url):
            by_url.setdefault(at_quote(citation.url, citation.quote), []).append(citation)
    shown = []
    for url, cited in by_url.items():
        key = "answers.open_at_quote" if leads_to_words(url) else "answers.open_source"
        label = texts(key if len(by_url) == 1 else f"{key}_for", numbers=numbers(cited))
        shown.append(_link_html(url, origins.naming(url, label), texts))
    return "".join(shown)


def _link_html(url: str, label: str, texts: Texts) -> str:
    shown = label if leads_to_words(url) else texts("answers.at_top", label=label)
    return f"<p>{link(url, shown, texts)}</p>"


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
    directive = ",".join(_encoded(" ".join(words)) for words in ends)
    return f"{url}{'' if '#' in url else '#'}:~:text={directive}"


def leads_to_words(url: str) -> bool:
    """Whether an address is one at a quote."""
    return ":~:text=" in url


def _encoded(words: str) -> str:
    """UTF-8 in percents. "-" is part of the syntax as well, though no address needs it encoded."""
    return percent_encoded(words, safe="").replace("-", "%2D")
