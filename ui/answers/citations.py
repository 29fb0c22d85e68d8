"""The sources of an answer: which passages are cited, with the quotes marked in them."""

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from core.types import Answer, Citation
from ui.addresses import reading_address
from ui.markup import escape, is_web_page, link, new_tab
from ui.texts import Texts


def anchors(answer: Answer, prefix: str) -> dict[int, str]:
    """The place in the page where each citation of an answer is shown."""
    return {citation.number: f"{prefix}-{citation.number}" for citation in answer.citations}


def sources_html(answer: Answer, prefix: str, texts: Texts) -> str:
    """Every passage that is cited, with the quotes marked in it; folded until it is asked for.

    The markers in the answer link into it, and a browser unfolds it to follow such a link. It is
    not `st.expander`, which then keeps what it holds inert: visible, but its links cannot be used.
    It scrolls by itself, since Streamlit scrolls a chat to its end whenever it grows, which would
    lead past the first sources.
    """
    if not answer.citations:
        return ""
    by_passage: dict[str, list[Citation]] = {}
    for citation in answer.citations:
        by_passage.setdefault(citation.passage_id, []).append(citation)
    shown = "".join(
        _source_html(answer, citations, prefix, texts) for citations in by_passage.values()
    )
    heading = escape(texts("sources.heading", number=len(answer.citations)))
    return (
        f'<details class="sw-sources"><summary>{heading}</summary>'
        f'<div role="region" aria-label="{heading}" tabindex="0">{shown}</div></details>'
    )


def _source_html(answer: Answer, citations: Sequence[Citation], prefix: str, texts: Texts) -> str:
    """One passage with its origin, its quotes and a link to the official page."""
    first = citations[0]
    document = first.document
    by_id = {passage.id: passage.text for passage in answer.passages}
    text = by_id.get(first.passage_id, first.quote)
    spans = [
        (citation.start, citation.end, citation.number)
        if first.passage_id in by_id
        else (0, len(text), citation.number)
        for citation in citations
    ]
    facts = [
        texts.label("kinds", document.kind),
        document.reference,
        texts.date(document.date) if document.date else "",
        texts("sources.page", page=pages) if (pages := _pages(citations)) else "",
        texts.label("standings", first.standing) if first.standing != "in_force" else "",
    ]
    if document.language != answer.language:
        name = texts.label("languages", document.language)
        facts.append(texts("sources.quote_language", language=name))
    section = " › ".join(name for name in first.headings if name != document.title)
    return (
        f'<section class="sw-source"><h3>{_numbers(citations)} {escape(document.title)}</h3>'
        f'<p class="sw-facts">{" · ".join(escape(fact) for fact in facts if fact)}</p>'
        + (f"<p>{escape(texts('sources.section'))}: {escape(section)}</p>" if section else "")
        + f'<blockquote lang="{escape(document.language)}">'
        f"{highlighted(text, spans, targets=anchors(answer, prefix))}</blockquote>"
        f"{_in_context(first, texts)}{_official_pages(citations, texts)}</section>"
    )


def _pages(citations: Iterable[Citation]) -> str:
    """Where the quotes stand, each page or range once."""
    return ", ".join(dict.fromkeys(c.page_range for c in citations if c.page_range))


def _in_context(citation: Citation, texts: Texts) -> str:
    """A link to the passage in its document, in a tab of its own: the conversation stays."""
    address = f"sources?{reading_address(citation.document, citation.passage_id)}"
    return f"<p>{new_tab(address, texts('sources.context'), texts)}</p>"


def _official_pages(citations: Sequence[Citation], texts: Texts) -> str:
    """One link per address; with the citations' numbers where there is more than one."""
    by_url: dict[str, list[Citation]] = {}
    for citation in citations:
        if is_web_page(citation.url):
            by_url.setdefault(citation.url, []).append(citation)
    if len(by_url) == 1:
        return f"<p>{link(next(iter(by_url)), texts('sources.open'), texts)}</p>"
    return "".join(
        f"<p>{link(url, texts('sources.open_for', numbers=_numbers(cited)), texts)}</p>"
        for url, cited in by_url.items()
    )


def _numbers(citations: Iterable[Citation]) -> str:
    return " ".join(f"[{citation.number}]" for citation in citations)


def highlighted(
    text: str, spans: Sequence[tuple[int, int, int]], targets: Mapping[int, str]
) -> str:
    """A passage with its quotes marked.

    Args:
        text: the passage, shown character for character.
        spans: (start, end, number) of each quote; they may overlap.
        targets: the id that the first mark of a number gets.
    """
    cuts = sorted({0, len(text), *(cut for start, end, _ in spans for cut in (start, end))})
    parts = []
    for left, right in itertools.pairwise(cuts):
        piece = escape(text[left:right])
        if not any(start <= left and right <= end for start, end, _ in spans):
            parts.append(piece)
            continue
        mark = f"<mark>{piece}</mark>"
        for start, _, number in spans:
            if start == left and number in targets:  # takes the focus when a marker is followed
                mark = f'<span id="{escape(targets[number])}" tabindex="-1">{mark}</span>'
        ends = "".join(f"<sup>[{number}]</sup>" for _, end, number in spans if end == right)
        parts.append(mark + ends)
    return "".join(parts)


def section_links(answer: Answer) -> dict[str, str]:
    """The official page of each section that was found, by the names an answer's text gives it."""
    links: dict[str, str] = {}
    for passage in answer.passages:
        name, reference = " › ".join(passage.headings), passage.document.reference
        for label in (name, f"{name} ({reference})"):
            links.setdefault(label, passage.document.url)
    return links


def languages(answer: Answer) -> list[str]:
    """The languages an answer is made of, most used first: those of its quotes if it has any.

    A model writes in the language of the question, whatever its sources are in.
    """
    quoted = Counter(citation.document.language for citation in answer.citations)
    if answer.mode == "generative" or not quoted:
        return [answer.language]
    return [language for language, _ in quoted.most_common()]


def languages_html(answer: Answer, texts: Texts) -> str:
    """Says so when an answer is not in the language of the question."""
    names = [texts.label("languages", name) for name in languages(answer)]
    if languages(answer) == [answer.language]:
        return ""
    note = texts("answer.other_language", languages=", ".join(names))
    return f'<p class="sw-note">{escape(note)}</p>'


def outdated_html(answer: Answer, texts: Texts) -> str:
    """Says so when an answer quotes documents that are not in force."""
    told = {
        texts(f"answer.{citation.standing}", title=citation.document.title): None
        for citation in answer.citations
        if citation.standing in ("superseded", "upcoming")
    }
    return "".join(f'<p class="sw-note">{escape(note)}</p>' for note in told)


def missing_html(answer: Answer, texts: Texts) -> str:
    """What the question demands and the sources lack."""
    if not answer.missing:
        return ""
    listed = ", ".join(answer.missing)
    key = "missing" if answer.answered else "missing_nearby"
    return f'<p class="sw-note">{escape(texts(f"answer.{key}"))} {escape(listed)}</p>'


def withheld_html(answer: Answer, texts: Texts) -> str:
    """A model's sentences that no source supports, out of sight until they are asked for."""
    if not answer.withheld:
        return ""
    summary = escape(texts("answer.withheld", number=len(answer.withheld)))
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in answer.withheld)
    return f'<details class="sw-note"><summary>{summary}</summary><ul>{items}</ul></details>'
