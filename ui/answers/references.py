"""The citations of an answer in words: what each number stands for, and its web pages."""

import re
from collections.abc import Iterable, Sequence

from core.answer import Answer, Citation, by_number
from core.answer import references as references_in_words
from core.answer_blocks import Blocks
from core.answer_blocks import numbers as cited_numbers
from core.hosts import is_official_address, shown_host
from core.source import DocumentInfo, Passage
from language.escaping import is_web_page
from ui.texts import Texts, languages, load

_EUR_LEX = "eur-lex.europa.eu"
_ITEM_BEGINS = re.compile(r"\s*(?:[-*•–]|\(?\w{1,4}[.)])?\s*")  # all there is between two items


def cited_in(blocks: Blocks, answer: Answer) -> list[Citation]:
    """The citations of an answer that blocks of it have markers for."""
    found = cited_numbers(blocks)
    return [citation for citation in answer.citations if citation.number in found]


def anchors(answer: Answer, prefix: str) -> dict[int, str]:
    """The place in the page where the first quote of each number is shown."""
    return {citation.number: f"{prefix}-{citation.number}" for citation in answer.citations}


def numbers(citations: Iterable[Citation]) -> str:
    """For example "[1] [3]"."""
    return " ".join(f"[{number}]" for number in by_number(citations))


def references(citations: Iterable[Citation], texts: Texts) -> dict[int, str]:
    """What each number of an answer stands for, in words."""
    return references_in_words(citations, texts.values["sources.page"])


def stretches(citations: Iterable[Citation], answer: Answer) -> list[Citation]:
    """Joins the quotes out of one passage that follow each other, such as the items of a list, in
    its order."""
    ordered = sorted(citations, key=lambda quote: (quote.start, quote.end))
    passage = passage_of(ordered[0], answer)
    groups: list[list[Citation]] = []
    for quote in ordered:
        end = max((before.end for before in groups[-1]), default=0) if groups else 0
        if groups and quote.end <= end:
            continue
        if groups and passage and _ITEM_BEGINS.fullmatch(passage.text[end : quote.start]):
            groups[-1].append(quote)
        else:
            groups.append([quote])
    return [_as_one(group, passage) if passage else group[0] for group in groups]


def passage_of(citation: Citation, answer: Answer) -> Passage | None:
    """The cited passage; None where the answer was kept without it."""
    return next((each for each in answer.passages if each.id == citation.passage_id), None)


def _as_one(quotes: Sequence[Citation], passage: Passage) -> Citation:
    """Quotes that follow each other in a passage, from the beginning of the first to the end of the
    last."""
    first, last = quotes[0], quotes[-1]
    ends = {
        "quote": passage.text[first.start : last.end],
        "end": last.end,
        "last_page": last.last_page,
        "last_marks": last.marks if last.last_marks is None else last.last_marks,
    }
    return first.model_copy(update=ends)


def full_references(citations: Sequence[Citation], texts: Texts) -> dict[int, str]:
    """By number the reference in words, which is the same everywhere; behind it, in brackets, what
    else is known of the document, and of a brief that it is one, and of what."""
    made, cited = {}, by_number(citations)
    for number, words in references(citations, texts).items():
        document = cited[number][0].document
        details = named(document, texts, before=words)
        if document.kind == "brief":
            summarised = f"{texts('references.summary_of')} {details or document.title}"
            details = f"{texts('title')}, {summarised}"
        made[number] = f"{words} ({details})." if details else f"{words}."
    return made


def named(document: DocumentInfo, texts: Texts, *, before: str = "") -> str:
    """Author, title, number and date of a document, without a title that stands in the words
    `before` it; or of the official text that a brief is about."""
    publisher, title = document.publisher, "" if document.title in before else document.title
    if document.kind == "brief":
        publisher, title = document.about_publisher, document.about
    questions = texts("references.questions") if document.questions_url else ""
    date = texts.date(document.date)
    numbered = document.reference or date
    if document.reference and date and date not in document.reference:
        numbered = texts("references.dated", reference=document.reference, date=date)
    return ", ".join(filter(None, (author(publisher, texts), title, numbered, questions)))


def author(publisher: str, texts: Texts) -> str:
    """The publisher of a text: an institution in the interface language, others as given."""
    for language in languages():
        for key, name in load(language).values.items():
            if name == publisher and key.startswith("institutions."):
                return texts(key)
    return publisher


def reference_lines(citations: Sequence[Citation], texts: Texts) -> dict[int, str]:
    """By number a line: "[1] Directive 2003/88/EC, … https://…"."""
    cited = by_number(citations)
    return {
        number: f"[{number}] {with_pages(reference, cited[number][0], texts)}"
        for number, reference in full_references(citations, texts).items()
    }


def with_pages(reference: str, citation: Citation, texts: Texts) -> str:
    """A reference, and behind it the web pages of its citation: of a brief with what each opens.

    The official page of any other document is what the reference itself names.
    """
    document = citation.document
    found = pages(document, texts, citation.url)
    is_brief = document.kind == "brief"
    return " ".join((reference, *(f"{label}: {url}" if is_brief else url for label, url in found)))


def number(document: DocumentInfo, texts: Texts) -> str:
    """The reference of a document, or that of what a brief summarises; empty where it has none."""
    if document.kind == "brief" and document.reference:
        return texts("origins.summarises", reference=document.reference)
    return document.reference


def marked(document: DocumentInfo, texts: Texts) -> list[str]:
    """A document's reference; before it, that a brief is no official text."""
    mark = texts("kinds.brief") if document.kind == "brief" else ""
    return [fact for fact in (mark, number(document, texts)) if fact]


def pages(document: DocumentInfo, texts: Texts, url: str = "") -> list[tuple[str, str]]:
    """The web pages that a document links to: what each opens, and its address; or this URL, of a
    place in it."""
    found = [(_label(document, texts), url or document.url)]
    if document.kind == "brief":
        questions = texts("origins.questions", site=site(document.questions_url))
        found.append((questions, document.questions_url))
    return [(label, address) for label, address in found if is_web_page(address)]


def naming(url: str, label: str) -> str:
    """The label of a link, with the site that it leads to unless that is one of the EU's."""
    return label if is_official_address(url) else f"{label} ({site(url)})"


def site(url: str) -> str:
    """The name of the site that an address leads to: "EUR-Lex", else its host."""
    host = shown_host(url)
    return "EUR-Lex" if host == _EUR_LEX else host


def _label(document: DocumentInfo, texts: Texts) -> str:
    if document.kind == "brief":
        is_called = document.about_form == "press_release" or is_official_address(document.url)
        key = document.about_form if is_called else "elsewhere"
        return texts(f"origins.{key}", site=site(document.url))
    if is_official_address(document.url):
        return texts("sources.open")
    return texts("origins.page", site=site(document.url))
