"""The benchmark of documents: lists of headings, what counts as found, and the figures."""

import itertools
import json
from pathlib import Path

import pytest

from core.errors import DocumentError
from core.settings import Settings
from ingest.reading.load import load
from research.benchmarks import order_read
from research.benchmarks.__main__ import app
from research.benchmarks.documents_read import DocumentsRead, documents, together
from research.benchmarks.headings import (
    LISTS,
    Heading,
    Share,
    Truth,
    align,
    is_label,
    is_title,
    parents,
    truth_of,
)
from tests.support.pdf_files import communication, lines, placed

REPORT = """# Harbours of the Union

## Article 1 – Subject matter

This report is about harbours and about the ships that call there, about those who work in them and
about what becomes of what they bring in, be it by day or by night.

### Article 2

### Scope of what is said

The harbours of the Union are meant, also those on rivers, as far as a ship of the sea can come to
them at any time of the year, be there water or ice below them,

without help, and those on islands that no other means of transport reaches in winter or in spring,
except where the law of a Member State has it otherwise

## Thanks

Thanks to all.
"""
LIST = """title: [Report on harbours, Harbours of the Union]
headings: |
  Article 1 Subject matter
  Article 2 Scope of what is said
    ? Thanks
  Annex
"""


def headings(*texts: str) -> list[Heading]:
    return [Heading(text, 1) for text in texts]


def harbours(folder: Path) -> Path:
    """A folder with the report, whose list of headings lies beside it."""
    (folder / "documents").mkdir()
    (folder / "documents" / "harbours.md").write_text(REPORT, "utf-8")
    (folder / "harbours.md.yaml").write_text(LIST, "utf-8")
    return folder / "documents"


def pairs(true: list[Heading], read: list[Heading]) -> list[tuple[int, int, int]]:
    return [(match.true, match.first, match.after) for match in align(true, read)]


def test_a_folder_is_measured_file_by_file_and_together(tmp_path: Path) -> None:
    folder = harbours(tmp_path)
    (folder / "broken.pdf").write_bytes(b"no PDF")

    figures = documents(Settings(data_dir=tmp_path), folder, tmp_path)

    broken, report, markdown, pdf, everything = figures

    assert report.titles == Share(right=1, of=1)
    assert report.recall == Share(right=2, of=3)
    assert report.precision == Share(right=2, of=2)
    assert report.parents == Share(right=1, of=2)  # Article 2 is read as part of Article 1
    assert report.paragraphs == Share(right=1, of=3)
    assert (report.files, report.unread, report.pages, report.cpu) == (1, 0, 0, 0)
    assert [line.partition(":")[0] for line in report.wrong] == [
        "cut", "cut", "heading not found", "heading in two", "heading below a wrong one",
    ]  # fmt: skip
    assert (broken.unread, broken.recall.of) == (1, 0)
    assert broken.wrong[0].startswith("not read: ")
    assert (markdown.name, markdown.recall, markdown.unread) == ("all .md", report.recall, 0)
    assert (pdf.files, pdf.unread) == (1, 1)
    assert (everything.files, everything.unread, everything.recall) == (2, 1, report.recall)


def test_processor_time_is_that_of_a_page(tmp_path: Path) -> None:
    (tmp_path / "plan.pdf").write_bytes(communication())
    figures = documents(Settings(data_dir=tmp_path), tmp_path, tmp_path)[0]
    assert figures.pages > 1
    assert 0 < figures.cpu < 60


def test_the_command_writes_the_table_and_all_that_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STRATEGIEWIJZER_DATA_DIR", str(tmp_path / "data"))
    assert app.run([str(harbours(tmp_path)), "--lists", str(tmp_path)], "benchmarks") == 0
    out = capsys.readouterr().out
    assert "harbours.md" in out
    assert "0.667 (2/3)" in out
    kept = json.loads((tmp_path / "data" / "benchmarks" / "documents.json").read_text("utf-8"))
    assert "heading not found: Annex" in kept["figures"][0]["wrong"]
    assert app.run([str(tmp_path / "data" / "benchmarks")], "benchmarks") == 1
    assert "there are no documents here" in capsys.readouterr().err


