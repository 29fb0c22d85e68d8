"""Documents that are made to do harm, or just odd: each is its own failure, and nothing else is."""

import gc
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from openpyxl.worksheet.cell_range import CellRange

from core.errors import DocumentError
from ingest.passages.split import split
from ingest.pipeline import ingest
from ingest.publishing.ingest_run import IngestOptions
from ingest.reading.load import load
from tests.support.office_files import workbook, workbook_of_shared
from tests.support.small import Small
from vectorstore.embeddings import token_counter

GOOD = "# Ships\n\nThe ships sail on.\n"
LONG = "n" * 243
NO_DAY = "Met dank overgenomen van de Commissie, 31 juni 2020"


def _front_matter(fields: str) -> str:
    return f"---\nid: odd\n{fields}\n---\n\n# Odd\n\nSome text.\n"


# One file never ends the run


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("odd.en.md", _front_matter("title: a\uffffb"), "the front matter is not valid YAML"),
        ("odd.en.md", _front_matter("area: " + "[" * 5000), "the front matter is not valid YAML"),
        ("odd.en.md", _front_matter(r'title: "\ud800"'), "the front matter is not valid YAML"),
        ("odd.en.md", _front_matter(f"title: {'a' * 100_000}"), "the front matter is longer than"),
        ("odd.en.html", "<p>A text.</p><p>And what of the ships?</p>" * 9, ""),
        (f"{LONG}.md", GOOD, ""),
        ("odd.nl.txt", f"Titel\n\n{NO_DAY}\n\nEen zin hier.\n", ""),
    ],
    ids=["U+FFFF", "nested", "surrogate", "long", "page", "name", "date"],
)
def test_one_file_is_its_own_failure(small: Small, name: str, text: str, problem: str) -> None:
    settings = small({"ships.en.md": GOOD, name: text})
    report = ingest(settings, IngestOptions(dry_run=True))
    assert "ships.en" in report.plan.added
    if not problem:
        assert report.failures == ()
        return
    (failure,) = report.failures
    assert Path(failure.path).name == name
    assert name in failure.place
    assert problem in failure.problem
    assert failure.remedy


# Time in proportion to size

