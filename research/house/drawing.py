"""Draws the structure of a tree of this project.

    python -m research.house.drawing [TREE] > house.svg

A box is a room (a package), and its parts are its modules, as wide as their lines are many. A room
stands above all rooms that it imports. A line leads down to each of them that it does not also
reach through another. Tests and research are left out.
"""

import ast
import sys
from collections.abc import Collection
from functools import cache
from pathlib import Path
from typing import NamedTuple

from core.settings import ROOT

_APART = ("tests", "research", "corpus", "docs", "deploy", ".venv")
_SCALE, _GAP = 0.075, 16  # pixels a line, between rooms
_WIDTH, _BAR, _FLOOR = 1200, 18, 74  # pixels
_STYLE = (
    "svg{background:#fff}text{font:12px sans-serif;text-anchor:middle;fill:#1d2733}"
    ".n{font-size:10px;fill:#56616e}.m{fill:#a9c4de;stroke:#fff}.r{fill:#fff;stroke:#5b7a99}"
    "path{fill:none;stroke:#8aa1b8}"
)


class Room(NamedTuple):
    """A package: the lines of each of its modules, and the rooms that it imports."""

    modules: tuple[int, ...]
    imports: frozenset[str]


def rooms(tree: Path) -> dict[str, Room]:
    """The rooms of a tree, by name ("chain/reading"). `__init__` files of a line do not count.

    Modules that packages within their own package import are a room below these ("chain, below").
    """
    room_of: dict[str, str] = {}
    texts: dict[str, str] = {}
    for init in sorted(tree.glob("*/**/__init__.py")):
        name = init.parent.relative_to(tree).as_posix()
        if name.startswith(_APART):
            continue
        for file in sorted(init.parent.glob("*.py")):
            dotted = ".".join(file.relative_to(tree).with_suffix("").parts).removesuffix(
                ".__init__"
            )
            if (text := file.read_text("utf-8")).count("\n") > 1:
                room_of[dotted], texts[dotted] = name, text
    imports = {module: _imported(text, room_of) for module, text in texts.items()}
    for name in {one.rpartition("/")[0] for one in room_of.values()} & set(room_of.values()):
        own = {module for module, room in room_of.items() if room == name}
        within = [m for m, room in room_of.items() if room.startswith(f"{name}/")]
        below = {m for m in own if any(m in imports[one] for one in within)}
        while more := {m for m in own - below if any(m in imports[one] for one in below)}:
            below |= more
        room_of.update(dict.fromkeys(below, f"{name}, below" if below != own else name))
    sizes = {module: len(text.splitlines()) for module, text in texts.items()}
    return {
        room: Room(
            tuple(sizes[m] for m in room_of if room_of[m] == room),
            frozenset(room_of[o] for m in imports if room_of[m] == room for o in imports[m])
            - {room},
        )
        for room in sorted(set(room_of.values()))
    }


def _imported(text: str, known: Collection[str]) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                submodule = f"{node.module}.{alias.name}"
                found.add(submodule if submodule in known else node.module)
    return found.intersection(known)


def reached(found: dict[str, Room]) -> dict[str, frozenset[str]]:
    """All rooms that each room reaches by imports, itself only in a circle."""

    @cache
    def of(name: str) -> frozenset[str]:
        known, ahead = set[str](), list(found[name].imports)
        while ahead:
            if (one := ahead.pop()) not in known:
                known.add(one)
                ahead.extend(found[one].imports)
        return frozenset(known)

    return {name: of(name) for name in found}


def drawing(found: dict[str, Room]) -> str:
    """The rooms as SVG."""
    below = reached(found)
    floor: dict[str, int] = {}
    for name in sorted(found, key=lambda one: len(below[one])):
        under = (floor[one] for one in found[name].imports if one in floor)
        floor[name] = 1 + max(under, default=-1)
    height = (max(floor.values()) + 1) * _FLOOR + 60
    place: dict[str, tuple[float, float, float]] = {}  # left, top, width
    for number in set(floor.values()):
        names = [name for name in found if floor[name] == number]
        widths = [max(7 * len(name) + 12, sum(found[name].modules) * _SCALE) for name in names]
        left = (_WIDTH - sum(widths) - _GAP * (len(names) - 1)) / 2
        for name, width in zip(names, widths, strict=True):
            place[name] = left, height - 20 - (number + 1) * _FLOOR, width
            left += width + _GAP
    lines, boxes = [], []
    for name, room in found.items():
        x, y, width = place[name]
        middle, bottom = x + width / 2, y + 30 + _BAR
        for other in sorted(room.imports):
            if any(other in below[one] and one not in below[other] for one in room.imports):
                continue  # also reached through that one
            end, top = place[other][0] + place[other][2] / 2, place[other][1]
            half = (bottom + top) / 2
            curve = f"M{middle:.0f} {bottom:.0f}C{middle:.0f} {half:.0f} {end:.0f} {half:.0f}"
            lines.append(f'<path d="{curve} {end:.0f} {top:.0f}"/>')
        boxes.append(
            f'<rect class="r" x="{x:.0f}" y="{y:.0f}" width="{width:.0f}" height="{30 + _BAR}"/>'
            f'<text x="{middle:.0f}" y="{y + 13:.0f}">{name}</text><text class="n" '
            f'x="{middle:.0f}" y="{y + 25:.0f}">{len(room.modules)}: {sum(room.modules):,}</text>'
        )
        left = middle - sum(room.modules) * _SCALE / 2
        for size in room.modules:
            boxes.append(
                f'<rect class="m" x="{left:.1f}" y="{y + 30:.0f}" width="{size * _SCALE:.1f}" '
                f'height="{_BAR}"/>'
            )
            left += size * _SCALE
    modules = [size for room in found.values() for size in room.modules]
    total = f"{len(found)} rooms, {len(modules)} modules, {sum(modules):,} lines"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}">'
        f'<title>{total}</title><style>{_STYLE}</style><text x="{_WIDTH / 2:.0f}" y="22">{total}'
        f"</text>{''.join(lines)}{''.join(boxes)}</svg>\n"
    )


if __name__ == "__main__":
    sys.stdout.write(drawing(rooms(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT)))