FIFTH, SIXTH = "Article 5 Prohibited practices", "Article 6 Classification"


@pytest.mark.parametrize(
    ("true", "read", "found"),
    [
        ([FIFTH, SIXTH], ["Article 5 – Prohibited practices", "ARTICLE 6. Classification"],
         [(0, 0, 1), (1, 1, 2)]),
        ([FIFTH, SIXTH], ["Prohibited practices", "Classification"], [(0, 0, 1), (1, 1, 2)]),
        ([FIFTH, SIXTH], ["Article 5", "Prohibited practices", "Article 6", "Classification"],
         [(0, 0, 2), (1, 2, 4)]),
        # A list may leave out the title below a label.
        (["ANNEX I"], ["ANNEX I – Harbours of the Union"], [(0, 0, 1)]),
        (["ANNEX I"], ["Annex I"], [(0, 0, 1)]),
        (["ANNEX I"], ["ANNEX II Harbours"], []),
        (["Article 4"], ["Article 4 This is for all harbours."], []),
        # One with another number, or the label alone, is not found.
        (["Article 5 Entry into force"], ["Article 6 Entry into force"], []),
        (["2.1 Scope"], ["2.2 Scope"], []),
        ([FIFTH], ["Article 5"], []),
        # Small differences of writing do not count.
        (["3.2 Sources[^1] of growth in the harbours", "Chapitre III Les ports"],
         ["3.2. Sources of growth in harbours", "CHAPITRE III – LES PORTS"],
         [(0, 0, 1), (1, 1, 2)]),
    ],
)  # fmt: skip
def test_headings_are_found_in_their_order_with_the_same_number(
    true: list[str], read: list[str], found: list[tuple[int, int, int]]
) -> None:
    assert pairs(headings(*true), headings(*read)) == found


def test_of_headings_in_another_order_one_is_found_and_a_label_alone_is_not_wrong() -> None:
    assert len(pairs(headings("One", "Two"), headings("Two", "One"))) == 1
    assert is_label(Heading("Article 5", 1), Heading(FIFTH, 1))
    assert not is_label(Heading("Article 5", 1), Heading("Article 50 Penalties", 1))
    assert not is_label(Heading("Article 5 Penalties", 1), Heading("Article 5 Penalties", 1))


def test_a_title_must_have_the_subject() -> None:
    truth = Truth(titles=("Regulation (EU) 2024/1 on harbours of the Union", "on harbours"))
    assert is_title("REGULATION (EU) 2024/1 on Harbours of the Union", truth)
    assert is_title("On harbours", truth)
    assert not is_title("Regulation (EU) 2024/1", truth)


def test_headings_stand_below_the_nearest_that_is_less_deep() -> None:
    outline = [Heading(str(depth), depth) for depth in (1, 3, 2, 3, 1)]
    assert parents(outline) == [None, 0, 0, 2, None]


def test_the_lists_that_come_with_the_benchmark_can_be_read(tmp_path: Path) -> None:
    names = [file.name.removesuffix(".yaml") for file in LISTS.iterdir()]
    lists = {name: truth_of(tmp_path / name, LISTS) for name in names}
    assert len(lists) >= 24
    for name, truth in lists.items():
        assert truth is not None, name
        assert truth.titles, name
        depths = [heading.depth for heading in truth.headings]
        assert all(after <= before + 1 for before, after in itertools.pairwise(depths))


def test_a_wrong_list_is_told(tmp_path: Path) -> None:
    (tmp_path / "harbours.md.yaml").write_text("titel: Harbours\n", "utf-8")
    with pytest.raises(DocumentError, match="not a list of headings"):
        truth_of(tmp_path / "harbours.md", tmp_path)


def test_sums_count_each_heading_once() -> None:
    first = DocumentsRead(name="a.md", recall=Share(right=1, of=1), pages=2, cpu=0.1)
    other = DocumentsRead(name="b.md", recall=Share(right=0, of=3), unread=1)
    both = together("all", [first, other])
    assert (both.recall.value, both.unread, both.pages, both.cpu) == (0.25, 1, 2, 0.1)
    assert both.titles.value is None