SHAPES: dict[str, Callable[[int], str]] = {
    "spaces.md": lambda n: "# T\n\nA word" + " " * n + "b.\n",
    "spaces.txt": lambda n: "T\n\nA word.\n" + " " * n + "\nAnother.\n",
    "parentheses.md": lambda n: "# T\n\nA " + "(" * n + ".\n",
    "headings.md": lambda n: "# T\n\n" + "## H\n\nText.\n\n" * (n // 20),
    "items.md": lambda n: "# T\n\nThe list:\n\n" + "- an item\n" * (n // 20),
    "letters.md": lambda n: "# T\n\n" + "a." * (n // 4) + "\n",
    "numbers.txt": lambda n: "T\n\n" + "1. " * (n // 4) + "\n",
    "quotes.md": lambda n: "# T\n\n" + "'a' " * (n // 4) + "\n",
    "lines.txt": lambda n: "T\n\n" + "a\n" * (n // 10),
    "links.txt": lambda n: "T\n\nA sentence.\n\n" + "See also\n\n" * (n // 20),
    "notes.md": lambda n: "# T\n\nText[^1].\n\n" + "[^1]: note.\n\n" * (n // 20),
    "rows.md": lambda n: "# T\n\n| a | b |\n|---|---|\n" + "| c | d |\n" * (n // 20),
    "paragraphs.html": lambda n: "<p>A b c d.</p>" * (n // 20),
}


@pytest.mark.long
@pytest.mark.parametrize("name", SHAPES)
def test_eight_times_the_size_takes_about_eight_times_the_time(tmp_path: Path, name: str) -> None:
    """Processor time, the least of up to three, of small and large in turn. What takes the square
    of its size takes 64 times as long; 2.5 a doubling is 15.6.

    Without Python's search for garbage: how long that takes goes with all that the process holds.
    """
    token_count = token_counter(estimated=True)

    def seconds(size: int) -> float:
        file = tmp_path / f"t.en.{name.rpartition('.')[2]}"
        file.write_text(SHAPES[name](size))
        gc.disable()
        try:
            started = time.thread_time()
            document = load(file)
            split(document, token_count)
            return time.thread_time() - started
        finally:
            gc.enable()

    size = 10_000
    while seconds(size) < 0.02 and size < 640_000:  # from there on it can be measured
        size *= 2
    once, eight_times = seconds(size), seconds(8 * size)
    for _ in range(2):
        if eight_times > 2.5**3 * once:  # something else took the time, or it grows too fast
            once, eight_times = min(once, seconds(size)), min(eight_times, seconds(8 * size))
    assert eight_times <= 2.5**3 * once


# Limits


def test_a_wide_sparse_table_is_cut_into_passages_that_fit(tmp_path: Path) -> None:
    columns = 250
    rows = [["x" if place == row else "" for place in range(columns)] for row in range(20)]
    header = [f"c{place}" for place in range(columns)]
    file = tmp_path / "wide.en.md"
    lines = [header, ["---"] * columns, *rows]
    file.write_text("# T\n\n" + "".join(f"| {' | '.join(line)} |\n" for line in lines))
    token_count = token_counter(estimated=False)
    passages = split(load(file), token_count)
    assert max(token_count(passage.context()) for passage in passages) <= 512
    units = [p.text[unit.start : unit.end] for p in passages for unit in p.units]
    assert units.count("x") == 20


def test_a_sparse_workbook_is_read_without_its_empty_columns(tmp_path: Path) -> None:
    row = [f"text {n}" if n % 10 == 0 else None for n in range(2500)]
    assert load(workbook(tmp_path / "wide.en.xlsx", row)).text.count("text ") == 250


def _wide(folder: Path) -> Path:
    return workbook(folder / "odd.en.xlsx", ["a"] * 300)


def _long(folder: Path) -> Path:
    """A workbook that has a text once and shows it in ten thousand cells."""
    shared = f"<si><t>{'n' * 2001}</t></si>"
    return workbook_of_shared(folder / "odd.en.xlsx", shared, [[0] * 250] * 40)


def _merged(folder: Path) -> Path:
    """A workbook in which a thousand cells are each merged over a thousand rows."""

    def merge(sheet: Any) -> None:
        sheet.merged_cells.ranges = [CellRange(f"A{row}:A{row + 1000}") for row in range(1, 1001)]

    return workbook(folder / "odd.en.xlsx", *([f"text {n}"] for n in range(2000)), change=merge)


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (_wide, "256 columns (257)"),
        (_long, "20,000,000 characters in cells (20,001,996)"),
        (_merged, "500,000 cells (500,001)"),
    ],
)
def test_a_workbook_beyond_a_limit_is_refused_with_the_limit(
    tmp_path: Path, make: Callable[[Path], Path], problem: str
) -> None:
    with pytest.raises(DocumentError, match=re.escape(f"has more than {problem}. Split it")):
        load(make(tmp_path))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("# T\n\n" + "## H\n\nText.\n\n" * 10_000, "has more than 10,000 headings (10,001)"),
        ("# T\n\n" + "- a\n" * 50_001, "has more than 50,000 paragraphs, list items and table"),
        (f"# T\n\n|{'a|' * 300}\n|{'-|' * 300}\n|b|\n", "has more than 256 columns (300)"),
        ("# T\n\n" + ">" * 50 + " text\n", "has lists or quotations more than 10 deep"),
        ("# T\n\n" + "1. " * 50 + "text\n", "has lists or quotations more than 10 deep"),
        pytest.param(
            f"# T\n\n{'It is so. ' * 100_001}\n",
            "has more than 100,000 sentences, list items",
            marks=pytest.mark.long,
        ),
    ],
    ids=["headings", "items", "columns", "quotations", "lists", "sentences"],
)
def test_a_document_beyond_a_limit_is_refused_with_the_limit(
    small: Small, text: str, problem: str
) -> None:
    settings = small({"ships.en.md": GOOD, "odd.en.md": text})
    report = ingest(settings, IngestOptions(dry_run=True))
    (failure,) = report.failures
    assert failure.problem.startswith(problem)
    assert failure.remedy.startswith("Split it into several files")
    assert report.plan.added == ("ships.en",)


# Odd marks


@pytest.mark.parametrize("digit", ["③", "²", "9" * 12])
def test_odd_digits_in_a_web_page_are_no_numbers(tmp_path: Path, digit: str) -> None:
    file = tmp_path / "odd.en.html"
    file.write_text(
        f"<ol start='{digit}'><li value='{digit}'>It begins here.</li></ol>"
        f"<table><tr><td colspan='{digit}' rowspan='{digit}'>a</td><td>b</td></tr>"
        "<tr><td>c</td><td>d</td></tr></table>"
    )
    assert "It begins here." in load(file).text


@pytest.mark.parametrize("charset", ["undefined", "idna", "punycode", "base64", "no-such"])
def test_an_odd_charset_in_a_web_page_is_none(tmp_path: Path, charset: str) -> None:
    file = tmp_path / "odd.en.html"
    file.write_text(f"<meta charset='{charset}'><p>The ships sail on, à Paris.</p>")
    assert "à Paris" in load(file).text


HIDDEN = "\u202e\u2066\u200b\u2060\ufeff\u200f\x07\U000e0041"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("odd.en.md", f"# Ti{HIDDEN}tle\n\nSome {HIDDEN}text.\n"),
        ("odd.en.md", "# Ti&#x202e;tle\n\nSome text.\n"),
        ("odd.en.md", '---\nid: odd\ntitle: "Ti\\u202etle"\n---\n\nSome text.\n'),
        ("odd.en.txt", f"Ti{HIDDEN}tle\n\nSome {HIDDEN}text.\n"),
        ("odd.en.html", f"<h1>Ti{HIDDEN}tle</h1><p>Some {HIDDEN}text.</p>"),
    ],
    ids=["markdown", "entity", "front matter", "text", "page"],
)
def test_what_cannot_be_seen_or_turns_writing_around_is_left_out(
    tmp_path: Path, name: str, text: str
) -> None:
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    document = load(file)
    assert document.title == "Title"
    assert "Some text." in document.text
    shown = document.text.replace("&#x202e;", "")
    assert not set(HIDDEN) & set(shown + "".join(document.sections[0].headings))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("odd.en.md", "# Ships\n\nThe ships <!-- a page\n\nnumber --> sail on and on.\n"),
        ("odd.en.md", "# Ships\n\n<!-- a page number --> The ships sail on and on.\n"),
        ("odd.en.md", "# Ships <!-- a page -->\n\n- <!-- a --> The ships sail on and on.<!-->\n"),
        ("odd.en.md", "# Ships\n\n<div>\n<!-- a page -->\nThe ships sail on and on.\n</div>\n"),
        ("odd.en.txt", "Ships\n\nThe ships sail on <!-- a page number --> and on.\n"),
        ("odd.en.html", "<h1>Ships</h1><p>The ships <!-- a page -->sail on and on.</p>"),
        ("odd.en.html", "<h1>Ships</h1><p>The ships &lt;!-- a page --&gt; sail on and on.</p>"),
        ("odd.en.html", "<h1>Ships</h1><p>&lt;!-- a page --&gt;</p><pre>&lt;!-- a --&gt;\n"
         "The ships sail on and on.</pre>"),
    ],
)  # fmt: skip
def test_a_comment_is_no_text(tmp_path: Path, name: str, text: str) -> None:
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    document = load(file)
    passages = split(document, token_counter(estimated=True))
    quoted = [p.text[unit.start : unit.end] for p in passages for unit in p.units]
    assert [text for text in quoted if text not in ("<div>", "</div>")] == [
        "The ships sail on and on."
    ]
    assert {passage.headings for passage in passages} == {("Ships",)}


def test_a_comment_without_an_end_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "odd.en.md"
    file.write_text(f"# Ships\n\nThe ships {'<!-- ' * 1000}sail on.\n", encoding="utf-8")
    assert "sail on." in load(file).text
