"""Properties of reading: a file is refused with a remedy, or its units are exact.

The examples are the same at every run. To search longer, raise `EXAMPLES` and take `derandomize`
out; what fails then is printed as small as it can be, and belongs here or in the format's own test
as a plain example.
"""

import itertools
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from core.errors import DocumentError
from core.source import DocumentInfo, Passage, SourceDocument
from ingest.passages.split import split
from ingest.reading.blocks import LimitError
from ingest.reading.formats import blocks_of
from ingest.reading.formats.front_matter import SIDECAR_SUFFIX
from ingest.reading.load import load
from tests.support.pdf_files import typed
from vectorstore.embeddings import token_counter

EXAMPLES = 60
steady = settings(deadline=None, derandomize=True, max_examples=EXAMPLES, database=None)
TOKENS = token_counter(estimated=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("properties")


ODD = "\u202e\u200b\ufeff\u00ad\x00\x0b\x0c\x85\u2028\ufffd\uffff\U0001f600\u0301ﬁ²½İß٣"
MARKUP = "#*_`~|<>[](){}&!\\\"'-+=.:;,/^$%@ \t\n\r"
WORDS = (
    "The", "ships", "sail.", "De", "vloot", "vaart", "uit;", "§1", "(a)", "1.", "2)", "EUR",
    "11,6", "miljard", "art.", "3(2)", "e.g.", "“It", "is.”", "z.B.", "COM(2020)", "607",
    "2011/93/EU", "Straße", "Ελλάδα", "България", "12°",
)  # fmt: skip
words = st.sampled_from(WORDS)
characters = st.text(
    st.one_of(st.sampled_from(ODD + MARKUP), st.characters(codec="utf-8")), max_size=12
)
phrases = st.lists(st.one_of(words, words, words, characters), max_size=14).map(" ".join)


def blocks(*between: str) -> SearchStrategy[str]:
    """Pieces with marks of a format before them and between them."""
    piece = st.tuples(st.sampled_from(between), st.one_of(phrases, phrases, st.just("")))
    return st.lists(piece.map("".join), min_size=1, max_size=14).map("".join)


markdown = blocks(
    "\n\n", "\n", "\n# ", "\n\n## ", "\n###### ", "\n- ", "\n    - ", "\n1. ", "\n10) ", "\n> ",
    "\n\n> - ", "\n| a | b |\n|---|---|\n| ", " | ", "\n|", "\n```\n", "\n~~~python\n", "\n    ",
    "\n===\n", "\n---\n", "\n<!-- ", " -->", "\n<table><tr><td>", "[^1]", "\n\n[^1]: ", "\n[a]: ",
    "![x](y)", "\n* * *\n", "&#x202e;", "&nbsp;", "\\", "\r\n", "\n\t- ", "\n- \n\n  ", "\n+ ",
)  # fmt: skip
plain = blocks(
    "\n", "\n\n", "\n\n\n", "\r\n", "\f", "\n- ", "\n• ", "\n(1) ", "\n1. ", "\n1.2.3 ",
    "\nArticle 1\n", "\nCHAPTER I\n", "\n-----\n", "\n    ", "\t", "\nWhereas:\n",
    "\n(a) ", "\n§ 1 ", "\n[1] ",
)  # fmt: skip

TAGS = [
    "p", "div", "h1", "h2", "h6", "ul", "ol", "li", "table", "tr", "td", "th", "thead", "tbody",
    "caption", "a", "b", "i", "sup", "sub", "br", "hr", "pre", "code", "blockquote", "span",
    "section", "article", "main", "nav", "footer", "header", "script", "style", "template",
    "title", "head", "body", "html", "dl", "dt", "dd", "figure", "img", "svg", "math", "form",
    "textarea", "iframe", "noscript", "font", "x-odd", "p:q",
]  # fmt: skip
ATTRIBUTES = (
    "", "", "", " id='a'", " class='oj-note'", " href='#a'", " href='javascript:x'", " colspan='9'",
    " rowspan='-1'", " rowspan='3'", " start='²'", " value='9999999999'", " style='display:none'",
    " hidden", " lang='xx'", " a='>'", " =", " id=\"", " name='f1' href='#f2'", " type='a'",
)  # fmt: skip
LEAVES = (
    "&amp;", "&#0;", "&#x110000;", "&nosuch;", "&lt;p&gt;", "<!-- a -->", "<!--", "-->",
    "<![CDATA[a <b>]]>", "<?php a ?>", "<!DOCTYPE html>", "</p>", "</table>", "</", "<", "<p",
    "<meta charset='utf-16'>", "<base href='//x'>", "<title>A title</title>",
)  # fmt: skip


def _element(inside: SearchStrategy[str]) -> SearchStrategy[str]:
    return st.builds(
        lambda tag, attribute, children, closed: (
            f"<{tag}{attribute}>{''.join(children)}{f'</{tag}>' if closed else ''}"
        ),
        st.sampled_from(TAGS),
        st.sampled_from(ATTRIBUTES),
        st.lists(inside, max_size=5),
        st.sampled_from((True, True, True, False)),
    )


html = st.recursive(st.one_of(phrases, phrases, st.sampled_from(LEAVES)), _element, max_leaves=40)
pages = st.one_of(html, html.map("<html lang='en'><body><h1>A title</h1><p>A text.</p>{}".format))

keys = st.one_of(
    st.sampled_from(sorted(DocumentInfo.model_fields)),
    st.sampled_from(("tags", "'id'", "? [a, b]", "<<", "1", "~", "!!binary id", "&a id", "*a", "")),
)
values = st.one_of(
    st.sampled_from((
        "odd", "nl", "xx", "zz", "2020-07-24", "2020-02-30", "0000-00-00", "2020-W01-1",
        "9" * 400, "1e999", "0x" + "f" * 99, "1:2:3", ".nan", "~", "''", '""', "yes",
        "!!python/object:os.system x", "!!int a", "!odd x", "&a [*a]", "*a", "*nosuch", "{a: b}",
        "[1, 2", "|\n  a\n  b", ">-\n  a", "'a: b'", "a: b", '"\\u202e"', "- a", "brief",
        "upload", "https://example.eu/a", "https:// x", "@a", "`a", "%a", "#",
        "2020-07-24T10:00:00Z", "document", "\t", "{<<: *a}", "!!set {a}",
        "!<tag:yaml.org,2002:str> a",
    )),
    phrases,
)  # fmt: skip
fields = st.lists(st.tuples(keys, values), max_size=6).map(
    lambda pairs: "".join(f"{key}: {value}\n" for key, value in pairs)
)
fronts = st.builds(
    lambda opening, inside, closing, below: f"{opening}{inside}{closing}{below}",
    st.sampled_from(("---\n", "---\n", "--- \n", "---\n---\n", "---")),
    fields,
    st.sampled_from(("---\n", "---\n", "---", "--- \n\n", "...\n", "")),
    st.one_of(st.just("\nA text below.\n"), markdown),
)


def _read(file: Path, data: bytes) -> None:
    """Reads and splits a file, unless it is refused as a person can understand."""
    file.write_bytes(data)
    try:
        document = load(file)
        passages = split(document, TOKENS)
    except DocumentError as error:
        assert error.problem  # noqa: PT017
        assert error.remedy  # noqa: PT017
        assert error.line is None or error.line >= 1  # noqa: PT017
    except LimitError:
        pass
    else:
        _check(document, passages)


def _check(document: SourceDocument, passages: list[Passage]) -> None:
    """Sections, passages and units are stretches of the text, in order; no letter is in none.

    Only the header of a table may be empty.
    """
    text = document.text
    places = ((section.start, section.end) for section in document.sections)
    ends = [0, *itertools.chain(*places), len(text)]
    assert ends == sorted(ends)
    assert list(document.page_starts) == sorted(document.page_starts)
    covered: set[int] = set()
    last = 0
    for passage in passages:
        assert passage.text == text[passage.start : passage.end]
        assert passage.units
        for unit in passage.units:
            start, end = passage.start + unit.start, passage.start + unit.end
            assert last <= start <= end <= passage.end
            assert start < end or (text[start - 1] in "| \t" and unit.kind == "sentence")
            assert text[start:end] == passage.text[unit.start : unit.end]
            covered.update(range(start, end))
            last = end
    for section, block in itertools.product(document.sections, blocks_of(document)):
        if section.start <= block.begin < section.end:
            own = range(block.start, block.end)
            assert not [text[at] for at in own if text[at].isalnum() and at not in covered]
    assert len({passage.id for passage in passages}) == len(passages)


TEXTS = {"odd.en.md": markdown, "odd.en.txt": plain, "odd.en.html": pages, "front.md": fronts}


@pytest.mark.parametrize("name", TEXTS)
@steady
@given(data=st.data())
def test_a_text(folder: Path, name: str, data: st.DataObject) -> None:
    _read(folder / name, data.draw(TEXTS[name]).encode("utf-8", "replace"))


@steady
@given(text=plain, encoding=st.sampled_from(("utf-16", "utf-16-be", "cp1252", "utf-32", "cp1251")))
def test_text_in_any_encoding(folder: Path, text: str, encoding: str) -> None:
    _read(folder / "odd.txt", text.encode(encoding, "replace"))


@steady
@given(data=st.binary(max_size=300), kind=st.sampled_from(("md", "txt", "html", "pdf", "docx")))
def test_any_bytes(folder: Path, data: bytes, kind: str) -> None:
    _read(folder / f"bytes.{kind}", data)


@steady
@given(text=fields)
def test_sidecars(folder: Path, text: str) -> None:
    beside = folder / f"beside.md{SIDECAR_SUFFIX}"
    beside.write_text(text, "utf-8", errors="replace")
    _read(folder / "beside.md", b"# A title\n\nA text.\n")


MARKS = ("", "", "# ", "^ ", "• ", "- ", "1. ", "(a) ", "    ", "1 ")
lines = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(MARKS), phrases)
        .map("".join)
        .map(lambda line: line.encode("cp1252", "ignore").decode("cp1252")),
        st.just(""),
    ),
    max_size=12,
)


@settings(steady, max_examples=EXAMPLES // 2)
@given(sheets=st.lists(lines, min_size=1, max_size=3), turned=st.booleans())
def test_pdf(folder: Path, sheets: list[list[str]], turned: bool) -> None:
    _read(folder / "odd.en.pdf", typed(*sheets, turned=turned))


@settings(steady, max_examples=EXAMPLES // 2)
@given(cuts=st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=4)), max_size=5))
def test_a_damaged_pdf(folder: Path, cuts: list[tuple[float, bytes]]) -> None:
    data = typed(["A text on a page.", "It has two lines."], ["Another page."])
    for place, put in cuts:
        at = int(place * len(data))
        data = data[:at] + put + data[at + len(put) :]
    _read(folder / "damaged.en.pdf", data)
