"""Conversations and notes as files: Markdown and Word."""

import datetime
import io
import re
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from docx import Document
from docx.document import Document as Word

from core.answer import Answer
from core.answer_blocks import ITEM, AnswerBlock, Marked, line_text
from core.citations import by_number
from language.escaping import escaped, visible
from ui import formats
from ui.answers.citations import Checks
from ui.answers.copying import doubt, markdown_text, more_heading, references_heading, with_links
from ui.answers.references import labelled, numbered_references
from ui.answers.remarks import remarks_above, remarks_below
from ui.corpus import describe_scope
from ui.texts import Texts
from userdata.conversation import Exchange
from vectorstore.manifest import made_at

FilePartKind = Literal[
    "title", "made", "heading", "subheading", "strong", "fact", "text", "quote", "closing"
]

_MARKDOWN = {
    "title": "# {}",
    "made": "*{}*",
    "heading": "## {}",
    "subheading": "### {}",
    "strong": "**{}**",
    "closing": "---\n\n*{}*",
}
_LEVELS = {"title": 0, "heading": 1, "subheading": 2}  # of headings in Word
_LABEL_LEVEL = 3
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class FilePart(NamedTuple):
    """A paragraph of a file, with links behind it: of each its label and address."""

    kind: FilePartKind
    text: str
    links: tuple[tuple[str, str], ...] = ()


FileParts = Iterable[FilePart | AnswerBlock]


def conversation_markdown(title: str, exchanges: Iterable[Exchange], texts: Texts) -> str:
    """A conversation as Markdown: questions, answers, and below each the quotes it rests on.

    Args:
        title: of the conversation.
        exchanges: oldest first, with or without an answer.
        texts: the strings of the interface language.
    """
    return as_markdown(framed(title, _exchanges(exchanges, texts), texts), texts)


def conversation_docx(title: str, exchanges: Iterable[Exchange], texts: Texts) -> bytes:
    """A conversation as a Word file, with the same as `conversation_markdown`."""
    return as_docx(title, framed(title, _exchanges(exchanges, texts), texts), texts)


def framed(title: str, parts: FileParts, texts: Texts) -> Iterator[FilePart | AnswerBlock]:
    """Parts below a title, with the day on which the file is made, and above a last remark."""
    yield FilePart("title", title)
    yield FilePart("made", made_on(texts))
    yield from parts
    yield FilePart("closing", texts("export.authentic"))


def made_on(texts: Texts) -> str:
    """The line that says on which day a file is made."""
    return texts("export.made", date=texts.date(datetime.datetime.now(formats.zone()).date()))


def question_facts(exchange: Exchange, texts: Texts) -> list[str]:
    """When a question was asked, and what its search was limited to."""
    when = texts("export.asked", moment=texts.zoned(exchange.asked))
    return [when, *filter(None, [describe_scope(exchange.scope, texts)])]


def answer_facts(answer: Answer, texts: Texts) -> list[str]:
    """How an answer was made, from which state of the sources, and what it lacks."""
    facts = []
    if answer.understood_as:
        facts.append(texts("answers.understood", question=answer.understood_as))
    if answer.is_sourced and answer.mode != "fallback":
        facts.append(texts(f"export.modes.{answer.mode}", model=answer.model))
    facts += remarks_above(answer, texts)
    facts += filter(None, [answer.ended])
    facts += remarks_below(answer, texts)
    if answer.generation and answer.kind != "reply":
        made = made_at(answer.generation)
        state = texts.zoned(made) if made else answer.generation
        facts.append(texts("export.generation", generation=state))
    return facts


def as_markdown(parts: FileParts, texts: Texts) -> str:
    """Parts as Markdown that shows exactly the data it is made of."""
    written = []
    for part in parts:
        if isinstance(part, AnswerBlock):
            written.append(markdown_text((part,), texts))
        elif part.kind == "quote":
            written.append("\n>\n".join(f"> {escaped(line)}" for line in _lines(part.text)))
        else:
            written.append(_MARKDOWN.get(part.kind, "{}").format(with_links(part.text, part.links)))
    return "\n\n".join(written) + "\n"


def as_docx(title: str, parts: FileParts, texts: Texts) -> bytes:
    """Parts as a Word file."""
    word = Document()
    word.core_properties.title = word.core_properties.subject = _clean(title)[:255]
    word.core_properties.author = texts("title")
    word.core_properties.comments = ""
    for part in parts:
        if isinstance(part, AnswerBlock):
            _add_block(word, part, texts)
        elif part.kind in _LEVELS:
            word.add_heading(_clean(part.text), _LEVELS[part.kind])
        elif part.kind == "quote":
            for line in _lines(part.text):
                word.add_paragraph(_clean(line), style="Quote")
        else:
            run = word.add_paragraph().add_run(_clean(" ".join((part.text, *labelled(part.links)))))
            run.bold = part.kind == "strong"
            run.italic = part.kind in ("made", "fact", "closing")
    file = io.BytesIO()
    word.save(file)
    return file.getvalue()


def _exchanges(exchanges: Iterable[Exchange], texts: Texts) -> Iterator[FilePart | AnswerBlock]:
    for exchange in exchanges:
        yield FilePart("heading", exchange.question)
        yield FilePart("fact", " · ".join(question_facts(exchange, texts)))
        if exchange.answer is None:
            yield FilePart("text", texts("export.unanswered"))
        else:
            yield from _answer(exchange.answer, texts)


def _answer(answer: Answer, texts: Texts) -> Iterator[FilePart | AnswerBlock]:
    if checked := " · ".join(Checks(answer).remarks(texts)):
        yield FilePart("fact", checked)
    yield from answer.blocks
    for fact in answer_facts(answer, texts):
        yield FilePart("fact", fact)
    if answer.further:
        yield FilePart("subheading", more_heading(answer, texts))
        for blocks in answer.further:
            yield from blocks
    if heading := references_heading(answer, texts):
        yield FilePart("subheading", heading)
    cited = by_number(answer.citations)
    for number, (reference, pages) in numbered_references(answer.citations, texts).items():
        yield FilePart("text", reference, tuple(pages))
        for quote in dict.fromkeys(citation.quote for citation in cited[number]):
            yield FilePart("quote", quote)


def _lines(text: str) -> Iterator[str]:
    return filter(str.strip, text.splitlines())


def _add_block(word: Word, block: AnswerBlock, texts: Texts) -> None:
    """Adds a label as a heading, a paragraph, or the items of a list."""
    for begin, sentences in zip(block.begins, block.lines, strict=True):
        line = line_text(sentences, doubt(texts))
        if block.kind == "label":
            word.add_heading(_clean(line.text), _LABEL_LEVEL)
            continue
        mark = begin.removeprefix(ITEM)  # a bullet is the style's
        style = ("List" if mark else "List Bullet") if block.kind == "list" else None
        _add_line(word, mark, line, style)
    if block.note:
        word.add_paragraph(_clean(block.note))


def _add_line(word: Word, mark: str, line: Marked, style: str | None) -> None:
    """Adds a paragraph in which the numbers of citations are raised."""
    paragraph, last = word.add_paragraph(mark, style=style), 0
    for marker in line.markers:
        paragraph.add_run(_clean(line.text[last : marker.start].rstrip()))
        paragraph.add_run(f"[{marker.number}]").font.superscript = True
        last = marker.end
    paragraph.add_run(_clean(line.text[last:]))


def _clean(text: str) -> str:
    """Removes from a text what cannot stand in the file, and what nobody sees."""
    return _NO_XML.sub("", visible(text))
