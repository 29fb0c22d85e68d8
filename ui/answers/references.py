"""The full reference of each citation, with author, number, date and web pages."""

from collections.abc import Iterable, Sequence

from core.citations import Citation, by_number
from core.source import DocumentInfo
from ui import origins
from ui.answers.citations import references
from ui.texts import Texts, languages, load


def full_references(citations: Sequence[Citation], texts: Texts) -> dict[int, str]:
    """By number the reference in words, which is the same everywhere; behind it, in brackets, what
    else is known of the document, and of a brief that it is one, and of what.

    Args:
        citations: all of one answer.
        texts: the strings of the interface language.
    """
    made, cited = {}, by_number(citations)
    for number, words in references(citations, texts).items():
        document = cited[number][0].document
        details = named(document, texts, before=words)
        if document.kind == "brief":
            summarised = f"{texts('references.summary_of')} {details or document.title}"
            details = _joined(texts("title"), summarised)
        made[number] = f"{words} ({details})." if details else f"{words}."
    return made


def numbered_references(
    citations: Sequence[Citation], texts: Texts
) -> dict[int, tuple[str, list[tuple[str, str]]]]:
    """By number its reference behind it, "[1] Directive 2003/88/EC, …", and its web pages, of each
    a label and the address."""
    cited = by_number(citations)
    return {
        number: (f"[{number}] {reference}", citation_links(cited[number][0], texts))
        for number, reference in full_references(citations, texts).items()
    }


def named(document: DocumentInfo, texts: Texts, *, before: str = "") -> str:
    """Author, title, number and date of a document, without a title that stands in the words
    `before` it; or of the official text that a brief is about.

    Conversations are kept that cite briefs as version 0.1.0 described them: with the publisher of
    the official text as their own, and without its title.
    """
    publisher, title = document.publisher, "" if document.title in before else document.title
    if document.kind == "brief":
        publisher, title = document.about_publisher or document.publisher, document.about
    questions = texts("references.questions") if document.questions_url else ""
    numbered = _numbered_and_dated(document, texts)
    return _joined(author(publisher, texts), title, numbered, questions)


def author(publisher: str, texts: Texts) -> str:
    """The publisher of a text: an institution in the interface language, others as given."""
    for language in languages():
        for key, name in load(language).values.items():
            if name == publisher and key.startswith("institutions."):
                return texts(key)
    return publisher


def citation_links(citation: Citation, texts: Texts) -> list[tuple[str, str]]:
    """The web pages of a citation: of a brief what each opens, and the address.

    The official page of any other document is what the reference itself names.
    """
    document = citation.document
    found = origins.pages(document, texts, citation.url)
    return [(f"{label}:" if document.kind == "brief" else "", url) for label, url in found]


def labelled(pages: Iterable[tuple[str, str]]) -> list[str]:
    return [" ".join(filter(None, page)) for page in pages]


def _joined(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


def _numbered_and_dated(document: DocumentInfo, texts: Texts) -> str:
    date = texts.date(document.date) if document.date else ""
    if document.reference and date and date not in document.reference:
        return texts("references.dated", reference=document.reference, date=date)
    return document.reference or date
