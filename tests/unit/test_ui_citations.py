"""Whatever stands in a question, a source or an answer is shown as text, and quotes are exact."""

import datetime
import re
from io import BytesIO

import pytest
from docx import Document
from markdown_it import MarkdownIt

from chain import __main__ as command
from core.answer import Answer, Citation, section
from core.answer_blocks import own
from core.source import DocumentInfo, DocumentKind, Passage, Standing
from tests.support.answers import only_found, retold
from tests.support.blocks import blocks_of
from tests.support.passages import answer_of, citation_of, passage_of
from tests.support.shown_html import HOSTILE, Shown
from ui.answers import answer_view
from ui.answers.answer_view import Chips, answer_html, more_html
from ui.answers.checks import Checks, remarks_above, remarks_below
from ui.answers.evidence_panel import CurrentSources, at_quote, evidence_html, leads_to_words
from ui.answers.export import conversation_docx, plain_text
from ui.answers.references import anchors
from ui.markup import code, link, text_html
from ui.texts import languages, load
from userdata.conversations import Exchange

NL = load("nl")
SAFE = {"div", "p", "ul", "li", "sup", "h3", "h4", "span", "a", "q", "details", "dialog", "button"}
SAFE |= {"summary", "section", "blockquote", "mark"}
DOCUMENT = DocumentInfo(
    id="csa-strategy",
    language="nl",
    title="Strategie tegen misbruik",
    reference="COM(2020) 607 final",
    date=datetime.date(2020, 7, 24),
    url="https://eur-lex.europa.eu/?uri=CELEX:52020DC0607&from=NL",
    kind="brief",
)
OFFICIAL = DOCUMENT.model_copy(update={"id": "official", "kind": "official"})
ADDED = DOCUMENT.model_copy(update={"id": "added", "kind": "upload"})
SUMMARY = "Samenvatting van dit project, geen officiële tekst"
QUOTE = "725 000 meldingen in 2019."
LITERALLY = "Letterlijk geciteerd uit de officiële tekst."
TEXT = "De cijfers zijn:\n\n- 23 000 meldingen in 2010.\n- 725 000 meldingen in 2019.\n"


_SIGNS = re.compile(r"\n+(?:- |$)")  # tags of a list take their place


def passage(text: str = TEXT, document: DocumentInfo = DOCUMENT, name: str = "p1") -> Passage:
    return passage_of(document, text, "Omvang", id=f"{document.key}:{name}")


def citation(number: int, quote: str, source: Passage, **given: object) -> Citation:
    return citation_of(source, quote, number, **given)


def answer(*citations: Citation, text: str = "", **given: object) -> Answer:
    return answer_of(text, *citations, **given)


class Numbered(Chips):
    """Markers and links in notes that tell what they were made from."""

    def __init__(self) -> None:
        """They need no answer."""

    def marker(self, number: int, words: str) -> str:
        return f"<sup>{number}:{len(words)}</sup>" if number < 4 else ""

    def note(self, note: str, number: int | None) -> str:
        return note + (f" <i>{number}</i>" if number else "")


def evidence(told: Answer) -> Shown:
    return Shown(evidence_html(told, "a", NL))


@pytest.mark.parametrize("prefix", ["", "- ", "# ", "### ", "> ", "1. ", "    ", "\t", "| "])
def test_hostile_text_in_an_answer_is_shown_and_not_run(prefix: str) -> None:
    shown = Shown(answer_html(blocks_of(f"{prefix}{HOSTILE} [1]"), Numbered()))
    assert {tag for tag, _ in shown.elements} <= {"div", "p", "ul", "li", "sup", "h3"}
    assert HOSTILE in shown.text


def chips(told: Answer, text: str) -> tuple[Shown, Shown]:
    """A text of an answer with its chips, and how it was checked, which stands above."""
    told = retold(told, text=text)
    made = Chips(told, "a", NL)
    return Shown(answer_html(told.blocks, made)), Shown(made.checked_html())


def marks(shown: Shown) -> list[str | None]:
    return [
        each["aria-label"] for each in shown.attributes("span") if each.get("class") == "sw-mark"
    ]


