"""The page in a real browser: from an answer to its source, and a verdict with the keyboard."""

import pytest
from playwright.sync_api import Browser, expect

from core.settings import Settings
from tests.support.browser import ask, evidence, opened, press, settled
from tests.support.chats import REPORTS
from userdata.database import database
from userdata.feedback import read


def test_a_marker_leads_to_its_quote_and_on_to_its_context(browser: Browser, address: str) -> None:
    with opened(browser, address) as page:
        ask(page, REPORTS)
        marker = page.get_by_role("link", name="Bron 1", exact=True).first
        expect(marker).to_be_visible()
        expect(page.locator("details.sw-sources")).to_have_count(1)
        settled(page)
        marker.focus()
        page.keyboard.press("Enter")
        source = page.get_by_role("dialog", name="Bron bij het antwoord")
        expect(source.locator("mark").first).to_be_in_viewport()
        settled(page)  # until then Streamlit could have scrolled away from it
        expect(source.locator("mark").first).to_be_in_viewport()
        expect(marker).to_be_in_viewport()
        source.get_by_role("link", name="Persbericht").click(trial=True)
        page.keyboard.press("Escape")

        evidence(page).click()
        with page.context.expect_page() as opening:
            press(page.get_by_role("link", name="Lees in de context").first)
        place = opening.value.locator(".sw-passage:target")
        expect(place).to_contain_text("725 000")
        expect(place).to_be_in_viewport()


@pytest.mark.long
def test_a_verdict_is_given_with_the_keyboard_and_stays_in_view(
    browser: Browser, address: str, settings: Settings
) -> None:
    with opened(browser, address) as page:
        for number, question in enumerate((REPORTS, "Wat is EMPACT?"), start=1):
            ask(page, question)
            group = page.get_by_role("radiogroup", name="Was dit antwoord bruikbaar?")
            expect(group).to_have_count(number)
        settled(page)  # until then what has the focus may be drawn anew
        first = page.get_by_role("radiogroup", name="Was dit antwoord bruikbaar?").first
        first.get_by_role("radio").first.focus()
        page.keyboard.press("Enter")
        expect(page.get_by_text("dagen bewaard, los van dit gesprek")).to_be_visible()
        settled(page)
        group.last.get_by_role("radio").first.focus()  # at the end of the page
        first.get_by_role("radio").first.focus()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Enter")
        field = page.get_by_label("Wat klopt er niet of ontbreekt er?")
        expect(field).to_be_visible()
        settled(page)  # until then Streamlit could have scrolled away from it
        expect(field).to_be_in_viewport(ratio=1)
        field.focus()
        page.keyboard.type("De bron van 2010 ontbreekt.")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.get_by_text("Met uw toelichting 365 dagen bewaard")).to_be_visible()
    given = read(database(settings))[-1]
    assert (given.question, given.comment) == (REPORTS, "De bron van 2010 ontbreekt.")
