"""What axe cannot see of WCAG 2.2 AA: language, titles, keyboard, motion."""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, ElementHandle, Page, expect

from tests.support.browser import ask, opened, press, settled
from ui.navigation import PLACES
from ui.texts import load

pytestmark = pytest.mark.long

QUESTION = "Hoeveel is de drugsmarkt in Europa waard?"

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


def shown(page: Page) -> None:
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    settled(page)


def stops(page: Page) -> Iterator[ElementHandle]:
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
        shown(page)
        boxes: list[dict[str, Any]] = []
        for stop in stops(page):
            box = stop.bounding_box()
            if box is None or box["height"] >= 2000 or not stop.evaluate("e => e.closest('main')"):
                continue  # the scrolling page itself, and Streamlit's sidebar
            seen = page.screenshot(clip=around(box))
            stop.evaluate("(e) => e.blur()")
            assert page.screenshot(clip=around(box)) != seen, stop.evaluate("e => e.outerHTML")
            stop.evaluate("(e) => e.focus({focusVisible: true})")
            boxes.append({**box, "what": stop.evaluate("e => e.outerHTML.slice(0, 200)")})
        assert len(boxes) > 2
        for before, after in itertools.pairwise(boxes):
            same_row = after["y"] < before["y"] + before["height"]
            in_order = after["x"] >= before["x"] - 1 if same_row else True
            not_back = after["y"] + after["height"] > before["y"]
            assert in_order and not_back, (before["what"], after["what"])  # noqa: PT018


def around(box: Any) -> Any:
    """The box with room for a ring around it."""
    x, y = max(box["x"] - 16, 0), max(box["y"] - 16, 0)
    return {"x": x, "y": y, "width": box["width"] + 32, "height": box["height"] + 32}


@pytest.mark.parametrize("wish", ["reduce", "no-preference"])
def test_nothing_moves_where_that_is_wished(browser: Browser, address: str, wish: Any) -> None:
    with opened(browser, address) as page:
        page.emulate_media(reduced_motion=wish)
        shown(page)
        page.evaluate(WATCH)
        ask(page, QUESTION)
        expect(page.locator(".sw-answer").first).to_be_visible()
        page.get_by_role("button").first.hover()
        shown(page)
        moved = page.evaluate("window.moved")
    assert (moved == []) == (wish == "reduce"), moved
