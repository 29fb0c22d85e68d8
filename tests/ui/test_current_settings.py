"""Settings that change while the program runs, and what that and each run of a page cost."""

import gc
import os
import shutil
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from chain.assistant import Assistant, CurrentAssistant
from core.answer import Finished
from core.errors import SettingsError
from core.settings import AT_START, Settings, current
from tests.support.apart import at_once
from tests.support.api_server import client, key, serving
from tests.support.apps import ask, begin_anew, run, shown, visit
from tests.support.chats import MARKET, REPORTS
from tests.support.env_file import env as env
from tests.support.openai_server import openai_server, reply_of
from tests.support.searches import Counted
from tests.support.waiting import until
from ui.markup import escape
from ui.shared_assistant import assistant
from ui.texts import load
from userdata.audit import chain, records
from userdata.conversations import Conversations
from userdata.personal_data import after_answers
from vectorstore import chroma
from vectorstore.e5 import E5
from vectorstore.generations import Generations, Pointer
from vectorstore.keyword_index import KeywordIndex
from vectorstore.store import Index

Set = Callable[..., None]
"""Writes `.env`, with no other settings than these."""


@pytest.fixture
def on_briefs(env: Set, settings: Settings) -> Set:
    """Sets these, and where the index of the briefs is."""

    def write(**values: str) -> None:
        env(**{"data_dir": str(settings.data_dir), **values})

    write()
    return write


def test_an_audit_that_is_switched_on_keeps_the_next_answer_of_pages_and_programs(
    settings: Settings, on_briefs: Set
) -> None:
    audited = load("nl")("sidebar.audited")
    before = chain(settings).head.number
    app = visit()
    app = ask(app, REPORTS)
    assert audited not in shown(app)
    assert chain(settings).head.number == before
    on_briefs(audit="true", audit_users="true")
    app = ask(app, MARKET)
    assert audited in shown(app)
    with serving(assistant, settings) as address, client(address, key(settings)) as program:
        program.post("/v1/ask", json={"question": REPORTS}).raise_for_status()
    kept = [record for record in records(settings) if record.record["number"] > before]
    assert [each.record["question"] for each in kept] == [MARKET, REPORTS]
    assert kept[0].asker.startswith("local")
    assert kept[1].asker.startswith("key ")
    on_briefs()
    app = ask(app, REPORTS)
    assert audited not in shown(app)
    assert chain(settings).head.number == before + 2


def test_a_model_that_is_switched_on_writes_the_next_answer_and_off_no_more(on_briefs: Set) -> None:
    with openai_server() as server:
        server.reply = reply_of("In 2019 waren er meer dan 725 000 meldingen in de EU.")
        assert assistant().ask(REPORTS).mode == "extractive"
        on_briefs(openai_base_url=server.url)
        assert assistant().ask(REPORTS).mode == "generative"
        asked = len(server.requests)
        on_briefs()
        assert assistant().ask(REPORTS).mode == "extractive"
        assert len(server.requests) == asked


def test_a_setting_that_is_wrong_by_now_is_told_and_nothing_answers(on_briefs: Set) -> None:
    on_briefs(refuse_below="2")
    with pytest.raises(SettingsError, match="refuse_below"):
        assistant()
    on_briefs()
    assert assistant().ask(REPORTS).is_sourced


def test_a_notice_stands_above_a_page_and_for_who_is_kept_out_in_place_of_it(
    on_briefs: Set, monkeypatch: pytest.MonkeyPatch
) -> None:
    told, closed = "Zaterdag <b>gesloten</b>.\nVan 9 tot 12 uur.", load("nl")("notice.closed")
    box = f'<div class="sw-notice" role="status">{escape(told)}</div>'
    on_briefs(notice=told, maintenance="Even dicht")
    app = visit()
    assert box in shown(app)
    assert load("nl")("notice.only_this") in shown(app)
    assert app.chat_input  # whoever is on this machine may do everything
    monkeypatch.setattr("ui.access._from_this_machine", lambda: False)
    on_briefs(notice="Iets anders", maintenance=told)
    run(app)
    assert [title.value for title in app.title] == [closed]
    assert box in shown(app)
    assert "Iets anders" not in shown(app)
    assert not app.chat_input
    on_briefs()
    assert run(app).chat_input


def test_an_answer_under_way_ends_as_it_began_and_the_assistant_before_is_let_go(
    settings: Settings, on_briefs: Set
) -> None:
    before = chain(settings).head.number
    made = assistant()
    under_way: Iterator[Any] = made.stream(REPORTS)
    next(under_way)
    on_briefs(audit="true", results="1")
    assert assistant() is assistant() is not made
    *_, last = under_way
    assert isinstance(last, Finished)
    assert len(last.answer.passages) > 1
    assert chain(settings).head.number == before
    old = weakref.ref(made)
    del made, under_way

    def is_let_go() -> bool:
        gc.collect()
        return old() is None

    until(is_let_go, "what warmed it up at first has let it go too")


