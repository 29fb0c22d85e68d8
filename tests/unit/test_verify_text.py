"""Every run of five words that is kept stands in the file itself, in every format."""

import datetime
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import docx
import pytest
from openpyxl import Workbook
from pptx import Presentation
from reportlab.lib.pagesizes import A5
from reportlab.platypus import ListFlowable, Paragraph, SimpleDocTemplate

from core.settings import ROOT, Settings
from core.source import SourceDocument
from ingest.__main__ import main
from ingest.passages.isolated import Loader
from ingest.passages.split import split
from ingest.reading import formats
from ingest.reading.compare_text import as_label, compare, read_source_text
from ingest.reading.comparison import WordComparison
from ingest.reading.load import load
from tests.support import pdf_files

DATA = ROOT / "tests" / "data"
FILES = (
    *sorted((DATA / "formats").glob("*.nl.*")), *sorted((DATA / "pdf").glob("*.pdf")),
    *sorted(DATA.glob("*.*")), *sorted((ROOT / "corpus").rglob("*.md")),
)  # fmt: skip

# Dashes, stars and dots within lines are words of a text, whatever they mean at its beginning.
LINES = (
    "Het beleid – zoals in 2019 – geldt voor onderzoeks- en ontwikkelingswerk - ook later.",
    "Onderzoeks- en ontwikkelingsbeleid – voor 2021 – 2025 wordt door de Commissie herzien;",
    "camera's in metro- en treinstations * en in bussen * worden door de politie bekeken;",
    "uit in- en uitvoer van 3 - 4 miljard euro per jaar — of meer — blijkt een stijging.",
)
ITEMS = "".join(f"<li>{line}</li>" for line in LINES[1:])
PAGE = f"<html><body><h1>Het plan</h1><p>{LINES[0]}</p><ul>{ITEMS}</ul></body></html>"
MARKDOWN = "\n\n".join((LINES[0], *(f"- {line}" for line in LINES[1:])))


def compared(path: Path, document: SourceDocument | None = None) -> WordComparison:
    document = document or load(path)
    passages = split(document, lambda text: len(text) // 4 + 2)
    return compare(document, passages, read_source_text(path, path.read_bytes()))


def written(path: Path, text: str = PAGE) -> Path:
    path.write_text(text, "utf-8")
    return path


def word(path: Path) -> None:
    file = docx.Document()
    file.add_heading("Het plan", 1)
    file.add_paragraph(LINES[0])
    for line in LINES[1:]:
        file.add_paragraph(line, style="List Bullet")
    file.save(str(path))


def zipped(path: Path, parts: Mapping[str, str]) -> None:
    with zipfile.ZipFile(path, "w") as file:
        for name, text in parts.items():
            file.writestr(name, text)


def open_document(path: Path) -> None:
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "text")
    )
    items = "".join(
        f"<text:list-item><text:p>{line}</text:p></text:list-item>" for line in LINES[1:]
    )
    content = (
        f"<office:document-content {spaces}><office:body><office:text>"
        f"<text:p>{LINES[0]}</text:p><text:list>{items}</text:list>"
        "</office:text></office:body></office:document-content>"
    )
    zipped(path, {"content.xml": content})


def book(path: Path) -> None:
    container = (
        '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
        '<rootfile full-path="book.opf"/></rootfiles></container>'
    )
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf"><metadata/><manifest><item id="a" '
        'href="a.xhtml" media-type="application/xhtml+xml"/></manifest><spine>'
        '<itemref idref="a"/></spine></package>'
    )
    zipped(path, {"META-INF/container.xml": container, "book.opf": package, "a.xhtml": PAGE})


def slides(path: Path) -> None:
    presentation = Presentation()
    slide = presentation.slides.add_slide(presentation.slide_layouts[1])
    slide.shapes.title.text = "Het plan"
    slide.placeholders[1].text = "\n".join(LINES)
    presentation.save(str(path))


def workbook(path: Path) -> None:
    file = Workbook()
    moment = datetime.datetime(2020, 7, 24, 9, 30)
    for number, line in enumerate(LINES):
        cells = [line, number / 3, 0.39, 10**16, moment.date(), moment, moment.time(), True]
        file.active.append(cells)
        file.active.cell(number + 1, 3).number_format = "0.0%"
    file.save(path)


def pdf(path: Path) -> None:
    first, *items = (Paragraph(line, pdf_files.BODY) for line in LINES)
    SimpleDocTemplate(str(path), pagesize=A5).build([first, ListFlowable(items, "bullet")])


FORMATS: dict[str, Callable[[Path], object]] = {
    ".html": written,
    ".htm": written,
    ".xhtml": written,
    ".md": lambda path: written(path, f"---\nid: a\n---\n\n{MARKDOWN}"),
    ".markdown": lambda path: written(path, f"---\nid: a\n---\n\n{MARKDOWN}"),
    ".txt": lambda path: written(path, "\n\n".join(LINES)),
    ".docx": word,
    ".odt": open_document,
    ".epub": book,
    ".pptx": slides,
    ".xlsx": workbook,
    ".pdf": pdf,
}


# What is kept stands in the file


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_what_is_kept_of_a_file_stands_in_it_word_for_word(path: Path) -> None:
    found = compared(path)
    assert found.runs > 20
    assert found.misread == ()


def test_every_format_is_looked_at() -> None:
    assert set(FORMATS) == set(formats.FORMATS)


