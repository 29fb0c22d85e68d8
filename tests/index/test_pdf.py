"""PDF: structure is found again, every passage has its page, and broken files say what to do."""

import datetime
from pathlib import Path

import pytest

from chain.assistant import Assistant
from core.errors import DocumentError
from core.settings import ROOT, Settings
from core.source import SourceDocument
from ingest.passages.split import split
from ingest.pipeline import ingest
from ingest.reading.formats import blocks_of
from ingest.reading.load import load
from tests.support import pdf_files
from tests.support.documents_read import loaded, outline, texts
from tests.support.pdf_files import box, lines, placed, rule, text

DATA = Path(__file__).parents[1] / "data/pdf"
READINGS = DATA.parent / "readings"


def page_of(document: SourceDocument, words: str) -> int:
    assert document.text.count(words) == 1
    at = document.text.index(words)
    return sum(start <= at for start in document.page_starts)


@pytest.fixture(scope="module")
def report() -> SourceDocument:
    return load(DATA / "report.pdf")


@pytest.fixture(scope="module")
def communication() -> SourceDocument:
    return load(READINGS / "communication.pdf")


def test_headings_have_the_level_of_their_look(communication: SourceDocument) -> None:
    assert outline(communication) == [
        (1, "EU strategy for a more effective fight against child sexual abuse"),
        (2, "I. INTRODUCTION"),
        (2, "II. WHAT THE UNION DOES"),
        (3, "1. Law and its enforcement"),
        (4, "Figures"),
        (3, "2. Prevention"),
    ]
    assert communication.title == outline(communication)[0][1]


def test_paragraphs_are_whole_over_lines_and_pages(communication: SourceDocument) -> None:
    """Without running headers and page numbers."""
    assert "Official texts of the Security Union" not in communication.text
    assert not any(line.strip() in ("EN", "1", "2", "3") for line in communication.text.split("\n"))
    found = [text.rstrip("¹") for text in texts(communication, "paragraph")]
    assert found == pdf_files.paragraphs()[:17]
    assert len(communication.page_starts) == 3


def test_headings_at_the_same_height_are_no_running_headers(tmp_path: Path) -> None:
    words = ["What the Union does about it is set out in full in the parts of the report."] * 4
    pages = [
        [text(80, f"Section {number} of the report", font="Times-Bold"),
         *lines(140, *words), text(812, f"Page {page} of 3")]
        for page, number in enumerate((1, 3, 5), 1)
    ]  # fmt: skip
    document = loaded(tmp_path, placed(*pages))
    assert outline(document) == [(2, f"Section {number} of the report") for number in (1, 3, 5)]
    assert "Page 2 of" not in document.text


def test_a_footnote_stands_below_what_refers_to_it(communication: SourceDocument) -> None:
    kinds = [block.kind for block in blocks_of(communication)]
    assert kinds[2:5] == ["paragraph", "note", "paragraph"]
    assert texts(communication, "note") == ["OJ L 335, 17.12.2011, p. 1."]
    assert "online and offline.\n" in communication.text  # the raised 1 is gone
    assert page_of(communication, "OJ L 335") == 1


def test_a_paragraph_is_cut_so_that_a_footnote_keeps_its_page(tmp_path: Path) -> None:
    first = [
        *lines(80, "The market for drugs grows in all of the Member States of the Union, year",
               "after year. What is done about it is set out below, and those who are to"),
        rule(700, 70, 190), text(715, "1 A note on the first page.", size=9),
    ]  # fmt: skip
    document = loaded(tmp_path, placed(first, lines(80, "do it are named in the plan. It ends.")))
    assert page_of(document, "[^1]: A note on the first page.") == 1
    start = document.text.index("What is done about it")
    assert start > document.text.index("[^1]")
    assert start < document.page_starts[1] == document.text.index("do it are named")


def test_columns_are_read_one_after_the_other() -> None:
    document = load(READINGS / "two_columns.pdf")
    found = [document.text[block.start : block.end] for block in blocks_of(document)]
    title, abstract, *rest = found
    assert title == "# Fighting child sexual abuse more effectively in the years 2020 to 2025"
    assert abstract.startswith("A summary across")
    assert abstract.endswith("columns begins below.")
    assert rest == [f"{n} begins. {text}" for n, text in enumerate(pdf_files.paragraphs()[:20], 1)]
    assert [page_of(document, f"\n\n{n} begins.") for n in (1, 7, 20)] == [1, 1, 2]


