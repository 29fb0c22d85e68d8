"""PDF in columns and tables: what is beside what, which rows only lines part, what nobody sees."""

from pathlib import Path

from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from tests.support.documents_read import loaded, texts
from tests.support.pdf_files import Mark, lines, placed, rule, text

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
