"""axe-core in the real browser: no page breaks a rule of WCAG 2.2 AA that a machine can check."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.axe import broken_rules
from tests.browser import ask, opened


def _empty(page: Page) -> None:
    expect(page.get_by_placeholder(re.compile("Stel uw vraag"))).to_be_enabled()


def _answered(page: Page) -> None:
    ask(page, "Hoeveel is de drugsmarkt in Europa waard?")
    page.locator("summary", has_text="Bronnen (").click()
    expect(page.locator("mark").first).to_be_visible()
    expect(page.get_by_text("Was dit antwoord bruikbaar?")).to_be_visible()


def _refused(page: Page) -> None:
    ask(page, "Wie won de Tour de France in 1998?")
    expect(page.locator(".sw-refusal")).to_be_visible()


def _listed(page: Page) -> None:
    expect(page.get_by_text("5 van 5 documenten")).to_be_visible()


def _read(page: Page) -> None:
    expect(page.locator("article.sw-reading")).to_be_visible()


def _tab(name: str) -> Callable[[Page], None]:
    def until(page: Page) -> None:
        page.get_by_role("tab", name=name).click()
        expect(page.get_by_role("tabpanel", name=name).get_by_role("heading").first).to_be_visible()

    return until


PAGES = {
    "empty": ("", _empty),
    "answered": ("", _answered),
    "refused": ("", _refused),
    "sources": ("/sources", _listed),
    "document": ("/sources?document=drugs-agenda&language=nl", _read),
    "maintenance": ("/maintenance", _tab("Documenten")),
    "plan": ("/maintenance", _tab("Plan en publicatie")),
    "generations": ("/maintenance", _tab("Generaties")),
    "feedback": ("/maintenance", _tab("Feedback")),
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_no_rule_is_broken(browser: Browser, address: str, name: str, scheme: str) -> None:
    place, until = PAGES[name]
    with opened(browser, f"{address}{place}", scheme) as page:
        until(page)
        assert broken_rules(page) == []


@pytest.mark.parametrize("place", ["", "/sources", "/sources?document=drugs-agenda&language=nl"])
def test_a_phone_needs_no_scrolling_sideways(browser: Browser, address: str, place: str) -> None:
    with opened(browser, f"{address}{place}", width=390) as page:
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert wide <= 0
