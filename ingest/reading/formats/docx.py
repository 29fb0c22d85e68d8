"""Reads Word files: the outline made of levels, then HTML, then Markdown.

Word's own headings have a level, and so has all else in its navigation pane: styles of a
publisher's template, paragraphs given a level by hand. They get the style "Heading n", which
mammoth knows; the rest of the file stays as it is.
"""

import io
import re
import zipfile
from pathlib import Path

import mammoth
from lxml import etree

from ingest.reading.blocks import Parsed
from ingest.reading.formats import html_to_markdown, hypertext, markdown, zip_parts
from ingest.reading.formats.html_to_markdown import to_markdown
from ingest.reading.formats.hypertext import Element

_DOCUMENT, _STYLES_PART = "word/document.xml", "word/styles.xml"
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_LEVEL, _VALUE = f"{_W}pPr/{_W}outlineLvl", f"{_W}val"
_DEEPEST, _TEXT = 6, 10  # levels: the deepest heading, and that of text
_LONGEST = 200  # characters of a heading; a whole paragraph with a level is text

# Word stores its own styles by their English names, whatever its language, and mammoth knows those
# of headings and lists. These are the title, styles of the Commission's templates that may have no
# outline level, and styles that are left out.
_STYLES = """
p[style-name='Title'] => h1:fresh
p[style-name^='ManualHeading 1'] => h1:fresh
p[style-name^='ManualHeading 2'] => h2:fresh
p[style-name^='ManualHeading 3'] => h3:fresh
p[style-name^='ManualHeading 4'] => h4:fresh
p[style-name^='Annexe titre'] => h1:fresh
p[style-name^='toc '] => !
p[style-name='TOC Heading'] => !
"""


def _with_headings(path: Path, parts: zipfile.ZipFile) -> bytes:
    """A Word file, without pictures, in which every heading has a heading style. Raises
    DocumentError: it is damaged."""
    document = zip_parts.tree(path, parts, _DOCUMENT)
    styles = zip_parts.tree(path, parts, _STYLES_PART)
    if document is None:
        raise zip_parts.damaged(path)
    written = zip_parts.read_text_parts(parts)
    levels: dict[str, int] = {}
    if styles is not None:
        for style in styles.iter(f"{_W}style"):
            style.set(f"{_W}type", style.get(f"{_W}type", "paragraph"))  # the default of the format
        levels = _levels(styles)
        written[_STYLES_PART] = etree.tostring(styles)
    for paragraph in document.iter(f"{_W}p"):
        _mark(paragraph, levels)
    written[_DOCUMENT] = etree.tostring(document)
    return zip_parts.packed(written)


def _levels(styles: Element) -> dict[str, int]:
    """The outline level of each style that has one, also by inheritance."""
    own: dict[str, int] = {}
    based: dict[str, str] = {}
    for style in styles.iter(f"{_W}style"):
        name = style.get(f"{_W}styleId", "")
        below = style.find(f"{_W}basedOn")
        based[name] = below.get(_VALUE, "") if below is not None else ""
        called = style.find(f"{_W}name")
        is_of_contents = called is not None and called.get(_VALUE, "").lower().startswith("toc")
        level = _TEXT if is_of_contents else _level(style)
        if level is not None:
            own[name] = level
    for name in based:
        chain: dict[str, None] = {}
        at = name
        while at in based and at not in own and at not in chain:
            chain[at] = None
            at = based[at]
        own.update(dict.fromkeys(chain, own.get(at, _TEXT)))
    return own


def _level(element: Element) -> int | None:
    """The level that a style or paragraph states: 1 to 9, or 10 for text; None without one."""
    stated = element.find(_LEVEL)
    value = stated.get(_VALUE, "") if stated is not None else ""
    return int(value) + 1 if re.fullmatch("[0-9]", value) else None


def _mark(paragraph: Element, levels: dict[str, int]) -> None:
    """Gives a paragraph with the level of a heading the style of one."""
    style = paragraph.find(f"{_W}pPr/{_W}pStyle")
    level = _level(paragraph)
    if level is None:
        level = levels.get(style.get(_VALUE, ""), _TEXT) if style is not None else _TEXT
    if level == _TEXT or sum(len(t.text or "") for t in paragraph.iter(f"{_W}t")) > _LONGEST:
        return
    if style is None:
        properties = paragraph.find(f"{_W}pPr")  # it has a level of its own
        style = etree.Element(f"{_W}pStyle")
        if properties is not None:
            properties.insert(0, style)
    style.set(_VALUE, f"Heading{min(level, _DEEPEST)}")


def parse(path: Path, data: bytes) -> Parsed:
    """Reads a Word file. Raises DocumentError: it is damaged, protected, or would unpack to too
    much."""
    with zip_parts.open_checked(path, data, "word/document.xml") as parts:
        prepared = _with_headings(path, parts)
        about = zip_parts.of_office(path, parts)
    try:
        page = mammoth.convert_to_html(
            io.BytesIO(prepared), style_map=_STYLES, convert_image=lambda image: []
        )
    except zip_parts.MALFORMED as error:
        raise zip_parts.damaged(path) from error
    tree = hypertext.parse(path, page.value)
    if tree is None:
        return Parsed("", ())
    html_to_markdown.attach_notes(tree)
    return about.added_to(markdown.read(to_markdown(tree)))
