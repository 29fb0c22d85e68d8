"""Texts of the EU's institutions as EUR-Lex and the Publications Office (Cellar) publish them.

Whatever made a page (a Word file of the Commission, the Official Journal's own tools, for a
consolidated text, or LexUriServ), its paragraphs become headings and lists, and its cover gives the
metadata.
"""

import re
from dataclasses import replace

from lxml import etree

from ingest.reading.formats import (
    cellar_about,
    cellar_lists,
    cellar_outline,
    cellar_styles,
    cellar_title,
    consolidated,
    linked_notes,
    markdown,
    typed_notes,
)
from ingest.reading.formats.blocks import Parsed, first_heading
from ingest.reading.formats.element_text import words
from ingest.reading.formats.html_to_markdown import to_markdown
from ingest.reading.formats.hypertext import cut
from ingest.reading.formats.table import Element

_CONTENT = "//*[@class='contentWrapper' or @id='docHtml' or @id='document1' or @id='TexteOnly']"
_IMPRINT = re.compile(r"ELI: ?https?://\S+|ISSN \d{4}-\d{3}[\dX]\b[^.]{0,60}")


def is_official(tree: Element) -> bool:
    """Whether a page has the classes or ids of a text of the institutions."""
    return (
        any(cellar_styles.is_own(element.get("class", "")) for element in tree.iter("p", "a"))
        or consolidated.is_one(tree)
        or next(iter(tree.xpath("//*[@id='TexteOnly']")), None) is not None
    )


def read(tree: Element, text: str) -> Parsed:
    """Reads such a page: its title becomes the first heading, above all others.

    Args:
        tree: the page.
        text: its source, with comments.
    """
    stated = cellar_about.stated(tree, text)
    linked_notes.attach(tree)
    content = _content(tree)
    language = str(stated.get("language") or tree.get("lang") or tree.get("xml:lang") or "")
    typed_notes.attach(content)
    lines, amended = consolidated.unfold(content)
    lines = lines or list(filter(None, [str(stated.get("title", ""))]))
    titled = cellar_title.set_title(content, lines, language)
    stated = {**cellar_about.cover(content), **titled, "version": amended, **stated}
    for paragraph in list(content.iter("p", "div")):
        is_left_out = cellar_styles.role(paragraph.get("class", "")) == "left out"
        if is_left_out or (paragraph.tag == "p" and _IMPRINT.fullmatch(words(paragraph))):
            cut(paragraph)
    for paragraph in content.iter("p"):
        if cellar_styles.is_item(paragraph.get("class", "")):
            cellar_lists.name_number(paragraph)
    for number in content.xpath(".//span[@class='num']"):
        number.tail = f" {number.tail or ''}"
    cellar_outline.mark(content)
    cellar_lists.make(content)
    parsed = markdown.read(to_markdown(content, names=True))
    heading = first_heading(parsed.blocks)
    own = parsed.title if heading is not None and heading.level == 1 else ""
    title = own or cellar_about.page_title(tree) or parsed.title
    return replace(parsed, stated=stated, title=title, language=language[:2].lower())


def _content(tree: Element) -> Element:
    """The text without the page of EUR-Lex around it."""
    found: list[Element] = tree.xpath(_CONTENT)
    outermost = [e for e in found if not any(around in found for around in e.iterancestors())]
    if len(outermost) == 1:
        return outermost[0]
    body: Element | None = tree.find("body")
    if outermost:
        body = etree.Element("body")
        body.extend(outermost)
    return tree if body is None else body
