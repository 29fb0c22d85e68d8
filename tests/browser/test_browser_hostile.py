"""Hostile documents and questions on the real page in a real browser, with the worst-case model."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from core.settings import Settings
from ingest.pipeline import ingest
from tests.support.browser import ask, opened, served, settled, text_of, visitor
from tests.support.openai_server import openai_server
from tests.support.worst_case_model import HOST, Case, WorstCaseModel, cases

pytestmark = pytest.mark.long

# What stands in a document is known by its name, what stands in a question likewise.
_DOCUMENTS = (
    *("plain", "markdown-image", "markdown-link", "reference-link", "linked-truth", "html-truth"),
    *("html-in-md", "data-address", "javascript-address", "terminal"),
    *("front-title", "front-reference", "front-foreign-address"),
)
_QUESTIONS = ("image-en", "html-fr", "link-de", "fence-en", "unicode-en")
DOCUMENTS = [case for case in cases("documents") if case.name in _DOCUMENTS]
QUESTIONS = [case for case in cases("questions") if case.name in _QUESTIONS]

# What may carry something out or in, of all that the page made for its answers.
_FOREIGN = """() => [...document.querySelectorAll('[data-testid=stChatMessage], .sw-answer')]
    .flatMap((one) => [...one.querySelectorAll('*')])
    .flatMap((one) => [...one.attributes].map((it) => [one.localName, it.name, it.value]))
    .filter(([tag, name, value]) =>
        /^on/.test(name) || /^(src|srcset|data|action|formaction|poster|background)$/.test(name)
        || name === 'style' && /url\\(/.test(value)
        || /^(href|xlink:href)$/.test(name)
            && new URL(value, document.baseURI).origin !== location.origin)
    .map((one) => one.join(' '))"""
_ELEMENTS = """() => [...document.querySelectorAll('[data-testid=stChatMessage] *')]
    .map((one) => one.localName)
    .filter((name) => /^(iframe|object|embed|video|audio|form|base|meta|link)$/.test(name))"""


@dataclass
class Site:
    """The app at an address, and the model that it asks."""

    address: str
    model: WorstCaseModel


def site(settings: Settings, folder: Path, known: list[Case]) -> Iterator[Site]:
    with openai_server() as script:
        environment = {
            "OPENAI_BASE_URL": script.url,
            "OPENAI_API_KEY": "x",
            "STRATEGIEWIJZER_MODEL": "scripted",
            "STRATEGIEWIJZER_ANSWER_TIMEOUT": "60",
        }
        with served(settings.data_dir, folder / "log", environment) as address:
            yield Site(address, WorstCaseModel(script, known))


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "documents").mkdir()
    for case in DOCUMENTS:
        for file, text in case.files().items():
            (folder / "documents" / file).write_text(text, "utf-8")
    settings = Settings(data_dir=folder / "data", corpus_dirs=(folder / "documents",))
    assert ingest(settings).failures == ()
    yield from site(settings, folder, DOCUMENTS)


@pytest.fixture(scope="module")
def briefs(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    yield from site(settings, tmp_path_factory.mktemp("asked"), QUESTIONS)


def faults(page: Page, own: str = "") -> list[str]:
    """Elements and attributes of answers that the app does not make; `own` is a page of a document
    and may be linked where the label says where it leads."""
    found = [*page.evaluate(_ELEMENTS), *page.evaluate(_FOREIGN)]
    if own:
        named = page.locator(f"a[href^='{own}']").all_text_contents()
        found += [f"unnamed: {label}" for label in named if HOST not in label]
        found = [each for each in found if not each.startswith(f"a href {own}")]
    return found


def answered(page: Page, case: Case) -> None:
    ask(page, case.question)
    expect(page.get_by_test_id("stChatMessage")).to_have_count(2)
    expect(page.get_by_role("radiogroup")).to_be_visible()
    settled(page)


@pytest.mark.parametrize("case", DOCUMENTS, ids=lambda case: case.name)
def test_a_hostile_document_puts_nothing_into_the_page(
    browser: Browser, documents: Site, case: Case
) -> None:
    documents.model.case = case
    with opened(browser, documents.address) as page:
        answered(page, case)
        assert set(case.says) <= set(documents.model.sentences)
        assert case.carrier.true in text_of(page.get_by_test_id("stChatMessage").last)
        assert faults(page, "https://evil.example/office") == []


@pytest.mark.parametrize("case", QUESTIONS, ids=lambda case: case.name)
def test_a_hostile_question_adds_nothing(browser: Browser, briefs: Site, case: Case) -> None:
    briefs.model.case = case
    with opened(browser, briefs.address) as page:
        answered(page, case)
        official = [each for each in faults(page) if not each.startswith("a href https://eur-lex.")]
        assert [
            each for each in official if HOST in each or not each.startswith("a href https")
        ] == []


def test_what_a_raw_reply_would_put_there_is_found(browser: Browser, documents: Site) -> None:
    documents.model.case = DOCUMENTS[0]
    # Not `opened`, which fails where the policy holds something back.
    with visitor(browser, documents.address) as page:
        page.goto(documents.address)
        answered(page, DOCUMENTS[0])
        page.evaluate(
            f"""() => document.querySelector('[data-testid=stChatMessage]').insertAdjacentHTML(
                'beforeend', '<a href="https://{HOST}/x">x</a><iframe></iframe>'
                    + '<b onclick="x()">x</b><img src="data:,">')"""
        )
        assert len(faults(page, "https://evil.example/office")) == 4
