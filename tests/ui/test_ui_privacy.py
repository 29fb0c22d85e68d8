"""The privacy page, and what other pages say of where questions go and of the audit record."""

import base64
import datetime
import io
import re
import zipfile
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.hosts import Destination, destinations, leaves_this_machine
from core.settings import ROOT, Settings
from tests.support.apps import ask, begin_anew, page_of, press, run
from tests.support.chats import REPORTS, Open, chat, kept
from tests.support.earlier_version import remove_copies
from tests.support.people import note, verdict
from ui.access import LOCAL
from ui.privacy import kept as kept_things
from ui.texts import load
from userdata import feedback
from userdata.audit import records
from userdata.conversations import Conversation, Exchange
from userdata.database import FILE, Database, database
from userdata.personal_data import PersonalData

NL = load("nl")
OUTSIDE = {
    "MODEL": "m",
    "OPENAI_BASE_URL": "https://models.example.org/v1",
    "EMBEDDINGS_URL": "http://127.0.0.1:8080/v1",
    "CHROMA_URL": "https://chroma.example.org",
    "DATABASE_URL": "postgresql://an:hush@people.example.org/kept",
    "OTLP_ENDPOINT": "https://collector.example.org:4317",
}


@pytest.fixture
def page(opened: Open) -> AppTest:
    """The privacy page of somebody of whom nothing is kept yet; `run` shows it again."""
    del opened  # which empties the store
    return page_of("privacy")


def shown(app: AppTest) -> str:
    parts = [*app.title, *app.header, *app.html, *app.markdown, *app.warning]
    text = "\n".join(getattr(part, "body", None) or part.value for part in parts)
    return re.sub("&#x27;", "'", text)


def test_nothing_leaves_this_machine_by_default() -> None:
    assert destinations(Settings()) == ()
    assert destinations(Settings(openai_api_key="sk-x")) == ()  # a key by itself sends nothing
    here = Destination(purpose="model", host="localhost")
    away = Destination(purpose="embeddings", host="e.example")
    assert not leaves_this_machine((here,))
    assert leaves_this_machine((here, away))


@pytest.mark.parametrize(
    ("values", "purpose", "host"),
    [
        ({"model": "gpt"}, "model", "api.openai.com"),
        ({"openai_base_url": "http://localhost:11434/v1"}, "model", "localhost"),
        ({"embeddings_url": "https://e.example/v1"}, "embeddings", "e.example"),
        ({"chroma_url": "http://c.example:8000"}, "index", "c.example"),
        ({"database_url": "postgresql://an:hush@d.example/x"}, "database", "d.example"),
        ({"otlp_endpoint": "http://o.example:4317"}, "collector", "o.example"),
        ({"embeddings_url": "http://[::x"}, "embeddings", "?"),
    ],
)  # fmt: skip
def test_each_server_asked_is_named(values: dict[str, object], purpose: str, host: str) -> None:
    (found,) = destinations(Settings(**values))
    assert (found.purpose, found.host) == (purpose, host)


def test_a_setting_with_an_address_is_one_that_the_page_knows() -> None:
    """A new server that questions go to has to be told there."""
    elsewhere = {"documents_dir"}
    named = {name for name in Settings.model_fields if re.search("_url$|endpoint$", name)}
    known = {"chroma_url", "embeddings_url", "openai_base_url"}
    known |= {"database_url", "otlp_endpoint"}
    assert named - elsewhere == known


