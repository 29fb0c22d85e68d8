"""WCAG 2.2 AA on every page in the real browser: axe-core, layout, language, keyboard, motion."""

import itertools
import re
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, ElementHandle, Page, expect

from core.settings import Settings
from tests.support.axe import SCHEMES, broken_rules
from tests.support.browser import ask, evidence, field, in_scheme, opened, press, settled
from tests.support.question_results import BEFORE, NOW, keep
from ui.navigation import PLACES
from ui.texts import load

pytestmark = pytest.mark.long

DRUGS = "Hoeveel is de drugsmarkt in Europa waard?"


def _shows(selector: str) -> Callable[[Page], None]:
    def until(page: Page) -> None:
        expect(page.locator(selector).first).to_be_visible()

    return until


def _empty(page: Page) -> None:
    expect(field(page)).to_be_enabled()


def _answered(page: Page) -> None:
    ask(page, DRUGS)
    expect(page.get_by_text("Vervolgvragen")).to_be_visible()
    evidence(page).click()
    expect(page.locator("mark").first).to_be_visible()
    expect(page.get_by_role("radiogroup", name="Was dit antwoord bruikbaar?")).to_be_visible()


def _more(page: Page) -> None:
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("stDialog")).to_have_count(0)
    press(page.get_by_role("button", name="Meer", exact=True))
    expect(page.get_by_role("button", name="Word-document opslaan")).to_be_visible()


def _refused(page: Page) -> None:
    ask(page, "Wie won de Tour de France in 1998?")
    expect(page.locator(".sw-refusal")).to_be_visible()


def _found(page: Page) -> None:
    page.get_by_role("searchbox").fill("drugs")
    expect(page.locator(".sw-snippet mark").first).to_be_visible()


def _run(page: Page) -> None:
    expect(page.get_by_text("5 van 5 vragen")).to_be_visible()
    page.get_by_text("Een meting starten").click()
    expect(page.get_by_role("button", name="Starten")).to_be_visible()


def _tab(name: str) -> Callable[[Page], None]:
    def until(page: Page) -> None:
        press(page.get_by_role("tab", name=name))
        expect(page.get_by_role("tabpanel", name=name).get_by_role("heading").first).to_be_visible()

    return until


# How many pixels wider a page is than the window.
TOO_WIDE = """Math.max(...Array.from(document.querySelectorAll('html, main'),
    one => one.scrollWidth - one.clientWidth))"""

LEVELS = """[...document.querySelectorAll('main :is(h1, h2, h3, h4, h5, h6)')]
    .filter(e => e.checkVisibility()).map(e => +e.tagName[1])"""

# WCAG 2.2, success criterion 1.4.12; a label is a paragraph in name only
SPACED = """* { line-height: 1.5 !important; letter-spacing: 0.12em !important;
word-spacing: 0.16em !important; }
p:not(:is(button, label, summary, [role=tab], [role=radio]) *) { margin-bottom: 2em !important; }"""

# Texts that are cut off: longer than their box, which neither grows nor scrolls.
CUT_OFF = """() => [...document.querySelectorAll("main *, .stMain *")].filter(element => {
  const style = getComputedStyle(element);
  const hides = ["hidden", "clip"].includes(style.overflowX) || style.overflowY === "hidden";
  return hides && !element.closest(".sw-hidden") && element.clientWidth > 1
    && element.innerText?.trim() && element.checkVisibility()
    && (element.scrollWidth > element.clientWidth + 2
        || element.scrollHeight > element.clientHeight + 2);
}).map(element => element.outerHTML.slice(0, 200))"""

# An address, and what is looked at from there, each after the one before it.
VISITS: dict[str, tuple[str, tuple[Callable[[Page], None], ...]]] = {
    "chat": ("", (_empty, _answered, _more)),
    "refusal": ("", (_refused,)),
    "sources": ("/sources", (_shows("text=5 van 5 documenten"), _found)),
    "document": ("/sources?document=drugs-agenda&language=nl", (_shows("article.sw-reading"),)),
    "notes": ("/notes", (_shows("text=U hebt nog geen citaten bewaard"),)),
    "privacy": ("/privacy", (_shows("text=Uw gegevens"),)),
    "evaluation": ("/evaluation", (_run,)),
    "evaluated question": ("/evaluation?question=deal", (_shows("table:visible"),)),
    "maintenance": (
        "/maintenance",
        (_tab("Documenten"), _tab("Controleren en publiceren"), _tab("Versies"), _tab("Feedback")),
    ),
}


@pytest.fixture(scope="module", autouse=True)
def _two_runs(settings: Settings) -> Iterator[None]:
    """The app has two runs to show."""
    keep(settings.data_dir, BEFORE, day=20)
    keep(settings.data_dir, NOW)
    yield
    shutil.rmtree(settings.data_dir / "runs")


@pytest.mark.parametrize("name", VISITS)
def test_no_rule_is_broken_in_light_or_dark(browser: Browser, address: str, name: str) -> None:
    place, states = VISITS[name]
    with opened(browser, f"{address}{place}") as page:
        for number, state in enumerate(states, start=1):
            state(page)
            assert broken_rules(page, SCHEMES) == [], number


