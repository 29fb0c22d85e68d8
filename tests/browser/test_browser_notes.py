"""Keeping quotes in a real browser, on a wide screen and on a phone."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from core.settings import Settings
from tests.support.axe import SCHEMES, broken_rules
from tests.support.browser import VIEWPORT_HEIGHT, ask, opened, press, settled, sideways
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
    for note in store.notes():
        store.drop_note(note.id)


def test_a_quote_is_kept_remarked_and_downloaded(
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
        assert broken_rules(page) == []
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
        assert broken_rules(page, SCHEMES) == []
        page.set_viewport_size({"width": 390, "height": VIEWPORT_HEIGHT})
        assert sideways(page) <= 0
        remark = page.get_by_label("Opmerking", exact=True)
        expect(remark).to_be_hidden()
        page.locator("summary", has_text="Opmerking toevoegen").click()
        settled(page)  # what is typed into a field that the run replaces is typed into nothing
        remark.fill("Voor de brief")
        page.locator("summary", has_text="Opmerking toevoegen").click()
        expect(page.locator(".sw-remark")).to_have_text("Voor de brief")

        with page.expect_download() as download:
            press(page.get_by_role("button", name="Downloaden als Word"))
        assert download.value.suggested_filename == "notities.docx"

        press(page.get_by_role("button", name=DRUGS))
        expect(page.locator(".sw-question")).to_contain_text(DRUGS)
        expect(page).to_have_url(re.compile(rf"\?c={kept.conversation}"))