def test_tables_are_rows_with_and_without_ruled_lines() -> None:
    document = load(READINGS / "tables.pdf")
    assert texts(document, "header") == ["Action | Who | When", "Substance | Seizures | Tonnes"]
    assert texts(document, "row") == [
        "Adopt a proposal for a regulation on the market of drug precursors | Commission | 2022",
        "Strengthen the controls at the external borders of the Union and in its ports"
        " | Member States and Frontex | 2021–2025",
        "Cannabis resin | 111 000 | 466",
        "Cocaine | 104 000 | 140.4",
        "Heroin | 37 000 | 5.2",
    ]
    assert texts(document, "paragraph")[-1] == "What stands below a table is text again."


@pytest.mark.parametrize(
    ("lines", "joined"),
    [
        (("Het ver-", "slag is af."), "Het verslag is af."),
        (("Lees de e-", "mail over e-mail."), "Lees de e-mail over e-mail."),
        (("Over drugs-", "en wapenhandel."), "Over drugs- en wapenhandel."),
        (("Het EU-", "beleid is nieuw."), "Het EU-beleid is nieuw."),
        (("De jaren 2021-", "2025 zijn om."), "De jaren 2021-2025 zijn om."),
        (("Dit is –", "zo blijkt – waar."), "Dit is – zo blijkt – waar."),
    ],
)
def test_a_hyphen_at_a_lines_end_stays_where_it_belongs_to_the_word(
    tmp_path: Path, lines: tuple[str, str], joined: str
) -> None:
    assert loaded(tmp_path, pdf_files.typed(lines), "a.nl.pdf").text == joined


def test_a_turned_page_is_read_as_it_is_shown(tmp_path: Path) -> None:
    page = ("The page was scanned lying on its side,", "and turned back later.")
    document = loaded(tmp_path, pdf_files.typed(page, turned=True))
    assert document.text == " ".join(page)


def test_text_that_runs_upwards_is_read_and_a_stamp_left_out() -> None:
    document = load(READINGS / "sideways.pdf")
    assert document.text == "The table is wider than the page is, so it is turned."


def test_text_outside_of_the_page_is_left_out(tmp_path: Path) -> None:
    page = ("Seen.", *("" for _ in range(90)), "Hidden below the page.")
    assert loaded(tmp_path, pdf_files.typed(page)).text == "Seen."


def test_an_office_report_keeps_its_outline_and_lists(report: SourceDocument) -> None:
    assert outline(report) == [
        (1, "De drugsagenda van de Unie"),
        (2, "1. Inleiding"),
        (3, "Achtergrond"),
        (2, "2. Maatregelen"),
        (3, "Cijfers"),
        (2, "3. Ελληνικά a čeština"),
    ]
    assert [(b.level, report.text[b.start : b.end][:16]) for b in blocks_of(report)
            if b.kind == "item"] == [
        (1, "zij versterkt de"), (1, "zij helpt de lid"), (2, "geld;"), (2, "kennis;"),
        (1, "zij meet wat dat"),
    ]  # fmt: skip


def test_an_office_reports_paragraphs_are_those_of_its_source(report: SourceDocument) -> None:
    brief = (ROOT / "corpus/nl/drugs-agenda.md").read_text("utf-8").split("\n\n")
    own = texts(report, "paragraph")
    assert sum(paragraph in brief for paragraph in own) == 5
    assert "Η στρατηγική για τα ναρκωτικά μειώνει την προσφορά και τη ζήτηση." in own
    assert "Příliš žluťoučký kůň úpěl ďábelské ódy; naïeve coöperatie, Ærø, œuvre." in own
    assert "Een oppervlakte van 10 m² telt mee." in own


def test_footnotes_that_are_numbered_anew_on_each_page_find_their_place(
    report: SourceDocument,
) -> None:
    notes = [text.split()[:2] for text in texts(report, "note")]
    assert notes == [["PB", "L"], ["Europol,", "SOCTA"], ["De", "derde"]]
    above = report.text[: report.text.index("[^1]: De derde")].rstrip().rsplit("\n", 1)[-1]
    assert above == "Een oppervlakte van 10 m² telt mee."
    assert page_of(report, "De derde noot") == 2


