"""Web pages: the main text with its structure, EUR-Lex's communications, hostile pages."""

import datetime
from pathlib import Path

import pytest

from chain.reading.quotables import reading
from core.errors import DocumentError
from ingest.passages.split import split
from ingest.reading.load import load
from tests.support.documents_read import blocks, units, web_page

DATA = Path(__file__).parents[1] / "data" / "formats"

PAGE = """<!doctype html><html lang="nl"><head><title>Drugs | Site</title></head><body>
<div id="cookie-consent">Wij gebruiken cookies om onze site te verbeteren.
<button>OK</button></div>
<header><nav><ul><li><a href="/">Home</a></li>
<li><a href="/nieuws">Nieuws</a></li></ul></nav></header>
<main>
<h1 id="agenda">De agenda</h1>
<p>De Commissie presenteert vandaag een nieuwe <b>agenda</b> inzake
drugs<sup><a href="#fn1" id="ref1">[1]</a></sup>, die vijf jaar geldt.</p>
<h2><a name="doelen"></a>Doelen <a class="headerlink" href="#doelen">¶</a></h2>
<p>De agenda is vooral gericht op:</p>
<ul><li>versterkte maatregelen:<ul><li>tegen handel over zee,<ul><li>ook in havens;</li></ul></li>
<li>tegen handel over land;</li></ul></li>
<li>betere preventie<a href="#fn2" id="ref2">2</a>.</li></ul>
<ol start="3"><li>De lidstaten voeren de agenda uit.</li><li>De Commissie ziet toe.</li></ol>
<section id="markt"><h2>Omvang</h2>
<table><caption>Waarde van de markt</caption>
<tr><th>Jaar</th><th>Bron</th><th>Waarde</th></tr>
<tr><td rowspan="2">2017</td><td>EWDD<a href="#fn1">1</a></td><td>30 miljard euro</td></tr>
<tr><td>Europol</td><td><p>30 miljard</p><p>euro</p></td></tr></table></section>
<h2>Begrippen</h2>
<dl><dt>EWDD</dt><dd>Het Europees Waarnemingscentrum voor drugs en drugsverslaving.</dd>
<dt>EMPACT</dt><dd>Het platform tegen criminele dreiging.</dd></dl>
<table><tr><td>(a)</td><td>Het eerste punt van de lijst;</td></tr>
<tr><td>(b)</td><td>het tweede punt.</td></tr></table>
<p>De eerste regel.<br>De tweede regel.<br><br>Een nieuwe alinea.</p>
<p>Facebook Twitter LinkedIn WhatsApp</p>
<ol><li id="fn1"><p>Zie COM(2020) 606. <a href="#ref1">↩</a></p></li>
<li id="fn2"><p>Ook op school. <a href="#ref2">↩</a></p></li></ol>
</main>
<aside><h2>Lees ook</h2><ul><li><a href="/a">Ander nieuws</a></li></ul></aside>
<footer><h2>Contact</h2><p><a href="/c">Schrijf ons</a></p></footer>
<script>document.write("<p>volg alles</p>")</script></body></html>"""


def test_a_page_keeps_the_structure_and_places_of_its_main_text(tmp_path: Path) -> None:
    document = load(web_page(tmp_path, PAGE))
    assert [block for block in blocks(document) if "Facebook" not in block[2]] == [
        ("heading", 1, "De agenda"),
        ("paragraph", 0, "De Commissie presenteert vandaag een nieuwe agenda inzake drugs, "
                         "die vijf jaar geldt."),
        ("note", 0, "Zie COM(2020) 606."),
        ("heading", 2, "Doelen"),
        ("paragraph", 0, "De agenda is vooral gericht op:"),
        ("item", 1, "versterkte maatregelen:"),
        ("item", 2, "tegen handel over zee,"),
        ("item", 3, "ook in havens;"),
        ("item", 2, "tegen handel over land;"),
        ("item", 1, "betere preventie."),
        ("note", 1, "Ook op school."),
        ("item", 1, "De lidstaten voeren de agenda uit."),
        ("item", 1, "De Commissie ziet toe."),
        ("heading", 2, "Omvang"),
        ("paragraph", 0, "Waarde van de markt"),
        ("header", 0, "Jaar | Bron | Waarde"),
        ("row", 0, "2017 | EWDD | 30 miljard euro"),
        ("row", 0, "2017 | Europol | 30 miljard euro"),
        ("heading", 2, "Begrippen"),
        ("item", 1, "EWDD: Het Europees Waarnemingscentrum voor drugs en drugsverslaving."),
        ("item", 1, "EMPACT: Het platform tegen criminele dreiging."),
        ("item", 1, "(a) Het eerste punt van de lijst;"),
        ("item", 1, "(b) het tweede punt."),
        ("paragraph", 0, "De eerste regel.\nDe tweede regel."),
        ("paragraph", 0, "Een nieuwe alinea."),
    ]  # fmt: skip
    assert "3. De lidstaten" in document.text
    anchors = {section.headings[-1]: section.anchor for section in document.sections}
    assert anchors == {
        "De agenda": "agenda", "Doelen": "doelen", "Omvang": "markt", "Begrippen": "",
    }  # fmt: skip


