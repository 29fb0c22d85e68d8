"""Maintenance in a real browser: a hostile file, a chosen sentence, and accessibility."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from core.settings import Settings
from ingest.pipeline import ingest
from tests.support.axe import SCHEMES, broken_rules
from tests.support.browser import button, opened, press, served, settled, sideways
from tests.support.people import verdict
from tests.support.small import reading
from userdata.database import Database
from userdata.feedback import save

pytestmark = pytest.mark.long

ALPHA = "---\nid: alpha\ntitle: Alpha\nlanguage: nl\n---\n\n# Alpha\n\nDe vloot telt 30 schepen.\n"
MORE = ALPHA.replace("30 schepen", "40 schepen")
NAME = "<img src=x onerror='window.harmed=1'> **vet** $x^2$.md"
HOSTILE = (
    "---\nid: tulp\ntitle: 'Tulp <b>vet</b> :smile: $x$'\nlanguage: nl\n---\n\n# Tulp\n\n"
    "De Zwarte Tulp telt 4321 leden <script>window.harmed = 1</script> ![x](https://evil.example/x).\n"
)
VERDICT = verdict(1, comment="Het jaartal klopt niet.")
PLAN = "Wijzigingen bekijken"
SENTENCE = "De vloot telt 30 schepen."


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """The app on an index with one document, which has changed since, and a verdict."""
    documents = tmp_path / "documents"
    documents.mkdir()
    (documents / "alpha.md").write_text(ALPHA, "utf-8")
    ingest(Settings(data_dir=tmp_path / "data", corpus_dirs=(documents,)))
    (documents / "alpha.md").write_text(MORE, "utf-8")
    save(Database(tmp_path / "data"), VERDICT)
    with served(tmp_path / "data", tmp_path / "log", reading(documents)) as found:
        yield found


def go_to(page: Page, name: str) -> None:
    press(page.get_by_role("tab", name=name))


def upload(page: Page, *files: tuple[str, str]) -> None:
    kind = "application/octet-stream"
    given = [{"name": name, "mimeType": kind, "buffer": text.encode()} for name, text in files]
    page.locator("input[type=file]").set_input_files(files=given)


def test_a_hostile_file_harms_nothing_and_no_rule_of_accessibility_is_broken(
    browser: Browser, address: str
) -> None:
    with opened(browser, f"{address}/maintenance", width=390) as page:
        upload(page, (NAME, HOSTILE), ("oud.doc", "x"))
        expect(page.get_by_text("sla het op als .docx")).to_be_visible()
        press(button(page, "Documenten toevoegen (1)"))
        page.locator("summary", has_text=NAME).click()
        expect(page.get_by_role("textbox", name="Titel", exact=True)).to_be_visible()
        assert sideways(page) <= 0
        assert broken_rules(page, SCHEMES) == []
        go_to(page, "Controleren en publiceren")
        press(button(page, PLAN))
        page.locator(".sw-change summary", has_text="Alpha").click()
        changed = page.locator(".sw-change", has_text="Alpha")
        expect(changed.locator("del", has_text="30")).to_be_visible()
        expect(changed.locator("ins", has_text="40")).to_be_visible()
        page.locator(".sw-change summary", has_text="Tulp <b>vet</b> :smile: $x$").click()
        expect(page.get_by_text("<script>window.harmed = 1</script>")).to_be_visible()
        expect(page.get_by_role("button", name="Deze wijzigingen publiceren")).to_be_enabled()
        expect(page.locator("[data-testid=stMain] :is(script, img, .katex)")).to_have_count(0)
        assert page.evaluate("window.harmed") is None
        assert sideways(page) <= 0
        assert broken_rules(page, SCHEMES) == []
        go_to(page, "Feedback")
        expect(page.get_by_text("Het jaartal klopt niet.")).to_be_visible()
        assert broken_rules(page, SCHEMES) == []
        go_to(page, "Antwoorden")
        press(page.get_by_role("radio", name="Te beantwoorden (1)"))
        press(button(page, "Antwoord kiezen"))
        asked = page.get_by_role("textbox", name="Vraag", exact=True)
        expect(asked).to_have_value(VERDICT.question)
        box = page.get_by_role("checkbox", name=SENTENCE)
        expect(box).to_be_visible()
        settled(page)
        box.focus()  # with the keyboard
        page.keyboard.press("Space")
        preview = page.locator(".sw-note", has_text="Zo krijgen lezers het antwoord")
        expect(preview).to_contain_text(SENTENCE)
        page.get_by_text(SENTENCE).first.click()  # and takes it back with a pointer
        expect(preview).to_have_count(0)
        assert sideways(page) <= 0
        assert broken_rules(page) == []
