"""Keeping quotes in a real browser, on a wide screen and on a phone."""

import io
import re
from collections.abc import Iterator

import mammoth
import pytest
from playwright.sync_api import Browser, expect

from core.settings import Settings
from tests.support.axe import broken_rules
from tests.support.browser import VIEWPORT_HEIGHT, ask, box_of, opened, press, settled, sideways
from tests.support.people import note
from tests.support.waiting import until
from ui.access import LOCAL
from userdata.conversations import Conversations
from userdata.database import database

pytestmark = pytest.mark.long

KEEP = re.compile("^Bewaar dit citaat: ")
DRUGS = "Hoeveel is de drugsmarkt in Europa waard?"


@pytest.fixture
def place(settings: Settings, address: str) -> Iterator[tuple[str, Conversations]]:
    """The address of the app, where no note is kept yet, and what is kept there."""
    store = Conversations(LOCAL.id, database(settings), 90)
    assert store.notes() == ()
    yield address, store
    for one in store.notes():
        store.drop_note(one.id)


def test_a_quote_is_kept_remarked_removed_and_downloaded(
    browser: Browser, place: tuple[str, Conversations]
) -> None:
    address, store = place
    with opened(browser, address) as page:
        ask(page, DRUGS)
        expect(page.get_by_text("Vervolgvragen")).to_be_visible()
        press(page.get_by_role("link", name="Bron 1", exact=True).first)
        panel = page.locator("dialog.sw-panel[open]")
        press(panel.get_by_role("button", name=KEEP).first)
        button = panel.get_by_role("button", name="Bewaard")
        expect(button).to_be_visible()
        expect(panel.get_by_text("Bewaard bij Notities.")).to_be_visible()
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": VIEWPORT_HEIGHT})
            assert box_of(button)["width"] < 120
            assert broken_rules(page) == [], width
        button.click()  # a second click takes it away
        expect(button).to_have_count(0)
        until(lambda: store.notes() == (), "it is taken away")
        press(panel.get_by_role("button", name=KEEP).first)
        expect(button).to_be_visible()
        until(lambda: len(store.notes()) == 1, "it is kept")
        (kept,) = store.notes()
        press(panel.get_by_role("button", name="Sluiten"))

        page.goto(f"{address}/notes")
        begins, *items = kept.citation.quote.split("\n- ")
        expect(page.locator("blockquote")).to_contain_text(begins.strip())
        expect(page.locator("blockquote li")).to_have_count(len(items))
        expect(page.get_by_role("link", name=re.compile("Lees in de context"))).to_have_attribute(
            "href", re.compile(r"sources\?document=.*quote=")
        )
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": VIEWPORT_HEIGHT})
            assert broken_rules(page) == [], width
            assert sideways(page) <= 0
        remark = page.get_by_label("Opmerking", exact=True)
        expect(remark).to_be_hidden()
        page.locator("summary", has_text="Opmerking toevoegen").click()
        settled(page)  # what is typed into a field that the run replaces is typed into nothing
        remark.fill("Voor de brief")
        page.locator("summary", has_text="Opmerking toevoegen").click()
        expect(page.locator(".sw-remark")).to_have_text("Voor de brief")
        press(page.get_by_role("button", name="Verwijderen"))
        expect(page.get_by_text("Het citaat is verwijderd")).to_be_visible()
        expect(page.locator(".sw-remark")).to_have_count(0)
        assert store.notes() == ()
        press(page.get_by_role("button", name="Ongedaan maken"))
        expect(page.get_by_text("Het citaat is verwijderd")).to_have_count(0)
        expect(page.locator(".sw-remark")).to_have_text("Voor de brief")
        expect(page.locator("summary", has_text="Opmerking wijzigen")).to_be_visible()
        assert [one.remark for one in store.notes()] == ["Voor de brief"]

        press(page.get_by_role("button", name="Downloaden"))
        with page.expect_download() as download:
            press(page.get_by_role("button", name="Word (met voetnoten)"))
        assert download.value.suggested_filename == "notities.docx"
        written = mammoth.convert_to_html(io.BytesIO(download.value.path().read_bytes())).value
        assert "Voor de brief" in written
        assert '<li id="footnote-' in written
        with page.expect_download() as download:
            press(page.get_by_role("button", name="Markdown"))
        assert "Voor de brief" in download.value.path().read_text("utf-8")
        page.keyboard.press("Escape")

        press(page.get_by_role("button", name=DRUGS))
        expect(page.locator(".sw-question")).to_contain_text(DRUGS)
        expect(page).to_have_url(re.compile(rf"\?c={kept.conversation}"))


def test_dark_notes_break_no_rule(browser: Browser, place: tuple[str, Conversations]) -> None:
    address, store = place
    store.put_note(note())
    with opened(browser, f"{address}/notes", "dark") as page:
        expect(page.get_by_text("is veranderd en het citaat staat er niet meer in")).to_be_visible()
        assert broken_rules(page) == []
