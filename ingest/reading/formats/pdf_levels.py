"""The levels of the headings of a PDF: by numbering, kind of part, and type size."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ingest.reading.formats.legal_lines import Division
from ingest.reading.formats.pdf_looks import LARGER, Look

_DEEPEST = 6  # levels of headings in Markdown


@dataclass(frozen=True)
class Heading:
    """A look, and the part of an act that the heading begins, if any."""

    look: Look
    part: Division | None

    @property
    def depth(self) -> int:
        """The depth of a decimal number: 2 for "2.1"; 0 without one."""
        numbering = self.look.numbering
        return 1 + numbering.count(".") if numbering.startswith("decimal") else 0


def levels_of(found: Mapping[int, Heading], title: int) -> dict[int, int]:
    """The level of each heading: one more than the number of headings above it."""
    order = _order([heading.look for heading in found.values()])
    levels: dict[int, int] = {}
    above: list[Heading] = []
    for number, heading in found.items():
        if number == title:
            levels[number], above = 1, []
            continue
        above = _above(heading, above, order)
        levels[number] = min(_DEEPEST, len(above) + 2)
        above.append(heading)
    return levels


def _above(heading: Heading, path: Sequence[Heading], order: dict[Look, int]) -> list[Heading]:
    """The headings of a path that are above another one in the outline."""
    for place, other in enumerate(path):
        if other == heading or (heading.depth and other.depth == heading.depth):
            return list(path[:place])
    kept = list(path)
    while kept and not _is_above(kept[-1], heading, order):
        kept.pop()
    if heading.depth > 1:
        shallower = [n for n, other in enumerate(path) if 0 < other.depth < heading.depth]
        return list(path[: shallower[-1] + 1]) if shallower else kept
    return kept


def _is_above(upper: Heading, lower: Heading, order: dict[Look, int]) -> bool:
    if upper.part and lower.part:
        return upper.part.rank < lower.part.rank
    if upper.part or lower.part:
        is_larger = upper.look.size >= LARGER * lower.look.size
        is_smaller = lower.look.size >= LARGER * upper.look.size
        return is_larger or (upper.part is not None and not is_smaller)
    if upper.depth and lower.depth:
        return upper.depth < lower.depth
    return order[upper.look] < order[lower.look]


def _order(looks: Sequence[Look]) -> dict[Look, int]:
    """Ranks styles: larger type first, then the first to occur. A style without numbering ranks
    like the first such style with it."""
    numbered: dict[Look, Look] = {}
    for look in looks:
        if look.numbering:
            numbered.setdefault(replace(look, numbering=""), look)
    same = {look: numbered.get(look, look) for look in looks}
    ranks = sorted(dict.fromkeys(same.values()), key=lambda look: -look.size)
    places = {look: place for place, look in enumerate(ranks)}
    return {look: places[rank] for look, rank in same.items()}
