"""Pages of EUR-Lex and Cellar, as each generation of their tools writes them."""

import datetime
import gc
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from ingest.passages.split import split
from ingest.reading.formats import legal_lines
from ingest.reading.load import load
from tests.support.documents_read import blocks, outline, units, web_page


def box(mark: str, text: str) -> str:
    return f"""<table><col width="4%"/><col width="96%"/><tbody><tr><td><p class="oj-normal">{mark}
    </p></td><td><p class="oj-normal">{text}</p></td></tr></tbody></table>"""


JOURNAL = f"""<html xmlns="http://www.w3.org/1999/xhtml"><head>
<link rel="canonical" href="https://eur-lex.europa.eu/eli/reg/2024/42/oj/nld"/>
<title>L_202400042NL.000101.fmx.xml</title></head><body>
<table><tr><td><p class="oj-hd-ti">Publicatieblad</p></td><td><p class="oj-hd-date">12.7.2024</p>
</td></tr></table>
<div class="eli-container"><div class="eli-main-title" id="tit_1">
<p class="oj-doc-ti">VERORDENING (EU) 2024/42 VAN HET EUROPEES PARLEMENT EN DE RAAD</p>
<p class="oj-doc-ti">van 13 juni 2024</p>
<p class="oj-doc-ti">tot vaststelling van regels voor de opslag, het vervoer en de afgifte van
voorlopers van drugs in de Unie (verordening voorlopers van drugs)</p>
<p class="oj-doc-ti">(Voor de EER relevante tekst)</p></div>
<div class="eli-subdivision" id="rct_1">{box("(1)", "Drugs schaden. Dat moet anders.")}</div>
<div class="eli-subdivision" id="enc_1"><div id="cpt_I">
<p id="d1" class="oj-ti-section-1">HOOFDSTUK I</p>
<div class="eli-title"><p class="oj-ti-section-2"><span>ALGEMENE BEPALINGEN</span></p></div>
<div id="cpt_I.sct_1"><p class="oj-ti-section-1">AFDELING 1</p>
<p class="oj-ti-section-2">Begrippen</p>
<div class="eli-subdivision" id="art_1"><p id="d2" class="oj-ti-art">Artikel 1</p>
<div class="eli-title" id="art_1.tit_1"><p class="oj-sti-art">Onderwerp</p></div>
<div id="001.001"><p class="oj-normal">1.   Deze verordening stelt regels.</p></div>
<div id="001.002"><p class="oj-normal">2.   De lidstaten:</p>
{box("a)", "voorkomen misbruik;")}{box("b)", "melden elkaar:" + box("i)", "wat zij zien."))}
<p class="oj-normal">De Commissie ziet toe.</p></div></div></div></div>
<div id="cpt_II"><p class="oj-ti-section-1">HOOFDSTUK II</p>
<p class="oj-ti-section-2">SLOT</p>
<p class="oj-ti-art">Artikel 2</p><p class="oj-normal">Deze verordening treedt in werking.</p>
</div></div></div><hr class="oj-doc-sep"/>
<div class="eli-container" id="anx_I"><p class="oj-doc-ti" id="d9">BIJLAGE I</p>
<p class="oj-doc-ti">Stoffen</p><p class="oj-ti-grseq-1">Deel A — Zuren</p>
{box("1.1.", "Azijnzuuranhydride.")}
<div class="oj-enumeration-spacing"><p style="display: inline;">2. </p>
<p style="display: inline;"><span>Zoutzuur.</span></p></div></div><hr class="oj-separator"/>
<p class="oj-normal">ELI: http://data.europa.eu/eli/reg/2024/42/oj</p>
<p class="oj-normal">ISSN 1977-0758 (electronic edition)</p></body></html>"""


