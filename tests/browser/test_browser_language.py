"""Every page speaks one language: nothing of Streamlit's own English is left on it."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browser import press, settled, visitor
from ui.texts import languages, load

LOCALES = {"nl": "nl-NL", "fr": "fr-FR", "de": "de-DE"}
# What Streamlit says in English, and what a page in another language may not say.
ENGLISH = re.compile(
    r"\b(?:press|enter to|submit form|upload|browse|drag and drop|per file|skip to|deploy|close|"
    r"show password|sidebar|open|clear|remove|selected|choose|select|results|available|help for|"
    r"shortcut|send|message from|app pages|month|day|year|empty|previous|next|copy|search|"
    r"dismiss|running|settings|rerun|about)\b",
    re.IGNORECASE,
)
# All that is seen or told to a screen reader, apart from our own HTML and what is in it.
SHOWN = """() => {
  const texts = new Set();
  const data = ".stHtml, script, style, noscript, code, [data-testid=stIconMaterial]";
  for (const element of document.querySelectorAll("body *")) {
    if (element.closest(data)) continue;
    for (const name of ["aria-label", "title", "placeholder", "alt", "aria-valuetext"]) {
      if (element.getAttribute(name)) texts.add(element.getAttribute(name));
    }
    for (const node of element.childNodes) {
      if (node.nodeType === Node.TEXT_NODE) texts.add(node.data.trim());
    }
  }
  return [...texts];
}"""


def english(page: Page, language: str) -> list[str]:
    """What is English on the page; words that are our own in this language are none."""
    settled(page)
    own = {text for key, text in load(language).values.items() if not key.startswith("kinds.")}
    found = [text for text in page.evaluate(SHOWN) if ENGLISH.search(text)]
    return [text for text in found if text not in own]


@pytest.mark.long
@pytest.mark.parametrize("language", LOCALES)
def test_no_english_is_left_on_a_page(browser: Browser, address: str, language: str) -> None:
    texts = load(language)
    with visitor(browser, address, locale=LOCALES[language]) as page:
        page.goto(address)
        expect(page.get_by_placeholder(texts("chat.placeholder"))).to_be_enabled()
        page.get_by_text(texts("filters.heading"), exact=True).click()
        settled(page)
        page.get_by_role("combobox", name=texts("filters.documents")).press_sequentially("qqq")
        expect(page.get_by_text(texts("streamlit.nothing_found"), exact=True)).to_be_visible()
        assert english(page, language) == []
        page.keyboard.press("Escape")
        settled(page)
        # By a key: in one whole run on a busy machine a click here opened nothing.
        page.get_by_test_id("stDateInputCalendarButton").press("Enter")
        expect(page.get_by_test_id("stDateInputCalendar")).to_be_visible()
        assert english(page, language) == []
        page.keyboard.press("Escape")
        page.get_by_label(texts("history.search")).fill("abc")
        expect(page.get_by_text(texts("streamlit.apply"))).to_be_visible()
        assert english(page, language) == []
        for path in ("sources", "sources?document=drugs-agenda", "evaluation", "maintenance"):
            page.goto(f"{address}/{path}")
            expect(page.locator("h1").first).to_be_visible()
            assert english(page, language) == [], path


@pytest.mark.long
def test_the_size_of_a_chosen_file_is_written_as_the_language_does(
    browser: Browser, address: str
) -> None:
    with visitor(browser, address, locale="fr-FR") as page:
        page.goto(f"{address}/maintenance")
        field = page.locator("input[type=file]").first
        for number, (size, told) in enumerate([(455, "455 o"), (1536, "1,5 Ko")]):
            name = f"{number}, 2.0B.md"  # a name stays as it is
            field.set_input_files({"name": name, "mimeType": "text/plain", "buffer": b"a" * size})
            chip = page.get_by_test_id("stFileChip").nth(number)
            expect(chip).to_have_text(f"{name}{told}", use_inner_text=False)
            expect(chip).to_have_accessible_name(f"{name}, {told}")
            settled(page)  # a file that is chosen while the page is made anew is not taken


@pytest.mark.long
def test_a_language_that_is_chosen_survives_a_reload(browser: Browser, address: str) -> None:
    with visitor(browser, address, locale="en-US") as page:
        page.goto(address)
        expect(page.get_by_text("Skip to main content")).to_be_attached()
        press(page.get_by_role("combobox", name="Language", exact=True))
        press(page.get_by_role("option", name="Nederlands"))
        expect(page.get_by_placeholder("Stel uw vraag")).to_be_enabled()
        expect(page.get_by_text("Naar de inhoud")).to_be_attached()
        settled(page)

        page.reload()
        expect(page.get_by_placeholder("Stel uw vraag")).to_be_enabled()
        assert english(page, "nl") == []


@pytest.mark.parametrize("language", LOCALES)
def test_no_word_of_streamlit_has_two_translations(language: str) -> None:
    told = load(language).values
    keys = [key for key in told if key.startswith("streamlit.")]
    for key in keys:
        forms = {load(other).values[key] for other in languages()}
        others = [each for each in keys if each != key and told[each] != told[key]]
        assert not forms & {load(other).values[each] for each in others for other in languages()}
