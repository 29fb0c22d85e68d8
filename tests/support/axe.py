"""What axe-core finds on a page."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

_OPTIONS = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "rules": {"target-size": {"enabled": True}},  # WCAG 2.2; off unless asked for
    "resultTypes": ["violations", "passes"],
}

# Streamlit's own, in docs/accessibility.md: (rule, part of the HTML)
_KNOWN = (("presentation-role-conflict", 'data-testid="stFileUploaderDropzone"'),)


def broken_rules(page: Page) -> list[str]:
    """The rules of WCAG 2.2 AA that a machine can check and this page breaks, with where."""
    size = page.viewport_size or {"width": 1280, "height": 720}
    tall = page.evaluate(
        "Math.max(...[...document.querySelectorAll('*')].map(e => e.scrollHeight))"
    )
    page.set_viewport_size({"width": size["width"], "height": tall})  # contrast only where seen
    page.wait_for_timeout(1000)  # in which what fades in gets its full contrast
    found = Axe().run(page, options=_OPTIONS).response
    assert len(found["passes"]) > 10, "axe looked at an empty page"
    return [
        f"{rule['id']} ({rule['impact']}): {node['html'][:200]}"
        for rule in found["violations"]
        for node in rule["nodes"]
        if not any(rule["id"] == name and part in node["html"] for name, part in _KNOWN)
    ]