def test_an_act_has_its_chapters_articles_and_annexes_with_their_titles(tmp_path: Path) -> None:
    document = load(web_page(tmp_path, JOURNAL))
    assert blocks(document) == [
        ("heading", 1, "VERORDENING (EU) 2024/42 VAN HET EUROPEES PARLEMENT EN DE RAAD "
                       "(verordening voorlopers van drugs)"),
        ("paragraph", 0, "(1) Drugs schaden. Dat moet anders."),
        ("heading", 2, "HOOFDSTUK I – ALGEMENE BEPALINGEN"),
        ("heading", 3, "AFDELING 1 – Begrippen"),
        ("heading", 4, "Artikel 1 – Onderwerp"),
        ("item", 1, "Deze verordening stelt regels."),
        ("item", 1, "De lidstaten:"),
        ("item", 2, "a) voorkomen misbruik;"),
        ("item", 2, "b) melden elkaar:"),
        ("item", 3, "i) wat zij zien."),
        ("paragraph", 1, "De Commissie ziet toe."),
        ("heading", 2, "HOOFDSTUK II – SLOT"),
        ("heading", 3, "Artikel 2"),
        ("paragraph", 0, "Deze verordening treedt in werking."),
        ("heading", 2, "BIJLAGE I – Stoffen"),
        ("heading", 3, "Deel A — Zuren"),
        ("item", 1, "1.1. Azijnzuuranhydride."),
        ("item", 1, "Zoutzuur."),
    ]  # fmt: skip
    assert units(document)["b) melden elkaar:"] == "De lidstaten:"
    # and its subject in its title
    assert document.title == (
        "VERORDENING (EU) 2024/42 VAN HET EUROPEES PARLEMENT EN DE RAAD van 13 juni 2024 tot "
        "vaststelling van regels voor de opslag, het vervoer en de afgifte van voorlopers van "
        "drugs in de Unie (verordening voorlopers van drugs)"
    )
    assert document.date == datetime.date(2024, 6, 13)
    assert document.celex == "32024R0042"


def test_points_and_recitals_know_their_marks(tmp_path: Path) -> None:
    passages = split(load(web_page(tmp_path, JOURNAL)), len, 2000)
    marks = {p.text[u.start : u.end]: u.marks for p in passages for u in p.units}
    assert marks["(1) Drugs schaden."] == marks["Dat moet anders."] == ("(1)",)
    assert marks["i) wat zij zien."] == ("2", "b)", "i)")


def test_classes_before_those_of_today_are_known_as_well(tmp_path: Path) -> None:
    today = web_page(tmp_path, JOURNAL)
    before = web_page(
        tmp_path, JOURNAL.replace('"oj-', '"').replace(" id=", " name="), "oud.nl.html"
    )
    assert outline(load(before)) == outline(load(today))


def test_a_list_without_boxes_belongs_to_the_paragraph_above_it(tmp_path: Path) -> None:
    html = f"""<html lang="nl"><body><p class="ti-art">Artikel 1</p>
    <p class="normal">1. De lidstaten:</p>{box("a)", "voorkomen misbruik;")}{box("b)", "melden.")}
    <p class="normal">2. De Commissie ziet toe.</p></body></html>"""
    assert blocks(load(web_page(tmp_path, html)))[1:] == [
        ("item", 1, "De lidstaten:"),
        ("item", 2, "a) voorkomen misbruik;"),
        ("item", 2, "b) melden."),
        ("item", 1, "De Commissie ziet toe."),
    ]


def test_recitals_below_headings_stay_paragraphs_until_the_first_article(tmp_path: Path) -> None:
    html = f"""<html lang="en"><body><p class="doc-ti">COMMISSION DECISION</p>
    <p class="doc-ti">on aid<br/>to ports</p><p class="ti-grseq-1">I. PROCEDURE</p>
    {box("(1)", "By letter. It was sent.")}<p class="ti-art">Article 1</p>
    {box("(1)", "The aid is unlawful.")}</body></html>"""
    assert blocks(load(web_page(tmp_path, html, "act.html"))) == [
        ("heading", 1, "COMMISSION DECISION on aid to ports"),
        ("heading", 2, "I. PROCEDURE"),
        ("paragraph", 0, "(1) By letter. It was sent."),
        ("heading", 2, "Article 1"),
        ("item", 1, "(1) The aid is unlawful."),
    ]