@pytest.mark.parametrize("suffix", FORMATS)
def test_dashes_and_stars_within_a_line_are_kept_in_every_format(
    tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"plan.nl{suffix}"
    FORMATS[suffix](path)
    found = compared(path)
    assert found.misread == ()
    assert found.runs >= sum(len(line.split()) - 4 for line in LINES)


# And what does not stand there is seen


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("zoals in 2019", "zoals in 2018"),
        (" – geldt", " geldt"),
        ("onderzoeks- en", "onderzoeksen"),
    ],
)
def test_a_word_that_is_not_the_files_is_seen_in_every_format(
    tmp_path: Path, suffix: str, text: str, other: str
) -> None:
    path = tmp_path / f"plan.nl{suffix}"
    FORMATS[suffix](path)
    document = load(path)
    assert document.text.count(text) == 1
    changed = document.text.replace(text, other.ljust(len(text)))
    found = compared(path, document.model_copy(update={"text": changed}))
    before = compared(path, document)
    assert found.missing > before.missing
    (misread,) = set(found.misread) - set(before.misread)
    assert other.strip() in misread.text
    assert misread.page == (1 if suffix in (".pdf", ".pptx") else None)


def of_text(text: str, *pages: str) -> list[str]:
    """What is missing when a text of one paragraph is kept of a file with these pages."""
    document = SourceDocument(
        id="a", language="en", title="A", path="a.md", sha256="", text=text, page_starts=(0,),
        sections=({"number": 0, "headings": ("A",), "start": 0, "end": len(text)},),
    )  # fmt: skip
    passages = split(document, lambda part: len(part) // 4 + 2)
    return [one.text for one in compare(document, passages, pages).misread]


@pytest.mark.parametrize(
    "page",
    [
        f"The markets{as_label('1')} of the Union{as_label('(2)')},{as_label('3')} grow "
        "as in 2019.",
        "The mar-\nkets of the Union\ngrow as in 2019.",
        "The markets of the Union grow\n12\nPage 3 of 4\nas in 2019.",
        "The\u00a0markets of the Un\u00adion grow as in\u200b 2019.",
    ],
    ids=["notes", "hyphen", "foot of a page", "what nobody sees"],
)
def test_what_a_page_adds_to_its_text_is_nothing_that_is_missing(page: str) -> None:
    assert of_text("The markets of the Union grow as in 2019.", page) == []


@pytest.mark.parametrize(
    "page",
    [
        '<p>The markets(1) of the <a href="#n2">(2)</a>Union ▼M1 grow ►C1 as◄ in 2019.</p>',
        '<p>The markets<a href="#n1"><sup>1</sup></a> of the Un&shy;ion <b>grow</b> as in 2019.',
        "<p>The markets of the Union<script>alert(1)</script> grow <!-- ! -->as in 2019.</p>",
    ],
)
def test_marks_of_notes_and_of_changes_are_no_words_of_a_page(tmp_path: Path, page: str) -> None:
    path = written(tmp_path / "a.html", page)
    source = read_source_text(path, path.read_bytes())
    assert of_text("The markets of the Union grow as in 2019.", *source) == []
    assert of_text("The markets of a Union grow as in 2019.", *source)


def test_a_sentence_may_go_on_at_the_next_page_and_nowhere_else() -> None:
    text = "The markets of the Union grow as in 2019."
    first, second = "The markets of the Union\nfoot", "head\ngrow as in 2019."
    assert of_text(text, first, second) == []
    missing = ["markets of the Union grow as in 2019."]
    assert of_text(text, first, "a page between", second) == missing
    assert of_text(text, first.replace("\n", " "), second) == missing


def test_words_that_are_missing_are_told_as_one_stretch() -> None:
    text = "One two three four five six seven eight nine ten eleven twelve thirteen fourteen."
    missing = ["three four five six seven eight nine ten eleven"]
    assert of_text(text, text.replace("seven", "7")) == missing
    assert of_text(text, text.replace("four", "4").replace("eleven", "11")) == [text]


# The command


def test_the_command_tells_what_share_stands(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written(tmp_path / "plan.nl.txt", "\n\n".join(LINES))
    assert main(["--verify-text", str(tmp_path)]) == 0
    runs = sum(len(line.split()) - 4 for line in LINES)
    told = f"{runs} of {runs} runs of five words stand in their files (100.000%)"
    assert capsys.readouterr().out == f"{told}; 1 files, 0 not read.\n"


def test_the_command_names_file_and_place_of_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path / "plan.nl.md", f"---\nid: a\n---\n\n# Het plan\n\n{LINES[0]}\n")
    with Loader(Settings(), compares=True) as loader:
        loaded = loader.load(path)
    text = loaded.document.text.replace("2019", "2018")
    other = compared(path, loaded.document.model_copy(update={"text": text}))
    wrong = loaded.model_copy(update={"comparison": other})
    monkeypatch.setattr(Loader, "load", lambda *_: wrong)
    assert main(["--verify-text", str(path)]) == 1
    assert capsys.readouterr().out.splitlines() == [
        f"{path}, Het plan: not in the file: beleid – zoals in 2018 – geldt voor onderzoeks-",
        "6 of 11 runs of five words stand in their files (54.545%); 1 files, 0 not read.",
    ]


def test_a_file_that_cannot_be_read_is_told_and_the_others_are_looked_at(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.docx").write_bytes(b"no archive")
    written(tmp_path / "b.nl.txt", "\n\n".join(LINES))
    assert main(["--verify-text", str(tmp_path)]) == 1
    first, last = capsys.readouterr().out.splitlines()
    assert "a.docx: is damaged" in first
    assert last.endswith("(100.000%); 2 files, 1 not read.")


def test_nothing_else_is_done_along_with_it(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--verify-text", "--watch"])
    assert "--verify-text only looks: leave out all other options" in capsys.readouterr().err
