"""The origin of a document as it is shown: whose text it is, and what its links open."""

from core.hosts import is_official_address, shown_host
from core.source import DocumentInfo
from language.escaping import is_web_page
from ui.texts import Texts

_EUR_LEX = "eur-lex.europa.eu"


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
    """The web pages that a document links to: what each opens, and its address.

    Args:
        document: whose pages.
        texts: the strings of the interface language.
        url: takes the place of the document's own address, to lead to a place in it.
    """
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