ABOVE = """<html xmlns="http://www.w3.org/1999/xhtml"><head>
<title>TEXTE consolidé: 32016R0042 — FR — 04.05.2016</title></head><body>
<p class="reference">02016R0042 — FR — 04.05.2016 — 000.002</p><hr class="separator"/>
<p class="disclaimer">Ce texte constitue seulement un outil de documentation.</p>
<table><tr><td><p class="arrow"><a href="/a">►B</a></p></td><td>
<p class="title-doc-first">RÈGLEMENT (UE) 2016/42 DU CONSEIL</p>
<p class="title-doc-first">du 27 avril 2016</p>
<p class="title-doc-last"><a href="/a">relatif aux drogues</a></p>
<p class="title-doc-oj-reference">(JO L 119 du 4.5.2016, p. 1)</p></td></tr></table>
<p class="hd-modifiers">Rectifié par:</p>
<table><tr><td><p class="arrow"><a href="/c">►C1</a></p></td><td><p class="title-fam-member">
<a href="/c">Rectificatif, JO L 127 du 23.5.2018, p. 2</a></p></td></tr></table>
<hr class="separator"/><p class="arrow"><a href="/a">▼B</a></p>
<p class="title-doc-first">RÈGLEMENT (UE) 2016/42 DU CONSEIL</p>
<p class="title-doc-first">du 27 avril 2016</p><p class="title-doc-last">relatif aux drogues</p>
"""
CONSOLIDATED = f"""{ABOVE}<p class="title-division-1"><span>CHAPITRE I</span></p>
<p class="title-division-2"><span>Dispositions générales</span></p>
<div class="eli-subdivision" id="art_1"><p class="title-article-norm" id="a1">Article premier</p>
<div class="eli-title"><p class="stitle-article-norm">Objet</p></div>
<div class="norm"><span class="no-parag">1.  </span><div class="norm inline-element">Il établit
des règles (<a href="#E1" id="src.E1"><span class="superscript">1</span></a>).</div></div>
<div class="norm"><span class="no-parag">2.  </span><div class="norm inline-element">
<p class="norm inline-element">Il protège:</p>
<div class="grid-container grid-list"><div class="list grid-list-column-1"><span>a) </span></div>
<div class="grid-list-column-2"><p class="norm">les jeunes;</p></div></div>
<p class="modref"><a href="/c">▼C1</a></p>
<div class="grid-container grid-list"><div class="list grid-list-column-1"><span>b) </span></div>
<div class="grid-list-column-2"><p class="norm">les autres.</p></div></div></div></div></div>
<p class="title-article-norm">Article 2</p><p class="norm">Aux fins du règlement:</p>
<div style="margin-left: 24pt; text-indent: -24pt"><p class="norm">a)<span
style="word-spacing: 15pt"> </span>«drogue», une ►C1 substance ◄ nocive;</p></div>
<p class="title-annex-1">ANNEXE I</p><p class="title-annex-2">Substances</p>
<p class="norm">Acides.</p><hr class="separator-short"/>
<p class="footnote">(<a href="#src.E1" id="E1"><span class="superscript">1</span></a>) JO L 1.</p>
</body></html>"""


def test_a_consolidated_text_has_headings_no_marks_of_amendments_and_what_amended_it(
    tmp_path: Path,
) -> None:
    document = load(web_page(tmp_path, CONSOLIDATED, "acte.html"))
    assert blocks(document) == [
        ("heading", 1, "RÈGLEMENT (UE) 2016/42 DU CONSEIL du 27 avril 2016 relatif aux drogues"),
        ("heading", 2, "CHAPITRE I – Dispositions générales"),
        ("heading", 3, "Article premier – Objet"),
        ("item", 1, "Il établit des règles."),
        ("note", 1, "JO L 1."),
        ("item", 1, "Il protège:"),
        ("item", 2, "a) les jeunes;"),
        ("item", 2, "b) les autres."),
        ("heading", 3, "Article 2"),
        ("paragraph", 0, "Aux fins du règlement:"),
        ("item", 1, "a) «drogue», une substance nocive;"),
        ("heading", 2, "ANNEXE I – Substances"),
        ("paragraph", 0, "Acides."),
    ]

    assert document.version == "Rectifié par: C1 Rectificatif, JO L 127 du 23.5.2018, p. 2"
    assert (document.celex, document.language) == ("32016R0042", "fr")
    assert document.date == datetime.date(2016, 5, 4)
    assert "outil de documentation" not in document.text


