"""The evidence of an answer in a real browser: cards, quotes, copies, and what a phone shows."""

import functools
import http.server
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from core.settings import Settings
from ingest.pipeline import ingest
from tests.browser import ask, opened, served
from tests.test_export import CONVERSATION, hostile
from tests.test_ui_citations import HOSTILE as EVIL
from ui.answers.export import conversation_page
from ui.answers.fragments import at_quote
from ui.texts import load

pytestmark = pytest.mark.long

REPORTS = "Hoeveel meldingen van online kindermisbruik waren er in 2019?"
HOSTILE = (
    "De Zwarte Tulp telt 4321 leden <script>window.harmed = 1</script> "
    "![x](https://evil.example/x.png) $x^2$ :red[hi] :smile: **vet** "
    "<img src=x onerror='window.harmed = 1'> [link](javascript:alert(1)) https://evil.example."
)
PHONE = {"width": 390, "height": 844}  # pixels


def first_chip(page: Page) -> Locator:
    ask(page, REPORTS)
    chip = page.locator(".sw-chip").first
    expect(page.get_by_role("button", name="Kopiëren")).to_be_visible()  # the answer is complete
    page.wait_for_timeout(1000)  # in which the page comes to rest
    return chip


def test_a_card_shows_on_hover_and_stays_while_the_pointer_goes_to_it(
    browser: Browser, address: str
) -> None:
    with opened(browser, address) as page:
        chip = first_chip(page)
        card = chip.locator(".sw-card")
        expect(card).to_be_hidden()
        chip.locator("> a").hover()
        expect(card).to_be_visible()
        expect(card).to_contain_text("725 000")
        from_, to = chip.locator("> a").bounding_box(), card.bounding_box()
        assert from_ is not None
        assert to is not None
        page.mouse.move(from_["x"] + 5, from_["y"] + 10)
        page.mouse.move(to["x"] + 40, to["y"] + to["height"] / 2, steps=20)
        expect(card).to_be_visible()
        page.keyboard.press("Escape")
        expect(card).to_be_hidden()
        page.mouse.move(5, 5)
        chip.locator("> a").hover()
        expect(card).to_be_visible()


def test_a_card_shows_on_focus_and_escape_closes_it(browser: Browser, address: str) -> None:
    with opened(browser, address) as page:
        chip = first_chip(page)
        page.mouse.move(5, 5)
        chip.locator("> a").focus()
        expect(chip.locator(".sw-card")).to_be_visible()
        described = page.get_by_role("link", name="Bron 1", exact=True).first
        expect(described).to_have_accessible_description(re.compile("725 000"))
        page.keyboard.press("Escape")
        expect(chip.locator(".sw-card")).to_be_hidden()
        expect(chip.locator("> a")).to_be_focused()


def test_a_tap_shows_the_card_on_a_phone_and_the_card_leads_to_the_quote(
    browser: Browser, address: str
) -> None:
    with browser.new_page(locale="nl-NL", viewport=PHONE, has_touch=True, is_mobile=True) as page:
        page.set_default_timeout(90_000)
        page.goto(address)
        chip = first_chip(page)
        chip.tap()
        card = chip.locator(".sw-card")
        expect(card).to_be_visible()
        box = card.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= PHONE["width"]
        expect(page.locator("#exchange-0-1")).to_be_hidden()
        card.get_by_role("link", name="Toon het citaat in zijn passage").tap()
        expect(page.locator("#exchange-0-1")).to_be_focused()
        expect(page.locator("#exchange-0-1 mark").first).to_be_in_viewport()
        expect(card).to_be_hidden()
        wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0


def test_a_chip_is_large_enough_for_a_finger(browser: Browser, address: str) -> None:
    with opened(browser, address, width=320) as page:
        first_chip(page)
        page.locator("details.sw-more > summary").click()
        assert page.locator(".sw-more .sw-chip").count()
        for link in page.locator(".sw-chip > a").all():
            box = link.bounding_box()
            assert box is not None
            assert min(box["width"], box["height"]) >= 24


def test_a_click_opens_the_evidence_at_the_quote_and_the_text_around_it_is_one_click_away(
    browser: Browser, address: str
) -> None:
    with opened(browser, address) as page:
        chip = first_chip(page)
        chip.locator("> a").click()
        quote = page.locator("#exchange-0-1")
        expect(quote).to_be_focused()
        expect(quote.locator("mark").first).to_be_in_viewport()
        expect(chip.locator(".sw-card")).to_be_hidden()
        source = page.locator(".sw-source", has=quote)
        around = source.locator(".sw-nearby").first
        expect(around.locator("> div")).to_be_hidden()
        around.locator("summary").click()
        expect(around.locator("> div")).to_be_visible()
        assert len(around.locator("> div").inner_text()) > 100


def test_an_answer_is_copied_with_the_keyboard_alone(browser: Browser, address: str) -> None:
    with browser.new_page(
        locale="nl-NL", permissions=["clipboard-read", "clipboard-write"]
    ) as page:
        page.set_default_timeout(90_000)
        page.goto(address)
        first_chip(page)
        page.get_by_role("button", name="Kopiëren").focus()
        page.keyboard.press("Enter")
        page.get_by_role("tab", name="Bronvermeldingen").focus()
        page.keyboard.press("Enter")
        listed = page.get_by_test_id("stCode").filter(visible=True)
        expect(listed).to_be_visible()
        for _ in range(10):
            if page.evaluate("document.activeElement.ariaLabel") == "Copy to clipboard":
                break
            page.keyboard.press("Tab")
            page.wait_for_timeout(200)  # in which the button comes up
        page.keyboard.press("Enter")
        page.wait_for_function("navigator.clipboard.readText().then(Boolean)")
        copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("[1] Strategiewijzer, samenvatting van: Europese Commissie, ")
    assert "24 juli 2020" in copied


