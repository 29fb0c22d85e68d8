"""An answer to copy, and a conversation or notes as a Word file."""

import datetime
import io
import re
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from docx import Document
from docx.document import Document as Word

from core.answer import Answer, by_number
from core.answer_blocks import (
    ITEM,
    AnswerBlock,
    Blocks,
    DoubtWords,
    line_text,
    marked_text,
    numbers,
)
from language.escaping import visible
from ui.answers.checks import Checks, remarks_above, remarks_below
from ui.answers.references import reference_lines
from ui.corpus import describe_scope
from ui.texts import Texts
from userdata.conversations import Exchange
from vectorstore.manifest import made_at

FilePartKind = Literal[
    "title", "made", "heading", "subheading", "strong", "fact", "text", "quote", "closing"
]

_LEVELS = {"title": 0, "heading": 1, "subheading": 2}  # of headings in Word
_LABEL_LEVEL = 3
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class FilePart(NamedTuple):
    """A paragraph of a file."""

    kind: FilePartKind
    text: str


def plain_text(answer: Answer, texts: Texts) -> str:
    """The answer with its markers, what is no longer in force of what it cites, what else there is,
    and the references."""

    def plain(blocks: Blocks) -> str:
        return marked_text(blocks, as_read=True, doubt=_doubt(texts)).text

    parts = [plain(answer.blocks), answer.ended]
    if answer.further:
        parts += [_more_heading(answer, texts), *map(plain, answer.further)]
    lines = reference_lines(answer.citations, texts).values()
    parts += [_references_heading(answer, texts), "\n".join(lines)]
    return visible("\n\n".join(filter(None, parts)))


def source_lines(answer: Answer, texts: Texts) -> list[str]:
    """A line for each reference that the answer proper cites; none of a refusal. Alone they stand
    for its sources, and what is folded below it rests on others."""
    proper = () if answer.kind == "refusal" else numbers(answer.blocks)
    lines = reference_lines(answer.citations, texts).items()
    return [line for number, line in lines if number in proper]


def conversation_docx(title: str, exchanges: Iterable[Exchange], texts: Texts) -> bytes:
    """A conversation as a Word file: questions, answers, and below each the quotes it rests on."""
    return as_docx(title, _exchanges(exchanges, texts), texts)


def as_docx(title: str, parts: Iterable[FilePart | AnswerBlock], texts: Texts) -> bytes:
    """Parts as a Word file, below the title and the day on which it is made, and above a last
    remark."""
    word = Document()
    word.core_properties.title = word.core_properties.subject = _clean(title)[:255]
    word.core_properties.author = texts("title")
    word.core_properties.comments = ""
    today = texts.day(datetime.datetime.now(datetime.UTC))
    for part in (
        FilePart("title", title),
        FilePart("made", texts("export.made", date=today)),
        *parts,
        FilePart("closing", texts("export.authentic")),
    ):
        if isinstance(part, AnswerBlock):
            _add_block(word, part, texts)
        elif part.kind in _LEVELS:
            word.add_heading(_clean(part.text), _LEVELS[part.kind])
        elif part.kind == "quote":
            for line in filter(str.strip, part.text.splitlines()):
                word.add_paragraph(_clean(line), style="Quote")
        else:
            run = word.add_paragraph().add_run(_clean(part.text))
            run.bold = part.kind == "strong"
            run.italic = part.kind in ("made", "fact", "closing")
    file = io.BytesIO()
    word.save(file)
    return file.getvalue()


def _exchanges(exchanges: Iterable[Exchange], texts: Texts) -> Iterator[FilePart | AnswerBlock]:
    for exchange in exchanges:
        yield FilePart("heading", exchange.question)
        asked = texts("export.asked", moment=texts.zoned(exchange.asked))
        limits = describe_scope(exchange.scope, texts)
        yield FilePart("fact", " · ".join(filter(None, (asked, limits))))
        if exchange.answer is None:
            yield FilePart("text", texts("export.unanswered"))
        else:
            yield from _answer(exchange.answer, texts)


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


def _answer(answer: Answer, texts: Texts) -> Iterator[FilePart | AnswerBlock]:
    if checked := " · ".join(Checks(answer).remarks(texts)):
        yield FilePart("fact", checked)
    yield from answer.blocks
    for fact in answer_facts(answer, texts):
        yield FilePart("fact", fact)
    if answer.further:
        yield FilePart("subheading", _more_heading(answer, texts))
        for blocks in answer.further:
            yield from blocks
    if heading := _references_heading(answer, texts):
        yield FilePart("subheading", heading)
    cited = by_number(answer.citations)
    for number, line in reference_lines(answer.citations, texts).items():
        yield FilePart("text", line)
        for quote in dict.fromkeys(citation.quote for citation in cited[number]):
            yield FilePart("quote", quote)


def _add_block(word: Word, block: AnswerBlock, texts: Texts) -> None:
    """Adds a label as a heading, a paragraph, or the items of a list."""
    for begin, sentences in zip(block.begins, block.lines, strict=True):
        line = line_text(sentences, _doubt(texts))
        if block.kind == "label":
            word.add_heading(_clean(line.text), _LABEL_LEVEL)
            continue
        mark = begin.removeprefix(ITEM)  # a bullet is the style's
        style = ("List" if mark else "List Bullet") if block.kind == "list" else None
        paragraph, last = word.add_paragraph(mark, style=style), 0
        for marker in line.markers:  # the number of a citation is raised
            paragraph.add_run(_clean(line.text[last : marker.start].rstrip()))
            paragraph.add_run(f"[{marker.number}]").font.superscript = True
            last = marker.end
        paragraph.add_run(_clean(line.text[last:]))
    if block.note:
        word.add_paragraph(_clean(block.note))


def _clean(text: str) -> str:
    """Removes from a text what cannot stand in the file, and what nobody sees."""
    return _NO_XML.sub("", visible(text))


def _doubt(texts: Texts) -> DoubtWords:
    """The remarks behind sentences that are not confirmed."""
    keys = ("answers.unconfirmed", "answers.verdicts.unchecked")
    return DoubtWords(*(f"[{texts(key)}]" for key in keys))


def _more_heading(answer: Answer, texts: Texts) -> str:
    """The heading above the blocks that are folded on the page."""
    key = "nearest" if answer.kind == "refusal" else "more"
    return texts(f"answers.{key}", number=len(answer.further))


def _references_heading(answer: Answer, texts: Texts) -> str:
    """The heading above the references of an answer; a refusal has none, only the places of what
    comes nearest."""
    return texts("references.heading") if answer.citations and answer.kind != "refusal" else ""
