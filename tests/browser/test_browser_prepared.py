"""Prepared questions as readers and maintainers meet them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from core.settings import Settings
from ingest.pipeline import ingest
from tests.index.test_prepared_questions import HARBOUR, QUESTIONS
from tests.support.axe import broken_rules
from tests.support.browser import ask, button, opened, press, served, text_of
from tests.support.small import reading

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
    with served(tmp_path / "data", tmp_path / "log", reading(documents)) as found:
        yield found, documents


def written(folder: Path, text: str, questions: str) -> None:
    (folder / "harbour.md").write_text(text, "utf-8")
    (folder / "harbour.questions.yaml").write_text(questions, "utf-8")


def answer(page: Page) -> Locator:
    """The last answer, without what unfolds below it."""
    return page.get_by_test_id("stChatMessage").last.locator(".sw-answer").first


def checked(page: Page) -> str:
    """What is said above the last answer."""
    expect(page.get_by_role("button", name="Kopiëren").last).to_be_visible()
    return text_of(page.locator(".sw-checked").last)


def test_an_answer_says_which_question_it_answers_and_who_approved_it_and_outlasts_a_wrong_file(
    browser: Browser, harbour: tuple[str, Path]
) -> None:
    address, documents = harbour
    with opened(browser, address, width=390) as page:
        ask(page, CRANES)
        expect(answer(page)).to_contain_text("31 cranes")
        above = checked(page)
        assert "Answer to: How many cranes stand in the harbour of Veldport?" in above
        ask(page, MANAGES)
        expect(answer(page)).to_contain_text("Harbour Board")
        above = checked(page)
        assert "Checked by Town of Veldport, 29 November 2026" in above
        assert "Answer to" not in above
        assert broken_rules(page) == []

    written(documents, HARBOUR, QUESTIONS.replace("units", "unit", 1))
    (documents / "quays.en.md").write_text("# Quays\n\nThe quays of Elsewhere are long.\n", "utf-8")
    with opened(browser, f"{address}/maintenance") as page:
        press(button(page, "Wijzigingen bekijken"))
        told = page.locator("li", has_text="Het bestand met de voorbereide vragen")
        expect(told).to_be_visible()
        told.locator("summary").click()
        expect(told).to_contain_text("unknown field 'unit'")
        expect(told).to_contain_text("The fields are: units, questions, by, approved.")
    with opened(browser, address) as page:
        ask(page, CRANES)
        assert "Answer to: How many cranes stand" in checked(page)
