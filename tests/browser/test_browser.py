"""The page in a real browser: what a reader sees, and what a hostile source cannot do."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from core.settings import Settings
from ingest.pipeline import ingest
from tests.support.browser import ask, evidence, opened, press, served, settled
from tests.support.small import Small
from userdata.database import database
from userdata.feedback import read

REPORTS = "Hoeveel meldingen van online kindermisbruik waren er in 2019?"
HOSTILE = (
    "De Zwarte Tulp telt 4321 leden <script>window.harmed = 1</script> "
    "![x](https://evil.example/x.png) $x^2$ :red[hi] :material/home: :smile: **vet** "
    "<img src=x onerror='window.harmed = 1'> [link](javascript:alert(1)) https://evil.example."
)


def test_a_marker_leads_to_its_quote_and_on_to_its_context(browser: Browser, address: str) -> None:
    with opened(browser, address) as page:
        ask(page, REPORTS)
        marker = page.get_by_role("link", name="Bron 1", exact=True).first
        expect(marker).to_be_visible()
        expect(page.locator("details.sw-sources")).to_have_count(1)
        settled(page)
        marker.focus()
        page.keyboard.press("Enter")
        source = page.get_by_role("dialog", name="Bron bij het antwoord")
        expect(source.locator("mark").first).to_be_in_viewport()
        settled(page)  # until then Streamlit could have scrolled away from it
        expect(source.locator("mark").first).to_be_in_viewport()
        expect(marker).to_be_in_viewport()
        source.get_by_role("link", name="Persbericht").click(trial=True)
        page.keyboard.press("Escape")

        evidence(page).click()
        with page.context.expect_page() as opening:
            press(page.get_by_role("link", name="Lees in de context").first)
        place = opening.value.locator(".sw-passage:target")
        expect(place).to_contain_text("725 000")
        expect(place).to_be_in_viewport()


@pytest.mark.long
def test_a_hostile_source_is_text_in_answers_and_cards_and_not_run(
    browser: Browser, small: Small, tmp_path: Path
) -> None:
    front_matter = "---\nid: tulp\ntitle: Tulp <b>vet</b> $y$\nlanguage: nl\n---\n\n"
    text = f"# Tulp <b>vet</b>\n\n## Leden van de Zwarte Tulp\n\n{HOSTILE}\n"
    settings = small({"tulp.md": front_matter + text})
    ingest(settings)
    with served(settings.data_dir, tmp_path / "log") as address, opened(browser, address) as page:
        ask(page, "Hoeveel leden telt de Zwarte Tulp?")
        expect(evidence(page)).to_be_visible()
        settled(page)
        evidence(page).click()
        expect(page.locator("mark").first).to_be_visible()
        shown = page.get_by_test_id("stChatMessage").last
        chip = page.locator(".sw-chip").first
        chip.locator("> a").focus()
        expect(chip.locator(".sw-card")).to_be_visible()
        for piece in (":red[hi]", ":material/home:", ":smile:", "**vet**", "<script>", "$x^2$"):
            expect(page.locator(".sw-answer").last).to_contain_text(piece)
            expect(shown.locator("blockquote")).to_contain_text(piece)
            expect(chip.locator(".sw-card")).to_contain_text(piece)
        expect(shown).to_contain_text("Tulp <b>vet</b> $y$")
        expect(shown.locator("img, .katex, b, blockquote script")).to_have_count(0)
        page.keyboard.press("Enter")
        panel = page.get_by_role("dialog", name="Bron bij het antwoord")
        expect(panel).to_contain_text("<img src=x")
        expect(panel.locator("img, script, .katex, b")).to_have_count(0)
        page.keyboard.press("Escape")
        expect(page.get_by_test_id("stMain").locator("img, .katex, b")).to_have_count(0)
        assert page.evaluate("window.harmed") is None


def test_a_verdict_is_given_with_the_keyboard_and_stays_in_view(
    browser: Browser, address: str, settings: Settings
) -> None:
    with opened(browser, address) as page:
        for number, question in enumerate((REPORTS, "Wat is EMPACT?"), start=1):
            ask(page, question)
            group = page.get_by_role("radiogroup", name="Was dit antwoord bruikbaar?")
            expect(group).to_have_count(number)
        settled(page)  # until then what has the focus may be drawn anew
        first = page.get_by_role("radiogroup", name="Was dit antwoord bruikbaar?").first
        first.get_by_role("radio").first.focus()
        page.keyboard.press("Enter")
        expect(page.get_by_text("dagen bewaard, los van dit gesprek")).to_be_visible()
        settled(page)
        group.last.get_by_role("radio").first.focus()  # at the end of the page
        first.get_by_role("radio").first.focus()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Enter")
        field = page.get_by_label("Wat klopt er niet of ontbreekt er?")
        expect(field).to_be_visible()
        settled(page)  # until then Streamlit could have scrolled away from it
        expect(field).to_be_in_viewport(ratio=1)
        field.focus()
        page.keyboard.type("De bron van 2010 ontbreekt.")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.get_by_text("Met uw toelichting 365 dagen bewaard")).to_be_visible()
    given = read(database(settings))[-1]
    assert (given.question, given.comment) == (REPORTS, "De bron van 2010 ontbreekt.")


def test_filters_outlast_another_page_until_cleared(browser: Browser, address: str) -> None:
    with opened(browser, address) as page:
        expect(page.get_by_placeholder("Stel uw vraag")).to_be_enabled()  # all is there
        page.get_by_text("Filters", exact=True).click()
        press(page.get_by_role("combobox", name="Documenten"))
        press(page.get_by_role("option", name="EU-agenda en -actieplan inzake drugs"))
        page.keyboard.press("Escape")
        told = page.get_by_role("status").filter(has_text="Gezocht binnen: EU-agenda")
        expect(told).to_be_visible()
        press(page.get_by_role("link", name="Bronnen"))
        expect(page.get_by_text("5 van 5 documenten")).to_be_visible()
        press(page.get_by_role("link", name="Vragen", exact=True))
        expect(told).to_be_visible()
        press(page.get_by_role("button", name="Filters wissen"))
        expect(told).to_have_count(0)