def test_a_consolidated_text_without_classes_is_known_by_its_marks(tmp_path: Path) -> None:
    html = """<html><head><title>Konsolidierter TEXT: 31998F0042 — DE — 05.07.2001</title></head>
    <body><p>1998F0042 — DE — 05.07.2001 — 001.001</p><p>Dieses Dokument ist ohne Gewähr</p>
    <table><tr><td><p><a href="/b">►B</a></p></td><td><a href="/b"><p>GEMEINSAME MAßNAHME</p>
    <p>vom 3. Dezember 1998</p><p>betreffend Geldwäsche</p><p>(98/42/JI)</p></a>
    <p>(ABl. L 333, 9.12.1998, p.1)</p></td></tr></table><p>Geändert durch:</p>
    <table><tr><td><p>Amtsblatt</p></td></tr><tr><td><p><a href="/m">►M1</a></p></td>
    <td><p>Rahmenbeschluss vom 26. Juni 2001</p></td></tr></table>
    <p><a href="/b">▼B</a></p><p>GEMEINSAME MAßNAHME</p><p>vom 3. Dezember 1998</p>
    <p>betreffend Geldwäsche</p><p>(98/42/JI)</p>
    <p>gestützt auf den Vertrag<a name="src.E1"></a> (<a href="#E1"><span>1</span></a>),</p>
    <p><a href="/m">▼M1</a> —————</p><p><a href="/b">▼B</a></p><p>Artikel 2</p>
    <p>(1)  Die Mitgliedstaaten sorgen dafür.</p><p>(2)  Der Rat prüft das.</p><hr/>
    <a name="E1"></a><p>(<a href="#src.E1"><span>1</span></a>) ABl. L 344.</p></body></html>"""
    document = load(web_page(tmp_path, html, "akt.html"))
    assert blocks(document) == [
        ("heading", 1, "GEMEINSAME MAßNAHME vom 3. Dezember 1998 betreffend Geldwäsche"),
        ("paragraph", 0, "gestützt auf den Vertrag,"),
        ("note", 0, "ABl. L 344."),
        ("heading", 2, "Artikel 2"),
        ("item", 1, "(1) Die Mitgliedstaaten sorgen dafür."),
        ("item", 1, "(2) Der Rat prüft das."),
    ]
    assert document.version == "Geändert durch: M1 Rahmenbeschluss vom 26. Juni 2001"


OLD = """<html lang="EN"><head>
<meta name="DC.description" content="Council Regulation (EC) No 6/2002 of 12 December 2001
on Community designs "><meta name="DC.identifier" scheme="URI"
content="http://europa.eu.int/eur-lex/lex/LexUriServ/LexUriServ.do?uri=CELEX:32002R0006:EN:HTML">
<title>EUR-Lex - 32002R0006 - EN</title></head><body><p class="bglang">Avis juridique</p>
<h1>32002R0006</h1><p><em>Official Journal L 003 , 05/01/2002 P. 0001 - 0024</em></p>
<div id="TexteOnly"><p><txt_te><p>Council Regulation (EC) No 6/2002</p><p>of 12 December 2001</p>
<p>on Community designs</p><p></p><p>Having regard to the opinion of the Parliament(1),</p>
<p>Whereas:</p><p>(1) A unified system is needed.</p><p>(2) Few have one(2).</p>
<p>HAS ADOPTED THIS REGULATION:</p><p>TITLE I</p><p>GENERAL PROVISIONS</p><p>Article 1</p>
<p>Community design</p><p>1. A design is protected.</p><p>2. It is protected:</p>
<p>(a) by being made available;</p><p>(b) by being registered.</p><p>Article 2</p>
<p>This Regulation enters into force.</p><p>TITLE II</p><p>Article 3</p><p>The end.</p>
<p>Done at Brussels, 12 December 2001.</p><p>(1) OJ C 67, p. 318.</p><p>(2) OJ L 1, p. 2.</p>
</txt_te></p></div></body></html>"""


def test_a_page_of_lexuriserv_is_read_by_its_words(tmp_path: Path) -> None:
    document = load(web_page(tmp_path, OLD, "old.html"))
    assert blocks(document)[:14] == [
        ("heading", 1, document.title),
        ("paragraph", 0, "Having regard to the opinion of the Parliament,"),
        ("note", 0, "OJ C 67, p. 318."),
        ("paragraph", 0, "Whereas:"),
        ("paragraph", 0, "(1) A unified system is needed."),
        ("paragraph", 0, "(2) Few have one."),
        ("note", 0, "OJ L 1, p. 2."),
        ("paragraph", 0, "HAS ADOPTED THIS REGULATION:"),
        ("heading", 2, "TITLE I – GENERAL PROVISIONS"),
        ("heading", 3, "Article 1 – Community design"),
        ("item", 1, "A design is protected."),
        ("item", 1, "It is protected:"),
        ("item", 2, "(a) by being made available;"),
        ("item", 2, "(b) by being registered."),
    ]
    assert document.title == (
        "Council Regulation (EC) No 6/2002 of 12 December 2001 on Community designs"
    )
    assert document.celex == "32002R0006"
    assert document.date == datetime.date(2001, 12, 12)


