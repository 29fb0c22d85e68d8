"""Plain text, such as a page copied from a web site: paragraphs, list items, short headings."""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from ingest.reading.blocks import Block, Parsed, first_heading
from ingest.reading.formats import front_matter
from ingest.reading.formats.encoding import decode, without_comments
from ingest.reading.noise import (
    is_noise,
    is_short_paragraph,
    mark_link_lists,
    mark_noise,
    published,
)

# Lines without an empty one between.
_GROUP = re.compile(r"^[^\n]*\S[^\n]*+(?:\n[^\n]*\S[^\n]*+)*+", re.MULTILINE)
_ITEM = re.compile(r"[^\S\n]*(?:[•◦▪‣·*–-]|o|\d{1,3}[.)]|[a-z]\)|\([a-z0-9]{1,3}\))[^\S\n]+(?=\S)")
_SENTENCE_END = re.compile(r"[.:;?!…][”“»\"')\]]*$")
_STARTS_PARAGRAPH = re.compile(r"[“„«\"'(\[]*[A-ZÀ-ÖØ-ÞΑ-ΩА-Я]")
_STARTS_HEADING = re.compile(r"[“„«\"'(\[]*[A-ZÀ-ÖØ-ÞΑ-ΩА-Я\d]")
_WRAPPED = 0.6  # of the longest line: a shorter one ends its paragraph
_LINE = re.compile(r"[^\n]+")
_MAX_TITLE = 200  # characters; a longer first line is a paragraph
_MAX_HEADING = 120  # characters; the longest section heading of the briefs has 88


def parse(path: Path, data: bytes) -> Parsed:
    """Reads a text file; its text is what stands below the front matter, without comments."""
    content, detected = decode(path, data)
    parsed = front_matter.read_below(path, without_comments(content), read)
    return replace(parsed, encoding=detected)


def read(content: str) -> Parsed:
    """Reads plain text without front matter: marks page noise, then headings."""
    raw = mark_link_lists(content, mark_noise(content, blocks(content)))
    kept = [block for block in raw if block.kind != "noise"]
    headings = {block.begin: level for block, level in _headings(content, kept)}
    found = tuple(
        replace(block, kind="heading", level=level, title=_line(content, block))
        if (level := headings.get(block.begin))
        else block
        for block in raw
    )
    if all(block.kind in ("heading", "noise") for block in found):  # the text has only short lines
        found = raw
    title, date = _title(content, found), published(content, found)
    return Parsed(content, found, title=title, date=date)


def blocks(text: str) -> tuple[Block, ...]:
    """The paragraphs and list items of a plain text, in order; headings count as paragraphs."""
    return tuple(
        _block(text, start, end)
        for group in _GROUP.finditer(text)
        for start, end in _split(text, *group.span())
    )


def _split(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Cuts a group of lines where an item or another paragraph begins.

    Other line breaks count as wrapped text, whose lines are about equally long.
    """
    lines = [line.span() for line in _LINE.finditer(text, start, end)]
    full = _WRAPPED * max(line_end - line for line, line_end in lines)
    noise = [is_noise(text[line:line_end]) for line, line_end in lines]
    cuts = [start]
    for number, ((line, line_end), (below, _)) in enumerate(pairwise(lines)):
        is_end = line_end - line < full or _SENTENCE_END.search(text[line:line_end].rstrip())
        if (
            _ITEM.match(text, below, end)
            or (is_end and _STARTS_PARAGRAPH.match(text, below))
            or noise[number]
            or noise[number + 1]
        ):
            cuts.append(below)
    return list(zip(cuts, [*cuts[1:], end], strict=True))


def _block(text: str, start: int, end: int) -> Block:
    content = text[start:end]
    begin, stop = start + len(content) - len(content.lstrip()), start + len(content.rstrip())
    mark = _ITEM.match(text, begin, stop)
    return Block("item" if mark else "paragraph", begin, mark.end() if mark else begin, stop, stop)


def _headings(text: str, kept: Sequence[Block]) -> list[tuple[Block, int]]:
    """The title (level 1) and the headings (level 2) among blocks that are no page noise."""
    found: list[tuple[Block, int]] = []
    lines = [_line(text, block) for block in kept]
    for number, (block, line) in enumerate(zip(kept[:-1], lines, strict=False)):
        if not is_short_paragraph(text, block) or line.endswith(":"):
            continue
        if number == 0:
            found.append((block, 1))
        elif (
            len(line) <= _MAX_HEADING
            and _STARTS_HEADING.match(line)
            and not lines[number - 1].endswith(":")
            and _is_body(text, kept[number + 1 : number + 3])
        ):
            found.append((block, 2))
    return found


def _is_body(text: str, following: Sequence[Block]) -> bool:
    """Whether blocks begin with a sentence, a list, or a line with a colon that introduces one."""
    kinds = [block.kind for block in following]
    introduces = kinds[1:] == ["item"] and _line(text, following[0]).endswith(":")
    return introduces or not is_short_paragraph(text, following[0])


def _line(text: str, block: Block) -> str:
    return " ".join(text[block.start : block.end].split())


def _title(text: str, found: Sequence[Block]) -> str:
    """The first line that is no page noise, cut at a word when it is long."""
    first = first_heading(found) or next((b for b in found if b.kind != "noise"), None)
    if first is None:
        return ""
    line = text[first.start : first.end].split("\n", 1)[0].strip()
    return line if len(line) <= _MAX_TITLE else line[:_MAX_TITLE].rsplit(" ", 1)[0] + "…"
