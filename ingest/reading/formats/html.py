"""The main text of a web page, without navigation, cookie bars and share buttons.

trafilatura finds it; the structure stays the page's own, as trafilatura's output lacks the ids of
headings, footnotes, terms with their definitions, list numbers and sometimes all headings.
"""

import datetime
import re
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

from lxml import etree
from trafilatura import extract, extract_metadata

from core.errors import DocumentError
from ingest.reading.blocks import Parsed
from ingest.reading.formats import eurlex, html_to_markdown, hypertext, markdown
from ingest.reading.formats.encoding import decode
from ingest.reading.formats.html_to_markdown import to_markdown
from ingest.reading.formats.hypertext import HEADINGS, INLINE, Element, cells_of, content, is_layout

# Every block gets a sign of its own, three Braille characters, before trafilatura sees it.
_SIGN_LENGTH = 3
_FIRST_SIGN, _SIGNS = 0x2801, 255  # all Braille patterns but the blank one, U+2800
_SIGN = re.compile(f"[\u2801-\u28ff]{{{_SIGN_LENGTH}}}")
_PAGE_EDGES = "//div[@title='header' or @title='footer']"  # as LibreOffice exports them
_HEADERS = ("header", "hgroup")
_SHORTEST_LEAD = 40  # characters; shorter is a date, a name or a button


def _keep_main_text(tree: Element) -> None:
    """Removes from a page, block by block, what trafilatura leaves out."""
    for element in tree.xpath(_PAGE_EDGES):
        element.drop_tree()
    signed = deepcopy(tree)
    for number, places in enumerate(_blocks(signed).values()):
        for element, side in places:
            setattr(element, side, _sign(number) + getattr(element, side))
    text = extract(signed, output_format="txt", include_comments=False, favor_recall=True)
    signs = set(_SIGN.findall(text or ""))
    blocks = _blocks(tree)
    elements = list(blocks)
    kept = [_sign(number) in signs for number in range(len(elements))]
    kept = _with_leads(elements, _with_headings(elements, _with_tables(elements, kept)))
    for places, is_kept in zip(blocks.values(), kept, strict=True):
        for element, side in places if not is_kept else ():
            setattr(element, side, None)


def _with_headings(blocks: list[Element], kept: list[bool]) -> list[bool]:
    """Also keeps a heading with kept text below it."""
    found = list(kept)
    below: Element | None = None  # a kept block, with no heading in between
    for number in range(len(blocks) - 1, -1, -1):
        block = blocks[number]
        if block.tag in HEADINGS and below is not None:
            found[number] = found[number] or _home(block) in below.iterancestors()
        if found[number]:
            below = block
        elif block.tag in HEADINGS:
            below = None
    return found


def _with_leads(blocks: list[Element], kept: list[bool]) -> list[bool]:
    """Also keeps the sentences between the title of a page and the kept text."""
    found = list(kept)
    is_below_title = False
    for number, block in enumerate(blocks):
        if block.tag in HEADINGS:
            is_below_title = block.tag == "h1" and kept[number]
        elif kept[number]:
            is_below_title = False
        elif is_below_title:
            found[number] = _is_sentence(block)
    return found


def _is_sentence(element: Element) -> bool:
    text = content(element)
    is_link = next(element.iter("a"), None) is not None
    return len(text) >= _SHORTEST_LEAD and text.endswith((".", "!", "?")) and not is_link


def _with_tables(blocks: list[Element], kept: list[bool]) -> list[bool]:
    """Keeps the whole of a table of which a part is kept, such as cells with links."""
    around = [next(block.iterancestors("table"), None) for block in blocks]
    of_text = {table for table, is_kept in zip(around, kept, strict=True) if is_kept} - {None}
    of_text -= {t for t in of_text if t is not None and is_layout(t, cells_of(t))}
    return [is_kept or table in of_text for is_kept, table in zip(kept, around, strict=True)]


def _home(heading: Element) -> Element:
    """The element that a heading is the heading of: its parent, apart from wrappers of its own."""
    home = heading.getparent()
    while (parent := home.getparent()) is not None and (
        home.tag in _HEADERS or _says_no_more(home, heading)
    ):
        home = parent
    return home


def _says_no_more(around: Element, heading: Element) -> bool:
    """Whether an element has no other text than its heading."""
    room = sum(len(text.strip()) for text in heading.itertext())
    for text in around.itertext():
        room -= len(text.strip())
        if room < 0:
            return False
    return True


def _blocks(tree: Element) -> dict[Element, list[tuple[Element, str]]]:
    """Maps elements with text of their own to its places: (element, "text" or "tail")."""
    blocks: dict[Element, list[tuple[Element, str]]] = {}
    for element in tree.iter(etree.Element):
        for side, within in (("text", element), ("tail", element.getparent())):
            if within is not None and (getattr(element, side) or "").strip():
                while within.tag in INLINE and (parent := within.getparent()) is not None:
                    within = parent
                blocks.setdefault(within, []).append((element, side))
    return blocks


def _sign(number: int) -> str:
    return "".join(
        chr(_FIRST_SIGN + number // _SIGNS**place % _SIGNS) for place in range(_SIGN_LENGTH)
    )


def parse(path: Path, data: bytes) -> Parsed:
    """Reads a web page. Raises DocumentError: it is no text, a page of EUR-Lex about a document, or
    nested too deep to be read."""
    text, detected = decode(path, data, declares=True)
    return replace(_read(path, text), encoding=detected)


def _read(path: Path, text: str) -> Parsed:
    """Reads the text of a web page; raises as `parse`."""
    tree = hypertext.parse(path, text)
    if tree is None:
        return Parsed("", ())
    hypertext.drop_hidden(tree)
    if eurlex.is_official(tree):
        return eurlex.read(tree, text)
    if eurlex.lacks_its_text(tree):
        problem = "is a page of EUR-Lex without the text of its document"
        remedy = "Open the text there (HTML, or PDF), and save that."
        raise DocumentError(path, None, problem, remedy, "no_text")
    page_title = eurlex.page_title(tree)
    about = extract_metadata(deepcopy(tree), date_config={"extensive_search": False})
    html_to_markdown.attach_notes(tree)
    _keep_main_text(tree)
    parsed = markdown.read(to_markdown(tree, names=True))
    return replace(
        parsed,
        title=eurlex.own_title(parsed) or about.title or page_title or parsed.title,
        language=str(tree.get("lang") or "")[:2].lower(),
        date=datetime.date.fromisoformat(about.date) if about.date else None,
        url=about.url if about.url and about.url.startswith(("http://", "https://")) else "",
    )
