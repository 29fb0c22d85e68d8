"""Presentations (.pptx): each slide is a section and a page, with its speaker's notes below it.

A slide becomes HTML, so that its lists and tables are written as those of other formats.
"""

import io
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

from lxml import etree
from pptx import Presentation
from pptx.enum.shapes import PP_PLACEHOLDER
from pptx.exc import PythonPptxError
from pptx.oxml.ns import qn
from pptx.shapes.base import BaseShape
from pptx.shapes.graphfrm import GraphicFrame
from pptx.shapes.group import GroupShape
from pptx.slide import Slide

from core.yaml_files import read_yaml
from ingest.reading.blocks import Parsed
from ingest.reading.formats import hypertext, markdown, zip_parts
from ingest.reading.formats.encoding import raised, without_control
from ingest.reading.formats.html_to_markdown import to_markdown
from ingest.reading.formats.hypertext import Element, content
from language.identify import most_likely
from language.vocabulary import FOLDER

_EDGE = (PP_PLACEHOLDER.FOOTER, PP_PLACEHOLDER.DATE, PP_PLACEHOLDER.SLIDE_NUMBER)
_LONGEST_TITLE = 100  # characters; a longer first line is text, not the title of a slide
_NO_TITLE = (".", ":", ";", ",", "?", "!", "…")  # at the end of a line


def parse(path: Path, data: bytes) -> Parsed:
    """Reads a presentation. Raises DocumentError: it is damaged, protected, or would unpack to too
    much."""
    with zip_parts.open_checked(path, data, "ppt/presentation.xml") as parts:
        about = zip_parts.of_office(path, parts)
        text_parts = zip_parts.packed(zip_parts.read_text_parts(parts))
    read: set[str] = set()  # names of parts: a file may refer to one a million times
    try:
        slides = list(Presentation(io.BytesIO(text_parts)).slides)
        pages = [_page(slide, number, read) for number, slide in enumerate(slides, 1)]
    except (PythonPptxError, *zip_parts.MALFORMED) as error:
        raise zip_parts.damaged(path) from error
    words = " ".join(content(part) for page in pages for part in page)
    label = _labels().get(about.language) or _labels()[most_likely(words)[0]]
    text, starts = "", []
    for body, notes in pages:
        starts.append(len(text))
        if len(notes):
            _add(body, "h3", label)
            body.extend(list(notes))
        if len(body):
            text += to_markdown(body) + "\n"
    title = next((h2.text or "" for body, _ in pages for h2 in body.iter("h2")), "")
    parsed = replace(markdown.read(text), page_starts=tuple(starts), title=title)
    return about.added_to(parsed)


@cache
def _labels() -> dict[str, str]:
    """What a speaker's notes are called, by language."""
    labels: dict[str, str] = read_yaml((FOLDER / "notes.yaml").read_text("utf-8"))
    return labels


def _page(slide: Slide, number: int, read: set[str]) -> tuple[Element, Element]:
    """The content of a slide, from top to bottom below its title, and its notes.

    A slide without a title is headed by its first line, if that is like a title, else by its
    number. Both are empty for a hidden slide, and for what was read before.
    """
    body, notes = etree.Element("body"), etree.Element("body")
    if slide.element.get("show") in ("0", "false") or _is_read(slide.part.partname, read):
        return body, notes
    title = slide.shapes.title
    for shape in _in_order(slide.shapes):
        if (title is not None and shape.shape_id == title.shape_id) or _is_at_edge(shape):
            continue
        if shape.has_text_frame:
            _add_text(body, shape.element)
        elif isinstance(shape, GraphicFrame) and shape.has_table:
            _add_table(body, shape.element)
    if slide.has_notes_slide and not _is_read(slide.notes_slide.part.partname, read):
        placeholder = slide.notes_slide.notes_placeholder
        if placeholder is not None:
            _add_text(notes, placeholder.element)
    heading = _text(title.element) if title is not None else ""
    if not heading:
        heading = _take_title(body)
    if heading or len(body) or len(notes):
        top = etree.Element("h2")
        top.text = heading or str(number)
        body.insert(0, top)
    return body, notes


def _is_read(name: str, read: set[str]) -> bool:
    """Whether a part was read before; remembers that it is read now."""
    known = name in read
    read.add(name)
    return known


def _is_at_edge(shape: BaseShape) -> bool:
    """Whether a shape is a footer, a date or the number of the slide."""
    return shape.is_placeholder and shape.placeholder_format.type in _EDGE


def _in_order(shapes: Iterable[BaseShape]) -> Iterator[BaseShape]:
    """The shapes from top to bottom, those of groups too."""
    for shape in sorted(shapes, key=lambda shape: (shape.top or 0, shape.left or 0)):
        if isinstance(shape, GroupShape):
            yield from _in_order(shape.shapes)
        else:
            yield shape


def _take_title(body: Element) -> str:
    """Removes the first line from the content and returns it, if it is like a title; else ""."""
    first = body[0] if len(body) else None
    line = first[0] if first is not None and first.tag == "ul" else first
    text = (line.text or "") if line is not None else ""
    if line is None or not 0 < len(text) <= _LONGEST_TITLE or text.endswith(_NO_TITLE):
        return ""
    if len(line):  # of a table, or with items below it
        return ""
    around = line.getparent()
    if around is not None:
        around.remove(line)
    return text


def _add_text(body: Element, around: Element) -> None:
    """Adds the paragraphs of a text; several are a list, nested by their indentation."""
    lines = [(level, text) for level, text in _paragraphs(around) if text]
    if len(lines) == 1:
        _add(body, "p", lines[0][1])
        return
    lists: list[Element] = []
    for level, text in lines:
        del lists[level + 1 :]
        if not lists:
            lists.append(_add(body, "ul"))
        elif level >= len(lists):
            lists.append(_add(lists[-1][-1], "ul"))
        _add(lists[-1], "li", text)


def _add_table(body: Element, around: Element) -> None:
    """Adds a table; a cell that is merged with others says over how many rows and columns."""
    table = _add(body, "table")
    for row in around.iter(qn("a:tr")):
        line = _add(table, "tr")
        for cell in row.iter(qn("a:tc")):
            if not cell.is_spanned:
                td = _add(line, "td", _text(cell))
                td.set("rowspan", str(cell.rowSpan))
                td.set("colspan", str(cell.gridSpan))


def _add(parent: Element, tag: str, text: str = "") -> Element:
    element = etree.SubElement(parent, tag)
    element.text = text
    return element


def _text(around: Element) -> str:
    """The text of an element, in one line."""
    return " ".join(text for _, text in _paragraphs(around) if text)


def _paragraphs(around: Element) -> Iterator[tuple[int, str]]:
    """The indentation, from 0, and the text of each paragraph in an element."""
    for paragraph in around.iter(qn("a:p")):
        properties = paragraph.find(qn("a:pPr"))
        level = 0 if properties is None else hypertext.number(properties.get("lvl"), 0)
        text = "".join(map(_run, paragraph))
        yield level, " ".join(without_control(text).split())


def _run(run: Element) -> str:
    """The text of a part of a paragraph; raised figures, as of a note, as such."""
    if run.tag == qn("a:br"):
        return " "
    text = run.findtext(qn("a:t")) or ""
    properties = run.find(qn("a:rPr"))
    is_raised = properties is not None and hypertext.number(properties.get("baseline"), 0) > 0
    return raised(text) if is_raised else text