def test_a_hostile_source_shows_as_text_in_cards_and_copies(
    browser: Browser, small: Callable[[Mapping[str, str]], Settings], tmp_path: Path
) -> None:
    front_matter = "---\nid: tulp\ntitle: Tulp <b>vet</b> $y$\nlanguage: nl\n---\n\n"
    text = f"# Tulp\n\n## Leden van de Zwarte Tulp\n\n{HOSTILE}\n"
    settings = small({"tulp.md": front_matter + text})
    ingest(settings)
    with served(settings.data_dir, tmp_path / "log") as address, opened(browser, address) as page:
        ask(page, "Hoeveel leden telt de Zwarte Tulp?")
        chip = page.locator(".sw-chip").first
        chip.locator("> a").focus()
        expect(chip.locator(".sw-card")).to_be_visible()
        page.get_by_role("button", name="Kopiëren").click()
        copied = page.get_by_test_id("stCode").first
        expect(copied).to_be_visible()
        for piece in ("<script>", "$x^2$", ":red[hi]", ":smile:", "**vet**", "![x]"):
            expect(chip.locator(".sw-card")).to_contain_text(piece)
            expect(copied).to_contain_text(piece)
        expect(
            page.locator("[data-testid=stMain]").locator("img, script, .katex, b")
        ).to_have_count(0)
        assert page.evaluate("window.harmed") is None


def test_a_hostile_conversation_is_exported_as_text(browser: Browser) -> None:
    with browser.new_page() as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.set_content(conversation_page(EVIL, [hostile()], load("nl")))
        expect(page.get_by_role("heading", level=1)).to_have_text(EVIL)
        expect(page.locator("blockquote")).to_have_text(EVIL)
        expect(page.locator("img, script, b")).to_have_count(0)
        page.get_by_role("link", name="[1]").click()
        expect(page.locator("li:target")).to_be_in_viewport()
        assert asked == []


def test_an_exported_conversation_fits_the_screen_and_the_paper(browser: Browser) -> None:
    with browser.new_page(viewport={"width": 320, "height": 640}) as page:
        page.set_content(conversation_page("Drugs", CONVERSATION, load("nl")))
        wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0
        assert page.pdf().startswith(b"%PDF")


@contextmanager
def web_page(folder: Path, paragraphs: list[str]) -> Iterator[str]:
    """The address of a long page with these paragraphs at its end."""
    filler = "<p>Vulling die nergens over gaat.</p>" * 300
    body = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    page = f"<!doctype html><meta charset=utf-8><title>x</title><body>{filler}{body}{filler}"
    (folder / "page.html").write_text(page, "utf-8")
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("localhost", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}/page.html"
        server.shutdown()


LONG = (
    "Η στρατηγική της ΕΕ για την Ένωση Ασφάλειας καθορίζει, για την περίοδο 2020-2025, τέσσερις "
    "προτεραιότητες, μέσα & εργαλεία για όλους."
)


def followed(browser: Browser, url: str, quote: str) -> Page:
    """The page that opens when a reader clicks the link to a quote, in a tab of its own."""
    page = browser.new_page()
    page.goto(url)
    page.evaluate(
        """url => {
            const link = document.createElement("a");
            link.href = url; link.target = "_blank"; link.rel = "noopener noreferrer";
            link.textContent = "bron"; document.body.prepend(link);
        }""",
        at_quote(url, quote),
    )
    with page.context.expect_page() as opening:
        page.get_by_role("link", name="bron").click()
    return opening.value


@pytest.mark.parametrize(
    ("paragraphs", "quote"),
    [
        (["De geïntegreerde coördinatie – één – wordt geëvalueerd."], None),
        (["Η καταπολέμηση της σεξουαλικής κακοποίησης παιδιών."], None),
        ([LONG], None),
        (["Prijs: 50 % + 3,5 € & meer-dan-genoeg, toch?"], None),
        (["Drie pijlers:", "preventie van drugsgebruik;", "toegang tot zorg."], None),
        (["Met&nbsp;24&nbsp;juli 2020 als datum."], "Met 24 juli 2020 als datum."),
    ],
    ids=["accents", "greek", "long", "reserved", "list", "spaces"],
)
def test_a_link_to_a_source_leads_to_the_quote(
    browser: Browser, tmp_path: Path, paragraphs: list[str], quote: str | None
) -> None:
    wanted = quote or "\n- ".join(paragraphs)
    with web_page(tmp_path, [p.replace(" & ", " &amp; ") for p in paragraphs]) as url:
        source = followed(browser, url, wanted)
        place = source.locator("p", has_text=wanted.split()[0]).first
        expect(place).to_be_in_viewport(timeout=10_000)
        assert source.evaluate("window.scrollY") > 1000
        source.context.close()


def test_a_link_to_words_that_a_source_lacks_opens_it_at_its_top(
    browser: Browser, tmp_path: Path
) -> None:
    with web_page(tmp_path, ["Iets anders."]) as url:
        source = followed(browser, url, "Η στρατηγική.")
        source.wait_for_load_state("load")
        source.wait_for_timeout(1000)  # in which a browser finds what is there
        assert source.evaluate("window.scrollY") == 0
        source.context.close()