def test_nothing_is_loaded_or_opened_again(on_briefs: Set, counted: Counted) -> None:
    assistant().warm_up()
    opened = [counted(each, "__init__") for each in (E5, Index, Generations, KeywordIndex)]
    made = counted(Assistant, "__init__")
    changes: list[dict[str, str]] = [
        {"notice": "Today"},
        {"audit": "true"},
        {"refuse_below": "0.4"},
        {"model": "m", "openai_base_url": "http://127.0.0.1:1/v1"},
        {},
    ]
    for changed in changes:
        on_briefs(**changed)
        assert assistant().index.snapshot().search(REPORTS)
        assert assistant() is assistant()
    assert made["__init__"] == len(changes)
    assert [calls["__init__"] for calls in opened] == [0, 0, 0, 0]


def test_all_that_ask_after_a_change_get_one_assistant(on_briefs: Set, counted: Counted) -> None:
    shared = CurrentAssistant(after_answers)
    shared()
    made = counted(Assistant, "__init__")
    on_briefs(results="3")
    got = at_once(lambda _: shared(), range(8))
    assert len(got) == 8
    assert len(set(map(id, got))) == made["__init__"] == 1


QUESTIONS = (MARKET, "Wat is EMPACT?", "Wat is SEESAC?")


def test_a_conversation_is_shown_again_from_one_state_of_index_and_settings(
    app: AppTest, counted: Counted
) -> None:
    for question in QUESTIONS:
        app = ask(app, question)
    asked, read = counted(Generations, "pointer"), counted(Settings, "__init__")
    run(app)
    assert asked["pointer"] == 1  # however many answers there are
    assert read["__init__"] == 0


def test_a_question_costs_one_run_of_the_page(app: AppTest, counted: Counted) -> None:
    listed = counted(Conversations, "listed")  # once a run
    app = ask(app, QUESTIONS[0])
    assert listed["listed"] == 1
    assert [button.label for button in app.button].count("Nieuw gesprek") == 1
    assert "edit" in {(button.key or "").partition("-")[0] for button in app.button}
    assert "stop" not in {(button.key or "").partition("-")[0] for button in app.button}


def test_the_store_is_asked_what_is_in_use_only_after_something_was_written(
    settings: Settings, tmp_path: Path, counted: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = shutil.copytree(settings.data_dir, tmp_path / "data")
    file = data / "chroma" / "chroma.sqlite3"
    generations = Generations(settings.model_copy(update={"data_dir": data}))
    asked = counted(Generations, "_stored_pointer")

    def looked(written: float) -> int:
        """How often the store is asked by two looks at a file that was written to then."""
        os.utime(file, (written, written))
        before = asked["_stored_pointer"]
        assert generations.pointer() == generations.pointer() != Pointer()
        return asked["_stored_pointer"] - before

    now = 1_800_000_000
    monkeypatch.setattr(chroma.time, "time_ns", lambda: now * 10**9)
    assert looked(now - 60) == 1
    assert looked(now - 60) == 0
    assert looked(now - 30) == 1
    assert looked(now) == 2  # what is written in the same moment has the same time
    assert looked(now + 60) == 2  # a clock that is ahead tells nothing


def test_no_run_of_a_page_collects_all_garbage() -> None:
    """That took more than half of the processor time of 25 readers."""
    assert st.get_option("runner.postScriptGC") is False


def test_what_a_process_opens_and_begins_holds_until_the_next_start_which_is_logged(
    on_briefs: Set, settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert current().keep_audit == 365
    changed = {
        "data_dir": str(tmp_path / "other"),
        "database_url": "postgresql://an:hush@people.example.org/kept",
        "keep_audit": "7",
        "log_format": "json",
        "results": "3",
    }
    on_briefs(**changed)
    now = current()
    assert (now.data_dir, now.keep_audit, now.log_format) == (settings.data_dir, 365, "text")
    assert not now.database_url.get_secret_value()
    assert now.results == 3
    assert Settings().keep_audit == 7
    (told,) = [each.getMessage() for each in caplog.records if each.name == "core.settings"]
    assert told.endswith("next start: data_dir, database_url, keep_audit, log_format")
    assert "hush" not in caplog.text
    begin_anew()
    assert current() == Settings()


def test_all_that_the_index_and_the_logs_are_opened_with_stays() -> None:
    groups = ("chroma_", "embeddings_", "log_")
    of_groups = {name for name in Settings.model_fields if name.startswith(groups)}
    assert of_groups <= set(AT_START) <= set(Settings.model_fields)
