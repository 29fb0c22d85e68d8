"""axe-core in the real browser: no page breaks a rule of WCAG 2.2 AA that a machine can check."""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from core.settings import Settings
from tests.support.axe import broken_rules
from tests.support.browser import ask, evidence, opened, served
from tests.ui.test_ui_evaluation import BEFORE, NOW, keep

pytestmark = pytest.mark.long


def _empty(page: Page) -> None:
    expect(page.get_by_placeholder(re.compile("Stel uw vraag"))).to_be_enabled()


def _answered(page: Page) -> None:
    ask(page, "Hoeveel is de drugsmarkt in Europa waard?")
    evidence(page).click()
    expect(page.locator("mark").first).to_be_visible()
    expect(page.get_by_role("radiogroup", name="Was dit antwoord bruikbaar?")).to_be_visible()


def _rested(page: Page) -> None:
    ask(page, "Hoeveel is de drugsmarkt in Europa waard?")
    expect(page.get_by_text("Vervolgvragen")).to_be_visible()
    page.wait_for_timeout(2000)  # in which what goes away has faded


def _more(page: Page) -> None:
    _rested(page)
    page.get_by_role("button", name="Meer", exact=True).click()
    expect(page.get_by_role("button", name="Hoe dit antwoord is gemaakt")).to_be_visible()


def _made(page: Page) -> None:
    _more(page)
    page.get_by_role("button", name="Hoe dit antwoord is gemaakt").click()
    expect(page.get_by_test_id("stDialog")).to_contain_text("Stappen")


def _shared(page: Page) -> None:
    _rested(page)
    page.get_by_role("button", name="Delen", exact=True).click()
    expect(page.get_by_test_id("stPopoverBody")).to_be_visible()


def _refused(page: Page) -> None:
    ask(page, "Wie won de Tour de France in 1998?")
    expect(page.locator(".sw-refusal")).to_be_visible()


def _listed(page: Page) -> None:
    expect(page.get_by_text("5 van 5 documenten")).to_be_visible()


def _found(page: Page) -> None:
    _listed(page)
    page.get_by_role("searchbox").fill("drugs")
    expect(page.locator(".sw-snippet mark").first).to_be_visible()


def _beside(page: Page) -> None:
    expect(page.locator(".sw-row").first).to_be_visible()


def _read(page: Page) -> None:
    expect(page.locator("article.sw-reading")).to_be_visible()


def _privacy(page: Page) -> None:
    expect(page.get_by_role("heading", name="Uw gegevens")).to_be_visible()


def _no_notes(page: Page) -> None:
    expect(page.get_by_text("U hebt nog geen citaten bewaard")).to_be_visible()


def _figures(page: Page) -> None:
    expect(page.get_by_role("table").first).to_be_visible()
    page.get_by_text("Een meting starten").click()
    expect(page.get_by_role("button", name="Starten")).to_be_visible()


def _questions(page: Page) -> None:
    page.get_by_role("tab", name="Vragen").click()
    expect(page.get_by_text("5 van 5 vragen")).to_be_visible()


def _trend(page: Page) -> None:
    page.get_by_role("tab", name="Verloop").click()
    expect(page.locator("[role=graphics-document]").first).to_be_visible()


def _one_question(page: Page) -> None:
    expect(page.locator("ins").first).to_be_visible()


def _tab(name: str) -> Callable[[Page], None]:
    def until(page: Page) -> None:
        page.get_by_role("tab", name=name).click()
        expect(page.get_by_role("tabpanel", name=name).get_by_role("heading").first).to_be_visible()

    return until


PAGES = {
    "empty": ("", _empty),
    "answered": ("", _answered),
    "more to do": ("", _more),
    "how it was made": ("", _made),
    "sharing": ("", _shared),
    "refused": ("", _refused),
    "sources": ("/sources", _listed),
    "sources searched": ("/sources", _found),
    "document": ("/sources?document=drugs-agenda&language=nl", _read),
    "two languages": ("/sources?document=drugs-agenda&language=nl&beside=en", _beside),
    "no notes": ("/notes", _no_notes),
    "privacy": ("/privacy", _privacy),
    "evaluation": ("/evaluation", _figures),
    "evaluated questions": ("/evaluation", _questions),
    "trend": ("/evaluation", _trend),
    "evaluated question": ("/evaluation?question=deal", _one_question),
    "maintenance": ("/maintenance", _tab("Documenten")),
    "plan": ("/maintenance", _tab("Controleren en publiceren")),
    "generations": ("/maintenance", _tab("Versies")),
    "feedback": ("/maintenance", _tab("Feedback")),
}


@pytest.fixture(scope="module")
def address(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of the app on a copy of the index over the bundled briefs, with two runs."""
    place = tmp_path_factory.mktemp("accessible")
    data_dir = Path(shutil.copytree(settings.data_dir, place / "data"))
    keep(data_dir, 20, BEFORE)
    keep(data_dir, 24, NOW)
    with served(data_dir, place / "log") as found:
        yield found


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_no_rule_is_broken(browser: Browser, address: str, name: str, scheme: str) -> None:
    place, until = PAGES[name]
    with opened(browser, f"{address}{place}", scheme) as page:
        until(page)
        assert broken_rules(page) == []


@pytest.mark.parametrize(
    "place",
    [
        "",
        "/sources",
        "/sources?document=drugs-agenda&language=nl",
        "/notes",
        "/privacy",
        "/evaluation",
        "/evaluation?question=deal",
    ],
)
def test_a_phone_needs_no_scrolling_sideways(browser: Browser, address: str, place: str) -> None:
    with opened(browser, f"{address}{place}", width=390) as page:
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert wide <= 0
