"""References to sources in the house style of the EU's institutions.

European Commission, *Title*, COM(2020) 605 final, 24 July 2020, section “Heading”, p. 3.

The pattern is that of the Interinstitutional style guide: https://style-guide.europa.eu
"""

from collections.abc import Callable

from core.types import Citation, DocumentInfo
from ui.answers.citations import pages, section
from ui.texts import Texts, languages, load


def reference(
    citation: Citation, texts: Texts, *, data: Callable[[str], str] = str, emphasis: str = "{}"
) -> str:
    """Author, title, number and date, section and page of a citation, as far as they are known.

    Args:
        citation: what is referred to.
        texts: the strings of the interface language.
        data: what comes from the source, as the form of the text needs it (escaped).
        emphasis: how that form marks the title, such as "*{}*".
    """
    document = citation.document
    path = section(citation)
    parts = [
        data(author(document, texts)),
        emphasis.format(data(document.title)),
        data(_numbered_and_dated(document, texts)),
        data(texts("references.summary")) if document.kind == "brief" else "",
        data(texts("references.section", section=path)) if path else "",
        data(pages([citation], texts)),
    ]
    return ", ".join(part for part in parts if part) + "."


def author(document: DocumentInfo, texts: Texts) -> str:
    """Who published a document: the institutions in the interface language, others as given."""
    for language in languages():
        for key, name in load(language).values.items():
            if name == document.publisher and key.startswith("institutions."):
                return texts(key)
    return document.publisher


def _numbered_and_dated(document: DocumentInfo, texts: Texts) -> str:
    date = texts.date(document.date) if document.date else ""
    if document.reference and date and date not in document.reference:
        return texts("references.dated", reference=document.reference, date=date)
    return document.reference or date
