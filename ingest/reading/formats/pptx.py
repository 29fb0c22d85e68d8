"""Presentations (.pptx): each slide becomes a section and a page, with its speaker's notes."""

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pptx import Presentation
from pptx.enum.shapes import PP_PLACEHOLDER
from pptx.exc import PythonPptxError
from pptx.shapes.base import BaseShape
from pptx.shapes.graphfrm import GraphicFrame
from pptx.shapes.group import GroupShape
from pptx.slide import Slide
from pptx.text.text import TextFrame

from ingest.reading.blocks import Parsed
from ingest.reading.formats import hypertext, markdown, zip_parts
from ingest.reading.formats.encoding import without_control

_BREAK = "\v"  # python-pptx's line break
_FURNITURE = (PP_PLACEHOLDER.FOOTER, PP_PLACEHOLDER.DATE, PP_PLACEHOLDER.SLIDE_NUMBER)
_LONGEST_TITLE = 100  # characters; a longer first line is text, not the title of a slide


@dataclass(frozen=True)
class _Line:
    """A paragraph of a text, and its indentation from 0."""

    depth: int
    text: str


def parse(path: Path, data: bytes) -> Parsed:
    """Reads a presentation.

    Raises:
        DocumentError: it is damaged, protected, or would unpack to too much.
    """
    with zip_parts.open_checked(path, data, "ppt/presentation.xml") as parts:
        about = zip_parts.of_office(path, parts)
    try:
        slides = Presentation(io.BytesIO(data)).slides
        pages = [
            "\n\n".join(_blocks(slide, number)) + "\n\n" for number, slide in enumerate(slides, 1)
        ]
        title = next(filter(None, map(_title, slides)), "")
    except (PythonPptxError, *zip_parts.MALFORMED) as error:
        raise zip_parts.damaged(path) from error
    text, starts = "", []
    for page in pages:
        starts.append(len(text))
        text += page
    parsed = replace(markdown.read(text.rstrip() + "\n"), page_starts=tuple(starts), title=title)
    return about.added_to(parsed)


def _title(slide: Slide) -> str:
    shape = slide.shapes.title
    return _line(shape.text_frame.text) if shape is not None else ""


def _line(text: str) -> str:
    return " ".join(without_control(text.replace(_BREAK, " ")).split())


def _blocks(slide: Slide, number: int) -> Iterator[str]:
    """The title of a slide, its texts and tables from top to bottom, and its notes.

    A slide without a title is headed by its first line, if that is like a title, else by its
    number.
    """
    title = slide.shapes.title
    heading = _title(slide)
    body: list[list[_Line] | str] = []
    for shape in _in_order(slide.shapes):
        if (title is not None and shape.shape_id == title.shape_id) or _is_furniture(shape):
            continue
        if shape.has_text_frame:
            body.append(_lines(shape.text_frame))  # type: ignore[attr-defined]
        elif isinstance(shape, GraphicFrame) and shape.has_table:
            rows = [[_line(cell.text) for cell in row.cells] for row in shape.table.rows]
            body.append(hypertext.table_to_markdown(rows))
    if slide.has_notes_slide and (frame := slide.notes_slide.notes_text_frame) is not None:
        body.append(_lines(frame))
    body = list(filter(None, body))
    if not heading and body and isinstance(body[0], list) and _is_like_title(body[0][0].text):
        heading = body[0].pop(0).text
    yield f"## {heading or number}"
    for part in body:
        yield from [part] if isinstance(part, str) else _text(part)


def _is_furniture(shape: BaseShape) -> bool:
    """Whether a shape is at the edge of slides: footer, date, number."""
    return shape.is_placeholder and shape.placeholder_format.type in _FURNITURE


def _is_like_title(line: str) -> bool:
    return len(line) <= _LONGEST_TITLE and not line.endswith((".", ":", ";", ",", "?", "!", "…"))


def _in_order(shapes: Iterable[BaseShape]) -> Iterator[BaseShape]:
    for shape in sorted(shapes, key=lambda shape: (shape.top or 0, shape.left or 0)):
        if isinstance(shape, GroupShape):
            yield from _in_order(shape.shapes)
        else:
            yield shape


def _lines(frame: TextFrame) -> list[_Line]:
    lines = (_Line(paragraph.level, _line(paragraph.text)) for paragraph in frame.paragraphs)
    return [line for line in lines if line.text]


def _text(lines: Sequence[_Line]) -> Iterator[str]:
    """The paragraphs of a text; several become a list, nested by indentation."""
    if len(lines) > 1:
        items, depth = [], -1
        for line in lines:
            depth = min(line.depth, depth + 1)  # Markdown would read a deeper item as code
            items.append("  " * depth + f"- {line.text}")
        yield "\n".join(items)
    else:
        yield from (markdown.paragraph(line.text) for line in lines)
