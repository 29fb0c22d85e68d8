"""An answer to take along: as text, as Markdown, or only its references.

What is folded on the page stands below the answer proper, under a heading that says so.
"""

from collections.abc import Iterable, Sequence

from core.answer import Answer
from core.answer_blocks import ITEM, Blocks, line_text, marked_text
from core.citation import Citation
from language.characters import visible
from language.escaping import address, escaped
from ui import origins
from ui.answers.citations import by_number
from ui.answers.references import reference
from ui.texts import Texts


def plain_text(answer: Answer, texts: Texts) -> str:
    """The answer with its markers, what else there is, and the references they stand for."""
    parts = [plain(answer.blocks, texts)]
    if answer.further:
        parts += [more_heading(answer, texts), *(plain(one, texts) for one in answer.further)]
    if listed := references(answer, texts):
        parts += [texts("references.heading"), "\n".join(listed)]
    return visible("\n\n".join(parts))


def plain(blocks: Blocks, texts: Texts) -> str:
    """The text of blocks, labels without what marks them as such."""
    return marked_text(blocks, label="", doubt=doubt(texts)).text


def doubt(texts: Texts) -> str:
    """What stands behind a sentence that is not confirmed."""
    return f"[{texts('answers.unconfirmed')}]"


def more_heading(answer: Answer, texts: Texts) -> str:
    """What stands above the blocks that are folded on the page."""
    key = "nearest" if answer.kind == "refusal" else "more"
    return texts(f"answers.{key}", number=len(answer.further))


def references(answer: Answer, texts: Texts) -> list[str]:
    """The references of an answer as text, one per number: "[1] European Commission, …"."""
    return [
        " ".join((f"[{number}]", reference(quotes, texts), *listed(addresses(quotes[0], texts))))
        for number, quotes in by_number(answer.citations).items()
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
    parts = [markdown_text(answer.blocks, texts)]
    if answer.further:
        heading = f"**{escaped(more_heading(answer, texts))}**"
        parts += [heading, *(markdown_text(one, texts) for one in answer.further)]
    return parts


def markdown_references(citations: Sequence[Citation], texts: Texts) -> list[str]:
    """A paragraph per number; it is no list's, which Markdown would count itself."""
    return [
        rf"\[{number}\] {markdown_reference(quotes, texts)}"
        for number, quotes in by_number(citations).items()
    ]


def markdown_reference(quotes: Sequence[Citation], texts: Texts) -> str:
    """The reference of quotes out of one passage, with their web pages."""
    links = listed((escaped(label), address(url)) for label, url in addresses(quotes[0], texts))
    return " ".join((reference(quotes, texts, data=escaped, emphasis="*{}*"), *links))


def markdown_text(blocks: Blocks, texts: Texts) -> str:
    """Blocks as Markdown of the same shape; labels are paragraphs in bold."""
    parts: list[str] = []
    for block in blocks:
        said = [escaped(line_text(line, doubt(texts)).text) for line in block.lines]
        if block.kind == "label":
            parts += (f"**{line}**" for line in said)
        else:
            begin = ITEM if block.kind == "list" else ""
            parts.append("\n".join(f"{begin}{line}" for line in said))
        if block.note:
            parts.append(escaped(block.note))
    return "\n\n".join(parts)
