"""Taking one's own data along and erasing it, in a real browser; answers that are recorded."""

import re
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from core.settings import Settings
from tests.support.browser import ask, opened, press, served
from ui.access import LOCAL
from ui.texts import load
from userdata.audit import records
from userdata.audit_check import verify_store
from userdata.database import FILE
from userdata.personal_data import PersonalData, conversations_of

pytestmark = pytest.mark.long

DRUGS = "Hoeveel is de drugsmarkt in Europa waard?"
NL = load("nl")


@pytest.fixture
def place(settings: Settings, tmp_path: Path) -> Iterator[tuple[str, Settings]]:
    """The address of the app on a copy of the index, with the audit on."""
    without = shutil.ignore_patterns(f"{FILE}*")  # what other tests have kept
    data_dir = Path(shutil.copytree(settings.data_dir, tmp_path / "data", ignore=without))
    audited = {"STRATEGIEWIJZER_AUDIT": "true", "STRATEGIEWIJZER_AUDIT_USERS": "true"}
    with served(data_dir, tmp_path / "log", audited) as address:
        yield address, Settings(data_dir=data_dir)


def test_all_that_is_kept_is_downloaded_and_erased(
    browser: Browser, place: tuple[str, Settings], tmp_path: Path
) -> None:
    address, settings = place
    with opened(browser, address) as page:
        expect(page.get_by_text(NL("privacy.audited"))).to_be_visible()
        ask(page, DRUGS)
        expect(page.get_by_text("Vervolgvragen")).to_be_visible()
        expect(page.get_by_test_id("stSidebar")).to_contain_text(NL("sidebar.audited"))
        press(page.get_by_role("link", name="Privacy"))
        expect(page.get_by_text(NL("privacy.nowhere"))).to_be_visible()
        expect(page.get_by_text(NL("privacy.about.audit_users", days=365))).to_be_visible()
        with page.expect_download() as download:
            press(page.get_by_role("button", name=NL("privacy.download")))
        assert download.value.suggested_filename == "uw-gegevens.zip"
        with zipfile.ZipFile(download.value.path()) as file:
            data = PersonalData.model_validate_json(file.read("data.json"))
        assert data.user == LOCAL.id
        assert [one.question for kept in data.conversations for one in kept.exchanges] == [DRUGS]
        assert [one.record["question"] for one in data.audit] == [DRUGS]

        press(page.get_by_role("button", name=NL("history.delete_all")))
        press(page.get_by_role("button", name=NL("history.delete_all_confirm")))
        expect(page.get_by_text(re.compile("Verwijderd: gesprekken 1"))).to_be_visible()
    assert conversations_of(settings, LOCAL.id).listed() == ()
    assert [(one.record["question"], one.asker) for one in records(settings)] == [(DRUGS, "")]
    assert verify_store(settings).broken == ""
