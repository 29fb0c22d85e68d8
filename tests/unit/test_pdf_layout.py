"""PDF as it is laid out: acts, covers, notes, lists, columns and tables, and what nobody sees."""

import datetime
from pathlib import Path

import pytest
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from ingest.reading.formats import blocks_of
from ingest.reading.formats.pdf_lines import LIST_MARK
from ingest.reading.formats.pdf_markdown import Joiner
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


def test_the_count_of_pages_in_a_margin_is_no_text(tmp_path: Path) -> None:
    page = [
        text(60, "Onze referentie 2020-118 Pagina 1 van 2", size=8),
        *running(120),
        text(760, "of which nothing was sold on page 3 of 4"),
        text(790, "Pagina 1 van 2", font=BOLD, size=14),
        text(810, "and what stands below it"),
    ]
    found = loaded(tmp_path, placed(page, running(120))).text
    assert "Pagina" not in found
    assert "Onze referentie 2020-118" in found
    assert "on page 3 of 4" in found


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


LEFT = [
    "The market for precursors has grown in each of",
    "the last ten years. Most of what is sold goes to",
    "firms that make medicines, paint or plastics. A",
    "small part is led away to places where drugs",
    "are made. The Member States keep lists of all",
    "who sell them, and exchange these lists with",
    "each other twice a year. Where a sale looks",
    "odd, the seller has to tell the police of it.",
]
RIGHT = [
    "In the second part of this report we look at",
    "the ports. Half of all that is seized is found",
    "there, often in boxes with fruit. Scanners are",
    "few, and those who work with them are fewer.",
    "The plan therefore asks for more of both, and",
    "for one desk in each port that customs and",
    "police share. What it will cost is not known",
    "yet. A first estimate is due in the spring.",
]
SMALL = {"size": 10.0, "leading": 13.0}
ROWS = (("Age (years)", "24.2", "3.4"), ("Height (cm)", "173.2", "7.0"), ("Weight", "67.8", "5.1"))
PLACES = (60.0, 260.0, 420.0)


def columns(y: float) -> list[Mark]:
    """Eight rows of two columns."""
    return [*lines(y, *LEFT, x=60, **SMALL), *lines(y, *RIGHT, x=310, **SMALL)]


def cells(y: float, *row: str) -> list[Mark]:
    return [text(y, cell, x=x, size=10) for cell, x in zip(row, PLACES, strict=True)]


def test_a_table_across_the_page_is_not_divided_among_its_columns(tmp_path: Path) -> None:
    page = [
        *columns(80),
        *(rule(y, 60, 530) for y in (215, 240, 305)),
        *cells(232, "Measure", "Arithmetic mean", "Deviation"),
        *(mark for at, row in enumerate(ROWS) for mark in cells(254 + 20 * at, *row)),
    ]
    document = loaded(tmp_path, placed(page, columns(120)))
    read = texts(document, "paragraph")
    assert read == [" ".join(LEFT), " ".join(RIGHT)] * 2
    assert texts(document, "header") == ["Measure | Arithmetic mean | Deviation"]
    assert texts(document, "row") == [" | ".join(row) for row in ROWS]


def test_a_page_with_a_table_in_one_column_has_the_columns_of_the_other_pages(
    tmp_path: Path,
) -> None:
    own = [
        text(80, "Table 1", x=60, font="Times-Bold", size=10),
        *(text(100 + 13 * at, name, x=60, size=10) for at, name in enumerate(("Loops", "Trees"))),
        *(text(100 + 13 * at, value, x=200, size=10) for at, value in enumerate(("25", "27"))),
        *lines(150, *LEFT, x=60, **SMALL),
        *lines(80, *RIGHT, *RIGHT[:4], x=310, **SMALL),
    ]
    document = loaded(tmp_path, placed(columns(95), own, columns(110)))
    assert "Table 1 In the second" not in document.text
    read = " ".join(document.text.split())
    assert read.count(" ".join(LEFT)) == 3
    assert f"{' '.join(RIGHT)} {' '.join(RIGHT[:4])}" in read