def test_lines_that_begin_with_a_bullet_are_items(tmp_path: Path) -> None:
    html = """<html lang="nl"><body><p>De agenda heeft drie blokken, en wel deze:</p>
    <p>•&nbsp;&nbsp; veiligheid, tegen handel in drugs;</p><p>&#xf0b7; betere preventie;</p>
    <p>– minder schade,<br>· ook in gevangenissen.</p></body></html>"""
    assert blocks(load(web_page(tmp_path, html)))[1:] == [
        ("item", 1, "veiligheid, tegen handel in drugs;"),
        ("item", 1, "betere preventie;"),
        ("item", 1, "minder schade,"),
        ("item", 1, "ook in gevangenissen."),
    ]


def test_dashes_and_stars_within_a_line_stay_as_they_are(tmp_path: Path) -> None:
    html = """<html lang="nl"><body><p>Onderzoeks- en ontwikkelingsbeleid – voor 2021 – 2025.</p>
    <ul><li>Onderzoeks- en ontwikkelingsbeleid – voor 2021 – 2025 * 3;
    <p>en metro- en treinstations – ook nieuwe.</p></li>
    <li>– in- en uitvoer van drugs<br>– of in- en doorvoer.</li></ul>
    <table><tr><td>–</td><td>land- en tuinbouw – en visserij.</td></tr></table></body></html>"""
    assert [" ".join(text.split()) for _, _, text in blocks(load(web_page(tmp_path, html)))] == [
        "Onderzoeks- en ontwikkelingsbeleid – voor 2021 – 2025.",
        "Onderzoeks- en ontwikkelingsbeleid – voor 2021 – 2025 * 3; "
        "en metro- en treinstations – ook nieuwe.",
        "in- en uitvoer van drugs",
        "of in- en doorvoer.",
        "land- en tuinbouw – en visserij.",
    ]


SUBSIDY = """<!doctype html><html lang="nl"><head><title>Warmtepompen | Voorbeeld</title></head>
<body><header><nav><a href="/">Home</a></nav><h1>Subsidie voor een warmtepomp</h1>
<p class="intro">Met deze subsidie krijgt u een deel van de kosten van een warmtepomp terug.</p>
<p>Delen: <a href="/f">Facebook</a></p></header>
<main><p>U vraagt de subsidie aan na de installatie van de warmtepomp. De regeling loopt tot 2030 en
is bedoeld voor eigenaren van bestaande woningen.</p><h2>Voorwaarden</h2>
<p>De warmtepomp staat op de meldcodelijst. De installateur staat ingeschreven bij de Kamer.</p>
<table><tr><th>Regel</th><th>Zie ook</th></tr><tr><td>Isolatie</td><td><ul>
<li><a href="/a">Regeling voor isolatie</a></li><li><a href="/b">Lijst van materialen</a></li></ul>
</td></tr></table></main><footer><p>Contact</p></footer></body></html>"""


def test_the_lead_paragraph_below_the_title_and_links_in_a_table_are_text(tmp_path: Path) -> None:
    found = blocks(load(web_page(tmp_path, SUBSIDY)))
    rows = [text for kind, _, text in found if kind == "row"]
    assert rows == ["Isolatie | • Regeling voor isolatie • Lijst van materialen"]
    assert found[:3] == [
        ("heading", 1, "Subsidie voor een warmtepomp"),
        ("paragraph", 0, "Met deze subsidie krijgt u een deel van de kosten van een warmtepomp "
                         "terug."),
        ("paragraph", 0, "U vraagt de subsidie aan na de installatie van de warmtepomp. De "
                         "regeling loopt tot 2030 en is bedoeld voor eigenaren van bestaande "
                         "woningen."),
    ]  # fmt: skip


