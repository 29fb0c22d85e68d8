"""Takes pictures of the pages.

    .venv/bin/python -m tests.support.screens                   those of the docs, in docs/screens
    .venv/bin/python -m tests.support.screens FOLDER [NAME ...]  each at both widths, light and dark

They are of the real app on the bundled briefs. Look at them when a page has changed.
"""

import io
import itertools
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, expect

from core.settings import ROOT
from tests.support.browser import ask, opened, press, served, started

SHOWN = ("answer", "chat", "plan")  # in README.md and docs
SIZES = [*itertools.product((1280, 390), ("light", "dark"))]  # pixels
_AS_SEEN = {"chat"}  # what is shown there would not be in a taller window
_TALLEST = 1600  # pixels; what is further down adds weight and little else
# How tall the page is when nothing has to be scrolled.
_CONTENT = """() => {
  let box = document.querySelector("[data-testid=stMainBlockContainer]"), tall = 0;
  for (; box; box = box.parentElement) tall = Math.max(tall, box.scrollHeight);
  return tall;
}"""
DRUGS = "Hoeveel is de drugsmarkt in Europa waard?"


def _answered(page: Page) -> None:
    """With the card of a number, and nothing further down."""
    ask(page, DRUGS)
    chip = page.get_by_role("link", name="Bron 1", exact=True).first
    expect(page.get_by_text("Vervolgvragen")).to_be_attached()
    page.wait_for_timeout(1500)  # in which the page comes to rest
    chip.hover()


def _titled(page: Page) -> None:
    expect(page.locator("h1")).to_be_visible()


def _planned(page: Page) -> None:
    press(page.get_by_role("tab", name="Controleren en publiceren"))
    press(page.get_by_role("button", name="Wijzigingen bekijken", exact=True))
    expect(page.get_by_role("button", name=re.compile("wijzigingen publiceren"))).to_be_visible()
    page.get_by_text("Gewijzigd Verslag van de").click()


def _chosen(page: Page) -> None:
    """The first sentence for a question, before it is approved."""
    press(page.get_by_role("tab", name="Antwoorden"))
    press(page.get_by_role("button", name="Een andere vraag beantwoorden"))
    question = page.get_by_role("textbox", name="Vraag", exact=True)
    question.fill(DRUGS)
    question.press("Enter")
    page.locator(".stExpander .stCheckbox label").first.click()
    expect(page.get_by_text("Krijgt deze zinnen")).to_be_visible()
    page.get_by_role("tab", name="Antwoorden").scroll_into_view_if_needed()


SCREENS: Mapping[str, tuple[str, Callable[[Page], None]]] = {
    "chat": ("", _answered),
    "sources": ("/sources", _titled),
    "document": ("/sources?document=drugs-agenda&language=nl", _titled),
    "maintenance": ("/maintenance", _titled),
    "plan": ("/maintenance", _planned),
    "answer": ("/maintenance", _chosen),
}


def main(
    folder: Path, names: Sequence[str] = tuple(SCREENS), sizes: Sequence[tuple[int, str]] = SIZES
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data, started() as browser:
        documents = Path(data) / "documents"
        documents.mkdir()
        environment = {
            "STRATEGIEWIJZER_DATA_DIR": data,
            "STRATEGIEWIJZER_DOCUMENTS_DIR": str(documents),
            "STRATEGIEWIJZER_ORGANISATION": "Gemeente Veldport",
            "STRATEGIEWIJZER_CORPUS_DIRS": json.dumps([str(ROOT / "corpus"), str(documents)]),
        }
        _write(documents, "De haven kreeg 30 camera's.")
        called = [sys.executable, "-m", "ingest"]
        subprocess.run(called, cwd=ROOT, env={**os.environ, **environment}, check=True)
        _write(documents, "De haven kreeg 40 camera's. Ze hangen bij de ingang.")
        with served(Path(data), Path(data) / "log", environment) as address:
            for name, (width, scheme) in itertools.product(names, sizes):
                file = folder / f"{name}-{width}-{scheme}.png"
                _take(browser, address, name, width, scheme).save(file, optimize=True)
                print(file.name, file.stat().st_size // 1024, "KB")  # noqa: T201


def _write(folder: Path, text: str) -> None:
    """A document that a maintainer could have added."""
    front_matter = "---\nid: verslag\ntitle: Verslag van de haven\nlanguage: nl\n---"
    (folder / "verslag.md").write_text(f"{front_matter}\n\n# Verslag\n\n{text}\n", "utf-8")


def _take(browser: Browser, address: str, name: str, width: int, scheme: str) -> Image.Image:
    """The page at its full height, in few colours, which keeps it small."""
    place, until = SCREENS[name]
    with opened(browser, f"{address}{place}", scheme, width=width) as page:
        until(page)
        page.wait_for_timeout(1500)  # in which it comes to rest
        if name in _AS_SEEN:
            return _few_colours(page.screenshot())
        inner = page.evaluate(_CONTENT)
        height = min(_TALLEST, max(inner, 844 if width < 500 else 720))
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(800)
        return _few_colours(page.screenshot())


def _few_colours(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png)).convert("RGB").quantize(64)


if __name__ == "__main__":
    if arguments := sys.argv[1:]:
        main(Path(arguments[0]), arguments[1:] or tuple(SCREENS))
    else:
        main(ROOT / "docs" / "screens", SHOWN, SIZES[:1])