@pytest.mark.parametrize(
    "place",
    [
        *(f"/{place.path}" for place in PLACES),
        "/sources?document=drugs-agenda&language=nl",
        "/evaluation?question=deal",
    ],
)
def test_a_page_is_in_order_fits_a_phone_and_has_room_for_wider_text(
    browser: Browser, address: str, place: str
) -> None:
    with opened(browser, f"{address}{place}", width=320) as page:
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        for width in (320, 390):
            page.set_viewport_size({"width": width, "height": 720})
            settled(page)
            assert page.evaluate(TOO_WIDE) <= 0, width

        page.set_viewport_size({"width": 1280, "height": 720})
        settled(page)
        expect(page.get_by_role("main")).to_have_count(1)
        levels: list[int] = page.evaluate(LEVELS)
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(after <= before + 1 for before, after in itertools.pairwise(levels))

        before = set(page.evaluate(CUT_OFF))
        page.add_style_tag(content=SPACED)
        settled(page)
        assert set(page.evaluate(CUT_OFF)) <= before


def test_a_focused_link_of_the_navigation_has_a_ring(browser: Browser, address: str) -> None:
    with opened(browser, address) as page:
        _empty(page)
        links = page.get_by_test_id("stSidebarNavLink")
        for scheme in SCHEMES:
            in_scheme(page, scheme)
            settled(page)
            links.first.focus()
            page.keyboard.press("Tab")
            expect(links.nth(1)).to_be_focused()
            expect(links.nth(1)).to_have_css("outline", re.compile(r"solid 2px$"))
            expect(links.first).to_have_css("outline-style", "none")


# Movements that last, and scrolling that glides.
WATCH = """() => {
  window.moved = [];
  const lasts = times => times.split(",").some(time => parseFloat(time) > 0.05);
  const look = kind => event => {
    if (lasts(getComputedStyle(event.target)[kind])) {
      window.moved.push(event.type + " " + event.target.outerHTML.slice(0, 150));
    }
  };
  addEventListener("animationstart", look("animationDuration"), true);
  addEventListener("transitionrun", look("transitionDuration"), true);
  for (const name of ["scrollIntoView", "scrollTo", "scrollBy"]) {
    const scroll = Element.prototype[name];
    Element.prototype[name] = function (...given) {
      if (given[0]?.behavior === "smooth") window.moved.push(name + " glides");
      return scroll.apply(this, given);
    };
  }
}"""


def _titled(page: Page) -> None:
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    settled(page)


def _stops(page: Page) -> Iterator[ElementHandle]:
    """What the Tab key visits from the top of the page, until it leaves it."""
    page.evaluate("""() => {  // the field has the focus, and Tab would go on from there
        const top = document.createElement("span");
        top.tabIndex = -1;
        document.body.prepend(top);
        top.focus();
        top.remove();
    }""")
    for _ in range(120):
        page.keyboard.press("Tab")
        stop = page.evaluate_handle("document.activeElement").as_element()
        assert stop is not None
        if stop.evaluate("(e) => e === document.body || 'seen' in e.dataset"):
            return
        stop.evaluate("(e) => { e.dataset.seen = '' }")
        yield stop
    pytest.fail("the Tab key does not come to an end")


def test_every_page_has_a_title_in_the_chosen_language(browser: Browser, address: str) -> None:
    with opened(browser, address) as page:
        for place in reversed(PLACES):
            title = load("nl")(place.title)
            press(page.get_by_test_id("stSidebarNav").get_by_role("link", name=title))
            expect(page).to_have_title(f"{title} – Strategiewijzer")
        expect(page.locator("html")).to_have_attribute("lang", "nl")
        press(page.get_by_role("combobox", name=load("nl")("sidebar.language"), exact=True))
        press(page.get_by_role("option", name=load("de")("name")))
        expect(page.locator("html")).to_have_attribute("lang", "de")
        expect(page).to_have_title(f"{load('de')(PLACES[0].title)} – Strategiewijzer")


@pytest.mark.parametrize("place", ["", "/sources", "/maintenance"])
def test_the_keyboard_follows_the_reading_order_and_its_place_is_seen(
    browser: Browser, address: str, place: str
) -> None:
    with opened(browser, f"{address}{place}") as page:
        page.set_viewport_size({"width": 1280, "height": 2400})  # all is in view
        _titled(page)
        boxes: list[dict[str, Any]] = []
        for stop in _stops(page):
            box = stop.bounding_box()
            if box is None or box["height"] >= 2000 or not stop.evaluate("e => e.closest('main')"):
                continue  # the scrolling page itself, and Streamlit's sidebar
            seen = page.screenshot(clip=_around(box))
            stop.evaluate("(e) => e.blur()")
            assert page.screenshot(clip=_around(box)) != seen, stop.evaluate("e => e.outerHTML")
            stop.evaluate("(e) => e.focus({focusVisible: true})")
            boxes.append({**box, "what": stop.evaluate("e => e.outerHTML.slice(0, 200)")})
        assert len(boxes) > 2
        for before, after in itertools.pairwise(boxes):
            same_row = after["y"] < before["y"] + before["height"]
            in_order = after["x"] >= before["x"] - 1 if same_row else True
            not_back = after["y"] + after["height"] > before["y"]
            assert in_order and not_back, (before["what"], after["what"])  # noqa: PT018


def _around(box: Any) -> Any:
    """The box with room for a ring around it."""
    x, y = max(box["x"] - 16, 0), max(box["y"] - 16, 0)
    return {"x": x, "y": y, "width": box["width"] + 32, "height": box["height"] + 32}


@pytest.mark.parametrize("wish", ["reduce", "no-preference"])
def test_nothing_moves_where_that_is_wished(browser: Browser, address: str, wish: Any) -> None:
    with opened(browser, address) as page:
        page.emulate_media(reduced_motion=wish)
        _titled(page)
        page.evaluate(WATCH)
        ask(page, DRUGS)
        expect(page.locator(".sw-answer").first).to_be_visible()
        page.get_by_role("button").first.hover()
        _titled(page)
        moved = page.evaluate("window.moved")
    assert (moved == []) == (wish == "reduce"), moved
