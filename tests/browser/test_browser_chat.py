"""A conversation in a real browser: asked, stopped, copied and kept, and what of it is in view."""

import re
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from chain.request import MAX_QUESTION
from core.settings import Settings
from tests.support.browser import (
    ask,
    box_of,
    button,
    choose,
    field,
    free_port,
    opened,
    press,
    served,
    settled,
    sideways,
    text_of,
)
from tests.support.chats import MARKET, REPORTS
from tests.support.openai_server import Script

pytestmark = pytest.mark.long

REMOVAL = "Hoe snel moet een platform terroristische inhoud weghalen?"  # answered in a sentence
WINDOWS = ((1280, 900), (390, 844))
TOP = 110  # pixels: the page's header, and the frame of a question
NO_QUESTION = "Zomaar een zin over de haven van Rotterdam. " * 120

# What the Tab key goes to, in order.
TAB_STOPS = """[...document.querySelectorAll("a[href], button, input, textarea")].filter(
    (one) => one.tabIndex >= 0 && one.checkVisibility({visibilityProperty: true})
).map((one) => one.dataset.testid)"""


def question(page: Page, text: str) -> Locator:
    return page.get_by_role("heading", name=text, level=2)


def answered(page: Page, number: int) -> None:
    """Waits until this many answers are there and the next question can be asked."""
    expect(page.locator("details.sw-sources")).to_have_count(number)
    expect(page.get_by_role("radiogroup", name="Was dit antwoord bruikbaar?")).to_have_count(number)
    expect(field(page)).to_be_enabled()


def test_what_is_typed_when_the_app_was_started_again_is_asked_in_the_same_conversation(
    browser: Browser, settings: Settings, tmp_path: Path
) -> None:
    port, log = free_port(), tmp_path / "log"
    with ExitStack() as app:
        address = app.enter_context(served(settings.data_dir, log, port=port))
        with opened(browser, address) as page:
            ask(page, REPORTS)
            answered(page, 1)
            app.close()
            with page.expect_websocket():  # the page connects again by itself
                app.enter_context(served(settings.data_dir, log, port=port))
            ask(page, "En in 2010?")
            answered(page, 2)
            expect(question(page, REPORTS)).to_be_visible()


def test_the_keyboard_alone_asks_again_and_begins_anew(browser: Browser, address: str) -> None:
    with opened(browser, address) as page:
        ask(page, REPORTS)
        answered(page, 1)
        expect(field(page)).to_be_focused()
        page.keyboard.type("Wat is EMPACT?")
        page.keyboard.press("Enter")
        answered(page, 2)
        expect(field(page)).to_be_focused()
        page.keyboard.press("Control+Shift+O")
        expect(page.get_by_role("heading", name="Voorbeeldvragen")).to_be_visible()


def test_a_finished_answer_is_told_to_screen_readers(browser: Browser, address: str) -> None:
    with opened(browser, address) as page:
        ask(page, "Hoe snel moet een platform terroristische inhoud weghalen?")
        answered(page, 1)
        told = page.locator("#sw-live[role=status]")
        expect(told).to_have_text(
            re.compile(r"^Het antwoord is er, met \d+ bronverwijzing(en)?\.$")
        )
        ask(page, "Wie won de Tour de France in 1998?")
        expect(told).to_have_text("Geen antwoord gevonden in de bronnen; lees waarom.")


def test_a_conversation_is_downloaded_and_renamed(browser: Browser, address: str) -> None:
    with opened(browser, address) as page:
        ask(page, REPORTS)
        answered(page, 1)
        fetched: list[str] = []
        page.on("request", lambda request: fetched.append(request.url))
        with page.expect_download() as download:
            choose(page, "Downloaden als Word")
        assert download.value.suggested_filename.endswith("-in-2019.docx")
        assert [url for url in fetched if "/media/" in url] == []  # where anybody could fetch it

        choose(page, "Hernoemen")
        page.get_by_label("Naam van het gesprek").fill("Drugs <b>2020</b>")
        press(button(page, "Naam opslaan"))
        expect(page.locator("[class*=st-key-open-]")).to_contain_text("Drugs <b>2020</b>")