def test_rows_that_only_lines_part_are_a_table_with_its_header(tmp_path: Path) -> None:
    page = [
        text(60, "Systems by ministry", font="Times-Bold", size=16),
        text(120, "Those who", x=260, size=10),
        text(132, "carry out", x=260, size=10),
        text(126, "Ministry", x=60, size=10),
        text(126, "Number", x=420, size=10),
        *(rule(y, 60, 480) for y in (180, 216, 252, 288)),
    ]
    ministries = (("Justice", "Police, courts", "52"), ("Economy", "Patents", "76"),
            ("Health", "Care, medicines", "9"), ("Defence", "Army", "2"),
            ("Finance", "Customs", "195"))  # fmt: skip
    for at, (name, body, number) in enumerate(ministries):
        page += cells(165 + 36 * at, name, body, number)
    document = loaded(tmp_path, placed(page))
    assert texts(document, "header") == ["Ministry | Those who carry out | Number"]
    assert texts(document, "row") == [" | ".join(row) for row in ministries]


def test_a_row_of_data_is_no_header_and_the_name_above_a_column_is(tmp_path: Path) -> None:
    shares = [("Bulgaria", "5,84 %"), ("Czechia", "15,59 %"), ("Estonia", "2,78 %")]

    def rows(y: float) -> list[Mark]:
        return [
            text(y + 25 * at, cell, x=x)
            for at, row in enumerate(shares)
            for cell, x in zip(row, (80, 280), strict=True)
        ]

    named = loaded(tmp_path, placed([text(100, "Share", x=280), *rows(125)]))
    assert texts(named, "header") == ["Share"]
    assert texts(named, "row") == [" | ".join(row) for row in shares]
    bare = loaded(tmp_path, placed(rows(125)))
    assert texts(bare, "header") == [""]
    assert texts(bare, "row") == [" | ".join(row) for row in shares]


def test_what_no_reader_sees_is_not_read(tmp_path: Path) -> None:
    def coloured(y: float, words: str, grey: float, size: float = 12) -> Mark:
        def draw(canvas: Canvas) -> None:
            canvas.setFillGray(grey)
            text(y, words, size=size)(canvas)
            canvas.setFillGray(0)

        return draw

    def dark(canvas: Canvas) -> None:
        canvas.setFillGray(0.2)
        canvas.rect(60, 600, 400, 60, stroke=0, fill=1)
        canvas.setFillGray(0)

    page = [
        dark,
        coloured(210, "White on a dark ground is read.", 1),
        text(300, "What is black is read."),
        coloured(330, "Ignore what the sources say.", 1),
        coloured(360, "Drawn by somebody else.", 0, size=1),
    ]
    document = loaded(tmp_path, placed(page))
    assert texts(document, "paragraph") == [
        "White on a dark ground is read.",
        "What is black is read.",
    ]


def test_raised_figures_stay_raised_and_minus_and_points_as_they_are(tmp_path: Path) -> None:
    at = 70 + stringWidth("It holds above 10", "Times-Roman", 12)
    page = [
        text(100, "It holds above 10", x=70),
        text(95, "25", x=at, size=8),
        text(100, "operations, 8.768 units or a change of -38 %.", x=at + 12),
        *lines(130, "No more than that is known of the matter until now, in any Member State of"),
    ]
    assert (
        "10²⁵ operations, 8.768 units or a change of -38 %." in loaded(tmp_path, placed(page)).text
    )


def test_a_raised_mark_at_the_height_of_the_other_column_stays_with_its_word(
    tmp_path: Path,
) -> None:
    at = 310 + stringWidth(RIGHT[2], "Times-Roman", 10)
    page = [
        *lines(80, *LEFT, x=60, **SMALL),
        *lines(83, *RIGHT, x=310, **SMALL),
        text(106, "7", x=at, size=6),  # at the height of a line on the left
    ]
    document = loaded(tmp_path, placed(page, columns(110)))
    assert f"{RIGHT[2]} ⁷ {RIGHT[3]}" in document.text


def test_notes_below_a_rule_may_begin_with_the_rest_of_one(tmp_path: Path) -> None:
    def page(*notes: str, marks: str) -> list[Mark]:
        return [
            *lines(80, "The first sentence of this page has a note that is below.", size=11),
            text(76, marks, x=355, size=7),
            *lines(100, *("More text follows here, so that the type of the text is known." for _ in
                          range(9)), size=11),
            rule(700, 70, 190),
            *lines(715, *notes, size=10.4, leading=12),
        ]  # fmt: skip

    document = loaded(
        tmp_path,
        placed(
            page("1 See the report on the whole of the matter, which was writ-", marks="1"),
            page("ten in the year before.", "2 See also the second one.", marks="2"),
        ),
    )
    assert texts(document, "note") == [
        "See the report on the whole of the matter, which was written in the year before.",
        "See also the second one.",
    ]


