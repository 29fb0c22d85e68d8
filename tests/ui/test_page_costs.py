"""What one run of a page asks for: nothing twice that does not change meanwhile."""

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.settings import Settings
from tests.support.apps import ask, run, visit
from tests.support.searches import Counted
from userdata.conversations import Conversations
from vectorstore.generations import Generations

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


def test_no_run_of_a_page_collects_all_garbage() -> None:
    """That took more than half of the processor time of 25 readers."""
    assert st.get_option("runner.postScriptGC") is False
