"""Page noise is left out, body text never; and sentences end where a reader would end them."""

import datetime
from pathlib import Path

import pytest

from ingest.reading.blocks import sections
from ingest.reading.formats import plain
from ingest.reading.load import load
from ingest.reading.noise import is_noise
from language.sentences import sentences

RELEASE = Path(__file__).parents[1] / "data/press-release-2020-07-24.nl.txt"


def body(text: str) -> list[tuple[str, str]]:
    """(last heading, text) of every section of a plain text."""
    parsed = plain.read(text)
    found = sections(parsed.blocks, parsed.title)
    return [(section.headings[-1], text[section.start : section.end]) for section in found]


def test_title_date_and_headings_of_the_press_release() -> None:
    document = load(RELEASE)
    assert (document.id, document.language) == ("press-release-2020-07-24", "nl")
    assert document.date == datetime.date(2020, 7, 24)  # "gepubliceerd op vrijdag 24 juli 2020"
    assert document.title == (
        "Uitvoering veiligheidsunie: initiatieven ter bestrijding van seksueel misbruik van "
        "kinderen, drugs en illegale vuurwapens"
    )
    assert [section.headings[1:] for section in document.sections] == [
        (),
        ("EU-strategie voor een doeltreffender bestrijding van kindermisbruik",),
        ("De nieuwe agenda en het nieuwe actieplan van de EU inzake drugs 2021-2025",),
        ("Het nieuwe actieplan inzake de handel in vuurwapens",),
        ("Achtergrond",),
    ]


def test_noise_of_the_press_release_is_in_no_section() -> None:
    document = load(RELEASE)
    text = "".join(document.text[s.start : s.end] for s in document.sections)
    for noise in (
        "facebook",
        "pdclogo",
        "Met dank overgenomen",
        "Meer informatie",
        "Vragen en antwoorden",
        "Persbericht:",
        "Over de strijd tegen",
        "Over de bestrijding van illegale drugs:",
        "Terug naar boven",
    ):
        assert noise in document.text
        assert noise not in text
    assert text.startswith("Vandaag presenteert de Commissie")
    assert text.endswith("op EU-niveau vooruitgang moet worden geboekt.")


@pytest.mark.parametrize(
    "line",
    [
        "r google-plus facebook twitter linkedin2 nujij M Monitor Nieuwsbrief",
        "Facebook Twitter LinkedIn", "↑ Terug naar boven", "Back to top", "PARTAGER", "Nach oben",
        "Home › News › Press releases", "Home > Nieuws > Persberichten",
        "Page 1 of 4", "Pagina 2 van 12", "Seite 3 / 7", "4/4",
        "Postbus 20301 | 2500 EH Den Haag | T 070 370 79 11 | info@voorbeeld.nl | www.voorbeeld.nl",
        "We use cookies to improve this site. Read our policy.", "Diese Website verwendet Cookies.",
    ],
)  # fmt: skip
def test_page_furniture_is_noise(line: str) -> None:
    assert is_noise(line)


@pytest.mark.parametrize(
    "line",
    [
        "Pagina 1 van 4", "Page 1 of 4", "Page 1 sur 4", "Seite 1 von 4", "Página 1 de 4",
        "Pagina 1 di 4", "Side 1 af 4", "Sida 1 (4)", "Sida 1 av 4", "Sivu 1 / 4", "Strona 1 z 4",
        "Strana 1 z 4", "Stránka 1 z 4", "Stran 1 od 4", "Stranica 1 od 4", "Pagina 1 din 4",
        "Lapa 1 no 4", "1 puslapis iš 4", "Lehekülg 1 / 4", "Leathanach 1 as 4", "Paġna 1 minn 4",
        "1. oldal, összesen: 4", "Σελίδα 1 από 4", "Страница 1 от 4", "- Page 1 of 4 -",
        "Blz. 1 van 4",
    ],
)  # fmt: skip
def test_the_number_of_a_page_is_noise_in_every_official_language(line: str) -> None:
    assert is_noise(line)


@pytest.mark.parametrize(
    "line", ["Page 4 and 1", "Page 4 of 1", "3 of 4", "Article 1 of 4", "1 (4)"]
)
def test_other_figures_are_no_numbers_of_pages(line: str) -> None:
    assert not is_noise(line)


@pytest.mark.parametrize(
    "line",
    [
        "Facebook meldde in 2019 ongeveer 80 % van de gevallen.",
        "Facebook, Twitter, LinkedIn, WhatsApp",  # a list within a text
        "The ePrivacy rules say when a site may use cookies.",
        "Member States share data with Europol",
        "Il dit : « Nous partageons » et « Nous agissons »",
        "Cooperation with third countries",
        "MRV[2024-2026] ) / 5 ) / MRV[2024-2026] ), where,",
        "Page 1 of the report has 4 tables",
        "info@example.eu",
    ],
)
def test_text_about_such_things_is_not(line: str) -> None:
    assert not is_noise(line)


def test_noise_in_the_middle_interrupts_a_section_but_no_offset_moves() -> None:
    text = "Plan\n\nOne sentence.\nBack to top\nAnother sentence.\n"
    assert body(text) == [("Plan", "One sentence."), ("Plan", "Another sentence.")]


def test_a_list_of_links_ends_where_a_heading_has_text_below_it() -> None:
    text = "Plan\n\nIt begins.\n\nSee also\n\nPress release\n\n• Factsheet\n\nAnnex\n\nThe annex.\n"
    assert body(text) == [("Plan", "It begins."), ("Annex", "The annex.")]


