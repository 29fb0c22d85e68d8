"""Every form of answer in a real browser: on a phone, for everybody, its marks and its source."""

from collections.abc import Mapping

import pytest
from playwright.sync_api import Browser, Page, expect

from core.answer import Answer, Citation
from core.answer_blocks import AnswerBlock, QuotedSpan
from core.settings import Settings
from tests.support.answers import doubted, made
from tests.support.axe import SCHEMES, broken_rules
from tests.support.browser import opened, settled, sideways
from ui.access import LOCAL
from ui.texts import load
from userdata.conversation import Conversation, Exchange
from userdata.conversations import Conversations
from userdata.database import database

pytestmark = pytest.mark.long

DOUBTED = "De Commissie vindt dat er in de EU te weinig meldingen van misbruik waren."
INVENTED = "In 2019 waren het er volgens de EU 912 345."

Places = Mapping[str, str]


@pytest.fixture(scope="module")
def places(settings: Settings, address: str) -> Places:
    """The addresses of conversations with answers made by hand, by the form of the last one."""
    forms = dict(made(settings))
    forms["doubted"] = doubted(forms["answer"], DOUBTED, left_out=[INVENTED])
    found = {}
    for name, answer in forms.items():
        understood = answer.model_copy(update={"understood_as": f"{answer.question} En 2010?"})
        found[name] = f"{address}/?c={kept(settings, understood)}"
    return found


def kept(settings: Settings, answer: Answer) -> str:
    """The id of a conversation with this answer."""
    asked = Exchange(question=answer.question, answer=answer, follow_ups=())
    conversation = Conversation(exchanges=(asked,))
    Conversations(LOCAL.id, database(settings), 90).put(conversation)
    return conversation.id


def unfolded(page: Page) -> None:
    """Waits for the answer, and opens all that is folded."""
    expect(page.locator(".sw-answer").first).to_be_visible()
    settled(page)
    page.evaluate("document.querySelectorAll('details').forEach(one => (one.open = true))")


@pytest.mark.parametrize("name", ["answer", "list", "refusal", "reply"])
def test_no_rule_is_broken_and_a_phone_needs_no_scrolling_sideways(
    browser: Browser, places: Places, name: str
) -> None:
    with opened(browser, places[name], width=390) as page:
        unfolded(page)
        assert sideways(page) <= 0
        page.set_viewport_size({"width": 1280, "height": 720})
        assert broken_rules(page, SCHEMES) == []


def test_every_mark_of_a_doubt_is_seen_reached_and_told(browser: Browser, places: Places) -> None:
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
    with opened(browser, f"{address}/?c={kept(settings, split)}") as page:
        unfolded(page)
        source = page.get_by_role("dialog", name="Bron bij het antwoord")
        page.locator(".sw-answer").first.locator(".sw-chip > a").first.press("Enter")
        expect(source.locator("mark")).to_have_text([first.quote])
        expect(source.locator(".sw-keep")).to_have_count(1)
        page.keyboard.press("Escape")
        page.locator(".sw-more .sw-chip > a").first.press("Enter")
        expect(source.locator("mark")).to_have_text([second.quote])
