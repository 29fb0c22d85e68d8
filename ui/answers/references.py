"""References to sources in the house style of the EU's institutions.

European Commission, *Title*, COM(2020) 605 final, 24 July 2020, section “Heading”, p. 3.

A brief is referred to as what it is, with the title of the official text, not with its own:

Strategiewijzer, summary of: European Commission, *Title*, COM(2020) 605 final, 24 July 2020
(summary by this project, not an official text: section “Heading”).

The pattern is that of the Interinstitutional style guide: https://style-guide.europa.eu
"""

from collections.abc import Callable, Sequence

from core.citation import Citation, section
from core.source import DocumentInfo
from ui.answers.citations import pages
from ui.texts import Texts, languages, load


def reference(
    quotes: Sequence[Citation],
    texts: Texts,
    *,
    data: Callable[[str], str] = str,
    emphasis: str = "{}",
) -> str:
    """Author, title, number and date of a document, section, points and pages of quotes out of one
    passage of it, as far as they are known.

    Args:
        quotes: what is referred to.
        texts: the strings of the interface language.
        data: what comes from the source, as the form of the text needs it (escaped).
        emphasis: how that form marks the title, such as "*{}*".
    """
    document = quotes[0].document
    path = section(quotes)
    place = _joined(
        data(texts("references.section", section=path)) if path else "",
        data(pages(quotes, texts)),
    )
    if document.kind != "brief":
        return f"{_joined(named(document, texts, data=data, emphasis=emphasis), place)}."
    own = _joined(data(texts("title")), data(texts("references.summary_of")))
    official = named(document, texts, data=data, emphasis=emphasis)
    mark = ": ".join(filter(None, (data(texts("references.summary")), place)))
    return f"{own} {official or emphasis.format(data(document.title))} ({mark})."


def named(
    document: DocumentInfo,
    texts: Texts,
    *,
    data: Callable[[str], str] = str,
    emphasis: str = "{}",
) -> str:
    """Author, title, number and date of a document, or of the official text that a brief is about.

    Arguments as for `reference`. Conversations are kept that cite briefs as version 0.1.0 described
    them: with the publisher of the official text as their own, and without its title.
    """
    publisher, title = document.publisher, document.title
    if document.kind == "brief":
        publisher, title = document.about_publisher or document.publisher, document.about
    questions = texts("references.questions") if document.questions_url else ""
    return _joined(
        data(author(publisher, texts)),
        emphasis.format(data(title)) if title else "",
        data(_numbered_and_dated(document, texts)),
        data(questions),
    )


def author(publisher: str, texts: Texts) -> str:
    """Who published a text: the institutions in the interface language, others as given."""
    for language in languages():
        for key, name in load(language).values.items():
            if name == publisher and key.startswith("institutions."):
                return texts(key)
    return publisher


def _joined(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


def _numbered_and_dated(document: DocumentInfo, texts: Texts) -> str:
    date = texts.date(document.date) if document.date else ""
    if document.reference and date and date not in document.reference:
        return texts("references.dated", reference=document.reference, date=date)
    return document.reference or date
