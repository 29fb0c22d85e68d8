"""Maintenance in a real browser: a hostile file, a chosen answer, and accessibility."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from core.settings import Settings
from ingest.pipeline import ingest
from ingest.publishing.own_questions import OwnQuestions
from tests.support.axe import SCHEMES, broken_rules
from tests.support.browser import ask, button, opened, press, served, settled, sideways
from tests.support.people import verdict
from tests.support.small import HARBOUR, reading
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
ASKED = "Who is in charge of the harbour?"


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


@pytest.fixture
def harbour(tmp_path: Path) -> Iterator[tuple[str, Settings]]:
    """The address of the app on one document without prepared questions, and its settings."""
    documents, data = tmp_path / "documents", tmp_path / "data"
    documents.mkdir()
    (documents / "harbour.md").write_text(HARBOUR, "utf-8")
    settings = Settings(data_dir=data, corpus_dirs=(documents,), documents_dir=documents)
    ingest(settings)
    more = {
        "STRATEGIEWIJZER_ORGANISATION": "Town of Veldport",
        "STRATEGIEWIJZER_KEEP_QUESTIONS": "30",
    }
    with served(data, tmp_path / "log", reading(documents) | more) as found:
        yield found, settings


def in_answers(page: Page, part: str) -> None:
    go_to(page, "Antwoorden")
    press(page.get_by_role("radio", name=part))


def approve(page: Page, sentence: str) -> None:
    """Chooses a sentence where it stands, with the keyboard, and approves it."""
    box = page.get_by_role("checkbox", name=sentence)
    expect(box).to_be_visible()
    settled(page)
    box.focus()
    page.keyboard.press("Space")
    preview = page.locator(".sw-note", has_text="Zo krijgen lezers het antwoord")
    expect(preview).to_contain_text(sentence)
    page.get_by_text(sentence).first.click()  # and takes it back with a pointer
    expect(preview).to_have_count(0)
    page.get_by_text(sentence).first.click()
    expect(preview).to_contain_text(sentence)
    expect(page.get_by_text(f"Krijgt deze zinnen: “{ASKED}”.")).to_be_visible()
    assert broken_rules(page) == []
    press(button(page, "Goedkeuren"))
    told = page.get_by_text("Goedgekeurd. Het antwoord wordt in gebruik genomen.")
    expect(told).to_contain_text(f"Krijgt deze zinnen: {ASKED}")
    expect(page.get_by_text("Publiceren: klaar")).to_be_visible()


def test_what_was_not_useful_gets_an_approved_answer(
    browser: Browser, harbour: tuple[str, Settings]
) -> None:
    address, settings = harbour
    with opened(browser, address) as reader:
        ask(reader, ASKED)
        expect(reader.get_by_role("button", name="Kopiëren")).to_be_visible()
        verdict = reader.get_by_role("radiogroup", name="Was dit antwoord bruikbaar?")
        press(verdict.get_by_role("radio", name="Niet bruikbaar"))
        expect(reader.get_by_text("Bedankt. 365 dagen bewaard")).to_be_visible()
    with opened(browser, f"{address}/maintenance", width=390) as page:
        in_answers(page, "Te beantwoorden (1)")
        expect(page.locator(".sw-question")).to_have_text(ASKED)
        expect(page.locator(".sw-facts", has_text="1× afgekeurd")).to_be_visible()
        press(button(page, "Antwoord kiezen"))
        expect(page.get_by_role("textbox", name="Vraag", exact=True)).to_have_value(ASKED)
        assert broken_rules(page) == []
        assert sideways(page) <= 0
        approve(page, "It is run by the Harbour Board.")
        expect(page.get_by_role("radio", name="Te beantwoorden (0)")).to_be_visible()
        in_answers(page, "Goedgekeurd (1)")
        expect(page.get_by_text("nog niet in gebruik")).to_have_count(0)
    (kept,) = OwnQuestions(settings).accepted("harbour.en")
    assert kept.units == ("It is run by the Harbour Board.",)
