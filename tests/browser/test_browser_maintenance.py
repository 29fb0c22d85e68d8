"""Maintenance in a real browser: from a hostile file to an answer, and back."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from core.settings import Settings
from ingest.pipeline import ingest
from tests.support.axe import SCHEMES, broken_rules
from tests.support.browser import ask, box_of, button, opened, press, served, sideways
from tests.support.people import verdict
from tests.support.small import reading
from ui import jobs
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
OFFICIAL = (
    "---\nid: tulp\nlanguage: nl\nkind: official\ntitle: Verordening (EU) 2099/1 van de Raad "
    f"{'betreffende de bescherming van de zwarte tulp ' * 4}\n---\n\n# Tulp\n\n"
    "De Zwarte Tulp telt 4321 leden.\n"
)
# What the page looks at again and again, it does not look at while somebody looks away.
LOOKS_AWAY = """{
    const every = window.setInterval;
    window.setInterval = (look, ...rest) => every(() => window.looksAway || look(), ...rest);
}"""
WAITS = ("-c", "import time; time.sleep(300)", "verify")
VERDICT = verdict(1, comment="Het jaartal klopt niet.")
PLAN = "Wijzigingen bekijken"
QUESTION = "Aantal leden Zwarte Tulp?"


@contextmanager
def maintained(folder: Path) -> Iterator[str]:
    """The address of the app on an index with one document, which has changed since."""
    documents = folder / "documents"
    documents.mkdir()
    (documents / "alpha.md").write_text(ALPHA, "utf-8")
    ingest(Settings(data_dir=folder / "data", corpus_dirs=(documents,)))
    (documents / "alpha.md").write_text(MORE, "utf-8")
    with served(folder / "data", folder / "log", reading(documents)) as found:
        yield found


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """For a test that publishes."""
    with maintained(tmp_path) as found:
        yield found


@pytest.fixture(scope="module")
def _unpublished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    folder = tmp_path_factory.mktemp("unpublished")
    with maintained(folder) as found:
        yield found, folder


@pytest.fixture
def unpublished(_unpublished: tuple[str, Path]) -> Iterator[tuple[str, Path]]:
    """For tests that publish nothing: the address, and the folder of the data."""
    address, folder = _unpublished
    yield address, folder / "data"
    shutil.rmtree(folder / "documents")
    (folder / "documents").mkdir()
    (folder / "documents" / "alpha.md").write_text(MORE, "utf-8")
    shutil.rmtree(folder / "data" / "jobs", ignore_errors=True)


def go_to(page: Page, name: str) -> None:
    press(page.get_by_role("tab", name=name))


def upload(page: Page, *files: tuple[str, str]) -> None:
    kind = "application/octet-stream"
    given = [{"name": name, "mimeType": kind, "buffer": text.encode()} for name, text in files]
    page.locator("input[type=file]").set_input_files(files=given)


def is_found_by_readers(browser: Browser, address: str, *, now: bool) -> None:
    """Waits until a reader who comes now gets the answer of the new document, or a refusal."""
    with opened(browser, address) as reader:
        ask(reader, QUESTION)
        if now:
            expect(reader.locator(".sw-answer").last).to_contain_text("4321")
        else:
            expect(reader.locator(".sw-refusal")).to_be_visible()


def test_a_document_is_uploaded_planned_tried_out_published_asked_about_and_rolled_back(
    browser: Browser, address: str
) -> None:
    with opened(browser, f"{address}/maintenance") as page:
        upload(page, (NAME, HOSTILE), ("oud.doc", "x"))
        expect(page.get_by_text("sla het op als .docx")).to_be_visible()
        press(button(page, "Documenten toevoegen (1)"))
        expect(page.get_by_text("Toegevoegde documenten: 1")).to_be_visible()
        expect(page.get_by_text(NAME).first).to_be_visible()

        press(button(page, PLAN))  # which is offered at once
        page.locator(".sw-change summary", has_text="Alpha").click()
        changed = page.locator(".sw-change", has_text="Alpha")
        expect(changed.locator("del", has_text="30")).to_be_visible()
        expect(changed.locator("ins", has_text="40")).to_be_visible()
        page.locator(".sw-change summary", has_text="Tulp <b>vet</b> :smile: $x$").click()
        expect(page.get_by_text("<script>window.harmed = 1</script>")).to_be_visible()

        press(button(page, "Eerst uitproberen"))
        expect(page.locator(".sw-job")).to_be_in_viewport()  # though it was started further down
        field = page.get_by_role("textbox", name="Vraag aan beide versies")
        field.fill(QUESTION)
        field.press("Enter")
        present = page.locator(".stColumn", has_text="Nu: zoals gepubliceerd")
        planned = page.locator(".stColumn", has_text="Straks: na publicatie")
        expect(planned.locator(".sw-answer")).to_contain_text("4321")
        expect(present.locator(".sw-refusal")).to_be_visible()
        left, right = box_of(present), box_of(planned)
        assert left["x"] + left["width"] <= right["x"]  # side by side
        assert broken_rules(page) == []
        planned.locator(".sw-chip > a").first.click()
        expect(page.locator(".sw-panel[open]")).to_contain_text("4321")
        page.keyboard.press("Escape")
        expect(page.locator(".sw-panel[open]")).to_have_count(0)
        page.set_viewport_size({"width": 390, "height": 720})
        expect(planned).to_have_css("width", re.compile(r"^3\d\d"))
        left, right = box_of(present), box_of(planned)
        assert left["y"] + left["height"] <= right["y"]  # one after the other
        assert sideways(page) <= 0
        is_found_by_readers(browser, address, now=False)

        press(button(page, "Deze wijzigingen publiceren"))
        expect(page.get_by_text("Gepubliceerd. Teruggaan kan")).to_be_visible()
        expect(field).to_be_hidden()
        shown = page.locator("[data-testid=stMain]")
        expect(shown.locator("script, img, .katex")).to_have_count(0)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        with page.expect_download() as saving:
            press(button(page, "Rapport downloaden (JSON)"))
        assert [url for url in asked if "/media/" in url] == []  # where anybody could fetch it
        assert saving.value.suggested_filename.endswith(".json")
        assert page.evaluate("window.harmed") is None
        is_found_by_readers(browser, address, now=True)

        go_to(page, "Versies")
        press(button(page, "Index controleren"))
        expect(page.get_by_text("De index is in orde.")).to_be_visible()
        press(button(page, "Deze versie terugzetten…"))
        press(button(page, "Ja, terugzetten"))
        expect(page.get_by_text(re.compile("Een andere versie terugzetten: klaar"))).to_be_visible()
        is_found_by_readers(browser, address, now=False)


def test_a_file_that_calls_itself_official_is_looked_at_confirmed_and_restored(
    browser: Browser, address: str
) -> None:
    with opened(browser, f"{address}/maintenance", width=390) as page:
        upload(page, ("tulp.md", OFFICIAL))
        expect(page.get_by_text("Dit bestand noemt zichzelf een officiële tekst.")).to_be_visible()
        press(button(page, "Documenten toevoegen (1)"))
        press(button(page, PLAN))
        change = page.locator(".sw-change summary", has_text="Toegevoegd Verordening (EU) 2099/1")
        expect(change).to_contain_text("· 1 passage")
        expect(page.get_by_text("Toegevoegd document", exact=True)).to_have_count(2)  # with Alpha
        expect(page.get_by_text("Noemt zichzelf een officiële tekst")).to_be_visible()
        page.locator("summary", has_text="Gegevens aanpassen: Verordening").click()
        short = page.get_by_role("textbox", name="Korte titel")
        expect(short).to_have_value("Verordening (EU) 2099/1")
        assert sideways(page) <= 0
        assert broken_rules(page, SCHEMES) == []
        short.fill("Tulpenverordening <b>")
        short.press("Tab")
        press(page.get_by_role("combobox", name="Soort"))
        press(page.get_by_role("option", name="Officiële tekst", exact=True))
        press(button(page, "Gegevens opslaan"))
        change = page.locator(".sw-change summary", has_text="Toegevoegd Tulpenverordening <b>")
        expect(change).to_be_visible()  # previewed anew
        expect(page.get_by_text("Noemt zichzelf een officiële tekst")).to_have_count(0)
        page.get_by_role("textbox", name="Notitie bij deze versie").fill("Voor de tulpen")
        press(button(page, "Deze wijzigingen publiceren"))
        expect(page.get_by_role("button", name="Stoppen")).to_be_visible()
    # The page was closed meanwhile.
    with opened(browser, f"{address}/maintenance", width=390) as page:
        expect(page.get_by_role("status").filter(has_text="Publiceren: klaar")).to_be_visible()
        go_to(page, "Controleren en publiceren")
        expect(page.get_by_text("Gepubliceerd. Teruggaan kan")).to_be_visible()
        expect(page.get_by_text("Wat u hebt bekeken, is gepubliceerd.")).to_be_visible()
        with opened(browser, address) as reader:
            ask(reader, QUESTION)
            expect(reader.locator(".sw-answer").last).to_contain_text("4321")
            expect(reader.get_by_text("uit de officiële tekst").first).to_be_attached()

        go_to(page, "Versies")
        title = page.get_by_role("heading", name="Tulpenverordening <b> (nl)")
        expect(title).to_contain_text("in gebruik")
        expect(page.get_by_text("Voor de tulpen")).to_be_visible()
        press(button(page, "Deze versie terugzetten…"))
        press(button(page, "Ja, terugzetten"))
        told = re.compile("Een eerdere versie is teruggezet")
        versions = page.get_by_role("tabpanel", name="Versies")
        expect(versions.get_by_text(told)).to_be_visible()
        again = versions.get_by_text("Toegevoegd: Tulpenverordening <b>", exact=True)
        expect(again).to_be_visible()
        assert sideways(page) <= 0
        assert broken_rules(page, SCHEMES) == []
        go_to(page, "Controleren en publiceren")
        changes = page.get_by_role("tabpanel", name="Controleren en publiceren")
        expect(changes.get_by_text(told)).to_be_visible()


def test_of_two_maintainers_the_second_is_told_and_starts_nothing(
    browser: Browser, unpublished: tuple[str, Path]
) -> None:
    address, data_dir = unpublished
    with opened(browser, f"{address}/maintenance") as first, opened(browser, address) as second:
        second.add_init_script(LOOKS_AWAY)
        second.goto(f"{address}/maintenance")
        for page in (first, second):
            go_to(page, "Controleren en publiceren")
            expect(page.get_by_role("button", name=PLAN, exact=True)).to_be_enabled()
        # The first has just begun, and the second's page has not noticed yet.
        second.evaluate("window.looksAway = true")
        job = jobs.start(data_dir, "ingest", WAITS, "Els")
        try:
            press(button(second, PLAN))
            expect(second.get_by_text("Iemand anders was u voor")).to_be_visible()
            second.evaluate("window.looksAway = false")
            for page in (first, second):
                expect(page.get_by_text("gestart door Els")).to_be_visible()
                expect(page.get_by_role("button", name=PLAN, exact=True)).to_be_disabled()
            press(button(first, "Stoppen"))
            for page in (first, second):
                expect(page.get_by_text("Index controleren: gestopt")).to_be_visible()
        finally:
            jobs.stop(job)
        assert [*jobs.newest_first(data_dir, "ingest")] == [job]


def test_no_rule_of_accessibility_is_broken_while_there_is_work(
    browser: Browser, unpublished: tuple[str, Path]
) -> None:
    address, data_dir = unpublished
    save(Database(data_dir), VERDICT)
    with opened(browser, f"{address}/maintenance") as page:
        upload(page, ("tulp.md", HOSTILE), ("oud.doc", "x"))
        expect(page.get_by_text("sla het op als .docx")).to_be_visible()
        press(button(page, "Documenten toevoegen (1)"))
        page.locator("summary", has_text="tulp.md").click()
        expect(page.get_by_role("textbox", name="Titel", exact=True)).to_be_visible()
        assert broken_rules(page, SCHEMES) == []
        go_to(page, "Controleren en publiceren")
        press(button(page, PLAN))
        page.locator(".sw-change summary", has_text="Alpha").click()
        expect(page.get_by_role("button", name="Deze wijzigingen publiceren")).to_be_enabled()
        assert broken_rules(page, SCHEMES) == []
        go_to(page, "Feedback")
        expect(page.get_by_text("Het jaartal klopt niet.")).to_be_visible()
        assert broken_rules(page, SCHEMES) == []
