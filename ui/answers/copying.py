"""An answer to copy, as text and as Markdown, with its references."""

from collections.abc import Iterable

from core.answer import Answer
from core.answer_blocks import Blocks, DoubtWords, line_text, marked_text, numbers
from core.citations import by_number
from language.escaping import address, escaped, visible
from ui.answers.references import labelled, numbered_references
from ui.texts import Texts


def plain_text(answer: Answer, texts: Texts) -> str:
    """The answer with its markers, what is no longer in force of what it cites, what else there is,
    and the references."""
    parts = [_plain(answer.blocks, texts), answer.ended]
    if answer.further:
        parts += [
            more_heading(answer, texts),
            *(_plain(blocks, texts) for blocks in answer.further),
        ]
    parts += [references_heading(answer, texts), "\n".join(reference_lines(answer, texts))]
    return visible("\n\n".join(filter(None, parts)))


def _plain(blocks: Blocks, texts: Texts) -> str:
    """The text of blocks, labels without what marks them as such."""
    return marked_text(blocks, as_read=True, doubt=doubt(texts)).text


def doubt(texts: Texts) -> DoubtWords:
    """The remarks behind sentences that are not confirmed."""
    keys = ("answers.unconfirmed", "answers.verdicts.unchecked")
    return DoubtWords(*(f"[{texts(key)}]" for key in keys))


def more_heading(answer: Answer, texts: Texts) -> str:
    """The heading above the blocks that are folded on the page."""
    key = "nearest" if answer.kind == "refusal" else "more"
    return texts(f"answers.{key}", number=len(answer.further))


def references_heading(answer: Answer, texts: Texts) -> str:
    """The heading above the references of an answer; a refusal has none, only the places of what
    comes nearest."""
    return texts("references.heading") if answer.citations and answer.kind != "refusal" else ""


def reference_lines(answer: Answer, texts: Texts) -> list[str]:
    """One line per number: its reference and web pages."""
    references = numbered_references(answer.citations, texts).values()
    return [" ".join((reference, *labelled(pages))) for reference, pages in references]


def source_lines(answer: Answer, texts: Texts) -> list[str]:
    """Those of `reference_lines` that the answer proper cites; none of a refusal. Alone they stand
    for its sources, and what is folded below it rests on others."""
    proper = () if answer.kind == "refusal" else numbers(answer.blocks)
    lines = zip(by_number(answer.citations), reference_lines(answer, texts), strict=True)
    return [line for number, line in lines if number in proper]


def markdown(answer: Answer, texts: Texts) -> str:
    """Writes as `plain_text` does, in Markdown that shows exactly the data it is made of."""
    parts = [markdown_text(answer.blocks, texts), escaped(answer.ended)]
    if answer.further:
        parts.append(f"**{escaped(more_heading(answer, texts))}**")
        parts += (markdown_text(blocks, texts) for blocks in answer.further)
    if heading := references_heading(answer, texts):
        parts.append(f"**{escaped(heading)}**")
    # Behind a number in brackets each is a paragraph, and no item that Markdown would count itself.
    references = numbered_references(answer.citations, texts).values()
    parts += (with_links(reference, pages) for reference, pages in references)
    return "\n\n".join(filter(None, parts))


def with_links(text: str, pages: Iterable[tuple[str, str]]) -> str:
    """A text as Markdown, and behind it web pages, each a label and an address."""
    links = labelled((escaped(label), address(url)) for label, url in pages)
    return " ".join((escaped(text), *links))


def markdown_text(blocks: Blocks, texts: Texts) -> str:
    """Blocks as Markdown of the same shape; labels are paragraphs in bold."""
    parts: list[str] = []
    for block in blocks:
        lines = [escaped(line_text(line, doubt(texts)).text) for line in block.lines]
        if block.kind == "label":
            parts += (f"**{line}**" for line in lines)
        else:
            begun = zip(block.begins, lines, strict=True)
            parts.append("\n".join(f"{begin}{line}" for begin, line in begun))
        if block.note:
            parts.append(escaped(block.note))
    return "\n\n".join(parts)
