"""What is known of a model's sentences, in the real page: seen, reached and told."""

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, ViewportSize, expect

from core.settings import Settings
from tests.support.axe import SCHEMES, broken_rules
from tests.support.browser import ask, box_of, opened, served, settled, visitor
from tests.support.openai_server import Request, checked, numbers, openai_server, sentence_of

QUESTION = "Hoeveel meldingen van online kindermisbruik waren er in de EU in 2010 en 2019?"
TRUE = "In 2019 waren er in de EU meer dan 725 000 meldingen van seksueel misbruik van kinderen."
DOUBTED = "De Commissie vindt dat er in de EU te weinig meldingen van misbruik waren."
INVENTED = "In 2019 waren het er volgens de EU 912 345."
WHY = "De passage noemt geen oordeel."


def _reply(request: Request) -> str:
    prompt = "\n".join(each["content"] for each in request["messages"])
    _, *passages = re.split(r'<passage number="\d+">', prompt)
    number = next(n for n, one in enumerate(passages, start=1) if "725 000" in one)
    evidence = [{"passage": number, "first": "meer dan 725 000", "last": ""}]
    said = [{"text": text, "evidence": evidence} for text in (TRUE, DOUBTED, INVENTED)]
    return json.dumps({"sentences": said, "searches": []})


def _check(request: Request) -> str:
    wrong = {n: WHY for n in numbers(request) if sentence_of(request, n) == DOUBTED}
    return checked(request, wrong)


@pytest.fixture(scope="module")
def with_model(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with openai_server() as script:
        script.reply, script.check = _reply, _check
        environment = {"OPENAI_BASE_URL": script.url, "STRATEGIEWIJZER_MODEL": "scripted"}
        log = tmp_path_factory.mktemp("marks") / "log"
        with served(settings.data_dir, log, environment) as address:
            yield address


@pytest.mark.long
def test_every_mark_is_seen_reached_and_told(browser: Browser, with_model: str) -> None:
    with opened(browser, with_model) as page:
        ask(page, QUESTION)
        answer = page.locator(".sw-answer").first
        doubts = answer.locator(".sw-doubt > button")
        expect(doubts).to_have_count(2)
        settled(page)
        expect(page.locator(".sw-checked").first).to_contain_text("1 van de 3 zinnen")
        expect(page.get_by_text("Minder dan de helft")).to_be_visible()
        expect(answer.locator(".sw-unconfirmed")).to_have_text(DOUBTED)
        expect(answer.locator(".sw-left-out")).to_contain_text("912 345")
        expect(answer.locator(".sw-number")).to_have_text(["1"])
        for place, word, told in ((0, "niet bevestigd", WHY), (1, "weggelaten", INVENTED)):
            mark = doubts.nth(place)
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


@pytest.mark.long
def test_a_tap_opens_the_card_of_a_mark_inside_a_phone(browser: Browser, with_model: str) -> None:
    phone: ViewportSize = {"width": 390, "height": 844}
    with visitor(browser, with_model, viewport=phone, has_touch=True) as page:
        page.goto(with_model)
        ask(page, QUESTION)
        doubt = page.locator(".sw-answer .sw-doubt").first
        expect(doubt).to_be_visible()
        settled(page)  # the answer that has just been written is drawn once more, kept
        doubt.tap()
        card = doubt.locator(".sw-card")
        expect(card).to_be_visible()
        box = box_of(card)
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= phone["width"]
        expect(card).to_contain_text(WHY)
