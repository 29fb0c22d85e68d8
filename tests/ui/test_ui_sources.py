"""The sources page: the catalogue, its search, and the reading view."""

import datetime
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.errors import StoreError
from core.settings import Settings
from core.source import DocumentInfo, Passage
from ingest.pipeline import ingest
from tests.support.apps import page_of, run, shown
from tests.support.passages import passage_of
from ui.addresses import place_of, quotes, reading_address
from ui.scripts import into_view, script
from ui.sources import word_search
from ui.sources.document import reading_html
from ui.texts import load
from vectorstore.store import open_index

TEXTS = load("nl")
HOSTILE = "<script>alert(1)</script> ![x](https://evil.example/x) [l](javascript:1) $x^2$"
FILES = {
    "haven.nl.md": (
        "---\nid: haven\ntitle: De haven\nlanguage: nl\narea: havens\ndate: 2020-01-01\n"
        "superseded_by: nieuw\npublisher: Havenbedrijf\nurl: https://www.haven.example/nota\n---\n\n"
        "# De haven\n\n## Kranen\n\nDe haven telt 12 000 kranen en drie cafés.\n\n"
        "## Schepen\n\nEr liggen 30 schepen.\n"
    ),
    "haven.en.md": (
        "---\nid: haven\ntitle: The port\nlanguage: en\narea: havens\ndate: 2020-01-01\n"
        "superseded_by: nieuw\n---\n\n# The port\n\n## Cranes\n\nThe port has 12,000 cranes.\n\n"
        "The port consists of two basins: the old one and the new one.\n\n"
        "## Ships\n\nThere are 30 ships, one of them a frigate.\n"
    ),
    "haven.en.questions.yaml": (
        'answers: [{units: ["The port has 12,000"], '
        'questions: {en: ["How many cranes does the port have?"]}}]\n'
    ),
    "nieuw.md": (
        f"---\nid: nieuw\ntitle: 'Vloot {HOSTILE}'\nlanguage: nl\narea: vloot\n"
        f"date: 2022-01-01\n---\n\n# Vloot\n\n## Nu\n\n"
        f"De vloot telt 40 schepen. {HOSTILE}\n"
    ),
}

OUR_SCRIPTS = (into_view("show_place"), script("cards") + script("panel"))


def set_up(folder: Path, files: Mapping[str, str]) -> Settings:
    """Settings of an index over these files."""
    documents = folder / "documents"
    documents.mkdir()
    for name, text in files.items():
        (documents / name).write_text(text, "utf-8")
    made = Settings(data_dir=folder / "data", corpus_dirs=(documents,))
    if files:
        ingest(made)
    return made


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory, _no_settings_from_outside: None) -> Settings:
    """One index for all tests, as none changes it."""
    return set_up(tmp_path_factory.mktemp("index"), FILES)


