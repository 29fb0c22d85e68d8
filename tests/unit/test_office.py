"""Word, OpenDocument, slides, workbooks, e-books: structure, notes, exact units, bad files."""

import datetime
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from docx.enum.style import WD_STYLE_TYPE
from docx.oxml import parse_xml

from core.errors import DocumentError
from ingest.reading.formats import pptx
from ingest.reading.load import load
from language.identify import OFFICIAL
from tests.support.documents_read import Block, blocks, passages, units
from tests.support.office_files import (
    book,
    open_text,
    slide_show,
    text_box,
    word,
    workbook,
    workbook_of_shared,
    zipped,
)

DATA = Path(__file__).parents[1] / "data" / "formats"
P = 'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"'
W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def of_word(folder: Path, write: Callable[[Any], None]) -> list[Block]:
    """The blocks of what is written with Word."""
    return blocks(load(word(folder / "a.docx", write)))


def give_level(paragraph_or_style: Any, number: int) -> None:
    properties = paragraph_or_style.get_or_add_pPr()
    properties.append(parse_xml(f'<w:outlineLvl {W} w:val="{number}"/>'))


BODY: list[Block] = [
    ("paragraph", 0,
     "De drugsagenda schat de handelswaarde van de illegale drugsmarkt in de EU op 30 miljard "
     "euro per jaar of meer. Het persbericht noemt hetzelfde bedrag. In maart 2017 ging de "
     "Commissie nog uit van ruim 24 miljard euro per jaar."),
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
]  # fmt: skip


TEXTS = ("agenda.nl.docx", "agenda.nl.odt", "agenda.nl.epub")
as_written = pytest.mark.parametrize("name", TEXTS)


@as_written
def test_headings_lists_tables_and_notes_are_as_in_the_text_they_were_made_of(name: str) -> None:
    document = load(DATA / name)
    found = blocks(document)
    body = found.index(BODY[0])
    title, top = "EU-agenda en -actieplan inzake drugs 2021-2025", "Omvang van de drugsmarkt"
    assert document.title == title
    assert ("heading", 1, title) in found[:body]
    assert found[body - 1] == ("heading", 1, top)
    assert found[body:] == BODY


@as_written
def test_the_first_lines_tell_reference_and_date(name: str) -> None:
    document = load(DATA / name)
    assert document.reference == "COM(2020) 606 final"
    assert document.date == datetime.date(2020, 7, 24)  # and not the day the file was made
    assert document.guessed == ("title", "date", "reference")