def test_a_chip_leads_to_its_quote_and_its_card_tells_the_source() -> None:
    shown, _ = chips(answer(citation(1, QUOTE, passage())), f"- {QUOTE} [1]")
    number, to_quote = shown.attributes("a")
    assert (number["href"], number["aria-label"]) == ("#a-1", "Bron 1")
    assert to_quote["href"] == "#a-1"
    (card,) = (each for each in shown.attributes("span") if each.get("class") == "sw-card")
    assert card["id"] == number["aria-describedby"]
    facts = f"{SUMMARY} · vat samen: COM(2020) 607 final"
    assert all(told in shown.text for told in (f"{DOCUMENT.title}, Omvang", facts, QUOTE))


BRIEFLY = "Geciteerd uit een samenvatting van COM(2020) 607, niet de officiële tekst."


@pytest.mark.parametrize(
    ("kind", "glyph", "words"),
    [
        ("brief", "°", "uit een samenvatting, niet de officiële tekst"),
        ("official", "§", "letterlijk uit de officiële tekst"),
        ("upload", "”", "letterlijk uit de bron"),
    ],
)
def test_only_the_exceptions_carry_a_mark_that_says_whose_words_they_are(
    kind: DocumentKind, glyph: str, words: str
) -> None:
    source = passage(document=DOCUMENT.model_copy(update={"kind": kind}))
    told = answer(citation(1, QUOTE, source))
    shown, above = chips(told, f"Dat is meer. [1] {QUOTE} [1] Het groeit. [1]")
    assert marks(shown) == [words]
    assert above.text == f"{SUPPORTED} · Waar {glyph} achter staat: {words}."
    assert (SUMMARY in shown.text) == (kind == "brief")
    shown, above = chips(told, f"{QUOTE} [1] {QUOTE} [1] Het groeit. [1]")
    assert marks(shown) == ["in andere woorden, door de bron ondersteund"]
    usual = f"{words.replace('letterlijk', 'Letterlijk geciteerd')}."
    assert above.text.startswith(f"{BRIEFLY if kind == 'brief' else usual} · Waar ✓ achter staat: ")


@pytest.mark.parametrize(
    ("points", "told"),
    [
        ([("2 a)", None)], "2 › a)"),
        ([("9", "9"), ("4", None), ("9", "9")], "9; 4"),  # in the order of the quotes
        ([("2 a)", "2 a)"), ("2 b)", "2 b)")], "2 › a); 2 › b)"),
        ([("1", "2")], "1–2"),  # one quote out of two paragraphs
        ([("2 a)", "2 c)"), ("3", "3")], "2 › a)–c); 3"),
        ([("1 b)", "2")], "1 › b)–2"),
        ([("2", "2 c)"), ("2 d)", "2 d)")], "2"),  # which holds its points
        ([("2", ""), ("1", "1")], ""),  # it ends outside of all
    ],
)
def test_each_quote_of_a_passage_has_its_point_told_behind_the_section(
    points: list[tuple[str, str | None]], told: str
) -> None:
    without = section([citation(1, QUOTE, passage())])
    assert section(at_points(*points)) == " › ".join(filter(None, (without, told)))


def at_points(*points: tuple[str, str | None]) -> list[Citation]:
    """Quotes from the first of two points of an act to the last."""
    quotes = []
    for first, last in points:
        marks = {"marks": first.split(), "last_marks": None if last is None else last.split()}
        quotes.append(citation(1, QUOTE, passage(), **marks))
    return quotes


UNCHECKED = "gevonden, niet nagegaan"


