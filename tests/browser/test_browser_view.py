"""What is in view in a real browser: the question, the whole answer, nothing in the way."""

import re

import pytest
from babel.numbers import format_decimal
from playwright.sync_api import Browser, Page, expect

from chain.request import MAX_QUESTION
from tests.support.browser import ask, box_of, field, opened, press, settled, sideways, text_of
from tests.support.openai_server import Script

pytestmark = pytest.mark.long

REPORTS = "Hoeveel meldingen van online kindermisbruik waren er in 2019?"
REMOVAL = "Hoe snel moet een platform terroristische inhoud weghalen?"  # answered in a sentence
MARKET = "Hoeveel is de drugsmarkt in Europa waard?"
WINDOWS = ((1280, 900), (390, 844))
TOP = 110  # pixels: the page's header, and the frame of a question
NO_QUESTION = "Zomaar een zin over de haven van Rotterdam. " * 120


# How wide this many characters are.
def at_top(page: Page, number: int, *, is_whole: bool = False) -> None:
    """Waits until this many answers are there; the last question is at the top of the window, and
    its answer begins above the field, or is whole there: results go on below."""
    expect(page.get_by_text("Was dit antwoord bruikbaar?")).to_have_count(number)
    expect(field(page)).to_be_enabled()
    settled(page)
    box = box_of(page.locator(".sw-last-question"))
    assert 20 < box["y"] < TOP
    field_top = box_of(field(page))
    answer = box_of(page.get_by_test_id("stChatMessage").last.locator(".sw-answer").first)
    assert answer["y"] < field_top["y"] - 100
    assert not is_whole or answer["y"] + answer["height"] < field_top["y"]


@pytest.mark.parametrize(("width", "height"), WINDOWS)
def test_a_question_goes_to_the_top_and_its_answer_is_whole(
    browser: Browser, address: str, width: int, height: int
) -> None:
    with opened(browser, address, width=width) as page:
        page.set_viewport_size({"width": width, "height": height})
        for number, question in enumerate((REPORTS, "En in 2010?", REMOVAL), start=1):
            ask(page, question)
            at_top(page, number, is_whole=question == REMOVAL)
        offered = page.locator("[class*='st-key-plain-next-'] button").first
        question = text_of(offered).split("\n")[-1]
        offered.click()
        at_top(page, 4)
        expect(page.get_by_role("heading", name=question, level=2)).to_be_visible()
        page.reload()
        at_top(page, 4)
        assert sideways(page) <= 0


def test_what_the_reader_has_scrolled_to_stays_in_view(browser: Browser, address: str) -> None:
    with opened(browser, address) as page:
        for number, question in enumerate((REPORTS, MARKET), start=1):
            ask(page, question)
            at_top(page, number)
        page.mouse.move(640, 300)
        page.mouse.wheel(0, -3000)
        press(page.get_by_role("button", name="Vraag aanpassen", exact=True).first)
        expect(page.get_by_label("Uw vraag", exact=True)).to_be_focused()  # the page has run again
        settled(page)
        expect(page.locator(".sw-question").first).to_be_in_viewport()


def test_a_long_text_without_a_question_is_counted_while_typed_refused_and_stays(
    browser: Browser, address: str
) -> None:
    with opened(browser, address) as page:
        length = page.locator(".sw-length")
        field(page).fill("a" * (MAX_QUESTION - 100))
        expect(length).to_have_text("900 van 1.000 tekens")
        field(page).fill(NO_QUESTION)
        expect(length).to_contain_text("alleen de vraag")
        field(page).press("Enter")
        told = format_decimal(len(NO_QUESTION.strip()), locale="nl")
        expect(page.get_by_role("alert")).to_contain_text(f"{told} tekens")
        expect(field(page)).to_have_value(NO_QUESTION)
        expect(page.locator(".sw-question")).to_have_count(0)


def test_meanwhile_only_stop_can_be_pressed(
    browser: Browser, with_model: tuple[str, Script]
) -> None:
    address, model = with_model
    with opened(browser, address) as page:
        example = page.locator("[class*='st-key-plain-example-'] button")
        following = page.locator("[class*='st-key-plain-next-'] button")
        stop = page.get_by_role("button", name=re.compile("^Stoppen"))
        expect(example.first).to_be_visible()
        example.first.click()
        expect(following.first).to_be_visible()
        model.delay = 6.0
        following.first.dblclick()
        expect(stop).to_be_visible()
        for button in (*following.all(), *example.all()):
            expect(button).to_be_hidden(timeout=1000)
        expect(page.locator(".sw-question")).to_have_count(2)
        model.delay = 0.0
        stop.click()
        expect(page.get_by_text("Gestopt.", exact=True)).to_be_visible(timeout=5_000)
        expect(page.get_by_role("button", name="Opnieuw proberen")).to_be_visible()


def test_on_a_phone_the_menu_has_the_conversations_and_closes_when_a_page_is_chosen(
    browser: Browser, address: str
) -> None:
    with opened(browser, address, width=390) as page:
        expect(field(page)).to_be_enabled()
        page.get_by_test_id("stExpandSidebarButton").click()
        expect(page.get_by_role("button", name=re.compile("^Nieuw gesprek"))).to_be_visible()
        expect(page.get_by_label("Zoeken in gesprekken")).to_be_visible()
        press(page.get_by_role("link", name="Bronnen", exact=True))
        expect(page.get_by_role("searchbox")).to_be_visible()
        expect(page.get_by_test_id("stSidebar")).not_to_be_in_viewport()
        page.get_by_role("searchbox").click()  # nothing lies over it
        page.get_by_test_id("stExpandSidebarButton").click()
        press(page.get_by_role("link", name="Vragen", exact=True))
        expect(field(page)).to_be_enabled()
        expect(page.get_by_test_id("stSidebar")).not_to_be_in_viewport()