ENDINGS = [
    ("where ships call.", "", False),
    ("where ships call.¹²", "", False),
    ("where ships call; and", "(b) others", False),
    ("where ships call, or", "b) others", False),
    ("where ships call,", "Having regard to others", False),
    ("where ships call,", "which others do not", True),
    ("where ships call, or", "are to call", True),
    ("as laid down in Regulation (EU)", "2024/1", True),
    ("on the ships and the", "Harbours", True),
]


def test_a_paragraph_is_cut_where_its_sentence_goes_on(tmp_path: Path) -> None:
    for number, (ending, after, _) in enumerate(ENDINGS):
        text = f"{'Harbours of the Union are meant. ' * 6}and those {ending}\n\n{after}\n"
        (tmp_path / f"harbours-{number}.md").write_text(text, "utf-8")
    reports = documents(Settings(data_dir=tmp_path), tmp_path, tmp_path)
    for (ending, after, is_cut), report in zip(ENDINGS, reports, strict=False):
        assert report.paragraphs == Share(right=int(not is_cut), of=1), (ending, after)


def test_a_wrong_title_is_no_wrong_heading_and_may_be_a_true_one(tmp_path: Path) -> None:
    for name in ("ships", "ports"):
        text = "# Article 1 Scope\n\nPorts are meant.\n\n## Definitions\n\nA port has ships.\n"
        (tmp_path / f"{name}.md").write_text(text, "utf-8")
    listed = "title: On ports\nheadings: |\n"
    (tmp_path / "ports.md.yaml").write_text(
        f"{listed}  Article 1 Scope\n    Definitions\n", "utf-8"
    )
    (tmp_path / "ships.md.yaml").write_text(f"{listed}  Definitions\n", "utf-8")
    ports, ships = documents(Settings(data_dir=tmp_path), tmp_path, tmp_path)[:2]
    assert ports.titles == Share(right=0, of=1)
    assert ports.recall == ports.precision == ports.parents == Share(right=2, of=2)
    assert ships.recall == ships.precision == ships.parents == Share(right=1, of=1)

    (tmp_path / "ships.md.yaml").write_text(
        "title: Article 1 Scope\nheadings: |\n  Article 1 Scope\n  Definitions\n", "utf-8"
    )
    ships = documents(Settings(data_dir=tmp_path), tmp_path, tmp_path)[1]
    assert ships.titles == ships.recall == ships.precision == Share(right=1, of=1)


def test_the_order_of_words_is_held_against_a_marked_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = [
        "The harbours of the Union are",
        "those that ships of the sea",
        "may call at in winter.",
    ]
    right = [
        "Ships are those of the sea,",
        "and of rivers that lead to",
        "it from within the land.",
    ]
    page = [*lines(100, *left, x=60), *lines(100, *right, x=320)]
    file = tmp_path / "harbours.pdf"
    file.write_bytes(placed(page, page))
    regions = tmp_path / "regions"
    regions.mkdir()
    (regions / "harbours.1.yaml").write_text(
        "file: harbours.pdf\npage: 1\nregions:\n"
        "- {kind: text, box: [50, 80, 300, 160], goes_on: true}\n"
        "- {kind: text, box: [310, 80, 560, 160]}\n",
        "utf-8",
    )
    monkeypatch.setattr(order_read, "REGIONS", regions)
    (marked,) = order_read.marked_pages(file)

    def read_as(text: str) -> tuple[int, int]:
        document = load(file).model_copy(update={"text": text, "page_starts": (0,)})
        return order_read.neighbours(file, document, marked)[:2]

    assert read_as("\n".join((*left, *right))) == (33, 33)
    right_pairs, pairs = read_as("\n".join(f"{a} {b}" for a, b in zip(left, right, strict=True)))
    assert (right_pairs < 0.9 * pairs, pairs) == (True, 33)
    assert order_read.marked_pages(tmp_path / "other.pdf") == []


def test_the_pages_that_come_with_the_benchmark_can_be_read() -> None:
    files = {Path(place.name.rsplit(".", 2)[0] + ".pdf") for place in order_read.REGIONS.iterdir()}
    pages = [page for file in files for page in order_read.marked_pages(file)]
    assert len(pages) == 20
    assert sum(page.held for page in pages) == 8
