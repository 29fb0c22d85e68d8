"""Every form of answer in a real browser: folded, small, on a phone, by keyboard, for everybody."""

import re
from collections.abc import Mapping

import pytest
from playwright.sync_api import Browser, Page, expect

from core.answer import Citation
from core.answer_blocks import AnswerBlock, QuotedSpan
from core.settings import Settings
from tests.support.answers import made
from tests.support.axe import SCHEMES, broken_rules
from tests.support.browser import opened, settled, sideways
from ui.access import LOCAL
from userdata.conversation import Conversation, Exchange
from userdata.conversations import Conversations
from userdata.database import database

pytestmark = pytest.mark.long

Places = Mapping[str, str]


@pytest.fixture(scope="module")
def places(settings: Settings, address: str) -> Places:
    """The addresses of conversations with answers made by hand, by the form of the last one."""
    kept = Conversations(LOCAL.id, database(settings), 90)
    found = {}
    for name, answer in made(settings).items():
        understood = answer.model_copy(update={"understood_as": f"{answer.question} En 2010?"})
        asked = Exchange(question=answer.question, answer=understood, follow_ups=())
        conversation = Conversation(exchanges=(asked,))
        kept.put(conversation)
        found[name] = f"{address}/?c={conversation.id}"
    return found


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


def test_what_is_folded_opens_with_the_keyboard(browser: Browser, places: Places) -> None:
    with opened(browser, places["answer"]) as page:
        summary = page.locator("details.sw-sources > summary")
        label = page.locator(".sw-more .sw-label").first
        expect(summary).to_have_text(re.compile(r"In de bronnen \(\d\)"))
        expect(label).to_be_hidden()
        summary.focus()
        page.keyboard.press("Enter")
        expect(label).to_be_visible()
        size = label.evaluate("one => parseFloat(getComputedStyle(one).fontSize)")
        assert size < 16  # pixels, of the text
        chip = page.locator(".sw-more .sw-chip").first
        chip.locator("> a").focus()
        expect(chip.locator(".sw-card")).to_be_visible()
        page.keyboard.press("Enter")
        source = page.get_by_role("dialog", name="Bron bij het antwoord")
        expect(source.get_by_role("heading")).to_contain_text("[2] ")
        expect(source.locator("mark").first).to_be_in_viewport()


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
    kept = Conversations(LOCAL.id, database(settings), 90)
    conversation = Conversation(
        exchanges=(Exchange(question=answer.question, answer=split, follow_ups=()),)
    )
    kept.put(conversation)
    with opened(browser, f"{address}/?c={conversation.id}") as page:
        unfolded(page)
        source = page.get_by_role("dialog", name="Bron bij het antwoord")
        page.locator(".sw-answer").first.locator(".sw-chip > a").first.press("Enter")
        expect(source.locator("mark")).to_have_text([first.quote])
        expect(source.locator(".sw-keep")).to_have_count(1)
        page.keyboard.press("Escape")
        page.locator(".sw-more .sw-chip > a").first.press("Enter")
        expect(source.locator("mark")).to_have_text([second.quote])
