"""Taking one's own data along, in a real browser."""

import zipfile

import pytest
from playwright.sync_api import Browser, expect

from core.settings import Settings
from tests.support.browser import opened, press
from ui.access import LOCAL
from ui.texts import load
from userdata.conversation import Conversation, Exchange
from userdata.conversations import Conversations
from userdata.database import database
from userdata.personal_data import PersonalData

pytestmark = pytest.mark.long

NL = load("nl")


def test_all_that_is_kept_is_downloaded(browser: Browser, settings: Settings, address: str) -> None:
    kept = Conversation(exchanges=(Exchange(question="Iets vertrouwelijks"),))
    Conversations(LOCAL.id, database(settings), 90).put(kept)
    with opened(browser, f"{address}/privacy") as page:
        expect(page.get_by_text(NL("privacy.nowhere"))).to_be_visible()
        with page.expect_download() as download:
            press(page.get_by_role("button", name=NL("privacy.download")))
        assert download.value.suggested_filename == "uw-gegevens.zip"
        with zipfile.ZipFile(download.value.path()) as file:
            data = PersonalData.model_validate_json(file.read("data.json"))
    assert data.user == LOCAL.id
    assert kept in data.conversations