def opened(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("STRATEGIEWIJZER_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("STRATEGIEWIJZER_CORPUS_DIRS", json.dumps([str(settings.corpus_dirs[0])]))
    return run(page_of("sources"))


@pytest.fixture
def app(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    return opened(settings, monkeypatch)


def titles(app: AppTest) -> list[str]:
    """The documents that are listed, in order, by the labels of their links."""
    links = [link.proto for link in app.get("page_link")]
    return [
        link.label
        for link in links
        if "document=" in link.query_string and "quote=" not in link.query_string
    ]


def read(app: AppTest, **query: str | list[str]) -> AppTest:
    for name, value in query.items():
        app.query_params[name] = value
    return run(app)


def test_a_card_tells_what_differs_and_the_page_of_a_document_all(app: AppTest) -> None:
    text = shown(app)
    assert "havens · 1 januari 2020 · Toegevoegd document · Engels, Nederlands · vervangen<" in text
    for told_once in ("geldend", "Havenbedrijf", "haven.example", "sw-record"):
        assert told_once not in text
    assert "Opgevolgd door:" in text
    assert len(titles(app)) == 3  # two documents, and the one to its successor
    assert titles(app)[0] == "` De haven `"
    app.session_state["catalogue-sort"] = "date"  # the newest first
    run(app)
    assert titles(app)[0].startswith("` Vloot <script>")
    read(app, document="![x](https://evil.example)")
    assert app.warning[0].value == TEXTS("catalogue.unknown")
    assert "2 van 2 documenten" in shown(app)
    text = shown(read(app, document="haven", language="nl"))
    for fact in ("havens", "Toegevoegd document", "Havenbedrijf", "1 januari 2020", "vervangen"):
        assert f"<dd>{fact}</dd>" in text
    assert "<dd>Engels, Nederlands</dd>" in text
    assert text.count(">haven.example<") == 1  # the origin on the web, by its host


def test_of_a_document_whose_period_is_over_that_and_its_successor_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.source.today", lambda: datetime.date(2026, 1, 1))
    period = "effective_from: 2021-01-01\neffective_until: 2025-12-31\n"
    successor = "successor: Havennota <b>2</b>\nsuccessor_url: https://www.haven.example/2\n"
    text = (
        f"---\nid: haven\nlanguage: nl\n{period}{successor}---\n\n# De haven\n\nKranen draaien.\n"
    )
    app = opened(set_up(tmp_path, {"haven.md": text}), monkeypatch)
    told = " · looptijd voorbij (2021–2025) · opvolger: Havennota &lt;b&gt;2&lt;/b&gt;<"
    assert told in shown(app)
    record = shown(read(app, document="haven"))
    assert "<dt>Stand</dt><dd>looptijd voorbij (2021–2025)</dd>" in record
    assert "<dt>Loopt tot en met</dt><dd>31 december 2025</dd>" in record
    link = '<dt>Opvolger</dt><dd><a href="https://www.haven.example/2"'
    assert link in record
    assert "geldend" not in record

    monkeypatch.setattr("core.source.today", lambda: datetime.date(2025, 12, 31))
    assert "<dt>Stand</dt><dd>geldend</dd>" in shown(run(app))


def test_a_brief_is_called_a_summary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    brief = (
        "---\nid: haven\ntitle: De haven\nlanguage: nl\nkind: brief\ndate: 2020-01-01\n"
        "publisher: Strategiewijzer\nreference: COM(2020) 999 final\nabout: Havennota\n"
        "about_publisher: European Commission\nurl: https://eur-lex.europa.eu/nota\n---\n\n"
        "# De haven\n\n## Kranen\n\nDe haven telt 12 kranen.\n"
    )
    app = opened(set_up(tmp_path, {"haven.md": brief}), monkeypatch)
    assert "1 januari 2020 · Samenvatting van dit project, geen officiële tekst" in shown(app)
    text = shown(read(app, document="haven"))
    assert "<dd>Samenvatting van dit project, geen officiële tekst</dd>" in text
    assert "<dd>Strategiewijzer</dd>" in text
    official = "Europese Commissie, Havennota, COM(2020) 999 final van 1 januari 2020"
    assert f"<dt>Samenvatting van</dt><dd>{official}</dd>" in text
    assert text.count(">Officieel document dat hier is samengevat (EUR-Lex)<") == 1
    assert "1 samenvatting van dit project, officiële teksten niet geladen" in shown(app)


def test_what_is_left_out_of_a_document_stands_below_its_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "# De haven\n\nDe haven telt 12 kranen.\n\nPagina 1 van 4\n\n<b>Delen</b> Facebook X\n"
    made = set_up(tmp_path, {"haven.nl.md": text, "vloot.nl.md": "# Vloot\n\nEr zijn 9 schepen.\n"})
    app = opened(made, monkeypatch)
    seen = shown(read(app, document="haven"))
    assert TEXTS("catalogue.left_out") in seen
    assert "<li>Pagina 1 van 4</li>" in seen
    other = read(opened(made, monkeypatch), document="vloot")
    assert TEXTS("catalogue.left_out") not in shown(other)


def test_filters_limit_the_list_and_the_search_until_they_are_cleared(app: AppTest) -> None:
    app.session_state["catalogue-language"] = ["en"]
    run(app)
    assert "1 van 2 documenten" in shown(app)
    assert titles(app)[0] == "` The port `"
    run(app.text_input(key="catalogue-search").set_value("kranen"))  # only in the Dutch version
    assert "0 van 2 documenten" in shown(app)
    app.session_state["catalogue-language"] = []
    app.session_state["catalogue-area"] = ["vloot"]
    run(app.text_input(key="catalogue-search").set_value("schepen"))
    assert "1 van 2 documenten · passages met deze woorden: 1" in shown(app)
    run(app.text_input(key="catalogue-search").set_value("kranen"))
    assert "Gebruik minder of andere woorden" in app.info[0].value
    (reset,) = [button for button in app.button if "wissen" in button.label]
    run(reset.click())
    assert "2 van 2 documenten" in shown(app)


def test_hits_are_marked_in_context_and_link_to_their_passage(app: AppTest) -> None:
    run(app.text_input(key="catalogue-search").set_value("12000 CAFES"))
    assert "<mark>12 000</mark> kranen en drie <mark>cafés</mark>" in shown(app)
    (hit,) = [link.proto for link in app.get("page_link") if "quote=" in link.proto.query_string]
    assert hit.label == "` Kranen `"
    assert hit.query_string.startswith("document=haven&language=nl&quote=")
    run(app.text_input(key="catalogue-search").set_value("frigate"))  # only in the English version
    assert titles(app)[0] == "` The port `"


def test_a_sign_that_is_compared_as_several_is_one_place() -> None:
    assert word_search.spans("½ kilo ﷺ", "1 2 ﷺ") == [(0, 1), (7, 8)]


def test_a_snippet_shows_the_words_however_long_the_passage_is() -> None:
    text = f"{'voor ' * 200}De <b>haven</b> telt kranen. {'na ' * 200}"
    shown = word_search.snippet_html(text, word_search.spans(text, "haven kranen"))
    assert "&lt;b&gt;<mark>haven</mark>&lt;/b&gt; telt <mark>kranen</mark>" in shown
    assert shown.startswith("… ")
    assert shown.endswith(" …")
    assert len(shown) < 400


def test_words_may_be_divided_over_title_and_text(settings: Settings) -> None:
    index = open_index(settings).snapshot()
    lines = word_search.searchable(index.generation, index)
    found = word_search.find("haven schepen", index.documents(), lines)
    assert list(found) == ["haven.nl"]
    assert not found["haven.nl"].in_title
    assert [line.headings[-1] for line in found["haven.nl"].lines] == ["Schepen"]
    assert word_search.find("haven walvis", index.documents(), lines) == {}
    assert word_search.find("  ", index.documents(), lines) == {}


def test_the_address_marks_its_quotes_and_what_is_no_quote_is_ignored(
    app: AppTest, settings: Settings
) -> None:
    passages = open_index(settings).snapshot().passages(["haven.nl"])
    (passage,) = (each for each in passages if "12 000" in each.text)
    name, start = place_of(passage.id).removeprefix("passage-"), passage.text.index("12 000")
    places = ("5-3", "0-99999", "-1-5", "0-١", f"{start}-{start + 6}")
    given = ["", "x", "<script>:0-5", *(f"{name}:{each}" for each in places)]
    read(app, document="haven", language="nl", quote=given)
    bodies = [box.proto.body for box in app.get("html")]
    (text,) = (body for body in bodies if 'class="sw-reading"' in body)
    assert re.findall("<mark>(.*?)</mark>", text) == ["12 000"]  # a summary marks what it quotes
    assert "script" not in "".join(body for body in bodies if body not in OUR_SCRIPTS)
    assert "sw-reading" in shown(read(app, language="zz"))


def test_a_document_leads_to_what_came_before_and_after_it(app: AppTest) -> None:
    assert "Opgevolgd door:" in shown(read(app, document="haven", language="nl"))
    assert "Volgt op:" in shown(read(app, document="nieuw", language="nl"))
    assert [title.strip("` ") for title in titles(app)] == ["De haven"]


def questions_of(app: AppTest) -> list[str]:
    return [button.label for button in app.button if str(button.key).startswith("plain-question-")]


def test_a_document_is_told_in_short_by_quotes_with_their_sections_before_its_text(
    app: AppTest,
) -> None:
    read(app, document="haven", language="en")
    assert app.button(key="ask-haven").label == "Stel een vraag over dit document"
    assert [expander.label for expander in app.expander] == ["Samenvatting en vragen"]
    assert not app.expander[0].proto.expanded
    text = shown(app)
    told = text.index("Letterlijk geciteerd uit de bron.")
    assert told < text.index("There are 30 ships") < text.index("sw-reading")
    assert '<h3 class="sw-label">Ships</h3>' in text
    assert ["How many cranes does the port have?" in label for label in questions_of(app)] == [True]
    assert "Vragen die dit document beantwoordt" in text
    read(app, document="nieuw", language="nl")
    assert questions_of(app) == []  # nothing is prepared for it
    assert not app.expander


def test_a_failing_summary_leaves_the_text(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise StoreError("It cannot be read.")

    st.cache_resource.clear()  # also of what another test had made
    monkeypatch.setattr("ui.sources.document.summary_of", fails)
    read(app, document="haven", language="en")
    assert not app.exception
    assert not app.expander
    assert "sw-reading" in shown(app)


def passage(text: str, section: int, **more: Any) -> Passage:
    document = DocumentInfo(id="plan", language="nl", title="Plan")
    place = {"section": section, "start": section * 1000, "end": section * 1000 + len(text)}
    values = {"id": f"plan.nl:{section:024x}"} | place | more
    return passage_of(document, text, f"Deel {section}", **values)


def test_a_page_is_told_where_it_begins_and_at_every_section() -> None:
    first = passage("Aan het begin, aan het eind.", 0, page=3, page_breaks=(15,))
    second = passage("En verder.", 1, page=4)
    html = reading_html([second, first], {}, TEXTS)
    assert '<span class="sw-page">blz. 3</span> Aan het begin, ' in html
    assert '<span class="sw-page">blz. 4</span> aan het eind.' in html
    assert '<span class="sw-page">blz. 4</span> En verder.' in html
    assert html.count("blz.") == 3


def test_overlapping_quotes_are_marked_and_the_text_stays_whole() -> None:
    one = passage("abcdefgh", 0)
    marked = {place_of(one.id): [(1, 4), (3, 6), (0, 0)]}
    html = reading_html([one], marked, TEXTS)
    assert "a<mark>bc</mark><mark>d</mark><mark>ef</mark>gh" in html


def test_the_number_of_a_footnote_is_a_mark_of_a_note_in_reading_view_and_snippet() -> None:
    text = "Vier op de tien groepen.\n\n[^27]: Europol, 2019. [^28]: <b>"
    one = passage(text, 0)
    start = text.index("Europol")
    marked = {place_of(one.id): [(start, start + 7)]}
    shown = "groepen.\n\n<sup>27</sup> <mark>Europol</mark>, 2019. [^28]: &lt;b&gt;"
    assert shown in reading_html([one], marked, TEXTS)
    assert shown in word_search.snippet_html(text, word_search.spans(text, "europol"))


def test_an_address_is_read_as_it_was_written() -> None:
    one = passage("abcdefgh", 7)
    address = reading_address(one.document, one.id, [(1, 4), (5, 6)])
    assert address.startswith("document=plan&language=nl&quote=")
    assert address.endswith(f"#{place_of(one.id)}")
    name = f"{7:024x}"
    assert quotes([f"{name}:1-4", f"{name}:5-6"]) == {place_of(one.id): [(1, 4), (5, 6)]}
