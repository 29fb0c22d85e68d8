"""An answer to take along: as text, as Markdown, or only its references.

What is folded on the page stands below the answer proper, under a heading that says so.
"""

from collections.abc import Iterable, Sequence

from core.answer import Answer
from core.citation import Citation
from language.characters import visible
from language.escaping import address, escaped
from ui import origins
from ui.answers.answer_text import ITEM, LABEL
from ui.answers.citations import as_one, by_number
from ui.answers.references import reference
from ui.texts import Texts


def plain_text(answer: Answer, texts: Texts) -> str:
    """The answer with its markers, what else there is, and the references they stand for."""
    parts = [plain(answer.text)]
    if answer.more:
        parts += [more_heading(answer, texts), *map(plain, answer.more)]
    if listed := references(answer, texts):
        parts += [texts("references.heading"), "\n".join(listed)]
    return visible("\n\n".join(parts))


def plain(text: str) -> str:
    """The text of an answer, its labels without what marks them as such."""
    return "\n".join(line.removeprefix(LABEL) for line in text.splitlines())


def more_heading(answer: Answer, texts: Texts) -> str:
    """What stands above the blocks that are folded on the page."""
    key = "nearest" if answer.kind == "refusal" else "more"
    return texts(f"answers.{key}", number=len(answer.more))


def references(answer: Answer, texts: Texts) -> list[str]:
    """The references of an answer as text, one per number: "[1] European Commission, …"."""
    return [
        " ".join((f"[{one.number}]", reference(one, texts), *listed(addresses(one, texts))))
        for one in map(as_one, by_number(answer.citations).values())
    ]


def addresses(citation: Citation, texts: Texts) -> list[tuple[str, str]]:
    """The web pages of a citation: of a brief what each opens, and the address.

    The official page of any other document is what the reference itself names.
    """
    document = citation.document
    named = origins.pages(document, texts, citation.url)
    return [(f"{label}:" if document.kind == "brief" else "", url) for label, url in named]


def listed(pages: Iterable[tuple[str, str]]) -> list[str]:
    return [" ".join(filter(None, page)) for page in pages]


def markdown(answer: Answer, texts: Texts) -> str:
    """As `plain_text`, in Markdown that shows exactly the data it is made of."""
    parts = markdown_texts(answer, texts)
    if answer.citations:
        parts += [
            f"**{escaped(texts('references.heading'))}**",
            *markdown_references(answer.citations, texts),
        ]
    return "\n\n".join(parts)


def markdown_texts(answer: Answer, texts: Texts) -> list[str]:
    """The answer proper, and what is folded below it on the page."""
    parts = [markdown_text(answer.text)]
    if answer.more:
        parts += [f"**{escaped(more_heading(answer, texts))}**", *map(markdown_text, answer.more)]
    return parts


def markdown_references(citations: Sequence[Citation], texts: Texts) -> list[str]:
    """A paragraph per number; it is no list's, which Markdown would count itself."""
    return [
        rf"\[{one.number}\] {markdown_reference(one, texts)}"
        for one in map(as_one, by_number(citations).values())
    ]


def markdown_reference(citation: Citation, texts: Texts) -> str:
    """A reference with the web pages of its citation."""
    links = listed((escaped(label), address(url)) for label, url in addresses(citation, texts))
    return " ".join((reference(citation, texts, data=escaped, emphasis="*{}*"), *links))


def markdown_text(text: str) -> str:
    """The text of an answer as Markdown of the same shape; labels are paragraphs in bold."""
    return "\n".join(map(_markdown_line, text.splitlines()))


def _markdown_line(line: str) -> str:
    if line.startswith(LABEL):
        return f"**{escaped(line.removeprefix(LABEL))}**\n"
    if line.startswith(ITEM):
        return f"- {escaped(line.removeprefix(ITEM))}"
    return escaped(line)
