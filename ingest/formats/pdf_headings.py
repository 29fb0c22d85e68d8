"""Which blocks of a PDF are headings, and of which level: by type size, weight and numbering."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ingest.formats.pdf_blocks import Block

_LARGER = 1.08  # of the body's type size
_LONGEST = {True: 300, False: 160}  # characters of a heading, in larger type or not
_MAX_LINES = 6
_NO_HEADING = (".", ";", ",", ":", "-")
_NUMBERING = re.compile(
    r"(?P<decimal>\d{1,2}(?:\.\d{1,2})*)(?:[.)]\s|\s)|(?P<roman>[IVX]+)[.)]\s|(?P<letter>[A-Z])[.)]\s"
)
_DEEPEST = 6


@dataclass(frozen=True)
class _Look:
    """What headings of one level have in common; `numbering` is its kind, with its depth."""

    size: float
    bold: bool
    italic: bool
    capitals: bool
    numbering: str = ""


def with_headings(blocks: Sequence[Block], body: float) -> list[Block]:
    """The same blocks, with those that are headings marked with their level (1-6).

    Larger type is a higher level; of headings in equally large type, the look that comes first in
    the document. What stands above the title is no heading.

    Args:
        blocks: of the whole document.
        body: the type size of its running text.
    """
    if not blocks:
        return []
    merged = list(_merged(blocks, body))
    looks = [_look(block, body) for block in merged[:-1]]  # the last has nothing below it
    below = [block.table is not None for block in merged[1:]]
    sure = {look for look, is_table in zip(looks, below, strict=True) if look and not is_table}
    levels = _levels([look for look in looks if look in sure])  # the others are captions of tables
    found = [
        replace(block, kind="heading", level=levels[look]) if look in levels else block
        for block, look in zip(merged, [*looks, None], strict=True)
    ]
    first = next((n for n, block in enumerate(found) if _is_title(block)), 0)
    above = [replace(b, kind="paragraph") if b.kind == "heading" else b for b in found[:first]]
    return above + found[first:]


def _is_title(block: Block) -> bool:
    return block.kind == "heading" and block.level == 1 and block.page == 1


def _merged(blocks: Sequence[Block], body: float) -> Iterator[Block]:
    """The blocks, with the lines of a heading that is broken on purpose in one."""
    current: Block | None = None
    for block in blocks:
        if current is not None and _is_one_heading(current, block, body):
            current = replace(current, lines=current.lines + block.lines)
            continue
        if current is not None:
            yield current
        current = block
    if current is not None:
        yield current


def _is_one_heading(above: Block, below: Block, body: float) -> bool:
    looks = _look(above, body), _look(below, body)
    if looks[0] is None or looks[1] is None or looks[1].numbering:
        return False
    gap = below.lines[0].base - above.lines[-1].base
    return (
        replace(looks[0], numbering="") == looks[1]
        and above.page == below.page
        and 0 < gap < 1.6 * looks[1].size
    )


def _look(block: Block, body: float) -> _Look | None:
    """How a block looks, if it may be a heading."""
    if block.table:
        return None
    text = " ".join(line.text for line in block.lines)
    size = block.lines[0].size
    is_larger = size >= _LARGER * body
    numbering = _numbering(text)
    if (
        len(block.lines) > _MAX_LINES
        or len(text) > _LONGEST[is_larger]
        or text.endswith(_NO_HEADING)
        or not any(map(str.isalpha, text))
        or (block.kind == "item" and not numbering)
    ):
        return None
    look = _Look(
        size=round(2 * size) / 2,
        bold=all(line.bold for line in block.lines),
        italic=all(line.italic for line in block.lines),
        capitals=text.isupper(),
        numbering=numbering,
    )
    is_body_size = size > 0.95 * body
    stands_out = look.bold or look.italic or (look.capitals and numbering) or "." in numbering
    return look if is_larger or (is_body_size and stands_out) else None


def _numbering(text: str) -> str:
    """The kind of numbering a text begins with: "decimal", "decimal.", "roman", "letter" or ""."""
    match = _NUMBERING.match(text)
    if match is None or match.lastgroup is None:
        return ""
    return match.lastgroup + "." * match[match.lastgroup].count(".")


def _levels(looks: Sequence[_Look]) -> dict[_Look, int]:
    """The level of each look. One without numbers is that of the first like it with numbers."""
    order: dict[_Look, _Look] = {}  # look -> the look whose level it has
    for look in looks:
        numbered = (other for other in looks if replace(other, numbering="") == look != other)
        order[look] = next(numbered, look)
    ranks = sorted(dict.fromkeys(order.values()), key=lambda look: -look.size)
    return {look: min(_DEEPEST, ranks.index(rank) + 1) for look, rank in order.items()}
