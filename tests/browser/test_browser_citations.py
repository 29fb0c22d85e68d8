"""Answers of every form and their evidence in a browser: marks, cards, quotes, what is kept."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from core.answer import Answer, Citation
from core.answer_blocks import AnswerBlock, QuotedSpan
from core.settings import Settings
from tests.support.answers import doubted, made
from tests.support.axe import SCHEMES, broken_rules
from tests.support.browser import (
    VIEWPORT_HEIGHT,
    ask,
    box_of,
    opened,
    press,
    settled,
    sideways,
    text_of,
    visitor,
)
from tests.support.chats import MARKET, REPORTS, kept
from tests.support.openai_server import Script
from tests.support.waiting import until
from ui.answers.evidence_panel import at_quote
from ui.texts import load
from userdata.conversations import Conversation, Conversations, Exchange

pytestmark = pytest.mark.long

# Answered in a sentence, and something more was found.
APPROVED = "Op welke dag stemde de Raad in met de EU-drugsstrategie 2021-2025?"
PHONE = {"width": 390, "height": 844}  # pixels


def first_chip(page: Page, question: str = REPORTS) -> Locator:
    ask(page, question)
    chip = page.locator(".sw-chip").first
    expect(page.get_by_role("button", name="Kopiëren")).to_be_visible()  # the answer is complete
    settled(page)
    return chip


def test_a_card_shows_on_hover_and_on_focus_until_the_pointer_leaves_or_escape_closes_it(
    browser: Browser, address: str
) -> None:
    with opened(browser, address) as page:
        chip = first_chip(page)
        number, card = chip.locator("> a"), chip.locator(".sw-card")
        expect(card).to_be_hidden()
        number.hover()
        expect(card).to_be_visible()
        expect(card).to_contain_text("725 000")
        from_, to = box_of(number), box_of(card)
        page.mouse.move(from_["x"] + 5, from_["y"] + 10)
        page.mouse.move(to["x"] + 40, to["y"] + to["height"] / 2, steps=20)
        expect(card).to_be_visible()
        page.keyboard.press("Escape")
        expect(card).to_be_hidden()
        page.mouse.move(5, 5)
        number.hover()
        expect(card).to_be_visible()

        page.mouse.move(5, 5)
        expect(card).to_be_hidden()
        number.focus()
        expect(card).to_be_visible()
        described = page.get_by_role("link", name="Bron 1", exact=True).first
        expect(described).to_have_accessible_description(re.compile("725 000"))
        page.keyboard.press("Escape")
        expect(card).to_be_hidden()
        expect(number).to_be_focused()


def test_on_a_phone_a_tap_shows_the_card_and_both_its_link_and_its_quote_lead_to_the_source(
    browser: Browser, address: str
) -> None:
    phone = {"viewport": PHONE, "has_touch": True, "is_mobile": True}
    with visitor(browser, address, **phone) as page:
        page.goto(address)
        chip = first_chip(page, "Welke prioriteiten heeft de drugsagenda?")  # has a long card
        card, number = chip.locator(".sw-card"), chip.locator(".sw-number")
        for is_open in (True, False, True):
            number.tap(force=True)  # which the span around it gets
            expect(card).to_be_visible(visible=is_open)
        box = box_of(card)
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= PHONE["width"]
        link, field = box_of(card.locator(".sw-card-link")), box_of(page.get_by_test_id("stBottom"))
        assert link["y"] + link["height"] <= field["y"]
        card.get_by_role("link", name="Toon het citaat in zijn passage").tap()
        expect(panel(page).locator("mark").first).to_be_in_viewport()
        expect(card).to_be_hidden()
        assert sideways(page) <= 0
        panel(page).get_by_role("button", name="Sluiten").tap()
        expect(panel(page)).to_be_hidden()
        number.tap(force=True)
        card.locator("q").first.tap()
        expect(panel(page)).to_be_visible()
        expect(card).to_be_hidden()


def panel(page: Page) -> Locator:
    """What is open beside the answer or over it."""
    return page.get_by_role("dialog", name="Bron bij het antwoord")


def sent_from_now_on(page: Page) -> list[object]:
    """What the page, opened anew, sends to the app: every run of it is asked for so."""
    sent: list[object] = []
    page.on("websocket", lambda each: each.on("framesent", lambda frame: sent.append(frame)))
    page.reload()
    return sent


def place(page: Page) -> tuple[int, int]:
    """How far the page is scrolled, and where the first number stands, in pixels."""
    top, chip = page.evaluate(
        """() => [document.querySelector(".stMain").scrollTop,
                  document.querySelector(".sw-chip").getBoundingClientRect().top]"""
    )
    return round(top), round(chip)


def test_a_click_opens_the_source_beside_the_answer(browser: Browser, address: str) -> None:
    with opened(browser, address) as page:
        sent = sent_from_now_on(page)
        chip = first_chip(page, APPROVED)
        number = chip.locator("> a")
        before, stood, runs = page.url, place(page), len(sent)
        number.click()
        expect(panel(page).locator(".sw-panel-body")).to_be_focused()
        expect(panel(page).locator("mark").first).to_be_in_viewport()
        title = chip.locator(".sw-card-title").text_content()
        expect(panel(page).get_by_role("heading")).to_have_text(f"[1] {title}")
        official = panel(page).get_by_role("link", name="Officieel document dat hier is samengevat")
        expect(official).to_contain_text("(opent bovenaan)")
        expect(chip.locator(".sw-card")).to_be_hidden()
        expect(number).to_have_attribute("aria-current", "true")
        settled(page)  # until then Streamlit could have scrolled away from it
        assert abs(place(page)[1] - stood[1]) <= 2
        answer, beside = box_of(page.locator(".sw-answer").first), box_of(panel(page))
        assert answer["x"] + answer["width"] <= beside["x"]

        page.mouse.move(answer["x"] + 100, answer["y"] + 20)
        page.mouse.wheel(0, 200)
        settled(page)
        assert box_of(panel(page)) == beside
        page.keyboard.press("Escape")
        expect(panel(page)).to_be_hidden()
        expect(number).to_be_focused()
        expect(number).not_to_have_attribute("aria-current", "true")
        assert page.url == before
        assert len(sent) == runs  # nothing is run again


def test_the_sources_of_an_answer_are_gone_through_in_the_panel_with_the_keyboard(
    browser: Browser, address: str
) -> None:
    with opened(browser, address) as page:
        ask(page, MARKET)
        number = page.locator(".sw-chip > a").first
        expect(page.get_by_role("button", name="Kopiëren")).to_be_visible()
        settled(page)
        number.press("Enter")
        told = panel(page).locator(".sw-panel-place")
        expect(told).to_have_text(re.compile(r"1 / [2-9]"))
        first = text_of(panel(page).get_by_role("heading"))
        panel(page).get_by_role("button", name="Volgende bron").press("Enter")
        expect(told).to_have_text(re.compile(r"2 / [2-9]"))
        expect(panel(page).locator("mark").first).to_be_in_viewport()
        assert text_of(panel(page).get_by_role("heading")) != first
        panel(page).get_by_role("button", name="Vorige bron").press("Enter")
        expect(panel(page).get_by_role("heading")).to_have_text(first)
        panel(page).get_by_role("button", name="Sluiten").press("Enter")
        expect(panel(page)).to_be_hidden()
        expect(number).to_be_focused()


def test_on_a_phone_the_source_lies_over_the_page_until_it_is_closed_or_back_is_pressed(
    browser: Browser, address: str
) -> None:
    with opened(browser, address, width=390) as page:
        sent = sent_from_now_on(page)
        number = first_chip(page).locator("> a")
        before, stood, runs = page.url, place(page), len(sent)
        number.click()
        box = box_of(panel(page))
        assert (box["x"], box["width"]) == (0, 390)
        assert 0 < box["y"] < 200
        assert place(page) == stood
        for _ in range(12):  # the page below cannot be reached; the browser's own bar can
            page.keyboard.press("Tab")
            assert page.evaluate(
                "document.activeElement === document.body "
                "|| !!document.activeElement.closest('.sw-panel')"
            )
        panel(page).get_by_role("button", name="Sluiten").click()
        expect(panel(page)).to_be_hidden()
        expect(number).to_be_focused()
        for _ in range(2):
            number.click()
            expect(panel(page)).to_be_visible()
            page.go_back()
            expect(panel(page)).to_be_hidden()
            settled(page)  # it could have been run again
            assert place(page) == stood
            assert page.url == before
            assert len(sent) == runs
            expect(number).to_be_focused()


def test_a_source_stays_open_while_the_next_answer_is_made_and_goes_with_its_own(
    browser: Browser, with_model: tuple[str, Script]
) -> None:
    address, model = with_model
    with opened(browser, address) as page:
        number = first_chip(page).locator("> a")
        model.delay = 3.0
        ask(page, REPORTS)
        expect(page.get_by_role("button", name=re.compile("^Stoppen"))).to_be_visible()
        number.click()
        expect(panel(page)).to_be_visible()
        page.keyboard.press("Escape")  # does not stop the answer
        expect(panel(page)).to_be_hidden()
        number.click()
        page.go_back()  # nor does this
        expect(panel(page)).to_be_hidden()
        number.click()
        model.delay = 0.0  # from here on it need not be slow
        expect(page.get_by_role("button", name="Kopiëren")).to_have_count(2)
        expect(page.get_by_text("Gestopt.", exact=True)).to_have_count(0)
        expect(panel(page).locator("mark").first).to_be_visible()
        press(page.get_by_role("button", name=re.compile("^Nieuw gesprek")))
        expect(page.locator("details.sw-sources")).to_have_count(0)
        expect(panel(page)).to_be_hidden()


def test_no_rule_is_broken_by_an_open_source(browser: Browser, address: str) -> None:
    with opened(browser, address) as page:
        number = first_chip(page).locator("> a")
        for width in (1280, 1024, 390):
            page.set_viewport_size({"width": width, "height": VIEWPORT_HEIGHT})
            settled(page)
            number.click()
            expect(panel(page)).to_be_visible()
            # Contrast does not go by the width.
            assert broken_rules(page, SCHEMES if width == 1280 else ()) == [], width
            page.keyboard.press("Escape")
            expect(panel(page)).to_be_hidden()


LONG = (
    "Η στρατηγική της ΕΕ για την Ένωση Ασφάλειας καθορίζει, για την περίοδο 2020-2025, τέσσερις "
    "προτεραιότητες, μέσα & εργαλεία για όλους."
)


def followed(browser: Browser, paragraphs: list[str], quote: str) -> Page:
    """The tab that opens when a reader clicks the link to a quote: a long page with these
    paragraphs."""
    url = "http://localhost/page.html"
    filler = "<p>Vulling die nergens over gaat.</p>" * 300
    text = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    content = f"<!doctype html><meta charset=utf-8><title>x</title><body>{filler}{text}{filler}"
    page = browser.new_page()
    page.context.route(
        f"{url}**", lambda route: route.fulfill(body=content, content_type="text/html")
    )
    page.goto(url)
    page.evaluate(
        """url => {
            const link = document.createElement("a");
            link.href = url; link.target = "_blank"; link.rel = "noopener noreferrer";
            link.textContent = "bron"; document.body.prepend(link);
        }""",
        at_quote(url, quote),
    )
    with page.context.expect_page() as opening:
        page.get_by_role("link", name="bron").click()
    return opening.value


@pytest.mark.parametrize(
    ("paragraphs", "quote"),
    [
        ([LONG], None),
        (["Prijs: 50 % + 3,5 € & meer-dan-genoeg, toch?"], None),
        (["Drie pijlers:", "preventie van drugsgebruik;", "toegang tot zorg."], None),
        (["Met&nbsp;24&nbsp;juli 2020 als datum."], "Met 24 juli 2020 als datum."),
    ],
    ids=["long", "reserved", "list", "spaces"],
)
def test_a_link_to_a_source_leads_to_the_quote(
    browser: Browser, paragraphs: list[str], quote: str | None
) -> None:
    wanted = quote or "\n- ".join(paragraphs)
    source = followed(browser, [p.replace(" & ", " &amp; ") for p in paragraphs], wanted)
    place = source.locator("p", has_text=wanted.split()[0]).first
    expect(place).to_be_in_viewport(timeout=10_000)
    assert source.evaluate("window.scrollY") > 1000
    source.context.close()


KEEP = re.compile("^Bewaar dit citaat: ")


@pytest.fixture
def noted(settings: Settings, address: str) -> Iterator[tuple[str, Conversations]]:
    """The address of the app, where no note is kept yet, and what is kept there."""
    store = kept(settings)
    assert store.notes() == ()
    yield address, store
    for note in store.notes():
        store.drop_note(note.id)


def test_a_quote_is_kept_and_downloaded(browser: Browser, noted: tuple[str, Conversations]) -> None:
    address, store = noted
    with opened(browser, address) as page:
        ask(page, MARKET)
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
        press(panel.get_by_role("button", name="Sluiten"))

        page.goto(f"{address}/notes")
        expect(page.locator("blockquote")).to_be_visible()
        assert broken_rules(page, SCHEMES) == []
        page.set_viewport_size({"width": 390, "height": VIEWPORT_HEIGHT})
        assert sideways(page) <= 0
        with page.expect_download() as download:
            press(page.get_by_role("button", name="Downloaden als Word"))
        assert download.value.suggested_filename == "notities.docx"


DOUBTED = "De Commissie vindt dat er in de EU te weinig meldingen van misbruik waren."
INVENTED = "In 2019 waren het er volgens de EU 912 345."


@pytest.fixture(scope="module")
def places(settings: Settings, address: str) -> dict[str, str]:
    """The addresses of conversations with answers made by hand, by the form of the last one."""
    forms = dict(made(settings))
    forms["doubted"] = doubted(forms["answer"], DOUBTED, left_out=[INVENTED])
    found = {}
    for name, answer in forms.items():
        understood = answer.model_copy(update={"understood_as": f"{answer.question} En 2010?"})
        found[name] = f"{address}/?c={talk(settings, understood)}"
    return found


def talk(settings: Settings, answer: Answer) -> str:
    """The id of a conversation with this answer."""
    asked = Exchange(question=answer.question, answer=answer, follow_ups=())
    conversation = Conversation(exchanges=(asked,))
    kept(settings).put(conversation)
    return conversation.id


def unfolded(page: Page) -> None:
    """Waits for the answer, and opens all that is folded."""
    expect(page.locator(".sw-answer").first).to_be_visible()
    settled(page)
    page.evaluate("document.querySelectorAll('details').forEach(one => (one.open = true))")


@pytest.mark.parametrize("name", ["answer", "list", "refusal", "reply"])
def test_no_rule_is_broken_and_a_phone_needs_no_scrolling_sideways(
    browser: Browser, places: dict[str, str], name: str
) -> None:
    with opened(browser, places[name], width=390) as page:
        unfolded(page)
        assert sideways(page) <= 0
        page.set_viewport_size({"width": 1280, "height": 720})
        assert broken_rules(page, SCHEMES) == []


def test_every_mark_of_a_doubt_is_seen_reached_and_told(
    browser: Browser, places: dict[str, str]
) -> None:
    with opened(browser, places["doubted"]) as page:
        doubts = page.locator(".sw-answer").first.locator(".sw-doubt > button")
        expect(doubts).to_have_count(2)
        settled(page)
        why = load("nl")("answers.why.distant", details="")
        for number, (word, told) in enumerate((("niet bevestigd", why), ("weggelaten", INVENTED))):
            mark = doubts.nth(number)
            expect(mark).to_contain_text(word)
            card = page.locator(f"#{mark.get_attribute('aria-describedby')}")
            expect(card).to_be_hidden()
            mark.focus()
            expect(card).to_be_visible()
            expect(card).to_contain_text(told)
            page.keyboard.press("Escape")
            expect(card).to_be_hidden()
        doubts.first.focus()
        page.keyboard.press("Tab")
        expect(doubts.last).to_be_focused()
        doubts.first.focus()  # an open card is looked at too
        assert broken_rules(page, SCHEMES) == []


def _resting(block: AnswerBlock, one: Citation) -> AnswerBlock:
    """A paragraph of one sentence, with this evidence alone."""
    (sentence,) = block.sentences
    span = QuotedSpan(number=one.number, start=one.start, end=one.end)
    alone = sentence.model_copy(update={"evidence": (span,)})
    return block.model_copy(update={"sentences": (alone,)})


def test_the_panel_marks_what_the_answer_rests_on_and_not_what_is_folded(
    browser: Browser, settings: Settings, address: str
) -> None:
    answer = made(settings)["answer"]
    first, second = (citation for citation in answer.citations if citation.number == 1)
    proper, folded = map(_resting, answer.blocks, (first, second))
    split = answer.model_copy(update={"blocks": (proper,), "further": ((folded,),)})
    with opened(browser, f"{address}/?c={talk(settings, split)}") as page:
        unfolded(page)
        page.locator(".sw-answer").first.locator(".sw-chip > a").first.press("Enter")
        expect(panel(page).locator("mark")).to_have_text([first.quote])
        expect(panel(page).locator(".sw-keep")).to_have_count(1)
        page.keyboard.press("Escape")
        page.locator(".sw-more .sw-chip > a").first.press("Enter")
        expect(panel(page).locator("mark")).to_have_text([second.quote])
