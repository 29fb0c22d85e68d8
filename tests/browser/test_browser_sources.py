"""The sources page in a real browser."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from core.settings import Settings
from ingest.pipeline import ingest
from tests.support.browser import field, opened, press, served, settled, sideways, text_of
from ui.addresses import reading_address
from vectorstore.store import open_index

pytestmark = pytest.mark.long

DRUGS = "/sources?document=drugs-agenda&language=nl"
HOSTILE = (
    "<script>window.harmed = 1</script> ![x](https://evil.example/x.png) $x^2$ :red[hi] :smile: "
    "**vet** <img src=x onerror='window.harmed = 1'> [link](javascript:alert(1))"
)
PIECES = ("<script>", "<img src=x", "$x^2$", ":red[hi]", ":smile:", "[link](javascript:")
TITLE_PIECES = (*PIECES, "![x](https://evil", "**vet**")  # ingestion itself drops these from a text


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app on a document that tries everything, in title, headings, area and text."""
    folder = tmp_path_factory.mktemp("hostile")
    title = HOSTILE.replace("'", "''")
    front = f"---\nid: tulp\ntitle: '{title}'\nlanguage: nl\narea: '{title}'\n---\n\n"
    text = f"# Tulp\n\n## Leden {HOSTILE}\n\nDe Zwarte Tulp telt 4321 leden {HOSTILE}.\n"
    (folder / "tulp.md").write_text(front + text, "utf-8")
    (folder / "roos.md").write_text(
        "---\nid: roos\ntitle: Roos\nlanguage: nl\narea: bloemen\n---\n\n# Roos\n\nEen roos.\n",
        "utf-8",
    )
    settings = Settings(data_dir=tmp_path_factory.mktemp("data"), corpus_dirs=(folder,))
    ingest(settings)
    with served(settings.data_dir, tmp_path_factory.mktemp("app") / "log") as address:
        yield address


def link_in_list(page: Page, name: str | re.Pattern[str]) -> None:
    press(page.get_by_test_id("stMain").get_by_role("link", name=name).first)


def overflow(page: Page) -> int:
    """By how many pixels what is in the page is wider than it."""
    wide = page.get_by_test_id("stMain").evaluate("one => one.scrollWidth - one.clientWidth")
    return int(wide)


def test_the_list_is_searched_as_one_types_and_a_hit_opens_at_its_passage(
    browser: Browser, address: str
) -> None:
    with opened(browser, f"{address}/sources") as page:
        expect(page.get_by_text("5 van 5 documenten")).to_be_visible()
        search = page.get_by_role("searchbox")
        search.focus()
        page.keyboard.type("cocaine")  # no Enter
        count = page.get_by_role("status").filter(has_text="documenten")
        expect(count).to_have_text("1 van 5 documenten · passages met deze woorden: 2")
        expect(page.locator(".sw-snippet mark").first).to_have_text("cocaïne")

        link_in_list(page, "Omvang van de drugsmarkt")
        passage = page.locator(".sw-passage:target")
        expect(passage.locator("mark")).to_have_text("cocaïne")
        expect(passage).to_be_in_viewport()
        expect(page).to_have_url(re.compile(r"document=drugs-agenda&language=nl&quote=.*#passage-"))

        page.go_back()  # one step: the list as it was
        expect(search).to_have_value("cocaine")
        expect(count).to_have_text("1 van 5 documenten · passages met deze woorden: 2")


def test_the_outline_stays_in_place(browser: Browser, address: str) -> None:
    with opened(browser, f"{address}{DRUGS}") as page:
        outline = page.get_by_role("navigation", name="Onderdelen")
        outline.get_by_role("link").last.focus()
        page.keyboard.press("Enter")
        expect(page.locator(".sw-passage:target")).to_be_in_viewport()
        expect(outline).to_be_in_viewport()