def test_a_table_over_two_pages_is_one(report: SourceDocument) -> None:
    assert texts(report, "header") == ["Middel | Hoeveelheid | Toelichting"]
    rows = texts(report, "row")
    assert [row.split(" | ")[0] for row in rows] == [f"Stof {n}" for n in range(1, 13)]
    assert {page_of(report, row[:14]) for row in rows} == {3, 4}


def test_properties_are_guesses(report: SourceDocument, tmp_path: Path) -> None:
    assert report.title == "De drugsagenda van de Unie"
    assert report.language == "nl"
    assert {"title", "date", "language"} <= set(report.guessed)
    page, before = ("# The market", "The text is here."), datetime.date.today()
    document = loaded(tmp_path, pdf_files.typed(page, title="Template 7"))
    assert document.title == "The market"  # the file's own title stands nowhere in it
    assert document.date in (before, datetime.date.today())


def test_narrow_justified_columns_with_drawn_bullets_are_read() -> None:
    brief = load(ROOT / "corpus/nl/firearms-plan.md")
    document = load(DATA / "columns.pdf")
    for kind in ("paragraph", "item"):
        assert texts(document, kind) == texts(brief, kind)
    assert [title for _, title in outline(document)[1:]] == [title for _, title in outline(brief)]


def test_every_passage_knows_its_pages(communication: SourceDocument) -> None:
    passages = split(communication, lambda text: len(text.split()), limit=128)
    assert passages
    for passage in passages:
        first, last = passage.pages(0, len(passage.text)) or (0, 0)
        assert first == sum(start <= passage.start for start in communication.page_starts)
        assert last == sum(start < passage.end for start in communication.page_starts)


def test_a_citation_has_the_pages_of_its_quote(tmp_path: Path) -> None:
    folder = tmp_path / "documents"
    folder.mkdir()
    pages = [
        ("# Lighthouses of the coast", "",
         "The northern coast has many lighthouses, and all of them are old."),
        ("The oldest lighthouse of the northern coast was built in the year 1790 by",
         "order of the harbour"),
        ("master and is still in use today.", "",
         "The foghorns of the southern coast were sold in 1954."),
    ]  # fmt: skip
    (folder / "lighthouses.en.pdf").write_bytes(pdf_files.typed(*pages))
    settings = Settings(data_dir=tmp_path / "data", corpus_dirs=(folder,))
    ingest(settings)

    assistant = Assistant(settings)
    oldest = assistant.ask("When was the oldest lighthouse of the northern coast built?")
    sold = assistant.ask("When were the foghorns of the southern coast sold?")

    assert oldest.citations[0].page_range == "2–3"
    assert oldest.citations[0].quote == (
        "The oldest lighthouse of the northern coast was built in the year 1790 by order of the"
        " harbour master and is still in use today."
    )
    assert sold.citations[0].page_range == "3"


def test_a_page_without_text_keeps_the_count_and_is_reported(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    document = loaded(tmp_path, pdf_files.typed(("First page.",), (), ("Third page.",)))
    assert page_of(document, "Third page.") == 3
    assert "no text on page 2 " in caplog.text


@pytest.mark.parametrize(
    ("content", "problem", "remedy"),
    [
        (b"", "is empty", "Fetch the file again"),
        (b"%PDF-1.7\n", "is cut off", "Fetch the file again"),
        ((READINGS / "tables.pdf").read_bytes()[:1500], "is cut off", "Fetch the file again"),
        (b"%PDF-1.7\nnothing\n%%EOF", "is damaged", "Fetch the file again"),
        (pdf_files.encrypted("secret"), "needs a password", "Save a copy without one"),
        (placed([box(70, 100, 470, 700)]), "has no text", "ocrmypdf"),
    ],
    ids=["empty", "header only", "cut off", "damaged", "encrypted", "scan"],
)
def test_a_file_that_cannot_be_read_says_why_and_what_to_do(
    tmp_path: Path, content: bytes, problem: str, remedy: str
) -> None:
    with pytest.raises(DocumentError) as caught:
        loaded(tmp_path, content)
    assert caught.value.problem.startswith(problem)
    assert remedy in caught.value.remedy


def test_a_file_that_anyone_may_open_needs_no_password(tmp_path: Path) -> None:
    assert "market for drugs" in loaded(tmp_path, pdf_files.encrypted("")).text


def test_a_character_of_two_halves_is_one(tmp_path: Path) -> None:
    document = loaded(tmp_path, pdf_files.emoji())
    assert "The young \U0001f600 were asked." in document.text
    split(document, len)