def test_the_page_says_what_is_kept_and_that_nothing_leaves(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = shown(run(page))
    assert NL("privacy.nowhere") in told
    assert NL("privacy.about.conversations", days=90) in told
    assert NL("privacy.about.feedback", days=365) in told
    assert NL("privacy.about.audit_off") in told
    assert NL("privacy.about.questions_off") in told
    assert NL("privacy.about.copies") in told
    labels = [button.label for button in page.button]
    assert labels == [NL("privacy.download"), NL("history.delete_all_confirm")]
    monkeypatch.setenv("STRATEGIEWIJZER_EMBEDDINGS_URL", "http://localhost:8080/v1")
    begin_anew()
    assert NL("privacy.here") in shown(run(page))


def test_the_page_tells_of_copies_of_an_earlier_version_while_they_are_there(page: AppTest) -> None:
    told = NL("privacy.about.earlier", days=365)
    assert told not in shown(run(page))
    (Settings().data_dir / f"feedback.sqlite.taken-over-{datetime.date.today()}").touch()
    assert told in shown(run(page))
    remove_copies(Settings().data_dir)
    assert told not in shown(run(page))


def test_the_page_says_to_whom_questions_go_and_what_is_recorded(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in OUTSIDE.items():
        monkeypatch.setenv(name if name.startswith("OPENAI") else f"STRATEGIEWIJZER_{name}", value)
    monkeypatch.setenv("STRATEGIEWIJZER_AUDIT", "true")
    monkeypatch.setenv("STRATEGIEWIJZER_AUDIT_USERS", "true")
    monkeypatch.setenv("STRATEGIEWIJZER_KEEP_AUDIT", "1234")
    monkeypatch.setenv("STRATEGIEWIJZER_KEEP_QUESTIONS", "56")
    begin_anew()
    told = shown(run(page))
    assert NL("privacy.leaves") in told
    hosts = ("models", "chroma", "collector")
    assert all(f"<strong>{name}.example.org</strong>" in told for name in hosts)
    assert NL("privacy.on_this_machine", host="127.0.0.1") in told
    assert "hush" not in told
    assert NL("privacy.about.audit_users", days=1234) in told
    assert NL("privacy.about.questions", days=56) in told
    monkeypatch.setenv("STRATEGIEWIJZER_AUDIT_USERS", "false")
    assert NL("privacy.about.audit", days=1234) in shown(run(page))


def test_all_is_erased_and_what_is_left_is_told(page: AppTest, settings: Settings) -> None:
    store = kept(settings)
    exchange = Exchange(question="Iets vertrouwelijks")
    store.put(Conversation(exchanges=(exchange,)))
    store.put_note(note())
    feedback.save(database(settings), verdict(id=exchange.id))
    try:
        run(page)
        assert NL("history.delete_all_help") in shown(page)
        press(page, NL("history.delete_all_confirm"))
        counts = {
            "conversations": 1,
            "shares": 0,
            "notes": 1,
            "feedback": 1,
            "jobs": 0,
            "handled": 0,
        }
        assert NL("privacy.erased", **counts, audit=0) in shown(page)
        assert store.listed() == store.notes() == ()
        assert feedback.find(database(settings), exchange.id) is None
        assert NL("privacy.erased", **counts, audit=0) not in shown(run(page))
    finally:
        feedback.remove(database(settings), exchange.id)


def test_all_that_is_kept_is_downloaded(page: AppTest, settings: Settings) -> None:
    conversation = Conversation(exchanges=(Exchange(question="Iets vertrouwelijks"),))
    kept(settings).put(conversation)
    press(run(page), NL("privacy.download"))
    found = re.search('"content": "([^"]+)"', "".join(element.body for element in page.html))
    assert found
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(found[1]))) as file:
        data = PersonalData.model_validate_json(file.read("data.json"))
    assert data.user == LOCAL.id
    assert data.conversations == (conversation,)


def test_what_cannot_be_read_is_not_called_erased(page: AppTest, settings: Settings) -> None:
    run(page)
    file = settings.data_dir / FILE
    file.write_bytes(b"no database")
    try:
        press(page, NL("history.delete_all_confirm"))
        assert NL("privacy.problem") in page.warning[0].value
        press(page, NL("privacy.download"))
        assert NL("privacy.problem") in page.warning[0].value
    finally:
        file.unlink()


def test_the_chat_page_says_whether_answers_are_recorded_and_questions_leave(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened()
    told = shown(run(app))
    assert NL("sidebar.stays") in told
    assert NL("sidebar.audited") not in told
    monkeypatch.setenv("STRATEGIEWIJZER_AUDIT", "true")
    monkeypatch.setenv("STRATEGIEWIJZER_MODEL", "m")
    told = shown(run(app))
    assert NL("sidebar.audited") in told
    assert NL("privacy.audited") in told
    assert NL("sidebar.goes_to", hosts="api.openai.com") in told


def test_an_answer_on_the_page_is_recorded_with_who_asked_or_not_shown(
    opened: Open, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STRATEGIEWIJZER_AUDIT", "true")
    monkeypatch.setenv("STRATEGIEWIJZER_AUDIT_USERS", "true")
    app = ask(opened(), REPORTS)
    last = list(records(settings))[-1]
    assert (last.record["question"], last.asker) == (REPORTS, "local")
    press(app, NL("history.delete_all_confirm"))
    assert list(records(settings))[-1].asker == ""

    monkeypatch.setattr("userdata.audit.database", lambda _: Database(Path("/dev/null/data")))
    app = ask(opened(), REPORTS)
    (exchange,) = chat(app).conversation.exchanges
    assert exchange.answer is None
    assert "There is no answer, as it must be on record" in exchange.problem
    assert "cannot be kept in /dev/null" in exchange.problem
    assert "725 000" not in shown(app)


def test_the_document_has_the_same_facts() -> None:
    document = (ROOT / "docs" / "privacy.md").read_text("utf-8")
    table = [line for line in document.splitlines() if line.startswith("| ")]
    names = [name for name, _ in kept_things(Settings(), load("en"), lasting=True)]
    for name in names:
        assert sum(line.startswith(f"| {name}") for line in table) >= 1, name
    for setting in ("KEEP_CONVERSATIONS", "KEEP_FEEDBACK", "KEEP_JOBS", "KEEP_AUDIT"):
        default = getattr(Settings(), setting.lower())
        assert f"`{setting}` ({default})" in document