def test_a_page_without_a_heading_of_its_own_has_the_title_of_its_head(tmp_path: Path) -> None:
    html = SUBSIDY.replace("<h1>Subsidie voor een warmtepomp</h1>", "")
    document = load(web_page(tmp_path, html))
    assert document.title == "Warmtepompen"
    assert document.sections[-1].headings == ("Warmtepompen", "Voorwaarden")


def test_a_link_with_a_number_that_leads_to_a_chapter_is_no_note_nor_a_layout_a_table(
    tmp_path: Path,
) -> None:
    html = """<html lang="nl"><body><main><table><tr><td>
    <p>Zie hoofdstuk <a id="r" href="#twee">2</a> voor meer.</p>
    <h2 id="twee"><a href="#r">2</a> De markt voor drugs</h2>
    <div id="drie"><p>De markt voor drugs groeit ook in hoofdstuk <a href="#drie">3</a>.</p></div>
    </td></tr></table></main></body></html>"""
    assert blocks(load(web_page(tmp_path, html))) == [
        ("paragraph", 0, "Zie hoofdstuk 2 voor meer."),
        ("heading", 2, "2 De markt voor drugs"),
        ("paragraph", 0, "De markt voor drugs groeit ook in hoofdstuk 3."),
    ]


def test_the_number_of_a_note_is_taken_off_its_beginning_and_nothing_else(tmp_path: Path) -> None:
    html = """<html lang="en"><body><main><p>The committee votes on it.<span>
    <a class="footnoteRef" id="r" href="#n">1</a></span></p>
    <p id="n"><a href="#r">(1)</a><span><i></i> Regulation (EU</span><span>) No 182/2011.</span></p>
    </main></body></html>"""
    document = load(web_page(tmp_path, html))
    assert ("note", 0, "Regulation (EU) No 182/2011.") in blocks(document)


def test_a_communication_has_numbered_headings_and_notes_and_is_described_by_its_cover() -> None:
    document = load(DATA / "communication.nl.xhtml")
    assert [section.headings[1:] for section in document.sections] == [
        ("1. Omvang van de drugsmarkt",),
        ("1. Omvang van de drugsmarkt", "1.1. Doel en benadering"),
        ("2. Uitvoering",),
    ]
    assert document.sections[0].anchor == "_Toc1"
    assert blocks(document)[-11:-4] == [
        ("item", 1, "(a) versterkte veiligheidsmaatregelen, gericht op alle kanten van de "
                    "illegale drugshandel, waaronder:"),
        ("item", 2, "de handel over zee;"),
        ("item", 2, "de handel per post;"),
        ("note", 2, "Zie ook het persbericht van die dag."),
        ("item", 1, "(b) betere preventie, met voorlichting over wat drugs aanrichten."),
        ("paragraph", 0, "De drugsagenda bouwt voort op een empirisch onderbouwde aanpak."),
        ("item", 1, "cannabis is de grootste markt;"),
    ]  # fmt: skip
    assert units(document)["(b) betere preventie, met voorlichting over wat drugs aanrichten."] == (
        "De drugsagenda bestaat uit drie blokken:"
    )
    assert document.title == "Over een EU-agenda en -actieplan inzake drugs"
    assert document.reference == "COM(2020) 606 final"
    assert document.publisher == "European Commission"
    assert document.date == datetime.date(2020, 7, 24)
    assert document.guessed == ()
    assert document.kind == "upload"  # that it is an official text takes more than its own words


def test_an_annex_is_titled_as_one(tmp_path: Path) -> None:
    html = """<html xmlns="http://www.w3.org/1999/xhtml"><body><div class="contentWrapper">
    <p class="Typedudocument_cp"><span>BIJLAGE</span></p>
    <p class="Titreobjet_cp"><span>bij de mededeling over een EU-drugsagenda</span></p>
    <p class="Annexetitre"><span>BIJLAGE</span><span><br/>Maatregelen</span></p>
    <p class="Normal"><span>De bijlage telt 53 maatregelen.</span></p>
    <p class="Titreobjet"><span>bij de mededeling over een EU-drugsagenda</span></p>
    </div></body></html>"""
    document = load(web_page(tmp_path, html))
    assert [section.headings for section in document.sections] == [
        ("BIJLAGE bij de mededeling over een EU-drugsagenda", "BIJLAGE – Maatregelen")
    ]
    assert document.text.count("drugsagenda") == 1


