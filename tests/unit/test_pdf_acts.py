"""PDF as the institutions of the Union lay it out: acts, covers, notes, boxes and lists."""

import datetime
from pathlib import Path

import pytest

from ingest.reading.formats import blocks_of
from ingest.reading.formats.legal_lines import division
from ingest.reading.formats.pdf_lines import LIST_MARK
from tests.support import pdf_files
from tests.support.documents_read import loaded, outline, texts
from tests.support.pdf_files import Mark, box, lines, placed, rule, text

BOLD, ITALIC = "Times-Bold", "Times-Italic"
RUNNING = (
    "This Regulation lays down rules on the recording of transactions in precursors that",
    "are placed on the market of the Union, and on the exchange of what is recorded there.",
)


def running(y: float) -> list[Mark]:
    """A paragraph of two lines."""
    return lines(y, *RUNNING)


def test_a_part_of_an_act_is_a_heading_with_the_line_below_it(tmp_path: Path) -> None:
    page = [
        text(80, "CHAPTER I", x=0),
        text(110, "GENERAL PROVISIONS", x=0),
        text(150, "Article 1", x=0, font=ITALIC),
        text(180, "Subject matter", x=0, font=BOLD),
        *running(210),
        text(270, "Article 2", x=0, font=ITALIC),
        text(300, "Definitions", x=0, font=BOLD),
        *running(330),
        text(400, "ANNEX", x=0),
        *running(430),
    ]
    assert outline(loaded(tmp_path, placed(page))) == [
        (2, "CHAPTER I GENERAL PROVISIONS"),
        (3, "Article 1 Subject matter"),
        (3, "Article 2 Definitions"),
        (2, "ANNEX"),
    ]


@pytest.mark.parametrize(
    "line",
    [
        "Article 5", "Artikel 5", "Artykuł 5", "Άρθρο 5", "Член 5", "5 artikla", "5. cikk",
        "Articolo 10 bis", "Article premier", "HOOFDSTUK III", "CHAPITRE IV", "III. FEJEZET",
        "II LUKU", "ANNEX", "BIJLAGE II", "Anhang", "‘Article 8", "Članak 5.", "Artigo 1.º",
    ],
)  # fmt: skip
def test_parts_are_known_in_the_languages_of_the_union(line: str) -> None:
    assert division(line).alone


@pytest.mark.parametrize(
    "line",
    ["Article 5 of that Directive applies", "The article", "Annex to what is said", "Part of"],
)
def test_a_sentence_begins_no_part(line: str) -> None:
    found = division(line)
    assert found is None or not found.alone


def test_articles_at_the_top_of_pages_are_no_running_headers(tmp_path: Path) -> None:
    articles = ((18, "reports"), (19, "checks"), (20, "costs"))
    pages = [
        [text(70, f"Article {n}", x=0, font=ITALIC), text(90, f"On {word}", x=0, font=BOLD),
         *running(120)]
        for n, word in articles
    ]  # fmt: skip
    found = [title for _, title in outline(loaded(tmp_path, placed(*pages)))]
    assert found == [f"Article {n} On {word}" for n, word in articles]


def test_the_number_of_a_heading_gives_its_depth(tmp_path: Path) -> None:
    page = [
        text(80, "A strategy for the coming years", x=0, font=BOLD, size=18),
        text(220, "1. Introduction", font=ITALIC),
        *running(250),
        text(320, "2. Context", font=ITALIC),
        text(350, "2.1 Markets", font=BOLD),
        *running(380),
        text(450, "2.1.1 Prices", font=BOLD),
        *running(480),
    ]
    assert outline(loaded(tmp_path, placed(page)))[-4:] == [
        (2, "1. Introduction"),
        (2, "2. Context"),
        (3, "2.1 Markets"),
        (4, "2.1.1 Prices"),
    ]


def test_cover_lines_quotations_and_remarks_are_no_headings(tmp_path: Path) -> None:
    cover = [
        text(80, "EUROPEAN COMMISSION", font=BOLD),
        text(110, "Brussels, 24 June 2022", x=400, font=BOLD),
        text(200, "COMMUNICATION FROM THE COMMISSION", x=0, font=BOLD),
        text(240, "on the market for precursors", x=0, font=BOLD),
        text(280, "(Text with EEA relevance)", x=0, font=BOLD),
        text(790, "EN", font=BOLD, size=24),
        text(790, "EN", x=500, font=BOLD, size=24),
    ]
    body = [
        text(80, "1. Introduction", font=BOLD),
        *running(110),
        text(170, "“Those who sell must know to whom.”", font=ITALIC, size=16),
        *running(210),
        text(480, "deleted", font=BOLD),
        *running(510),
        text(570, "For the European Parliament", font=BOLD),
        text(570, "For the Council", x=400, font=BOLD),
        *running(600),
    ]
    document = loaded(tmp_path, placed(cover, body))
    title = "COMMUNICATION FROM THE COMMISSION on the market for precursors"
    assert outline(document) == [(1, title), (2, "1. Introduction")]
    assert document.title == title
    assert "EN EN" not in document.text


def test_a_contents_entry_of_two_lines_is_left_out(tmp_path: Path) -> None:
    page = [
        text(80, "2.1 Trends of a market that is moved by the prices of its goods,", font=BOLD),
        text(100, "in the Union and beyond ........................... 4"),
        text(140, "1. Introduction", font=BOLD),
        *running(170),
    ]
    assert outline(loaded(tmp_path, placed(page))) == [(2, "1. Introduction")]


