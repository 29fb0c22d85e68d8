"""Prepared questions as readers and maintainers meet them."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from core.settings import Settings
from ingest.pipeline import ingest
from tests.index.test_prepared_questions import CHANGED, HARBOUR, QUESTIONS
from tests.support.axe import broken_rules
from tests.support.browser import ask, opened, press, served, text_of

pytestmark = pytest.mark.long

MANAGES = "who manages the harbour of veldport"
CRANES = "How many cranes are there in the harbour of Veldport?"


@pytest.fixture
def harbour(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The address of the app on a document with prepared questions, and its folder."""
    documents = tmp_path / "documents"
    documents.mkdir()
    written(documents, HARBOUR, QUESTIONS)
    ingest(Settings(data_dir=tmp_path / "data", corpus_dirs=(documents,)))
    environment = {
        "STRATEGIEWIJZER_CORPUS_DIRS": json.dumps([str(documents)]),
        "STRATEGIEWIJZER_DOCUMENTS_DIR": str(documents),
    }
    with served(tmp_path / "data", tmp_path / "log", environment) as found:
        yield found, documents


def written(folder: Path, text: str, questions: str) -> None:
    (folder / "harbour.md").write_text(text, "utf-8")
    (folder / "harbour.questions.yaml").write_text(questions, "utf-8")


def checked(page: Page) -> str:
    """What is said above the last answer."""
    expect(page.get_by_role("button", name="Kopiëren").last).to_be_visible()
    return text_of(page.locator(".sw-checked").last)


def press_button(page: Page, name: str) -> None:
    press(page.get_by_role("button", name=name, exact=True))


def test_an_answer_says_which_question_it_answers_and_who_approved_it(
    browser: Browser, harbour: tuple[str, Path]
) -> None:
    address, _ = harbour
    with opened(browser, address, width=390) as page:
        ask(page, CRANES)
        expect(page.locator(".sw-answer").last).to_contain_text("31 cranes")
        above = checked(page)
        assert "Antwoord op: How many cranes stand in the harbour of Veldport?" in above
        ask(page, MANAGES)
        expect(page.locator(".sw-answer").last).to_contain_text("Harbour Board")
        above = checked(page)
        assert "Gecontroleerd door Town of Veldport, 29 november 2026" in above
        assert "Antwoord op" not in above
        assert broken_rules(page) == []


def test_a_changed_document_withdraws_its_questions_until_it_is_put_back(
    browser: Browser, harbour: tuple[str, Path]
) -> None:
    address, documents = harbour
    written(documents, CHANGED, QUESTIONS)
    with opened(browser, f"{address}/maintenance") as page:
        press_button(page, "Wijzigingen bekijken")
        expect(
            page.get_by_text("Voorbereide vragen zonder antwoord; ze vervallen (3)")
        ).to_be_visible()
        expect(page.get_by_text("Geen zin begint met").first).to_contain_text("Since the renewal")
        press_button(page, "Deze wijzigingen publiceren")
        expect(page.get_by_text("Gepubliceerd. Teruggaan kan")).to_be_visible()
        with opened(browser, address) as reader:
            ask(reader, CRANES)
            assert "Antwoord op" not in checked(reader)
        press(page.get_by_role("tab", name="Versies"))
        press_button(page, "Deze versie terugzetten…")
        press_button(page, "Ja, terugzetten")
        expect(page.get_by_text("Een andere versie terugzetten: klaar")).to_be_visible()
        with opened(browser, address) as reader:
            ask(reader, CRANES)
            assert "Antwoord op: How many cranes stand" in checked(reader)


def test_a_wrong_file_is_told_with_its_line_and_the_remedy(
    browser: Browser, harbour: tuple[str, Path]
) -> None:
    address, documents = harbour
    written(documents, HARBOUR, QUESTIONS.replace("units", "unit", 1))
    (documents / "quays.en.md").write_text("# Quays\n\nThe quays of Elsewhere are long.\n", "utf-8")
    with opened(browser, f"{address}/maintenance") as page:
        press_button(page, "Wijzigingen bekijken")
        told = page.locator("li", has_text="Het bestand met de voorbereide vragen")
        expect(told).to_be_visible()
        told.locator("summary").click()
        expect(told).to_contain_text("unknown field 'unit'")
        expect(told).to_contain_text("The fields are: units, questions, by, approved.")
    with opened(browser, address) as page:
        ask(page, CRANES)
        assert "Antwoord op: How many cranes stand" in checked(page)
