"""What one run of a page asks for: nothing twice that does not change meanwhile."""

import os
import shutil
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.settings import Settings
from tests.support.apps import ask, run, visit
from tests.support.searches import Counted
from userdata.conversations import Conversations
from vectorstore import chroma
from vectorstore.generations import Generations, Pointer

QUESTIONS = ("Hoeveel is de drugsmarkt in Europa waard?", "Wat is EMPACT?", "Wat is SEESAC?")


def _opened(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The chat page of an app that has just begun."""
    monkeypatch.setenv("STRATEGIEWIJZER_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("STRATEGIEWIJZER_KEEP_CONVERSATIONS", "0")
    st.cache_resource.clear()
    return visit()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_conversation_is_shown_again_from_one_state_of_index_and_settings(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, counted: Counted
) -> None:
    app = _opened(settings, monkeypatch)
    for question in QUESTIONS:
        app = ask(app, question)
    asked, read = counted(Generations, "pointer"), counted(Settings, "__init__")
    run(app)
    st.cache_resource.clear()
    assert asked["pointer"] == 1  # however many answers there are
    assert read["__init__"] == 0


def test_a_question_costs_one_run_of_the_page(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, counted: Counted
) -> None:
    app = _opened(settings, monkeypatch)
    listed = counted(Conversations, "listed")  # once a run
    app = ask(app, QUESTIONS[0])
    st.cache_resource.clear()
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
