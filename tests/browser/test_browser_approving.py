"""A reader's verdict, and the answer that a maintainer then chooses and approves."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from core.settings import Settings
from ingest.pipeline import ingest
from ingest.publishing.own_questions import OwnQuestions
from tests.support.axe import broken_rules
from tests.support.browser import ask, button, opened, press, served, settled, sideways
from tests.support.small import HARBOUR, reading

pytestmark = pytest.mark.long

ASKED = "Who is in charge of the harbour?"


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
    press(page.get_by_role("tab", name="Antwoorden"))
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
