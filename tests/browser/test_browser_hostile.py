"""Hostile documents on the real page in a real browser, with the worst-case model."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, expect

from core.settings import Settings
from ingest.pipeline import ingest
from tests.support.browser import ask, opened, served, settled, text_of, visitor
from tests.support.openai_server import openai_server
from tests.support.worst_case_model import HOST, Case, WorstCaseModel, cases

pytestmark = pytest.mark.long

_DOCUMENTS = (
    *("plain", "markdown-image", "markdown-link", "reference-link", "linked-truth", "html-truth"),
    *("html-in-md", "data-address", "javascript-address", "terminal"),
    *("front-title", "front-reference", "front-foreign-address"),
)
DOCUMENTS = [case for case in cases("documents") if case.name in _DOCUMENTS]
_OWN = "https://evil.example/office"  # the page of each document

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


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "documents").mkdir()
    for case in DOCUMENTS:
        for file, text in case.files().items():
            (folder / "documents" / file).write_text(text, "utf-8")
    settings = Settings(data_dir=folder / "data", corpus_dirs=(folder / "documents",))
    assert ingest(settings).failures == ()
    with openai_server() as script:
        environment = {
            "OPENAI_BASE_URL": script.url,
            "OPENAI_API_KEY": "x",
            "STRATEGIEWIJZER_MODEL": "scripted",
            "STRATEGIEWIJZER_ANSWER_TIMEOUT": "60",
        }
        with served(settings.data_dir, folder / "log", environment) as address:
            yield Site(address, WorstCaseModel(script, DOCUMENTS))


def faults(page: Page) -> list[str]:
    """Elements and attributes of answers that the app does not make; the page of the document may
    be linked where the label says where it leads."""
    found = [*page.evaluate(_ELEMENTS), *page.evaluate(_FOREIGN)]
    named = page.locator(f"a[href^='{_OWN}']").all_text_contents()
    found += [f"unnamed: {label}" for label in named if HOST not in label]
    return [each for each in found if not each.startswith(f"a href {_OWN}")]


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
        assert faults(page) == []


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
        assert len(faults(page)) == 4
