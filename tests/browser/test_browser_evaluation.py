"""The evaluation page in a real browser: from starting a run to its signed-off report."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from core.settings import Settings
from eval import runs
from tests.support.axe import broken_rules
from tests.support.browser import opened, press, served, settled, sideways
from tests.support.question_results import MANY, MET, RIGHT_SHARE, WRONG, keep

pytestmark = pytest.mark.long


@pytest.fixture
def data_dir(settings: Settings, tmp_path: Path) -> Path:
    """A copy of the index, in which runs may be kept."""
    return Path(shutil.copytree(settings.data_dir, tmp_path / "data"))


@pytest.fixture
def address(data_dir: Path, tmp_path: Path) -> Iterator[str]:
    with served(data_dir, tmp_path / "log") as found:
        yield f"{found}/evaluation"


def press_button(page: Page, name: str | re.Pattern[str]) -> None:
    press(page.get_by_role("button", name=name))


def test_a_run_is_judged_and_signed_off(browser: Browser, address: str, data_dir: Path) -> None:
    name = keep(data_dir, (*MANY, *WRONG), (RIGHT_SHARE, MET))
    with opened(browser, address) as page:
        expect(page.get_by_text("Mag live.").first).to_be_visible()
        expect(page.get_by_text("Foute antwoorden: 6 van de 107 vragen")).to_be_visible()
        assert broken_rules(page) == []
        press_button(page, re.compile("Besluiten"))
        press(page.get_by_text("Gaat live", exact=True))
        page.get_by_label("Uw naam").fill("Els de Vries")
        page.get_by_label("Reden").fill("Alle regels zijn gehaald.")
        press_button(page, "Besluit vastleggen")
        expect(page.get_by_text("Gaat live: Els de Vries").first).to_be_visible()
        expect(page.get_by_label("Reden")).to_be_hidden()  # nobody presses again
        page.goto(f"{address}?run={name}")
        expect(page.get_by_text("Geen van de verwachte feiten").first).to_be_visible()
        page.set_viewport_size({"width": 390, "height": 720})
        assert sideways(page) <= 0


def test_a_page_has_one_width_whatever_was_looked_at_before(browser: Browser, address: str) -> None:
    def width(page: Page) -> float:
        expect(page.get_by_role("heading", name="Beheer", level=1)).to_be_visible()
        settled(page)
        box = page.get_by_role("heading", name="Beheer", level=1).bounding_box()
        assert box is not None
        return box["x"]

    with opened(browser, address.replace("evaluation", "maintenance")) as page:
        before = width(page)
        press(page.get_by_role("link", name="Evaluatie"))
        expect(page.get_by_role("heading", name="Evaluatie", level=1)).to_be_visible()
        press(page.get_by_role("link", name="Beheer"))
        assert width(page) == before


def test_a_run_is_started_goes_on_alone_and_is_taken_along(
    browser: Browser, address: str, data_dir: Path
) -> None:
    with opened(browser, address) as page:
        expect(page.get_by_text("Er is nog geen meting.")).to_be_visible()
        press(page.get_by_text("Proefrun (5%)"))
        press_button(page, "Starten")
        expect(page.get_by_text("Er loopt een meting")).to_be_visible()
        expect(page.get_by_text(re.compile(r"[1-9]\d* van \d+ vragen"))).to_be_visible()
        expect(page.get_by_role("progressbar")).to_be_visible()
    assert runs.listed(data_dir) == ()  # it was still running when its page closed

    with opened(browser, address) as page:  # while it runs, or when it has just ended
        expect(page.get_by_text("Te weinig vragen om te beslissen.").first).to_be_visible()
        (name,) = runs.listed(data_dir)
        requests: list[str] = []
        page.on("request", lambda request: requests.append(request.url))
        press_button(page, "Downloaden")
        with page.expect_download() as saving:
            press_button(page, re.compile("Rapport om af te drukken"))
        assert [url for url in requests if "/media/" in url] == []  # where anybody could fetch it
        saved = saving.value.path().read_text("utf-8")
        assert saved == (data_dir / "runs" / name / "report.html").read_text("utf-8")