def test_the_cover_of_the_council_gives_title_date_and_language(tmp_path: Path) -> None:
    document = loaded(tmp_path, pdf_files.council_cover(pdf_files.COVER), "st10284.pdf")
    assert document.title == "Ontwerpverordening betreffende precursoren"
    assert (document.date, document.language) == (datetime.date(2022, 6, 24), "nl")
    assert {"title", "date", "language"}.isdisjoint(document.guessed)


def test_another_figure_is_no_cover(tmp_path: Path) -> None:
    document = loaded(tmp_path, pdf_files.council_cover("A map. Language: NL. Subject: none"))
    assert (document.title, document.language) == ("a", "en")


def test_a_part_of_an_act_is_no_title(tmp_path: Path) -> None:
    page = [text(80, "CHAPTER I", x=0, font=BOLD, size=16), *running(120), *running(170)]
    assert loaded(tmp_path, placed(page)).title == "a"


def test_the_title_is_not_the_slogan_of_the_back_page(tmp_path: Path) -> None:
    pages = [
        [text(80, "The market for precursors", font=BOLD, size=16), *running(120)],
        [*running(80), text(400, "Safer together in the Union", font=BOLD, size=30), *running(500)],
    ]
    assert loaded(tmp_path, placed(*pages)).title == "The market for precursors"


def test_a_note_in_body_type_below_a_short_rule_does_not_cut_a_paragraph(tmp_path: Path) -> None:
    first = [
        *lines(80, "(1) Those rules are part of Regulation (EU) No 98/2013, which has",
               "been amended more than once since the year in which it began to"),
        text(120, "apply"), text(116, "1", x=98, size=8),
        text(120, "and which is now replaced by one that sets out in detail what", x=105),
        rule(690, 70, 214), text(705, "1", size=8),
        *lines(709, "Regulation (EU) No 98/2013 on the marketing of precursors", "(OJ L 39, p. 1).",
               x=106, leading=14),
    ]  # fmt: skip
    second = lines(80, "economic operators have to report, and to whom they have to do so in the",
                   "Member State in which they are established.")  # fmt: skip
    document = loaded(tmp_path, placed(first, second))
    assert len(texts(document, "item")) == 1
    assert not texts(document, "paragraph")
    assert texts(document, "note") == [
        "Regulation (EU) No 98/2013 on the marketing of precursors (OJ L 39, p. 1)."
    ]
    assert "sets out in detail what economic operators" in document.text.replace("\n", " ")


def test_a_paragraph_goes_on_until_its_sentence_or_its_line_ends(tmp_path: Path) -> None:
    whole = (
        "The measures are set out in full in Article 4 of the Regulation on precursors",
        "and in the annexes to that act; they were established some years ago by",
        "(EU) 2021/241 of the European Parliament and of the Council, for some years",
    )
    rest = "and those who are to apply them know what is asked of them in each case."
    page = [*lines(80, *whole), text(155, rest)]
    assert len(texts(loaded(tmp_path, placed(page)), "paragraph")) == 1


def test_the_distance_of_lines_is_not_that_of_small_print(tmp_path: Path) -> None:
    small = ["Small print with its lines close"] * 12
    wide = "and on what is done with them by all those who are named in the rules and"
    page = [
        *lines(80, RUNNING[0], *[wide] * 5, "others, as set out below.", leading=24),
        *lines(400, *small, leading=9, size=8),
    ]
    first, *_ = texts(loaded(tmp_path, placed(page)), "paragraph")
    assert first.startswith(RUNNING[0])
    assert first.endswith("as set out below.")


def test_lists_of_every_depth_are_lists(tmp_path: Path) -> None:
    rows = [
        (70, "10.", "Member States shall see to it that:"),
        (100, "(a)", "operators report what they sell, namely:"),
        (130, "(i)", "the name of the substance;"),
        (160, "–", "and its amount;"),
        (130, "(ii)", "the name of the buyer;"),
    ]
    after = [(100, "(b)", "the reports are kept;"), (130, "(i)", "for five years.")]
    page: list[Mark] = []
    y = 60.0
    for indent, mark, words in rows:
        page += [text(y := y + 20, mark, x=indent), text(y, words, x=indent + 26)]
    page += lines(y + 40, *RUNNING, x=126)  # indented as far as what it interrupts
    y += 100
    for indent, mark, words in after:
        page += [text(y := y + 20, mark, x=indent), text(y, words, x=indent + 26)]
    document = loaded(tmp_path, placed(page))
    found = [(b.level, document.text[b.start : b.end].split()[0]) for b in blocks_of(document)
             if b.kind == "item"]  # fmt: skip
    assert found == [(1, "Member"), (2, "(a)"), (3, "(i)"), (4, "and"), (3, "(ii)"),
                     (1, "(b)"), (2, "(i)")]  # fmt: skip
    assert not texts(document, "line")


@pytest.mark.parametrize("mark", ["5a.", "(8b)", "(36-a)", "►", "❑", "✓", "»"])
def test_a_mark_of_a_list_item_is_known(mark: str) -> None:
    assert LIST_MARK.fullmatch(mark)


def test_the_backgrounds_of_words_are_no_columns(tmp_path: Path) -> None:
    page: list[Mark] = running(60)
    for row, y in enumerate(range(120, 180, 30)):
        for x in (70, 200, 330):
            at = x + 10 + 18 * row
            shaded = box(at - 4, y, at + 14, y + 30, filled=True)
            page += [box(x, y, x + 130, y + 30), shaded, text(y + 20, "no", x=at)]
    document = loaded(tmp_path, placed(page))
    assert texts(document, "row") == ["no | no | no"]