LABELS: Mapping[str | None, tuple[str, ...]] = {
    "article": ("Article 5", "Artikel 12a", "Член 3", "Άρθρο 14", "3. cikk", "7 straipsnis",
                "Artigo 2.o", "Article premier"),
    "division": ("II FEJEZET", "ΚΕΦΑΛΑΙΟ IV", "ODDÍL 2"),
    "annex": ("BIJLAGE III", "ПРИЛОЖЕНИЕ I", "ANNEX"),
    None: ("Annex", "Article 5 applies", "Part of it", "Article"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("line", "found"), [(line, found) for found, lines in LABELS.items() for line in lines]
)
def test_labels_are_known_in_all_languages_of_the_eu(line: str, found: str | None) -> None:
    assert legal_lines.label(line) == found


VARIABLES = """<!--all docVars name and value:(9),[name=LW_TITRE.OBJ.CP;value="on "sustainable"
 fuels"],[name=LW_TYPE.DOC.CP;value="REGULATION OF THE EUROPEAN PARLIAMENT AND OF THE COUNCIL"],
[name=LW_STATUT.CP;value="Proposal for a"],[name=LW_EMISSION_ISODATE;value="2021-07-14"],
[name=LW_REF.INST.NEW;value="COM"],[name=LW_REF.INST.NEW_ADOPTED;value="final"],
[name=LW_REF.INST.NEW_TEXT;value="(2021) 42"],[name=LW_INTERETEEE.CP;value="UNUSED"],
[name=LW_LANGUE;value="EN"]-->""".replace("\n", "")
PROPOSAL = f"""<html xmlns="http://www.w3.org/1999/xhtml"><head><title>IMMC.COM.docx</title></head>
<body><div class="contentWrapper"><div class="content">{VARIABLES}
<p class="Logo">EUROPEAN COMMISSION</p><p class="Emission">Brussels, 14.7.2021</p>
<p class="Rfrenceinstitutionnelle">COM(2021) 42 final</p>
<p class="Statut">Proposal for a</p>
<p class="Typedudocument_cp">REGULATION OF THE EUROPEAN PARLIAMENT AND OF THE COUNCIL</p>
<p class="Titreobjet_cp">on "sustainable" fuels</p><p class="IntrtEEE_cp">(Text with EEA relevance)
</p><p class="CrossReference_cp">[SWD(2021) 43 final]</p></div><div class="content">
<p class="Exposdesmotifstitre">EXPLANATORY MEMORANDUM</p>
<p class="li ManualHeading1"><span class="num">1.</span><span>CONTEXT</span></p>
<p class="li ManualHeading2"><span class="num">•</span><span>Reasons</span></p>
<p class="Normal">There are some.</p>
<p class="li ManualHeading2"><span>{"This sentence has the style of a heading. " * 6}</span></p>
</div><div class="content"><p class="Statut">Proposal for a</p>
<p class="Typedudocument">REGULATION OF THE EUROPEAN PARLIAMENT AND OF THE COUNCIL</p>
<p class="Titreobjet">on "sustainable" fuels</p><p class="Normal">Whereas:</p>
<p class="li ManualConsidrant"><span class="num">(1)</span><span>Fuels count. So do we.</span></p>
<p class="SectionTitle">TITLE I</p><p class="SectionTitle">GENERAL PROVISIONS</p>
<p class="Titrearticle"><span>Article 1</span><span> <br/>Subject matter</span></p>
<p class="Normal">It has one.</p><p class="Normal">Article 2</p><p class="Normal">Scope</p>
<p class="li Point0"><span>(a)</span><span>planes;</span></p>
<p class="li Point1"><span class="num">(i)</span><span>large ones.</span></p></div>
<div class="content"><p class="Logo">EUROPEAN COMMISSION</p><p class="Typedudocument_cp">ANNEX</p>
<p class="Accompagnant_cp">to the</p><p class="Annexetitre">Annex I (volumes)</p>
<p class="Normal">Some.</p></div>
</div></body></html>"""


def test_a_proposal_has_its_parts_and_is_described_by_the_variables_of_its_template(
    tmp_path: Path,
) -> None:
    kind = "REGULATION OF THE EUROPEAN PARLIAMENT AND OF THE COUNCIL"
    document = load(web_page(tmp_path, PROPOSAL, "wrong.nl.html"))
    assert [block for block in blocks(document) if not block[2].startswith("This sentence")] == [
        ("heading", 1, f'Proposal for a {kind} on "sustainable" fuels'),
        ("heading", 2, "EXPLANATORY MEMORANDUM"),
        ("heading", 3, "1. CONTEXT"),
        ("heading", 4, "Reasons"),
        ("paragraph", 0, "There are some."),
        ("heading", 2, f"Proposal for a {kind}"),
        ("paragraph", 0, "Whereas:"),
        ("paragraph", 0, "(1) Fuels count. So do we."),
        ("heading", 3, "TITLE I – GENERAL PROVISIONS"),
        ("heading", 4, "Article 1 – Subject matter"),
        ("paragraph", 0, "It has one."),
        ("heading", 4, "Article 2 – Scope"),
        ("item", 1, "(a) planes;"),
        ("item", 2, "(i) large ones."),
        ("heading", 2, "Annex I (volumes)"),
        ("paragraph", 0, "Some."),
    ]
    assert document.title.endswith('on "sustainable" fuels')
    assert document.reference == "COM(2021) 42 final"
    assert document.date == datetime.date(2021, 7, 14)
    assert document.language == "en"
    assert document.guessed == ()


def test_numbered_lines_of_a_communication_are_its_headings(tmp_path: Path) -> None:
    def normal(*lines: str) -> str:
        return "".join(f'<p class="Normal"><span>{line}</span></p>' for line in lines)

    body = normal(
        "1 Introduction",
        "Fuels count.",
        "2.1 Where do we stand?",
        "1. This line is closed as a sentence.",
        "The steps are these",
        "1. Prepare",
        "2. Act",
        "3. Look back",
        "and then all over again.",
    )
    html = f"""<html><body><p class="Typedudocument_cp">COMMUNICATION FROM THE COMMISSION TO ALL THE
    OTHERS, AND ALSO TO THE COMMITTEE OF THE REGIONS AND TO THE COURT</p>
    <p class="Titreobjet_cp">Fuels</p>{body}
    <p class="li Normal"><span class="num">3.</span><span>Conclusions</span></p>
    <p class="Normal">So be it.</p></body></html>"""
    assert outline(load(web_page(tmp_path, html))) == [
        (1, "Fuels"),
        (2, "1 Introduction"),
        (3, "2.1 Where do we stand?"),
        (2, "3. Conclusions"),
    ]


def test_paragraphs_between_two_points_belong_to_the_first(tmp_path: Path) -> None:
    def point(depth: int, mark: str, text: str) -> str:
        return f'<p class="li Point{depth}"><span class="num">{mark}</span><span>{text}</span></p>'

    html = f"""<html lang="en"><body><p class="Titrearticle">Article 1</p>
    {point(0, "(1)", "Article 3 is amended:")}{point(1, "(a)", "paragraphs are added:")}
    <p class="Normal">‘5. The Commission shall act.</p><p class="Normal">6. It shall report.’;</p>
    {point(1, "(b)", "paragraph 7 is deleted;")}{point(0, "(2)", "Article 4 is deleted.")}
    </body></html>"""
    assert blocks(load(web_page(tmp_path, html, "act.html")))[1:] == [
        ("item", 1, "(1) Article 3 is amended:"),
        ("item", 2, "(a) paragraphs are added:\n\n    ‘5. The Commission shall act."),
        ("item", 3, "It shall report.’;"),
        ("item", 2, "(b) paragraph 7 is deleted;"),
        ("item", 1, "(2) Article 4 is deleted."),
    ]


@pytest.mark.long
@pytest.mark.parametrize(
    "line",
    [
        '<p class="Normal">Article 1</p>',
        '<p class="Normal">1. A point without end</p>',
        '<p class="Normal">(a) one;</p><p class="Normal">(i) two;</p>',
        '<p class="oj-doc-ti">ANNEX</p>',
        '<div class="grid-list"><div>a)</div><div>one</div></div>',
        "<table><tr><td>►M1</td><td>one</td></tr></table>",
        "<p>►M1 one ◄</p>",
        '<!--all docVars name and value:[name=a;value="',
    ],
)
def test_pages_take_time_in_proportion_to_their_length(tmp_path: Path, line: str) -> None:
    def seconds(times: int) -> float:
        body = f'<p class="oj-ti-art">Article 1</p><p>Text.</p>{line * times}<p>The end.</p>'
        html = f'<html lang="en"><body>{body}</body></html>'
        started = time.thread_time()  # of the processor: other tests run beside this one
        load(web_page(tmp_path, html))
        return time.thread_time() - started

    seconds(10)
    gc.disable()  # its search grows with all the tests before
    try:
        assert seconds(2000) < 10 * max(seconds(500), 0.1)
    finally:
        gc.enable()
