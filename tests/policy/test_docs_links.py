"""The documentation: every relative link leads to a file, every anchor to a heading."""

import itertools
import re
from collections import Counter
from pathlib import Path
from urllib.parse import unquote

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from core.settings import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def _inline(file: Path) -> list[tuple[bool, Token]]:
    """The inline tokens of a page, and whether each is a heading."""
    tokens = MarkdownIt().enable("table").parse(file.read_text("utf-8"))
    return [
        (before.type == "heading_open", token)
        for before, token in itertools.pairwise(tokens)
        if token.type == "inline"
    ]


def anchors(file: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub names them."""
    names, seen = set(), Counter[str]()
    for is_heading, token in _inline(file):
        if is_heading:
            text = "".join(t.content for t in token.children or [] if t.type != "image")
            name = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
            names.add(f"{name}-{seen[name]}" if seen[name] else name)
            seen[name] += 1
    return names


def dead(file: Path) -> list[str]:
    """The relative links and images of a page that lead nowhere."""
    tokens = [t for _, inline in _inline(file) for t in inline.children or []]
    links = [str(t.attrGet("href") or t.attrGet("src") or "") for t in tokens]
    lost = []
    for link in links:
        if not link or re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = unquote(link).partition("#")
        target = file.parent / path if path else file
        if not target.exists() or (anchor and anchor not in anchors(target)):
            lost.append(link)
    return lost


@pytest.mark.parametrize("file", PAGES, ids=lambda file: str(file.relative_to(ROOT)))
def test_no_link_is_dead(file: Path) -> None:
    assert dead(file) == []


def unknown(file: Path) -> list[str]:
    """The links with the name of a function, class or constant that the file does not define."""
    links = re.findall(r"\[`(\w+)`\]\(([\w./-]+\.py)\)", file.read_text("utf-8"))
    return [
        name
        for name, path in links
        if not re.search(
            rf"^(?: *(?:async )?def|class) {name}\b|^{name}\b.* = ",
            (file.parent / path).read_text("utf-8"),
            re.MULTILINE,
        )
    ]


def test_what_the_documents_name_is_there() -> None:
    assert [name for file in PAGES for name in unknown(file)] == []


def test_every_question_of_the_map_leads_to_a_name_in_the_code() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    rows = re.findall(r"^\| (.+\?) \| (.+) \|$", page, re.MULTILINE)
    assert len(rows) > 25
    assert [question for question, where in rows if not re.search(r"\[`\w+`\]\(", where)] == []
    assert len(page.splitlines()) <= 150


def test_a_name_that_is_not_there_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(
        "def one(): ...\nTWO: int = 2\n    def three(self): ...\n", "utf-8"
    )
    page = tmp_path / "a.md"
    page.write_text(
        "[`one`](a.py) [`TWO`](a.py) [`three`](a.py) [`on`](a.py) [`four`](a.py)", "utf-8"
    )
    assert unknown(page) == ["on", "four"]


def test_a_dead_link_is_told(tmp_path: Path) -> None:
    page = tmp_path / "a.md"
    page.write_text(
        "# One `x`: two\n\n[1](b.md) ![2](b.png) [3](#one) [4](a.md#one-x-three)\n\n"
        "[5](#one-x-two) [6](a.md) [7](https://example.org/b.md)\n\n    [8](c.md)\n\n"
        "| a |\n| --- |\n| [9](d.md) |\n",
        "utf-8",
    )
    assert dead(page) == ["b.md", "b.png", "#one", "a.md#one-x-three", "d.md"]