def test_what_was_found_and_not_checked_says_so_in_every_form(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It has the number of its source, and never looks confirmed."""
    cited = citation(1, QUOTE, passage(document=OFFICIAL))
    shown = only_found(answer(cited, text=f"{QUOTE} [1]"))
    made = Chips(shown, "a", NL)
    page = Shown(answer_html(shown.blocks, made))
    above = Shown(made.checked_html())
    assert f"○ {UNCHECKED}" in page.text
    assert "[1]" in page.text
    assert marks(page) == []  # no check sign
    assert "niet bevestigd" not in page.text
    assert above.text == "○ Gevonden, niet nagegaan: 1 van de 1."
    assert remarks_above(shown, NL) == []
    assert f"{QUOTE} [{UNCHECKED}] [1]" in plain_text(shown, NL)
    file = BytesIO(conversation_docx("?", [Exchange(question="?", answer=shown)], NL))
    word = "\n".join(paragraph.text for paragraph in Document(file).paragraphs)
    assert f"{QUOTE} [{UNCHECKED}]" in word
    assert "Letterlijk" not in word
    assert "zinnen zijn in de bronnen gevonden" not in word
    command._print(shown)
    assert f"{QUOTE} [found, not checked] [1]" in capsys.readouterr().out


@pytest.mark.parametrize("language", languages())
def test_what_was_confirmed_and_what_was_only_found_are_counted_apart(language: str) -> None:
    texts = load(language)
    cited = citation(1, QUOTE, passage(document=OFFICIAL))
    whole = answer(cited, text="Een. [1] Twee. [1] Drie. [1]", mode="generative")
    said = whole.blocks[0].sentences
    (block,) = only_found(whole).blocks
    mixed = block.model_copy(update={"sentences": (said[0], *block.sentences[1:])})
    mixed_answer = whole.model_copy(update={"blocks": (mixed,), "unchecked": True})
    (told,) = Checks(mixed_answer).remarks(texts)
    some = texts("answers.found.some", found=1, total=3)
    assert told == f"{some} {texts('answers.found.unchecked', number=2, total=3)}"


SUPPORTED = "Elke zin wordt door zijn bron ondersteund."
ROW = "| revolver | 102 |"
ROWS = f"| Wapen | Aantal |\n| --- | --- |\n{ROW}\n"
LISTED = (
    "De cijfers zijn: [1]\n\n- 23 000 meldingen in 2010.\n- 725 000 meldingen in 2019.\n\n"
    "2 van 5 punten."
)


@pytest.mark.parametrize(
    ("document", "source", "quote", "text", "told"),
    [
        (OFFICIAL, TEXT, QUOTE, "725 000 meldingen  in 2019. [1]\n\n725 000 meldingen in 2019. [1]",
         LITERALLY),
        (ADDED, TEXT, QUOTE, f"{QUOTE} [1]", "Letterlijk geciteerd uit de bron."),
        (DOCUMENT, TEXT, QUOTE, f"{QUOTE} [1]", BRIEFLY),
        (OFFICIAL, TEXT, QUOTE, "In 2019 waren er 725 000 meldingen. [1]", SUPPORTED),
        (OFFICIAL, ROWS, ROW, "Wapen: revolver; Aantal: 102 [1]",
         "Uit een tabel in de bron, met de koppen erbij."),
        (OFFICIAL, ROWS, ROW, "Wapen: revolver; Aantal: 103 [1]", SUPPORTED),
        # The marker of a lead-in covers the list below it.
        (OFFICIAL, TEXT, TEXT.strip(), LISTED, LITERALLY),
        (OFFICIAL, TEXT, TEXT.strip(), LISTED.replace("725", "900"), SUPPORTED),
    ],
)  # fmt: skip
def test_how_an_answer_was_checked_is_told_once_above_it(
    document: DocumentInfo, source: str, quote: str, text: str, told: str
) -> None:
    shown, above = chips(answer(citation(1, quote, passage(source, document))), text)
    assert (marks(shown), above.text) == ([], told)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Er zijn twee:\n\n- een [1]\n- twee [2]\n\nMeer [3] niet.",
         "<p>Er zijn twee:</p><ul><li>een<sup>1:3</sup></li><li>twee<sup>2:4</sup></li></ul>"
         "<p>Meer<sup>3:4</sup> niet.</p>"),
        # A note on a list is small, and has what the page adds.
        ("Drie: [1]\n\n- een\n- twee\n\n2 van 3 punten.\n\nVerder. [2]\n\nZomaar.",
         "<p>Drie:<sup>1:14</sup></p><ul><li>een</li><li>twee</li></ul>"  # all that it covers
         '<p class="sw-facts">2 van 3 punten. <i>1</i></p><p>Verder.<sup>2:7</sup></p>'
         "<p>Zomaar.</p>"),
        ("Drie: [1]\n\n- een [1]\n- twee [2]\n\n2 van de 3 punten.\n\nZomaar.",
         "<p>Drie:<sup>1:5</sup></p><ul><li>een<sup>1:3</sup></li><li>twee<sup>2:4</sup></li></ul>"
         '<p class="sw-facts">2 van de 3 punten.</p><p>Zomaar.</p>'),
        # The marker at the end of a list without a lead-in covers all of it.
        ("- een\n- twee [1]\n\n2 van 3 punten.",
         "<ul><li>een</li><li>twee<sup>1:8</sup></li></ul>"
         '<p class="sw-facts">2 van 3 punten. <i>1</i></p>'),
    ],
)  # fmt: skip
def test_an_answer_has_paragraphs_lists_notes_and_markers(text: str, shown: str) -> None:
    made = answer_html(blocks_of(text), Numbered(), language="nl")
    assert made == f'<div class="sw-answer" lang="nl">{shown}</div>'
    plain = answer_html((own("Volgens [1] en [٣] en [" + "9" * 5000 + "]."),), Numbered())
    assert "<sup" not in plain  # a number in brackets that is no citation stays text
    assert "Volgens [1] en [٣]" in plain


def test_a_list_has_the_numbers_of_its_source() -> None:
    (listed,) = blocks_of("- een [1]\n- twee [2]")
    numbers = listed.model_copy(update={"marks": ("6.", "7)")})
    assert '<ol><li value="6">een [1]</li><li value="7">twee [2]</li></ol>' in answer_html(
        (numbers,)
    )
    of_both = listed.model_copy(update={"marks": ("6.", "")})
    assert "<ul><li>6. een [1]</li><li>twee [2]</li></ul>" in answer_html((of_both,))


def test_the_card_shows_the_quote_of_its_own_paragraph() -> None:
    source = passage()
    told = answer(citation(1, "23 000 meldingen in 2010.", source), citation(1, QUOTE, source))
    shown, _ = chips(told, f"23 000 meldingen in 2010. [1]\n\n{QUOTE} [1]\n\nAnders gezegd. [1]")
    cards = [each["id"] for each in shown.attributes("span") if each.get("class") == "sw-card"]
    assert len(set(cards)) == len(cards) == 3
    assert len(shown.attributes("q")) == 1 + 1 + 2
    assert {each["href"] for each in shown.attributes("a")} == {"#a-1"}


def test_a_card_raises_the_number_of_a_footnote_and_quotes_it_exactly() -> None:
    quote = "[^27]: Europol, 2019."
    shown = answer(citation(1, quote, passage(f"{QUOTE}\n\n{quote}")))
    assert "<q><sup>27</sup> Europol, 2019.</q>" in Chips(shown, "a", NL).marker(1, quote)


def test_hostile_text_in_a_card_and_a_source_is_shown_and_not_run() -> None:
    document = DocumentInfo(
        id="evil", language='"><b>', title=HOSTILE, reference=HOSTILE, url="javascript:alert(1)"
    )
    source = passage(f"Vooraf.\n{HOSTILE}\nErna.", document)
    told = answer(citation(1, HOSTILE, source), passages=(source,))
    card, _ = chips(told, f"{HOSTILE} [1]")
    assert {tag for tag, _ in card.elements} <= {"div", "p", "span", "a", "q"}
    assert card.text.count(HOSTILE) == 4  # sentence, title, reference, quote
    shown = evidence(told)
    assert {tag for tag, _ in shown.elements} <= SAFE
    assert shown.attributes("span")[0] == {"id": "a-1", "tabindex": "-1"}
    quote = f"quote=p1%3A8-{8 + len(HOSTILE)}#passage-p1"
    address = f"sources?document=evil&language=%22%3E%3Cb%3E&{quote}"
    assert [element["href"] for element in shown.attributes("a")] == [address]
    assert shown.passage == source.text
    assert shown.marks == [HOSTILE]


def test_hostile_text_in_remarks_is_shown_and_not_run() -> None:
    lacking = answer(citation(1, "2019", passage()), missing=(HOSTILE,))
    remarks = answer_view.notes_html(remarks_below(lacking, NL))
    source = passage(document=DocumentInfo(id="evil", language="nl", title=HOSTILE))
    changed = answer_view.changed_html(answer(citation(1, "23 000", source)), current(), NL)
    for html, tags in ((remarks, {"p"}), (changed, {"div", "p", "ul", "li"})):
        shown = Shown(html)
        assert {tag for tag, _ in shown.elements} == tags
        assert shown.text.count(HOSTILE) == 1


@pytest.mark.parametrize("given", [{}, {"found": True, "answered": False}])
def test_that_quotes_are_in_another_language_is_told_once_above_an_answer_and_above_results(
    given: dict[str, object],
) -> None:
    cited = citation(1, QUOTE, passage())
    german = answer(cited, text=f"{QUOTE} [1]", asked_in="de", **given)
    told = "Hiervoor zijn geen bronnen gevonden in het Duits; de citaten zijn in het Nederlands."
    assert remarks_above(german, NL) == [told]
    assert remarks_above(answer(cited, text=f"{QUOTE} [1]", **given), NL) == []


NO_PAGES = ("javascript:alert(1)", "java\nscript:alert(1)", " JAVASCRIPT:alert(1)")
NO_PAGES += ("data:text/html,x", "file:///etc/passwd", "//evil.example", "http://", "https://[")


@pytest.mark.parametrize("url", ["", "page.html", *NO_PAGES])
def test_only_web_pages_are_linked(url: str) -> None:
    assert link(url, "Lees <meer>", NL) == "Lees &lt;meer&gt;"


def test_a_link_opens_in_a_new_tab_and_says_so() -> None:
    address = 'https://example.org/?a=1&b="2"'
    shown = Shown(link(address, "Lees", NL))
    opened = {"href": address, "target": "_blank", "rel": "noopener noreferrer"}
    assert shown.attributes("a") == [opened]
    assert shown.text == "Lees (opent in een nieuw tabblad)\N{NO-BREAK SPACE}↗"


def test_a_source_shows_its_origin_and_its_quote() -> None:
    source = passage()
    told = answer(citation(1, QUOTE, source), passages=(source,))
    shown = evidence(told)
    for part in (
        "In de bronnen (1)",
        "[1] Strategie tegen misbruik, Omvang",
        f"{SUMMARY} · vat samen: COM(2020) 607 final · 24 juli 2020",
    ):
        assert part in shown.text
    assert shown.marks == [QUOTE]
    assert shown.passage == _SIGNS.sub("", source.text)
    assert len(shown.attributes("li")) == 2
    assert shown.attributes("blockquote") == [{"lang": "nl"}]
    assert shown.attributes("span")[0]["id"] == anchors(told, "a")[1]
    span = f"{TEXT.index(QUOTE)}-{TEXT.index(QUOTE) + len(QUOTE)}"
    context = f"sources?document=csa-strategy&language=nl&quote=p1%3A{span}#passage-p1"
    assert [element["href"] for element in shown.attributes("a")] == [context, DOCUMENT.url]


def test_the_language_of_a_quote_is_told_when_it_is_not_the_answers() -> None:
    told = answer(citation(1, "23 000", passage()), language="en")
    assert "Quote in Dutch" in evidence_html(told, "a", load("en"))
    assert "Citaat in het" not in evidence(answer(citation(1, "23 000", passage()))).text


def test_a_link_of_a_brief_is_called_what_it_opens() -> None:
    def links(document: DocumentInfo) -> list[tuple[str, str | None]]:
        shown = evidence(answer(citation(1, "23 000", passage(document=document))))
        labels = [label.partition(" (opent in een")[0] for label in shown.links]
        addresses = [each["href"] for each in shown.attributes("a")]
        return list(zip(labels, addresses, strict=True))[1:]  # the first leads to its context

    assert links(DOCUMENT) == [
        ("Officieel document dat hier is samengevat (EUR-Lex) (opent bovenaan)", DOCUMENT.url)
    ]
    assert links(OFFICIAL)[0][0] == "Open de bron bij dit citaat"
    in_pdf = OFFICIAL.model_copy(update={"url": "https://example.eu/act.pdf"})
    assert links(in_pdf) == [("Open de bron (example.eu) (opent bovenaan)", in_pdf.url)]


@pytest.mark.parametrize(
    ("url", "quote", "at_words"),
    [
        ("https://eur-lex.europa.eu/legal-content/NL/TXT/?uri=CELEX:52020DC0607", "een", True),
        ("https://eur-lex.europa.eu/legal-content/NL/TXT/PDF/?uri=CELEX:52020DC0607", "een", False),
        ("https://example.eu/page.html", "een", True),
        ("https://example.eu/page", "| een | twee |", False),
        ("https://example.eu/act.PDF", "een", False),
        ("https://example.eu/act.docx", "een", False),
    ],
)
def test_a_link_jumps_to_the_words_where_the_page_allows(
    url: str, quote: str, at_words: bool
) -> None:
    assert leads_to_words(at_quote(url, quote)) == at_words


def test_citations_of_one_passage_share_it_and_leave_its_text_as_it_is() -> None:
    source = passage("een twee drie vier")
    quotes = ("een twee drie", "twee drie vier", "een twee drie")
    cited = (citation(number, quote, source) for number, quote in enumerate(quotes, start=1))
    shown = evidence(answer(*cited, passages=(source,)))
    assert shown.passage == "".join(shown.marks) == source.text
    assert len(shown.attributes("section")) == 1
    places = [element["id"] for element in shown.attributes("span") if "id" in element]
    assert sorted(places, key=str) == [f"a-{number}" for number, _ in enumerate(quotes, start=1)]


TABLE = (
    "Zie:\n\n| Nu | Straks |\n| --- | --- |\n| Artikel 7 | Artikel 17 |\n|  | a\\|b |\n| - | - |"
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"{TABLE}\n\nEn.", 'Zie:\n\n<table class="sw-rows"><tr><th>Nu</th><th>Straks</th></tr>'
         "<tr><td>Artikel 7</td><td>Artikel 17</td></tr><tr><td></td><td>a\\|b</td></tr>"
         "<tr><td>-</td><td>-</td></tr></table>\n\nEn."),
        ("- een\n\n| <b> | x |\n| y |  |",
         '<ul><li>een</li></ul><table class="sw-rows"><tr><td>&lt;b&gt;</td><td>x</td></tr>'
         "<tr><td>y</td><td></td></tr></table>"),
        ("| a | b |\n| :---: | --- |",
         '<table class="sw-rows"><tr><td>a</td><td>b</td></tr></table>'),
        ("| a | b |\n\nc | d\n|e| f", "| a | b |\n\nc | d\n|e| f"),
        ("Dit:\n\n- een;\n- twee\n  regels.\n\nDaarna meer.\n- drie",
         "Dit:<ul><li>een;</li><li>twee\n  regels.</li></ul>Daarna meer.<ul><li>drie</li></ul>"),
    ],
)  # fmt: skip
def test_lists_and_rows_between_bars_are_shown_as_such(text: str, shown: str) -> None:
    assert text_html(text) == shown


def test_a_quote_in_a_table_is_marked_in_its_cells_and_kept_behind_them() -> None:
    source = passage(TABLE)
    told = answer(citation(1, "Artikel 7 | Artikel 17", source), passages=(source,))
    html = evidence_html(told, "a", NL)
    row = html.partition("</th></tr>")[2].partition("</tr>")[0]
    assert re.findall("<mark>(.*?)</mark>", row) == ["Artikel 7", "Artikel 17"]
    assert row.startswith('<tr><td><span id="a-1" tabindex="-1"><mark>Artikel 7</mark></span></td>')
    assert row.count("sw-keep-told") == 1
    assert row.endswith("</span></td>")


def test_quotes_with_one_number_have_one_place_and_no_number_behind_each() -> None:
    source = passage(document=OFFICIAL)
    told = answer(citation(1, "23 000", source), citation(1, "725 000", source), passages=(source,))
    shown = evidence(told)
    assert shown.marks == ["23 000", "725 000"]
    assert [each["id"] for each in shown.attributes("span") if "id" in each] == ["a-1"]
    assert "In de bronnen (1)" in shown.text
    assert "[1] Strategie" in shown.text
    assert shown.text.count("[1]") == 1
    assert shown.text.count("Open de bron bij dit citaat") == 1


@pytest.mark.parametrize("quotes", [(), ("725 000",), ("23 000", "725 000")])
def test_quotes_whose_passage_was_not_kept_are_all_shown(quotes: tuple[str, ...]) -> None:
    shown = evidence(answer(*(citation(1, quote, passage()) for quote in quotes)))
    assert shown.marks == list(quotes)
    assert shown.passage == "\n\n".join(quotes)
    assert ("sw-sources" in str(shown.elements)) == bool(quotes)  # without citations no panel


def test_what_else_there_is_is_folded_with_the_sources_without_anything_in_bold() -> None:
    source = passage()
    told = retold(
        answer(citation(1, QUOTE, source), citation(2, "23 000", passage(name="p2"))),
        text=f"{QUOTE} [1]",
        more=("### Strategie, Omvang\n23 000 [2]", f"### {HOSTILE}\n2019 [2]"),
        asked_for=("2019",),
    )
    shown = Shown(more_html(told, Chips(told, "a", NL), NL))
    assert shown.text.startswith("Ook gevonden (2)Strategie, Omvang")
    assert HOSTILE in shown.text
    folded = Shown(evidence_html(told, "a", NL, above="<p>Ook gevonden</p>"))
    assert folded.attributes("details") == [{"class": "sw-sources"}]
    assert folded.text.startswith("In de bronnen (2)Ook gevonden")
    assert not shown.attributes("strong")
    assert {tag for tag, _ in shown.elements} <= SAFE
    refused = told.model_copy(update={"answered": False})
    assert "Ook gevonden" not in more_html(refused, Chips(refused, "a", NL), NL)
    assert evidence(refused).text.startswith("Dichtstbijzijnde passages (2)")


def current(*passages: Passage, standing: Standing | None = None) -> CurrentSources:
    by_key: dict[str, tuple[Passage, ...]] = {}
    for each in passages:
        by_key[each.document.key] = (*by_key.get(each.document.key, ()), each)
    return CurrentSources(by_key, {DOCUMENT.key: standing} if standing else {})


CHANGES = [
    ((passage(),), None, ""),
    ((), None, "staat niet meer bij de bronnen. [1]"),
    ((passage("Heel anders.", name="p9"),), None, "het citaat staat er niet meer in. [1]"),
    ((passage(f"Nieuw. {TEXT}", name="p9"),), None, "het citaat zelf staat er nog in. [1]"),
    ((passage(),), "superseded", "is in de plaats van „Strategie tegen misbruik” gekomen. [1]"),
    ((passage(),), "summary", ""),
]


@pytest.mark.parametrize(("now", "standing", "told"), CHANGES)
def test_what_changed_in_a_source_since_the_answer_is_told(
    now: tuple[Passage, ...], standing: Standing | None, told: str
) -> None:
    given = answer(citation(1, QUOTE, passage()))
    shown = Shown(answer_view.changed_html(given, current(*now, standing=standing), NL)).text
    assert shown.endswith(told) if told else shown == ""


@pytest.mark.parametrize(
    "message", [HOSTILE, "a `b` ``c`` d", "Build it with: make ingest", "one\n\n  two :smile:\n"]
)
def test_a_message_as_code_is_shown_exactly(message: str) -> None:
    blocks = [token for token in MarkdownIt().parse(code(message)) if token.children]
    pieces = [child for block in blocks for child in block.children or ()]
    assert {piece.type for piece in pieces} == {"code_inline"}
    lines = [line.strip() for line in message.splitlines()]
    assert [piece.content for piece in pieces] == [line for line in lines if line]