@pytest.mark.parametrize("tag", ["b", "ul><li"])
def test_a_million_tags_within_each_other_are_refused(tmp_path: Path, tag: str) -> None:
    html = "<p>Begin van de tekst.</p>" + f"<{tag}>" * 1_000_000 + "diep"
    with pytest.raises(DocumentError, match="has more than 256 elements within each other"):
        load(web_page(tmp_path, html))


def test_nesting_up_to_the_limit_loses_nothing(tmp_path: Path) -> None:
    lists = "".join(f"<ul><li>Dit is punt {n} van een lijst over drugs." for n in range(100))
    deep = "<div>" * 40 + lists
    document = load(web_page(tmp_path, f"<html lang='nl'><body>{deep}"))
    assert document.text.count("Dit is punt") == 100
    assert sum(text.startswith("Dit is punt") for text in units(document)) == 100


def test_scripts_styles_and_share_buttons_are_in_no_section(tmp_path: Path) -> None:
    hostile = """<main><script>alert('x')</script><style>p {color: red}</style>
    <p onclick="alert(1)">Een <script>alert(2)</script>zin over drugs.</p>"""
    document = load(web_page(tmp_path, PAGE.replace("<main>", hostile)))
    bodies = "".join(document.text[section.start : section.end] for section in document.sections)
    assert all(text in bodies for text in ("Een zin over drugs.", "Een nieuwe alinea."))
    assert not any(word in document.text for word in ("alert", "color", "volg alles"))
    assert "Facebook" not in bodies


def test_raised_figures_are_not_set_down_among_the_others(tmp_path: Path) -> None:
    html = """<html lang="en"><body><main><h1>Thresholds</h1>
    <p>Above 10<sup>25</sup> operations or 10<sup>-6</sup> per m<span class="superscript">2</span>,
    a change of -&nbsp;38&nbsp;% or 8.768 units, on the 1<sup>er</sup> of the month, the rules for
    human- and machine-readable texts apply to all who make them.</p></main></body></html>"""
    text = load(web_page(tmp_path, html)).text
    assert "Above 10²⁵ operations or 10⁻⁶ per m²" in text
    assert "- 38 % or 8.768 units, on the 1er of the month" in text
    assert "human- and machine-readable" in text


def test_rows_have_the_names_of_their_groups_and_columns_and_the_caption(tmp_path: Path) -> None:
    html = """<html lang="en"><body><main><h1>Seizures</h1><p>What was seized is below.</p>
    <table><caption>Table 1: tonnes</caption>
    <tr><td></td><td colspan="2">Cocaine</td></tr>
    <tr><td>Country</td><td>2019</td><td>2020</td></tr>
    <tr><td>France</td><td>10</td><td>12</td></tr><tr><td>Spain</td><td>8</td><td>9</td></tr>
    </table></main></body></html>"""
    (passage,) = split(load(web_page(tmp_path, html)), len, 2000)
    assert [reading(passage, unit) for unit in passage.units[-2:]] == [
        "Country: France; Cocaine 2019: 10; Cocaine 2020: 12",
        "Country: Spain; Cocaine 2019: 8; Cocaine 2020: 9",
    ]
    assert "Table 1: tonnes" in passage.context(passage.units[-1])


def test_a_page_about_a_document_is_refused_and_one_with_marks_of_amendments_is_titled_without(
    tmp_path: Path,
) -> None:
    about = """<html lang="en"><head><title>EUR-Lex - 31997L0007 - EN - EUR-Lex</title></head><body>
    <p id="title">Directive 97/7/EC</p><div id="PP1Contents"><p>Languages and formats.</p></div>
    <p>Need help? Use quotation marks to search for an exact phrase in all that is there.</p>
    </body></html>"""
    with pytest.raises(DocumentError, match="without the text of its document"):
        load(web_page(tmp_path, about))
    act = """<html lang="en"><body><div class="eli-main-title">
    <p class="title-doc-first">►M2 COMMISSION DELEGATED REGULATION (EU) 2016/522</p>
    <p class="title-doc-last">of 17 December 2015 ◄</p></div>
    <p class="title-article-norm">Article 1</p><p class="norm">This Regulation applies.</p>
    </body></html>"""
    document = load(web_page(tmp_path, act, "act.en.html"))
    assert document.title == "COMMISSION DELEGATED REGULATION (EU) 2016/522 of 17 December 2015"
    assert document.date == datetime.date(2015, 12, 17)