def test_an_answer_in_the_making_tells_what_is_done_and_can_be_stopped(
    browser: Browser, with_model: tuple[str, Script]
) -> None:
    address, model = with_model
    model.delay = 2.0
    with opened(browser, address) as page:
        example = page.locator("[class*='st-key-plain-example-'] button")
        expect(example.first).to_be_visible()
        ask(page, REPORTS)
        status = page.locator(".sw-status[role=status]")
        expect(status).to_be_visible()
        expect(page.get_by_role("button", name=re.compile("^Stoppen"))).to_be_visible()
        for one in example.all():  # what asks something is hidden meanwhile
            expect(one).to_be_hidden(timeout=1000)
        page.keyboard.press("Escape")
        expect(page.get_by_text("Gestopt.", exact=True)).to_be_visible(timeout=5_000)
        expect(field(page)).to_be_enabled()
        page.reload()
        expect(page.get_by_text("Gestopt.", exact=True)).to_be_visible()
        model.delay = 0.0
        press(button(page, "Opnieuw proberen"))
        expect(page.get_by_role("radiogroup", name="Was dit antwoord bruikbaar?")).to_be_visible()
        expect(question(page, REPORTS)).to_have_count(1)


def test_an_answer_is_copied_with_its_references_with_the_keyboard_too(
    browser: Browser, address: str
) -> None:
    with opened(browser, address) as page:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        ask(page, REPORTS)
        answered(page, 1)
        press(button(page, "Kopiëren"))
        expect(page.get_by_text("Gekopieerd.")).to_be_visible()
        text = page.evaluate("navigator.clipboard.readText()")
        assert "[1]" in text
        assert "Bronvermeldingen" in text
        expect(page.get_by_text("Gekopieerd.")).to_have_count(0, timeout=10_000)  # for a moment
        press(button(page, "Link"))
        expect(page.get_by_text("Gekopieerd.")).to_be_visible()
        link = page.evaluate("navigator.clipboard.readText()")
        assert link.startswith(f"{address}/?q=Hoeveel+meldingen+van+online")
        settled(page)
        button(page, "Meer").press("Enter")
        form = button(page, "Bronvermeldingen kopiëren")
        expect(form).to_be_visible()
        form.press("Enter")
        expect(page.get_by_text("Gekopieerd.")).to_be_visible()
        copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("[1] Het pakket van 24 juli 2020: uitvoering van de veiligheidsunie, ")


def test_actions_of_earlier_answers_show_where_the_reader_is(
    browser: Browser, address: str
) -> None:
    with opened(browser, address) as page:
        for number, asked in enumerate((REPORTS, MARKET), start=1):
            ask(page, asked)
            answered(page, number)
        page.mouse.move(5, 5)
        settled(page)
        earlier = page.locator("[class*='st-key-earlier-actions-']")
        expect(page.locator("[class*='st-key-actions-']")).to_have_css("opacity", "1")
        expect(earlier).to_have_css("opacity", "0")
        button(page, "Kopiëren").first.focus()
        expect(earlier).to_have_css("opacity", "1")


def test_the_field_comes_before_history_and_menu(browser: Browser, address: str) -> None:
    with opened(browser, address) as page:
        expect(field(page)).to_be_focused()
        for number in range(2):
            ask(page, f"Wie won de Tour de France in {1998 + number}?")
            expect(page.locator(".sw-refusal")).to_have_count(1)
            press(page.get_by_role("button", name=re.compile("^Nieuw gesprek")))
            expect(page.locator(".sw-refusal")).to_have_count(0)
        lines = page.locator("[class*='st-key-plain-open-'] button")
        expect(page.locator("[class*='st-key-plain-open-'] button[tabindex='0']")).to_have_count(1)
        lines.first.focus()
        page.keyboard.press("ArrowDown")
        expect(lines.nth(1)).to_be_focused()
        page.keyboard.press("Tab")
        expect(page.locator("[class*='st-key-menu-'] button").nth(1)).to_be_focused()
        page.set_viewport_size({"width": 390, "height": 720})
        page.reload()
        expect(field(page)).to_be_enabled()
        settled(page)
        assert page.evaluate(TAB_STOPS)[:2] == ["stSkipToContent", "stExpandSidebarButton"]


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
        expect(page.get_by_role("alert")).to_contain_text("tekens")
        expect(field(page)).to_have_value(NO_QUESTION)
        expect(page.locator(".sw-question")).to_have_count(0)


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
