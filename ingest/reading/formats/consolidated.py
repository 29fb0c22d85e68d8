"""Consolidated texts: an act with its amendments worked in, and marks that say which these are.

"►B" and "▼M1" mark text of the act itself and of its first amendment. The tables above the text
give the title of the act, and the meaning of each mark.
"""

import re

from ingest.reading.formats.element_text import words
from ingest.reading.formats.hypertext import cut
from ingest.reading.formats.table import Element, cells_of

_MARK = re.compile(r"►\s?[A-Z]{1,2}\d{0,3}")
_BEGINS = re.compile(r"▼\s?[A-Z]{1,2}\d{0,3}")
_MARKS = re.compile(r"[►▼]\s?[A-Z]{1,2}\d{0,3}\s*|\s*◄")
_ONLY_MARKS = re.compile(r"(?:[►▼]\s?[A-Z]{1,2}\d{0,3}|◄|[\s—_-])+")
# Characters of the amendments, of which some acts have dozens: the version is a line.
_LONGEST = 300


def is_one(tree: Element) -> bool:
    """Whether a page begins with the table of a consolidated text."""
    return next(iter(_tables(tree)), None) is not None


def unfold(content: Element) -> tuple[list[str], str]:
    """Removes what stands above the text, and all marks.

    Returns:
        The lines of the act's title, and its amendments.
    """
    tables = _tables(content)
    if not tables:
        return [], ""
    first, *others = tables
    introduced = [t.xpath("string(preceding-sibling::p[normalize-space()][1])") for t in others]
    amendments = [words(row) for t in others for row in t.iter("tr") if "►" in words(row)]
    lines = [words(p) for p in first.iter("p") if not _MARK.fullmatch(words(p))]
    for above in [*tables[-1].itersiblings(preceding=True), tables[-1]]:
        cut(above)
    _drop_marks(content)
    amended = " ".join(" ".join((*introduced, *amendments)).replace("►", "").split())
    return [line for line in lines if line], amended[:_LONGEST]


def _tables(content: Element) -> list[Element]:
    """The tables of marks above a text that begins with a mark."""
    found: list[Element] = []
    for element in content.iter("table", "p"):
        if element.tag == "table" and _is_of_marks(element):
            found.append(element)
        elif element.tag == "p" and _BEGINS.match(words(element)):
            break
    return [table for table in found if table.getparent() is found[0].getparent()]


def _is_of_marks(table: Element) -> bool:
    cells = [row[0] for row in cells_of(table) if row]
    return any(_MARK.fullmatch(words(cell)) for cell in cells)


def _drop_marks(content: Element) -> None:
    for paragraph in list(content.iter("p")):
        if (line := words(paragraph)) and _ONLY_MARKS.fullmatch(line):
            cut(paragraph)
    for element in content.iter():
        for side in ("text", "tail"):
            if written := getattr(element, side):
                setattr(element, side, _MARKS.sub("", written))
