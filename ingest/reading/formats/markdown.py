"""Reads Markdown (CommonMark with tables and footnotes), also that made of another format.

The text is the file's own: quotes are verbatim. A footnote is a paragraph "[^1]: text" below its
reference. A heading may end in "{#name}", its id in a web page.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import accumulate, takewhile
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode
from mdit_py_plugins.footnote import footnote_plugin

from ingest.reading.blocks import DEEPEST, Block, BlockKind, LimitError, Parsed, first_heading
from ingest.reading.formats import front_matter
from ingest.reading.formats.encoding import decode, without_comments, without_control
from ingest.reading.noise import mark_noise

_INDENT = re.compile(r"[ \t>]*")
_ESCAPE = re.compile(r"\\(?=[!-/:-@\[-`{-~])")  # before what would else be a mark
_AROUND = ("blockquote_open", "bullet_list_open", "ordered_list_open", "list_item_open")
_LONGEST_HEADING = 1000  # characters; a longer line is no heading worth parsing by itself
_OF_FORM, _LONG_FORM = 2, 6  # columns, rows
_MIXED = (0.15, 0.7)  # of the rows of a form have a figure; in a table it is none or nearly all
_VALUE = re.compile(r"[^\w\d]*\d[\d.,'\s]*\W*")
_YEAR = re.compile(r"(?:1[89]|20)\d\d(?:\s?[-–/]\s?\d{2,4})?")
_BAR = re.compile(r"(?<!\\)\|")
_ANCHOR = re.compile(r" ?\{#([^\s{}]+)\}$")  # the id of a heading in a web page


def parse(path: Path, data: bytes) -> Parsed:
    """Reads a Markdown file; its text is what stands below the front matter, without comments."""
    content, detected = decode(path, data)
    parsed = front_matter.read_below(path, without_comments(content), read)
    return replace(parsed, encoding=detected)


def read(content: str) -> Parsed:
    """Reads Markdown without front matter, also that made from another format."""
    found = mark_noise(content, blocks(content))
    heading = first_heading(found)
    return Parsed(text=content, blocks=found, title=heading.title if heading else "")


def blocks(text: str) -> tuple[Block, ...]:
    """The blocks of a Markdown text, in order."""
    ends = accumulate(len(line) + 1 for line in text.split("\n"))
    references: dict[str, Any] = {}
    tokens = _parser().parse(text, references)
    if any(
        token.level >= DEEPEST - 1 and token.nesting == 1 and token.type in _AROUND
        for token in tokens
    ):
        raise LimitError(f"has lists or quotations more than {DEEPEST // 2} deep")
    tree = SyntaxTreeNode(tokens)
    return tuple(_Reader(text, (0, *ends), references).walk(tree.children, depth=0))


@cache
def _parser() -> MarkdownIt:
    """A parser of CommonMark with tables and footnotes, which stay where they are written.

    It does not parse the text within lines: only headings need that, and its time can be quadratic.
    """
    rules = MarkdownIt("commonmark", {"maxNesting": DEEPEST})  # deeper blocks are lost
    parser = rules.enable("table").use(footnote_plugin)
    return parser.disable(["footnote_tail", "inline"])


@dataclass(frozen=True)
class _Reader:
    text: str
    line_starts: tuple[int, ...]
    references: dict[str, Any]  # link reference definitions

    def walk(self, nodes: list[SyntaxTreeNode], depth: int) -> Iterator[Block]:
        for node in nodes:
            match node.type:
                case "heading" if node.level == 0:  # elsewhere, a line of a list or quotation
                    yield self._heading(node)
                case "paragraph" | "heading":
                    yield self._paragraphs("paragraph", [node], depth)
                case "bullet_list" | "ordered_list":
                    for item in node.children:
                        yield from self._item(item, depth + 1)
                case "blockquote":
                    yield from self.walk(node.children, depth)
                case "footnote_reference":
                    own = [child for child in node.children if child.type == "paragraph"]
                    if own:
                        yield self._paragraphs("note", own, depth)
                case "table":
                    yield from self._rows(node)
                case "fence" | "code_block" | "html_block":
                    yield from self._lines(node)

    def _span(self, node: SyntaxTreeNode) -> tuple[int, int]:
        """The lines of a node, without indentation before and white space after."""
        first, last = node.map or (0, 0)
        start, end = self.line_starts[first], self.line_starts[last] - 1
        start = self._after(_INDENT, start)
        return start, start + len(self.text[start:end].rstrip())

    def _after(self, pattern: re.Pattern[str], position: int) -> int:
        match = pattern.match(self.text, position)
        return match.end() if match else position

    def _heading(self, node: SyntaxTreeNode) -> Block:
        begin, stop = self._span(node)
        words = without_control(self._words(node.children[0].content))  # "&#x202e;" was one
        title, anchor = " ".join(words.split()), ""
        if named := _ANCHOR.search(title):
            title, anchor = title[: named.start()], named[1]
        return Block("heading", begin, begin, stop, stop, int(node.tag[1]), title, anchor)

    def _words(self, line: str) -> str:
        """A heading without its marks; an overlong one is left as it is."""
        if len(line) > _LONGEST_HEADING:
            return line
        parser = _parser()
        tokens = parser.inline.parse(line, parser, self.references, [])
        return "".join(map(_plain, SyntaxTreeNode(tokens).children))

    def _paragraphs(self, kind: BlockKind, nodes: list[SyntaxTreeNode], depth: int) -> Block:
        """Consecutive paragraphs as one block, after the mark of a list item."""
        begin, _ = self._span(nodes[0])
        _, stop = self._span(nodes[-1])
        # The content without marks is how its first line ends, whatever the marks are.
        first_line = self.text[begin:stop].split("\n", 1)[0].rstrip()
        content = nodes[0].children[0].content.strip().split("\n", 1)[0].rstrip()
        start = begin + len(first_line) - len(content) if first_line.endswith(content) else begin
        start = self._after(_ESCAPE, start)
        return Block(kind, begin, start, stop, stop, level=depth)

    def _item(self, item: SyntaxTreeNode, depth: int) -> Iterator[Block]:
        own = list(takewhile(lambda node: node.type in ("paragraph", "heading"), item.children))
        if own:
            yield self._paragraphs("item", own, depth)
        yield from self.walk(item.children[len(own) :], depth)

    def _rows(self, table: SyntaxTreeNode) -> Iterator[Block]:
        """The header, also an empty one, which tells the columns, and the rows with text."""
        spans = [self._span(row) for part in table.children for row in part.children]
        first = [cells_of(self.text[begin:stop]) for begin, stop in spans[:3]]
        headers = 1 + (len(first) > 2 and _is_below_groups(*first))
        for number, (begin, stop) in enumerate(spans):
            cells = self.text[begin:stop]
            start = begin + len(cells) - len(cells.lstrip("| \t"))
            end = max(start, begin + len(cells.rstrip("| \t")))
            if number < headers or start < end:
                yield Block("header" if number < headers else "row", begin, start, end, stop)

    def _lines(self, node: SyntaxTreeNode) -> Iterator[Block]:
        """The lines of code or HTML; comments and fences are not text."""
        if node.content.lstrip().startswith("<!--"):
            return
        first, last = node.map or (0, 0)
        begin, stop = self._span(node)
        first += node.type == "fence"
        lines = [(self.line_starts[n], self.line_starts[n + 1] - 1) for n in range(first, last)]
        texts = [
            (start + len(line) - len(line.lstrip()), start + len(line.rstrip()))
            for start, end in lines
            if (line := self.text[start:end]).strip() and line.strip() != node.markup
        ]
        for number, (start, end) in enumerate(texts):
            final = number == len(texts) - 1
            yield Block("line", start if number else begin, start, end, stop if final else end)


def cells_of(row: str) -> list[str]:
    """The cells of a table row with its bars."""
    return [cell.strip() for cell in _BAR.split(row.strip())[1:-1]]


def _is_below_groups(groups: list[str], names: list[str], row: list[str]) -> bool:
    """Whether the first two rows are headers: groups of columns (cells over several columns, which
    leave empty ones), the columns' names, and then a row with figures.

    |  | Seizures |  |      | Country | 2019 | 2020 |      | France | 10 | 12 |
    """
    named = [name for group, name in zip(groups[1:], names[1:], strict=False) if name and not group]
    return (
        bool(named)
        and any(groups[1:])
        and all(names[1:])
        and not any(is_value(name) for name in names)
        and any(map(is_value, row[1:]))
    )


def has_header(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first row of a table names its columns: no value stands above another, and it is
    no form of names with what each has ("From: | Council", words and figures by turns)."""
    if len(rows) > 1 and len(rows[0]) == _OF_FORM:
        values = sum(is_value(value) for _, value in rows)
        is_mixed = _MIXED[0] * len(rows) <= values <= _MIXED[1] * len(rows)
        if rows[0][0].endswith(":") or (len(rows) >= _LONG_FORM and is_mixed):
            return False
    pairs = zip(*rows[:2], strict=True) if len(rows) > 1 else ()
    return not any(all(map(is_value, pair)) for pair in pairs)


def is_value(cell: str) -> bool:
    """Whether a cell is a figure, not a name or a year.

    >>> [is_value(cell) for cell in ("5,84 %", "- 3", "2019", "2019/20", "Article 3")]
    [True, True, False, False, False]
    """
    return bool(_VALUE.fullmatch(cell)) and not _YEAR.fullmatch(cell)


def _plain(inline: SyntaxTreeNode) -> str:
    if inline.children:
        return "".join(_plain(child) for child in inline.children)
    return " " if inline.type in ("softbreak", "hardbreak") else inline.content
