"""What tells a heading of a PDF from text: the style of a block (no table), its numbering, the part
of an act that it begins."""

import re
from dataclasses import dataclass
from itertools import pairwise

from ingest.reading.formats.legal_lines import Division, division
from ingest.reading.formats.pdf_blocks import PdfBlock
from ingest.reading.formats.pdf_lines import LIST_MARK

LARGER = 1.08  # of the body's type size: 12 points to 11 (1.09) is larger, rounding is not
NUMBERING = re.compile(
    r"(?P<decimal>\d{1,2}(?:\.\d{1,2})*)(?:[.)]\s|\s)|(?P<roman>[IVX]+)[.)]\s|(?P<letter>[A-Z])[.)]\s"
)
_ENCLOSED = re.compile(r"[(\[].*[)\]]|[“‘„«\"].*[”’“»\"]", re.DOTALL)
_WIDE = 2.2  # of the type size: words this far apart do not belong together


@dataclass(frozen=True)
class Look:
    """The style that headings of one level share; `numbering` is its kind, with its depth."""

    size: float
    bold: bool
    italic: bool
    capitals: bool
    numbering: str = ""
    underlined: bool = False


def text_of(block: PdfBlock) -> str:
    return " ".join(line.text for line in block.lines)


def part_of(block: PdfBlock) -> Division | None:
    """The part of an act that a block begins, if its first line is only its label."""
    found = division(block.lines[0].text)
    return found if found and (found.alone or all(line.bold for line in block.lines)) else None


def look_of(block: PdfBlock, *, plain: bool = False) -> Look:
    """The style of a block; `plain`: without its numbering."""
    return Look(
        size=round(2 * block.lines[0].size) / 2,
        bold=all(line.bold for line in block.lines),
        italic=all(line.italic for line in block.lines),
        capitals=text_of(block).isupper(),
        numbering="" if plain else numbering_of(block),
    )


def numbering_of(block: PdfBlock) -> str:
    """The kind of numbering a text begins with: "decimal", "decimal.", "roman", "letter" or ""."""
    match = NUMBERING.match(text_of(block))
    if match is None or match.lastgroup is None:
        return ""
    return match.lastgroup + "." * match[match.lastgroup].count(".")


def is_bullet(block: PdfBlock) -> bool:
    mark = LIST_MARK.fullmatch(block.lines[0].words[0].text)
    return mark is not None and mark["bullet"] is not None and all(w.bold for w in block.lines)


def is_apart(block: PdfBlock) -> bool:
    """Whether a block is a remark, a quotation, or things beside each other."""
    if _ENCLOSED.fullmatch(text_of(block)) and not part_of(block):
        return True
    last = block.lines[-1]  # the others may be stretched to the full width
    is_numbered = len(block.lines) == 1 and (numbering_of(block) or is_bullet(block))
    words = last.words[1:] if is_numbered else last.words
    return any(b.left - a.right > _WIDE * last.size for a, b in pairwise(words))
