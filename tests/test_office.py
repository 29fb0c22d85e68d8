"""Word, OpenDocument, e-books, slides, workbooks: structure, notes, exact units, bad files."""

import datetime
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import docx
import pytest
from docx.enum.style import WD_STYLE_TYPE
from docx.oxml import parse_xml
from openpyxl import Workbook

from core.errors import DocumentError
from core.types import Passage, SourceDocument
from ingest.formats import archive, blocks_of
from ingest.load import load
from ingest.split import split

DATA = Path(__file__).parent / "data" / "formats"
W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'

Block = tuple[str, int, str]


def blocks(document: SourceDocument) -> list[Block]:
    """Kind, level and text of all blocks; of a heading without marks."""
    return [
        (block.kind, block.level, block.title or document.text[block.start : block.end])
        for block in blocks_of(document)
    ]


def passages(document: SourceDocument) -> list[Passage]:
    return split(document, lambda text: len(text) // 4 + 2)


def units(document: SourceDocument) -> dict[str, str]:
    """The text of every unit -> the text of its lead-in."""
    return {
        passage.text[unit.start : unit.end]: passage.text[slice(*unit.lead_in or (0, 0))]
        for passage in passages(document)
        for unit in passage.units
    }


def word(path: Path, write: Callable[[Any], None]) -> Path:
    file = docx.Document()
    write(file)
    file.save(str(path))
    return path


BODY: list[Block] = [
    (
        "paragraph",
        0,
        "De drugsagenda schat de handelswaarde van de illegale drugsmarkt in de EU op 30 miljard "
        "euro per jaar of meer. Het persbericht noemt hetzelfde bedrag. In maart 2017 ging de "
        "Commissie nog uit van ruim 24 miljard euro per jaar.",
    ),
    ("note", 0, "EU Drug Markets Report 2019 van het EWDD en Europol."),
    ("note", 0, "COM(2017) 195."),
    ("paragraph", 0, "Het rapport verdeelt de uitgaven als volgt:"),
    ("header", 0, "Drug | Aandeel"),
    ("row", 0, "Cannabis | 39%"),
    ("row", 0, "Cocaïne | 31%"),
    ("row", 0, "Heroïne | 25%"),
    ("heading", 1, "Doel en benadering"),
    ("heading", 2, "De drie blokken"),
    ("paragraph", 0, "De drugsagenda bestaat uit drie blokken:"),
    ("item", 1, "versterkte veiligheidsmaatregelen:"),
    ("item", 2, "tegen de handel over zee;"),
    ("item", 2, "tegen de handel per post;"),
    ("note", 2, "Zie ook het persbericht van die dag."),
    ("item", 1, "betere preventie, met voorlichting over wat drugs aanrichten;"),
    ("item", 1, "de aanpak van drugsgerelateerde schade."),
    ("heading", 2, "Uitvoering"),
    ("item", 1, "De lidstaten voeren de agenda uit."),
    ("item", 1, "De Commissie ziet daarop toe."),
    ("paragraph", 0, "De benadering is multidisciplinair en omvat vijf dimensies."),
]


# What real programs write


@pytest.mark.parametrize("name", ["agenda.nl.docx", "agenda.nl.odt", "agenda.nl.epub"])
def test_headings_lists_tables_and_notes_are_as_in_the_text_they_were_made_of(name: str) -> None:
    found = blocks(load(DATA / name))
    body = found.index(BODY[0])
    title, top = "EU-agenda en -actieplan inzake drugs 2021-2025", "Omvang van de drugsmarkt"
    assert ("heading", 1, title) in found[:body]
    assert found[body - 1] == ("heading", 1, top)
    assert found[body:] == BODY


@pytest.mark.parametrize(
    "name", ["agenda.nl.docx", "agenda.nl.odt", "agenda.nl.epub", "agenda.nl.html"]
)
def test_units_are_exact_and_know_their_lead_in(name: str) -> None:
    document = load(DATA / name)
    found = units(document)
    for passage in passages(document):
        assert passage.text == document.text[passage.start : passage.end]
    assert found["tegen de handel per post;"] == "versterkte veiligheidsmaatregelen:"
    assert found["Cannabis | 39%"] == "Drug | Aandeel"
    assert found["betere preventie, met voorlichting over wat drugs aanrichten;"] == (
        "De drugsagenda bestaat uit drie blokken:"
    )
    assert "Het persbericht noemt hetzelfde bedrag." in found  # without its number and in no bold
    assert "EU Drug Markets Report 2019 van het EWDD en Europol." in found


@pytest.mark.parametrize("name", ["agenda.nl.docx", "agenda.nl.odt", "agenda.nl.epub"])
def test_the_first_lines_tell_reference_and_date(name: str) -> None:
    document = load(DATA / name)
    assert document.title == "EU-agenda en -actieplan inzake drugs 2021-2025"
    assert document.reference == "COM(2020) 606 final"
    assert document.date == datetime.date(2020, 7, 24)  # and not the day the file was made
    assert document.guessed == ("title", "date", "reference")


def test_each_slide_is_a_section_and_a_page() -> None:
    document = load(DATA / "agenda.nl.pptx")
    found = {passage.headings[-1]: passage for passage in passages(document)}
    assert [found[heading].page for heading in ("Omvang van de drugsmarkt", "Notes")] == [3, 5]
    assert "| Cannabis | 39% |" in found["Omvang van de drugsmarkt"].text
    assert ("item", 2, "tegen de handel over zee;") in blocks(document)


# Word


def test_headings_are_known_in_any_language_of_word(tmp_path: Path) -> None:
    def write(file: Any) -> None:
        style = file.styles["Heading 1"].element  # which Word in Dutch stores as "Kop1"
        style.set(f"{{{style.nsmap['w']}}}styleId", "Kop1")
        assert style.name_val == "heading 1"
        file.add_paragraph("Het plan", style="Title")
        file.add_paragraph("De markt")._p.get_or_add_pPr().append(
            parse_xml(f'<w:pStyle {W} w:val="Kop1"/>')
        )
        file.add_paragraph("De markt groeit.")

    document = load(word(tmp_path / "plan.docx", write))
    assert blocks(document)[:2] == [("heading", 1, "Het plan"), ("heading", 1, "De markt")]


def test_tracked_changes_count_as_accepted(tmp_path: Path) -> None:
    def run(text: str, kind: str) -> Any:
        return parse_xml(f'<w:r {W}><w:{kind} xml:space="preserve">{text}</w:{kind}></w:r>')

    def write(file: Any) -> None:
        paragraph = file.add_paragraph("De markt is ")._p
        for change, text, kind in (("del", "24", "delText"), ("ins", "30", "t")):
            marked = parse_xml(f'<w:{change} {W} w:id="1" w:author="A"/>')
            marked.append(run(text, kind))
            paragraph.append(marked)
        paragraph.append(run(" miljard euro waard.", "t"))

    assert "De markt is 30 miljard euro waard." in load(word(tmp_path / "a.docx", write)).text


def test_endnotes_are_notes_and_text_frames_are_read() -> None:
    found = blocks(load(DATA / "frame.nl.docx"))
    assert found[3] == ("paragraph", 0, "Tekst in een kader.")
    assert found[found.index(BODY[0]) :] == BODY


def test_a_table_of_contents_and_what_is_a_heading_in_a_cell_are_no_headings(
    tmp_path: Path,
) -> None:
    def write(file: Any) -> None:
        contents = file.styles.add_style("toc 1", WD_STYLE_TYPE.PARAGRAPH)
        file.add_paragraph("Markt\t3", style=contents)
        file.add_heading("Markt", 1)
        file.add_paragraph("De markt groeit.")
        cells = file.add_table(2, 2)
        for number, text in enumerate(("Jaar", "Waarde", "2017", "30 | 31")):
            cells.cell(number // 2, number % 2).text = text

    document = load(word(tmp_path / "a.docx", write))
    assert blocks(document) == [
        ("heading", 1, "Markt"),
        ("paragraph", 0, "De markt groeit."),
        ("header", 0, "Jaar | Waarde"),
        ("row", 0, "2017 | 30 \\| 31"),
    ]


def test_text_that_looks_like_markdown_stays_text(tmp_path: Path) -> None:
    lines = ["# vijf is een aantal.", "> dat is meer.", "[a]: http://b.eu is een adres.", "---"]
    lines += ["| geen tabel.", "<b> is geen code.", "``` ook niet."]

    def write(file: Any) -> None:
        for line in lines:
            file.add_paragraph(line)

    document = load(word(tmp_path / "a.docx", write))
    assert blocks(document) == [("paragraph", 0, line) for line in lines]


# Workbooks


def test_each_sheet_is_a_section_and_each_row_a_unit_below_its_header(tmp_path: Path) -> None:
    workbook = Workbook()
    sheet = workbook.active
    assert sheet is not None
    sheet.title = "Markt"
    sheet.append(["Drug", "Aandeel", "Miljard", "Datum"])
    sheet.append([None] * 4)
    sheet.append(["Cannabis", 0.39, 11.6, datetime.date(2017, 12, 31)])
    sheet["B3"].number_format = "0%"
    workbook.create_sheet("Leeg")
    workbook.create_sheet("Bronnen").append(["EU Drug Markets Report 2019"])
    hidden = workbook.create_sheet("Geheim")
    hidden.append(["Niet tonen"])
    hidden.sheet_state = "hidden"
    workbook.save(tmp_path / "markt 2019.xlsx")
    document = load(tmp_path / "markt 2019.xlsx")
    assert [section.headings for section in document.sections] == [
        ("markt 2019", "Markt"),
        ("markt 2019", "Bronnen"),
    ]
    assert units(document) == {
        "Drug | Aandeel | Miljard | Datum": "",
        "Cannabis | 39% | 11.6 | 2017-12-31": "Drug | Aandeel | Miljard | Datum",
        "EU Drug Markets Report 2019": "",
    }


# Files that are not to be trusted


def zipped(path: Path, parts: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive_file:
        for name, data in parts.items():
            archive_file.writestr(name, data)
    return path


NEEDED = {
    ".docx": "word/document.xml",
    ".odt": "content.xml",
    ".epub": "META-INF/container.xml",
    ".pptx": "ppt/presentation.xml",
    ".xlsx": "xl/workbook.xml",
}


@pytest.mark.parametrize("suffix", NEEDED)
def test_a_zip_bomb_is_refused_before_it_is_unpacked(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bomb = zipped(tmp_path / f"bomb{suffix}", {NEEDED[suffix]: b" " * 60_000_000})

    def unpack(*_: object, **__: object) -> None:
        raise AssertionError("something was unpacked")

    monkeypatch.setattr(zipfile.ZipFile, "open", unpack)
    with pytest.raises(DocumentError, match=r"would unpack from [\d,]+ to 60,000,000 bytes"):
        load(bomb)


@pytest.mark.parametrize("suffix", NEEDED)
def test_what_a_file_declares_too_small_is_damage(tmp_path: Path, suffix: str) -> None:
    bomb = zipped(tmp_path / f"liar{suffix}", {NEEDED[suffix]: b" " * 60_000_000})
    size = (60_000_000).to_bytes(4, "little")
    bomb.write_bytes(bomb.read_bytes().replace(size, (1000).to_bytes(4, "little")))
    with pytest.raises(DocumentError, match=r"is damaged. Open it and save it anew as \."):
        load(bomb)


@pytest.mark.parametrize("suffix", NEEDED)
def test_a_file_of_another_kind_or_cut_off_is_an_error(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"a{suffix}"
    zipped(file, {"hello.txt": b"hello"})
    with pytest.raises(DocumentError, match=rf"is not a {suffix} file \(no {NEEDED[suffix]}\)"):
        load(file)
    for data in (b"", b"no archive at all", file.read_bytes()[:-30]):
        file.write_bytes(data)
        with pytest.raises(DocumentError, match="is damaged"):
            load(file)
    for part in (b"", b"<a>", b"<a/>", b"<a xmlns:w='x'>" * 300):
        zipped(file, {NEEDED[suffix]: part})
        with pytest.raises(DocumentError, match=r"is damaged|has no text"):
            load(file)
    file.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600)
    with pytest.raises(DocumentError, match="has a password or is of an old format"):
        load(file)


@pytest.mark.parametrize("suffix", NEEDED)
def test_xml_entities_are_refused(tmp_path: Path, suffix: str) -> None:
    bomb = b'<!DOCTYPE a [<!ENTITY b "lol"><!ENTITY c "&b;&b;&b;">]><a>&c;</a>'
    with pytest.raises(DocumentError, match="defines XML entities"):
        load(zipped(tmp_path / f"a{suffix}", {NEEDED[suffix]: bomb}))


@pytest.mark.parametrize("suffix", NEEDED)
def test_an_encrypted_part_is_an_error(tmp_path: Path, suffix: str) -> None:
    file = zipped(tmp_path / f"a{suffix}", {NEEDED[suffix]: b"<a/>"})
    data = bytearray(file.read_bytes())
    data[6] |= 1  # of the part's own header
    data[data.index(b"PK\x01\x02") + 8] |= 1  # of the archive's directory
    file.write_bytes(data)
    with pytest.raises(DocumentError, match=r"has a password\. Save it without one"):
        load(file)


@pytest.mark.parametrize("name", ["agenda.nl.docx", "agenda.nl.odt", "agenda.nl.epub"])
def test_every_part_may_be_empty_without_another_error_than_ours(tmp_path: Path, name: str) -> None:
    whole = zipfile.ZipFile(DATA / name)
    parts = {part: whole.read(part) for part in whole.namelist()}
    survived = 0
    for empty in parts:
        file = zipped(tmp_path / name, {**parts, empty: b""})
        try:
            load(file)
            survived += 1
        except DocumentError as error:
            assert str(file) in str(error)  # noqa: PT017
    assert 0 < survived < len(parts)


def test_the_limits_hold_for_what_is_really_read() -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_STORED) as file:
        file.writestr("content.xml", b"x" * 1_000_000)
    with archive.open_checked(Path("a.odt"), data.getvalue(), "content.xml") as parts:
        assert len(parts.read("content.xml")) == 1_000_000


@pytest.mark.parametrize(
    ("name", "better"), [("a.doc", ".docx"), ("a.rtf", ".docx"), ("a.ods", ".xlsx")]
)
def test_a_format_that_is_not_read_says_what_to_save_it_as(
    tmp_path: Path, name: str, better: str
) -> None:
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(DocumentError, match=f"Open it and save it as {better}"):
        load(tmp_path / name)
