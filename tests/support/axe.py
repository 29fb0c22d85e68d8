"""What axe-core finds on a page."""

from collections.abc import Iterator, Sequence

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.support.browser import BACKGROUNDS, in_scheme, settled

SCHEMES = tuple(BACKGROUNDS)
_OPTIONS = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "rules": {"target-size": {"enabled": True}},  # WCAG 2.2; off unless asked for
    "resultTypes": ["violations"],  # all places of these, and one of each rule that is kept
}

# Streamlit's own, in docs/accessibility.md: (rule, part of the HTML)
_KNOWN = (("presentation-role-conflict", 'data-testid="stFileUploaderDropzone"'),)


def broken_rules(page: Page, schemes: Sequence[str] = ()) -> list[str]:
    """The rules of WCAG 2.2 AA that a machine can check and this page breaks, with where; in each
    of these colour schemes, or in the one that the page has."""
    settled(page)
    size = page.viewport_size or {"width": 1280, "height": 720}
    tall = page.evaluate(
        "Math.max(...[...document.querySelectorAll('*')].map(e => e.scrollHeight))"
    )
    page.set_viewport_size({"width": size["width"], "height": tall})  # contrast only where seen
    found: list[str] = []
    for scheme in schemes:
        in_scheme(page, scheme)
        app = page.get_by_test_id("stApp")
        expect(app).to_have_css("background-color", BACKGROUNDS[scheme])
        found += (f"{scheme}: {each}" for each in _found(page))
    if not schemes:
        found += _found(page)
    page.set_viewport_size(size)
    return found


def _found(page: Page) -> Iterator[str]:
    settled(page)  # what fades in has its full contrast
    told = Axe().run(page, options=_OPTIONS).response
    assert len(told["passes"]) > 10, "axe looked at an empty page"
    for rule in told["violations"]:
        for node in rule["nodes"]:
            if not any(rule["id"] == name and part in node["html"] for name, part in _KNOWN):
                yield f"{rule['id']} ({rule['impact']}): {node['html'][:200]}"