def test_many_short_lines_without_a_sentence_are_links() -> None:
    links = "Drugs in Europe\n\nFirearms\n\nChild protection\n\nThe strategy\n\nAbout us\n"
    assert body(f"Plan\n\nIt begins.\n\n{links}") == [("Plan", "It begins.")]


@pytest.mark.parametrize(
    "lines",
    [
        "The countries are:\n\nBelgium\n\nFrance\n\nGermany\n\nItaly",  # introduced
        "Year\n\nNumber\n\n2010\n\n23 000\n\n2019\n\n725 000",  # a table
        "First\n\nSecond\n\nThird",  # few
    ],
)
def test_other_short_lines_stay(lines: str) -> None:
    assert body(f"Plan\n\nIt begins.\n\n{lines}\n") == [("Plan", f"It begins.\n\n{lines}")]


def test_a_text_of_short_lines_only_is_kept() -> None:
    assert body("Drugs cost 30 billion") == [("Drugs cost 30 billion", "Drugs cost 30 billion")]


def test_headings_of_plain_text() -> None:
    text = (
        "The plan\n\nAims\n\nThe aims are:\n\n• one\n o two\n\n"
        "Background\nThis was wrapped at some width, in\n2015, when it began (see no.\n5).\n\n"
        "no heading\n\nText.\n\nHe said:\n\nYes\n\nText.\n\nList\n\n- item\n"
    )
    background = text[text.index("This was") : text.index("\n\nList")]
    assert body(text) == [
        ("Aims", "The aims are:\n\n• one\n o two"),
        ("Background", background),
        ("List", "- item"),
    ]


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("nl", ["In nov. 2020 kwam er o.a. een plan.",
         "Zie nr. 3 (en ook art. 2. Dat is nieuw.) van COM(2020) 607 final.",
         "M. Schinas sprak over art. II.", "Het kost ca. 30 mln. euro.",
         "Het aantal steeg tot 725 000.", "Hij zei: “Het is af. Wij beginnen.”",
         "Dit geldt o.a. Europol en d.w.z. iedereen.", "Het ging om 70 video's.",
         "De meeste kwamen via e-mail."]),
        ("en", ["In approx. 2019 the U.S. Government agreed.",
         "Mr. Smith and Y. Johansson spoke about no. 5.", "“It is done. We begin,” she read.",
         "See Art. 5 of COM(2020) 607.", "The number rose to 725 000.", "In 2020 it fell."]),
        ("fr", ["M. Schinas a dit : « C'est fait. Nous commençons. »",
         "Voir l'art. 5 de COM(2020) 607.", "Il y a env. 30 milliards d'euros.", "C'est tout."]),
        ("de", ["Gemäß Art. 5 Abs. 1 gilt das ab dem 24. Juli 2020.",
         "Dr. Meyer hat z. B. gesagt: „Gut. Sehr gut.“", "Das ist der 2. Bericht.",
         "Die Nr. 5 fehlt.", "Es wächst.", "725 000 waren es, vgl. 273/2004.",
         "Im Jahr gem. 5 waren es."]),
        ("el", ["Η αγορά αυξάνεται.", "Βλ. άρθρο 5 της COM(2020) 607.", "Έτσι είναι.", "Είναι."]),
        ("bg", ["Пазарът расте.", "В чл. 5 се казва това.", "725 000 са.", "Така е."]),
        ("hu", ["A piac nő.", "Őrök vigyáznak.", "2020. július 24-én is."]),
    ],
)  # fmt: skip
def test_sentences_end_where_a_reader_ends_them(language: str, expected: list[str]) -> None:
    text = " ".join(expected)
    assert [text[start:end] for start, end in sentences(text, language)] == expected


def test_offsets_are_characters_also_beyond_ascii() -> None:
    text = "  Één 😀 zin.\nNog één – hier. \n\n Een derde.\n"
    found = [text[start:end] for start, end in sentences(text, "nl")]
    assert found == ["Één 😀 zin.", "Nog één – hier.", "Een derde."]


def test_a_quotation_that_never_closes_or_is_very_long_is_split() -> None:
    text = "“It is open. It stays open. And so on."
    assert len(sentences(text, "en")) == 3
    assert sentences("", "en") == []


def test_what_says_nothing_is_left_out_and_told_and_can_be_kept(tmp_path: Path) -> None:
    text = """# Report on ports

## FINANCIAL SHEET

SHEET ON ACTS OF LAW

## Findings

© European Union, 2026. Reproduction is allowed.

Half of all that is seized is found in ports.

© European Union, 2026. Reproduction is allowed.

Article 5 is deleted.

Article 5 is deleted.

(deleted)
"""
    file = tmp_path / "report.en.md"
    file.write_text(text, encoding="utf-8")
    document = load(file)
    assert document.left_out == (
        "SHEET ON ACTS OF LAW",
        "© European Union, 2026. Reproduction is allowed.",
    )
    read = "".join(document.text[s.start : s.end] for s in document.sections)
    assert read.count("©") == 1
    assert read.count("Article 5 is deleted.") == 2
    assert "(deleted)" in read
    assert "SHEET ON" not in read
    (tmp_path / "report.en.md.meta.yaml").write_text("noise: keep\n", encoding="utf-8")
    kept = load(file)
    assert kept.left_out == ()
    whole = "".join(kept.text[s.start : s.end] for s in kept.sections)
    assert whole.count("©") == 2
    assert "SHEET ON" in whole