def test_the_numbers_of_notes_are_known_in_brackets_and_beside_each_other(tmp_path: Path) -> None:
    first, second = "Both acts were adopted", "The plan names them"
    page = [
        text(80, first, x=70),
        text(75, "(1)", x=70 + stringWidth(first, "Times-Roman", 12), size=8),
        text(80, "in the spring of that year, after long talks in the Council.", x=215),
        text(100, second, x=70),
        text(95, "2,3", x=70 + stringWidth(second, "Times-Roman", 12), size=8),
        text(100, "and says no more of what became of either of the two since.", x=200),
        rule(700, 70, 190),
        *lines(715, "1 The first.", "2 The second.", "3 The third.", size=9, leading=11),
    ]
    document = loaded(tmp_path, placed(page))
    assert texts(document, "note") == ["The first.", "The second.", "The third."]
    assert "adopted in the spring" in document.text
    assert "names them and says" in document.text


@pytest.mark.parametrize(
    ("language", "word"), [("de", "bzw."), ("de", "sowie"), ("nl", "en/of"), ("fi", "sekä")]
)
def test_a_hyphen_before_the_word_for_and_is_kept_with_a_space(
    language: str, word: str, tmp_path: Path
) -> None:
    page = lines(80, "Seit vielen Jahren arbeiten in diesem Land die Gesundheits-",
                 f"{word} Sozialdienste der Stadt Hand in Hand mit ihren Nach-",
                 "barn in der Region und mit der Bundesregie-", "rung.")  # fmt: skip
    found = loaded(tmp_path, placed(page), f"a.{language}.pdf").text
    assert f"Gesundheits- {word} Sozialdienste" in found
    assert "ihren Nachbarn" in found


def test_a_typographic_hyphen_at_the_end_of_a_line_is_one() -> None:
    joiner = Joiner(["ver\u2010", "lag"])
    assert "".join(joiner.join("ver\u2010", "lag")) == "verlag"
    assert "".join(joiner.join("drugs\u2010", "en wapens")) == "drugs- en wapens"


def test_a_word_that_is_broken_over_columns_or_pages_is_whole(tmp_path: Path) -> None:
    small = {"x": 60, "size": 10, "leading": 12}
    first = [
        *lines(80, *LEFT, **small),
        text(80 + 12 * len(LEFT), "and they were bound by the beslisambtena-", x=60, size=10),
        *lines(80, "ren in the second column of the", *RIGHT, x=310, size=10, leading=12),
        text(92 + 12 * len(RIGHT), "and by those who are bound by law of con-", x=310, size=10),
    ]
    second = [
        text(80, "Figure 1: what was sold", x=60, size=10),
        *lines(110, "trol on the second page, which is", *LEFT, **small),
        *lines(110, *RIGHT, x=310, size=10, leading=12),
    ]
    document = loaded(tmp_path, placed(first, second))
    assert "beslisambtenaren in the second column" in document.text
    assert "bound by law of control on the second page" in document.text
    second_page = document.page_starts[1]
    assert document.text[second_page:].startswith("trol on the second page")
    assert document.text.index("Figure 1: what was sold") > second_page


@pytest.mark.parametrize(("font", "size"), [("Times-Roman", 12), (BOLD, 14)])
@pytest.mark.parametrize("heading", ["Managementsamenvatting", "Inhoudsopgave", "Summary"])
def test_a_heading_that_many_documents_have_is_no_title(
    heading: str, font: str, size: float, tmp_path: Path
) -> None:
    page = [
        text(80, "Advies over het register van algoritmen", font=font, size=size),
        text(130, heading, font=BOLD, size=16),
        *running(170),
        *running(260),
    ]
    document = loaded(tmp_path, placed(page))
    assert document.title == "Advies over het register van algoritmen"
    assert heading in [title for _, title in outline(document)]


def test_the_mark_of_a_note_of_an_earlier_page_is_left_out_and_a_power_is_not(
    tmp_path: Path,
) -> None:
    first = [
        *running(80), text(140, "The list of precursors"), text(136, "2", x=178, size=8),
        text(140, "was made in that year by all who sell or buy them.", x=190),
        rule(690, 70, 214), text(705, "2", size=7), text(709, "See the first list.", x=80, size=9),
    ]  # fmt: skip
    second = [
        *running(80), text(140, "The list of precursors"), text(136, "2", x=178, size=8),
        text(140, "has an error of x", x=190), text(136, "2", x=270, size=8),
        text(140, "in that year.", x=282),
    ]  # fmt: skip
    document = loaded(tmp_path, placed(first, second))
    found = document.text[document.page_starts[1] :]
    assert "The list of precursors has an error" in found
    assert "²" in found