def test_on_a_phone_the_outline_folds(browser: Browser, address: str) -> None:
    with opened(browser, f"{address}{DRUGS}", width=390) as page:
        outline = page.get_by_role("navigation", name="Onderdelen")
        expect(outline).to_have_count(1)
        link = outline.get_by_role("link", name="Omvang van de drugsmarkt")
        expect(link).to_be_hidden()
        outline.locator("summary").click()
        link.click()
        expect(page.locator(".sw-passage:target")).to_contain_text("30 miljard")
        settled(page)
        assert overflow(page) <= 0


def test_quotes_of_an_address_are_marked_and_the_first_is_scrolled_to(
    browser: Browser, address: str, settings: Settings
) -> None:
    passages = open_index(settings).snapshot().passages(["drugs-agenda.nl"])
    passage = next(each for each in passages if "30 miljard euro" in each.text)
    start = passage.text.index("30 miljard euro")
    spans = [(start, start + 15), (0, 10)]
    query, place = reading_address(passage.document, passage.id, spans).split("#")
    for end in (f"#{place}", "", "#passage-unknown"):
        with opened(browser, f"{address}/sources?{query}&quote=x:1-2{end}") as page:
            marks = page.locator(".sw-passage mark")
            expect(marks).to_have_text([passage.text[:10], "30 miljard euro"])
            expect(marks.first).to_be_in_viewport()


def test_a_question_about_a_document_is_asked_in_the_session(
    browser: Browser, address: str
) -> None:
    with opened(browser, f"{address}{DRUGS}") as page:
        page.evaluate("window.stays = true")
        press(page.get_by_role("button", name="Stel een vraag over dit document"))
        expect(field(page)).to_be_visible()
        expect(page).to_have_url(re.compile(r"/\?document=drugs-agenda"))
        page.go_back()
        digest = page.locator(".st-key-digest")
        digest.locator("summary").first.click()
        asked = digest.locator("[class*=st-key-plain-question] button").first
        question = text_of(asked).splitlines()[-1]
        press(asked)
        expect(page.locator(".sw-question, .sw-last-question").first).to_contain_text(question)
        assert page.evaluate("window.stays")


def test_what_a_source_says_is_shown_plainly(browser: Browser, hostile: str) -> None:
    with opened(browser, f"{hostile}/sources") as page:
        main = page.get_by_test_id("stMain")
        expect(page.get_by_text("2 van 2 documenten")).to_be_visible()
        page.get_by_role("searchbox").fill("leden")
        expect(page.locator(".sw-snippet mark").first).to_be_visible()
        title = main.locator("[class*=st-key-plain-open] a")
        area = main.locator("[class*=st-key-plain-filters] button").filter(has_text="script")
        for piece in TITLE_PIECES:
            expect(title).to_contain_text(piece)
            expect(area).to_contain_text(piece)
        for place in ("[class*=st-key-plain-hit] a", ".sw-snippet"):
            for piece in PIECES:
                expect(main.locator(place).first).to_contain_text(piece)
        expect(main.locator("img, script, .katex, .sw-snippet b")).to_have_count(0)
        link_in_list(page, re.compile("^Leden"))
        for place, pieces in (
            *(("h1", TITLE_PIECES), (".sw-record", TITLE_PIECES)),
            *(("article h2", PIECES), (".sw-passage", PIECES)),
        ):
            for piece in pieces:
                expect(main.locator(place).first).to_contain_text(piece)
        expect(main.locator("img, .katex, article b")).to_have_count(0)
        assert page.evaluate("window.harmed") is None


@pytest.mark.parametrize("place", ["/sources", "/sources?document=tulp&language=nl"])
def test_long_names_need_no_scrolling_sideways(browser: Browser, hostile: str, place: str) -> None:
    with opened(browser, f"{hostile}{place}", width=320) as page:
        expect(page.locator(".sw-facts, .sw-record").first).to_be_visible()
        for width in (320, 390):
            page.set_viewport_size({"width": width, "height": 720})
            assert (sideways(page) <= 0, overflow(page) <= 0) == (True, True), width