@pytest.mark.parametrize("says_its_type", [True, False])
def test_headings_are_known_in_any_language_of_word(tmp_path: Path, says_its_type: bool) -> None:
    def write(file: Any) -> None:
        style = file.styles["Heading 1"].element  # which Word in Dutch stores as "Kop1"
        style.set(f"{{{style.nsmap['w']}}}styleId", "Kop1")
        if not says_its_type:  # it is one of paragraphs
            del style.attrib[f"{{{style.nsmap['w']}}}type"]
        assert style.name_val == "heading 1"
        file.add_paragraph("Het plan", style="Title")
        file.add_paragraph("De markt")._p.get_or_add_pPr().append(
            parse_xml(f'<w:pStyle {W} w:val="Kop1"/>')
        )
        file.add_paragraph("De markt groeit.")

    headings = [("heading", 1, "Het plan"), ("heading", 1, "De markt")]
    assert of_word(tmp_path, write)[:2] == headings


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

    (block,) = of_word(tmp_path, write)
    assert block[2] == "De markt is 30 miljard euro waard."


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

    assert of_word(tmp_path, write) == [
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

    assert of_word(tmp_path, write) == [("paragraph", 0, line) for line in lines]


@pytest.mark.parametrize("where", ["style", "style that another is based on", "paragraph"])
def test_what_has_an_outline_level_is_a_heading_if_it_is_short(tmp_path: Path, where: str) -> None:
    def write(file: Any) -> None:
        for number, text in enumerate(("De markt", "De omvang")):
            paragraph = file.add_paragraph(text)
            if where == "paragraph":
                give_level(paragraph._p, number)
                continue
            style = file.styles.add_style(f"Kop van ons {number}", WD_STYLE_TYPE.PARAGRAPH)
            give_level(style.element, number)
            paragraph.style = style
            if where != "style":
                above = file.styles.add_style(f"Kop {number} rood", WD_STYLE_TYPE.PARAGRAPH)
                above.base_style = style
                paragraph.style = above
        give_level(file.add_paragraph("De markt groeit.")._p, 9)  # how Word writes that it has none
        give_level(file.add_paragraph(long)._p, 1)

    long = "De Commissie ziet toe op de uitvoering van de agenda. " * 5
    headings = [("heading", 1, "De markt"), ("heading", 2, "De omvang")]
    paragraphs = [("paragraph", 0, "De markt groeit."), ("paragraph", 0, long.strip())]
    assert of_word(tmp_path, write) == headings + paragraphs


def test_text_in_shapes_stands_below_the_paragraph_they_are_in(tmp_path: Path) -> None:
    shape = (
        "<draw:custom-shape><svg:title>pijl</svg:title><text:p>In een vorm.</text:p>"
        "<draw:enhanced-geometry/></draw:custom-shape>"
    )
    group = "<draw:g><draw:rect><text:p>Een.</text:p></draw:rect><draw:ellipse/></draw:g>"
    body = (
        f'<text:h text:outline-level="1">De {shape}markt</text:h>'
        f"<text:p>De <text:span>markt {shape}groeit</text:span> snel{group}.</text:p>"
        "<draw:rect><text:p>Los op de bladzijde.</text:p></draw:rect>"
        "<text:p>Een teken <draw:frame><draw:image/></draw:frame>in een zin.</text:p>"
    )
    assert blocks(load(open_text(tmp_path / "a.nl.odt", body))) == [
        ("heading", 1, "De markt"),
        ("paragraph", 0, "In een vorm."),
        ("paragraph", 0, "De markt groeit snel."),
        ("paragraph", 0, "In een vorm."),
        ("paragraph", 0, "Een."),
        ("paragraph", 0, "Los op de bladzijde."),
        ("paragraph", 0, "Een teken in een zin."),
    ]


def test_an_e_book_is_read_in_the_order_of_its_spine_each_page_once(tmp_path: Path) -> None:
    pages = {
        "b": "<h1>De markt</h1><p>De markt groeit.</p>",
        "a": "<h1>Het plan</h1><p>Het plan geldt tot 2025.</p>",
        "contents": "<p>Staat niet in de volgorde.</p>",
    }
    assert blocks(load(book(tmp_path / "a.nl.epub", pages, ["a", "b", "a", "gone"]))) == [
        ("heading", 1, "Het plan"),
        ("paragraph", 0, "Het plan geldt tot 2025."),
        ("heading", 1, "De markt"),
        ("paragraph", 0, "De markt groeit."),
    ]


@pytest.mark.parametrize(
    ("algorithm", "is_read"),
    [
        ("http://www.idpf.org/2008/embedding", True),
        ("http://ns.adobe.com/pdf/enc#RC", True),
        ("http://www.w3.org/2001/04/xmlenc#aes128-cbc", False),
    ],
    ids=["font", "font of Adobe", "pages"],
)
def test_an_e_book_that_is_protected_against_copying_is_refused_one_with_its_own_fonts_is_read(
    tmp_path: Path, algorithm: str, is_read: bool
) -> None:
    encryption = (
        '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container">'
        '<EncryptedData xmlns="http://www.w3.org/2001/04/xmlenc#">'
        f'<EncryptionMethod Algorithm="{algorithm}"/></EncryptedData></encryption>'
    )
    pages = {"a": "<p>De markt groeit.</p>"}
    others = {"META-INF/encryption.xml": encryption}
    file = book(tmp_path / "a.nl.epub", pages, ["a"], others)
    if is_read:
        assert blocks(load(file)) == [("paragraph", 0, "De markt groeit.")]
        return
    with pytest.raises(
        DocumentError, match=r"is protected against copying\. Ask its publisher"
    ) as e:
        load(file)
    assert e.value.fault == "protected"


def test_each_slide_is_a_section_and_a_page_in_order() -> None:
    document = load(DATA / "agenda.nl.pptx")
    assert document.title == "EU-agenda en -actieplan inzake drugs 2021-2025"
    found = {passage.headings[-1]: passage for passage in passages(document)}
    assert [found[heading].page for heading in ("Omvang van de drugsmarkt", "Notes")] == [3, 5]
    assert "| Cannabis | 39% |" in found["Omvang van de drugsmarkt"].text
    assert ("item", 2, "tegen de handel over zee;") in blocks(document)
    assert "ruim 24 miljard euro per jaar.²" in document.text  # not "jaar.2"


def test_notes_groups_and_merged_cells_of_slides_are_read_and_a_hidden_slide_is_not() -> None:
    document = load(DATA / "notes.nl.pptx")
    assert blocks(document) == [
        ("heading", 2, "Douane en drugs"),
        (
            "item",
            1,
            "De Commissie wil in alle havens van de Unie meer containers laten doorlichten.",
        ),
        ("item", 2, "Dat geldt eerst voor de havens van Antwerpen en Rotterdam."),
        ("paragraph", 0, "De douane doorzocht in 2019 een op de honderd containers."),
        ("paragraph", 0, "In 2020 waren dat er drie op de honderd."),
        ("heading", 3, "Notities"),
        ("paragraph", 0, "Vertel hier hoe de scanners in de haven van Antwerpen werken."),
        ("heading", 2, "Wat er in beslag is genomen"),
        ("header", 0, "Haven | Jaar | Kilo"),
        ("row", 0, "Antwerpen | 2018 | 50,1"),
        ("row", 0, "Antwerpen | 2019 | 61,8"),
    ]
    assert [(p.headings[-1], p.page) for p in passages(document)] == [
        ("Douane en drugs", 1), ("Notities", 1), ("Wat er in beslag is genomen", 3),
    ]  # fmt: skip
    assert units(document)["Antwerpen | 2019 | 61,8"] == "Haven | Jaar | Kilo"


def test_notes_have_a_name_in_every_official_language() -> None:
    assert pptx._labels().keys() == set(OFFICIAL)


def test_a_slide_without_a_title_is_a_section_all_the_same(tmp_path: Path) -> None:
    def titled(slide: Any) -> None:
        text_box(slide.shapes, 3, "De markt groeit al jaren.")
        text_box(slide.shapes, 1, "De markt")

    def list_only(slide: Any) -> None:
        text_box(slide.shapes, 1, "Uitvoering\nde lidstaten;\nde Commissie.")

    def sentence(slide: Any) -> None:
        text_box(slide.shapes, 1, "# is geen kop, en de Commissie doet daarvan elk jaar verslag.")

    def empty(slide: Any) -> None:
        pass

    document = load(slide_show(tmp_path / "plan.nl.pptx", titled, list_only, sentence, empty))
    assert blocks(document) == [
        ("heading", 2, "De markt"),
        ("paragraph", 0, "De markt groeit al jaren."),
        ("heading", 2, "Uitvoering"),
        ("item", 1, "de lidstaten;"),
        ("item", 1, "de Commissie."),
        ("heading", 2, "3"),
        ("paragraph", 0, "# is geen kop, en de Commissie doet daarvan elk jaar verslag."),
    ]
    assert [passage.page for passage in passages(document)] == [1, 2, 3]
    assert len(document.page_starts) == 4


def test_footers_dates_and_numbers_of_slides_are_no_text(tmp_path: Path) -> None:
    def write(slide: Any) -> None:
        text_box(slide.shapes, 1, "De markt groeit.")
        for kind in ("dt", "ftr", "sldNum"):
            box = text_box(slide.shapes, 5, "12 juli")
            box.element.nvSpPr.nvPr.insert(0, parse_xml(f'<p:ph {P} type="{kind}"/>'))

    file = slide_show(tmp_path / "a.nl.pptx", write)
    assert blocks(load(file))[1:] == [("paragraph", 0, "De markt groeit.")]


def test_a_slide_that_is_listed_many_times_is_read_once(tmp_path: Path) -> None:
    file = slide_show(
        tmp_path / "a.nl.pptx", lambda slide: text_box(slide.shapes, 1, "De markt groeit.")
    )
    with zipfile.ZipFile(file) as whole:
        parts = {name: whole.read(name) for name in whole.namelist()}
    listed = re.search(rb"<p:sldId [^>]*>", parts["ppt/presentation.xml"])[0]  # type: ignore[index]
    parts["ppt/presentation.xml"] = parts["ppt/presentation.xml"].replace(listed, listed * 999)
    assert load(zipped(file, parts)).text.count("De markt groeit.") == 1


@pytest.mark.parametrize("corner", ["Land", None])
def test_the_header_of_a_sheet_is_its_first_full_row_and_what_is_above_it_titles(
    tmp_path: Path, corner: str | None
) -> None:
    rows = (
        ["Tabel 1: in beslag genomen drugs"], [None, "in kilo's"], [], [corner, 2018, 2019],
        ["België", 12, 14, "geschat"], ["Nederland", 31, 33], ["Spanje", 40, None],
        ["Bron: de lidstaten."],
    )  # fmt: skip
    document = load(workbook(tmp_path / "drugs.nl.xlsx", *rows))
    assert [(kind, text.strip(" |")) for kind, _, text in blocks(document)] == [
        ("heading", "Blad1"),
        ("heading", "Tabel 1: in beslag genomen drugs – in kilo's"),
        ("header", f"{corner or ''} | 2018 | 2019".strip(" |")),
        ("row", "België | 12 | 14 | geschat"),
        ("row", "Nederland | 31 | 33"),
        ("row", "Spanje | 40"),
        ("row", "Bron: de lidstaten."),
    ]


def test_a_long_text_above_a_table_is_text(tmp_path: Path) -> None:
    text = "# Deze tabel telt wat de lidstaten in beslag namen en aan de Unie meldden. " * 3
    document = load(workbook(tmp_path / "drugs.nl.xlsx", [text], ["Land", "Kilo"], ["België", 12]))
    assert blocks(document)[1] == ("paragraph", 0, text.strip())
    assert units(document)["België | 12"] == "Land | Kilo"


def test_each_visible_sheet_is_a_section_and_each_row_a_unit_below_its_header() -> None:
    document = load(DATA / "agenda.nl.xlsx")
    names = [section.headings[1] for section in document.sections]
    assert list(dict.fromkeys(names)) == ["Omvang van de drugsmarkt", "De drie blokken"]
    found = units(document)
    assert found["Cannabis | 39% | 11.6 | 2020-07-24"] == "Drug | Aandeel | Miljard | Gepubliceerd"
    assert found["Cocaïne | 31% | 9.1 | 2020-07-24 09:30:00"]


def test_merged_cells_are_in_each_row_hidden_ones_in_none_and_figures_as_they_are_shown() -> None:
    assert blocks(load(DATA / "ports.nl.xlsx")) == [
        ("heading", 2, "Havens"),
        ("header", 0, "Haven | Gemeten | Containers | Aandeel | Waarde"),
        ("row", 0, "Antwerpen | 2018 | 11100000 | 1.3% | € 12.50"),
        ("row", 0, "Antwerpen | 2019-06 | 11900000 | 39% | € 13.00"),
        ("row", 0, "Haven van de stad Rotterdam | 2020-07-24 09:30 | 14300000 | 0.5% | € 0.13"),
    ]


def test_the_result_of_a_formula_is_read_and_a_formula_without_one_is_not(tmp_path: Path) -> None:
    rows = (["Haven", "Kilo"], ["Antwerpen", "=40+2"], ["Rotterdam", "=6*7"])
    file = workbook(tmp_path / "a.nl.xlsx", *rows)
    with zipfile.ZipFile(file) as whole:
        parts = {name: whole.read(name) for name in whole.namelist()}
    sheet = parts["xl/worksheets/sheet1.xml"]
    with_result = re.sub(rb"(40\+2</f>)<v></v>", rb"\1<v>42</v>", sheet)
    assert with_result != sheet
    parts["xl/worksheets/sheet1.xml"] = with_result
    read = [text for kind, _, text in blocks(load(zipped(file, parts))) if kind == "row"]
    assert read == ["Antwerpen | 42", "Rotterdam"]


def test_texts_that_cells_share_are_read_whole(tmp_path: Path) -> None:
    shared = "<si><t>Haven</t></si><si><r><t>De </t></r><r><t>markt</t></r></si>"
    file = workbook_of_shared(tmp_path / "a.nl.xlsx", shared, [[0, 0], [1, 0], [1, 1]])
    assert [text for kind, _, text in blocks(load(file)) if kind != "heading"] == [
        "Haven | Haven", "De markt | Haven", "De markt | De markt",
    ]  # fmt: skip


def test_an_empty_workbook_has_no_text(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="has no text"):
        load(workbook(tmp_path / "a.nl.xlsx"))


CORE = (
    '<cp:coreProperties xmlns:dcterms="http://purl.org/dc/terms/" xmlns:cp="http://schemas.'
    'openxmlformats.org/package/2006/metadata/core-properties"><dcterms:created>{}</dcterms:created>'
    "<dcterms:modified>{}</dcterms:modified></cp:coreProperties>"
)
APP = (
    '<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/'
    'extended-properties"><Words>{}</Words></Properties>'
)


@pytest.mark.parametrize("suffix", [".docx", ".pptx", ".xlsx"])
@pytest.mark.parametrize(
    ("created", "saved", "words", "date"),
    [
        ("2020-07-20T09:00:00Z", "2020-07-23T18:00:00Z", 900, datetime.date(2020, 7, 20)),
        ("2013-01-27T09:14:16Z", "2013-01-27T09:15:58Z", 0, None),
        ("2013-01-27T09:14:16Z", "2020-07-23T18:00:00Z", 900, None),
    ],
    ids=["its own", "of an empty file", "of a text seven years before"],
)
def test_the_date_of_a_template_is_none_of_the_text(
    tmp_path: Path, suffix: str, created: str, saved: str, words: int, date: datetime.date | None
) -> None:
    file = tmp_path / f"a.nl{suffix}"
    if suffix == ".docx":
        word(file, lambda document: document.add_paragraph("De markt groeit."))
    elif suffix == ".pptx":
        slide_show(file, lambda slide: text_box(slide.shapes, 1, "De markt groeit."))
    else:
        workbook(file, ["De markt groeit."])
    with zipfile.ZipFile(file) as whole:
        parts = {name: whole.read(name) for name in whole.namelist()}
    parts["docProps/core.xml"] = CORE.format(created, saved).encode()
    parts["docProps/app.xml"] = APP.format(words).encode()
    assert load(zipped(file, parts)).date == date


@pytest.mark.parametrize(
    ("meta", "date"),
    [
        ("<dc:date>2020-07-23T18:00:00</dc:date>", datetime.date(2020, 7, 20)),
        ('<meta:template meta:date="2020-07-20T08:00:00"/>', datetime.date(2020, 7, 20)),
        ('<meta:template meta:date="2020-07-20T10:00:00"/>', None),
        ('<meta:document-statistic meta:word-count="0"/>', None),
        ("<dc:date>2026-07-23T18:00:00</dc:date>", None),
    ],
    ids=["its own", "after its template", "of its template", "of an empty file", "long before"],
)
def test_the_date_of_a_template_is_none_of_an_open_document(
    tmp_path: Path, meta: str, date: datetime.date | None
) -> None:
    meta = meta.replace("<dc:date", '<dc:date xmlns:dc="http://purl.org/dc/elements/1.1/"')
    created = "<meta:creation-date>2020-07-20T09:00:00</meta:creation-date>"
    file = open_text(tmp_path / "a.nl.odt", "<text:p>De markt groeit.</text:p>", created + meta)
    assert load(file).date == date


NEEDED = {
    ".docx": "word/document.xml", ".odt": "content.xml", ".pptx": "ppt/presentation.xml",
    ".xlsx": "xl/workbook.xml",
    ".epub": "META-INF/container.xml",
}  # fmt: skip
LOCKED = r"has a password\. Save it without one"
every_suffix = pytest.mark.parametrize("suffix", NEEDED)


@every_suffix
def test_a_zip_bomb_is_refused_before_it_is_unpacked(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bomb = zipped(tmp_path / f"bomb{suffix}", {NEEDED[suffix]: b" " * 60_000_000})

    def unpack(*_: object, **__: object) -> None:
        raise AssertionError("something was unpacked")

    monkeypatch.setattr(zipfile.ZipFile, "open", unpack)
    with pytest.raises(DocumentError, match=r"would unpack from [\d,]+ to 60,000,000 bytes"):
        load(bomb)


@every_suffix
def test_what_a_file_declares_too_small_is_damage(tmp_path: Path, suffix: str) -> None:
    bomb = zipped(tmp_path / f"liar{suffix}", {NEEDED[suffix]: b" " * 60_000_000})
    size = (60_000_000).to_bytes(4, "little")
    bomb.write_bytes(bomb.read_bytes().replace(size, (1000).to_bytes(4, "little")))
    with pytest.raises(DocumentError, match=r"is damaged. Open it and save it anew as \."):
        load(bomb)


@every_suffix
def test_a_file_of_another_kind_or_cut_off_is_an_error(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"a{suffix}"
    zipped(file, {"hello.txt": b"hello"})
    with pytest.raises(DocumentError, match=rf"is not a {suffix} file \(no {NEEDED[suffix]}\)"):
        load(file)
    lzma = zipped(tmp_path / "lzma", {NEEDED[suffix]: b"<a/>" * 1000}, zipfile.ZIP_LZMA)
    packed = bytearray(lzma.read_bytes())
    packed[60:80] = bytes(20)
    for data in (b"", b"no archive at all", file.read_bytes()[:-30], packed):
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


@every_suffix
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be"])
@pytest.mark.parametrize(
    "definition", ['<!ENTITY b "lol"><!ENTITY c "&b;&b;">', '<!ATTLIST a b CDATA "lol">']
)
@pytest.mark.parametrize("name", ["", "ppt/slides/slide1", "xl/worksheets/sheet1.bin"])
def test_xml_that_defines_what_it_stands_for_is_refused(
    tmp_path: Path, suffix: str, name: str, definition: str, encoding: str
) -> None:
    bomb = f"<!DOCTYPE a [{definition}]><a/>".encode(encoding)
    parts = {NEEDED[suffix]: b"<a/>", name or NEEDED[suffix]: bomb}
    with pytest.raises(DocumentError, match="defines XML entities or attributes"):
        load(zipped(tmp_path / f"a{suffix}", parts))


def test_a_picture_that_defines_entities_is_no_harm(tmp_path: Path) -> None:
    file = word(tmp_path / "a.nl.docx", lambda document: document.add_paragraph("De markt groeit."))
    with zipfile.ZipFile(file, "a") as whole:
        whole.writestr("word/media/image1.svg", '<!DOCTYPE svg [<!ENTITY ns "a">]><svg/>')
    assert blocks(load(file)) == [("paragraph", 0, "De markt groeit.")]


@every_suffix
def test_an_encrypted_part_is_an_error(tmp_path: Path, suffix: str) -> None:
    file = zipped(tmp_path / f"a{suffix}", {NEEDED[suffix]: b"<a/>"})
    data = bytearray(file.read_bytes())
    data[6] |= 1  # of the part's own header
    data[data.index(b"PK\x01\x02") + 8] |= 1  # of the archive's directory
    file.write_bytes(data)
    with pytest.raises(DocumentError, match=LOCKED):
        load(file)


@pytest.mark.parametrize("content", ["content.xml", "encrypted-package"])
def test_an_encrypted_open_document_is_told_as_such(tmp_path: Path, content: str) -> None:
    manifest = (
        '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        f'<manifest:file-entry manifest:full-path="{content}"><manifest:encryption-data/>'
        "</manifest:file-entry></manifest:manifest>"
    )
    parts = {content: b"\x93\x1f\0\xe2" * 99, "META-INF/manifest.xml": manifest.encode()}
    with pytest.raises(DocumentError, match=LOCKED):
        load(zipped(tmp_path / "a.odt", parts))


@pytest.mark.parametrize("name", [*TEXTS, "notes.nl.pptx", "ports.nl.xlsx"])
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


@pytest.mark.parametrize(
    ("name", "better"),
    [
        ("a.doc", ".docx"),
        ("a.rtf", ".docx"),
        ("a.ppt", ".pptx"),
        ("a.odp", ".pptx"),
        ("a.key", ".pptx"),
        ("a.xls", ".xlsx"),
        ("a.ods", ".xlsx"),
        ("a.numbers", ".xlsx"),
    ],
)
def test_a_format_that_is_not_read_says_what_to_save_it_as(
    tmp_path: Path, name: str, better: str
) -> None:
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(DocumentError, match=f"Open it and save it as {better}"):
        load(tmp_path / name)
