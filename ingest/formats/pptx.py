"""Presentations (.pptx): a section for each slide, with its speaker's notes; a slide is a page."""

import io
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from pptx import Presentation
from pptx.exc import PythonPptxError
from pptx.presentation import Presentation as Slides
from pptx.shapes.base import BaseShape
from pptx.shapes.graphfrm import GraphicFrame
from pptx.shapes.group import GroupShape
from pptx.slide import Slide
from pptx.text.text import TextFrame

from ingest.formats import archive, markdown, table
from ingest.formats.blocks import Parsed
from ingest.formats.encoding import without_control

_BREAK = "\v"  # python-pptx gives it for a line break


def parse(path: Path, data: bytes) -> Parsed:
    """Reads a presentation.

    Raises:
        DocumentError: it is damaged, protected, or would unpack to too much.
    """
    archive.open_checked(path, data, "ppt/presentation.xml").close()
    try:
        slides = Presentation(io.BytesIO(data))
        pages = ["\n\n".join(_blocks(slide)) + "\n\n" for slide in slides.slides]
        about = slides.core_properties
        title, language, date = about.title, about.language, about.created
    except (PythonPptxError, *archive.MALFORMED) as error:
        raise archive.damaged(path) from error
    text, starts = "", []
    for page in pages:
        starts.append(len(text))
        text += page
    parsed = markdown.read(text.rstrip() + "\n")
    return replace(
        parsed,
        page_starts=tuple(starts),
        title=_first_title(slides) or title,
        language=language[:2].lower(),
        date=date.date() if date else None,
    )


def _first_title(slides: Slides) -> str:
    return next((title for slide in slides.slides if (title := _title(slide))), "")


def _title(slide: Slide) -> str:
    shape = slide.shapes.title
    return _line(shape.text_frame.text) if shape is not None else ""


def _line(text: str) -> str:
    return " ".join(without_control(text.replace(_BREAK, " ")).split())


def _blocks(slide: Slide) -> Iterator[str]:
    """The title of a slide, its texts and tables from top to bottom, and its notes."""
    title = slide.shapes.title
    if heading := _title(slide):
        yield f"## {heading}"
    for shape in _in_order(slide.shapes):
        if title is not None and shape.shape_id == title.shape_id:
            continue
        if shape.has_text_frame:
            yield from _text(shape.text_frame)  # type: ignore[attr-defined]
        elif isinstance(shape, GraphicFrame) and shape.has_table:
            rows = [[_line(cell.text) for cell in row.cells] for row in shape.table.rows]
            yield from filter(None, [table.to_markdown(rows)])
    if slide.has_notes_slide and (frame := slide.notes_slide.notes_text_frame) is not None:
        yield from _text(frame)


def _in_order(shapes: Iterable[BaseShape]) -> Iterator[BaseShape]:
    for shape in sorted(shapes, key=lambda shape: (shape.top or 0, shape.left or 0)):
        if isinstance(shape, GroupShape):
            yield from _in_order(shape.shapes)
        else:
            yield shape


def _text(frame: TextFrame) -> Iterator[str]:
    """The paragraphs of a text; a list where there are several, as deep as they are indented."""
    lines = [(paragraph.level, _line(paragraph.text)) for paragraph in frame.paragraphs]
    lines = [(level, line) for level, line in lines if line]
    if len(lines) > 1:
        yield "\n".join("  " * level + f"- {line}" for level, line in lines)
    else:
        yield from (line for _, line in lines)
