"""Conversations on the chat page: whose they are, where they are kept, and what addresses do."""

import sqlite3

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from chain.assistant import Assistant
from core.errors import SignInError
from core.settings import Settings
from core.source import Scope
from tests.support.apps import ask, press, run, shown
from tests.support.chats import REPORTS, Open, chat, kept
from tests.support.earlier_version import FILES, put_files, remove_copies
from ui.chat.session import question_address, scope_of
from ui.privacy import erase_all
from userdata.conversations import Conversation, Conversations, Exchange
from userdata.database import FILE, database

OFF_TOPIC = "Wie won de Tour de France in 1998?"


def questions(app: AppTest) -> list[str]:
    return [exchange.question for exchange in chat(app).conversation.exchanges]


def choose(app: AppTest, id: str, choice: str) -> None:
    """Chooses from the menu of a conversation."""
    run(app.menu_button(key=f"menu-{id}").click(choice))


def test_another_session_of_the_same_user_finds_the_answer_with_its_evidence_and_follow_ups(
    opened: Open, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = ask(opened(), REPORTS)
    (exchange,) = chat(app).conversation.exchanges
    assert exchange.follow_ups
    assert app.query_params["c"] == chat(app).conversation.id
    monkeypatch.delattr(Assistant, "follow_ups")  # they are not looked for again
    again = opened(c=chat(app).conversation.id)
    assert chat(again).conversation == chat(app).conversation
    assert any("<mark" in element.body for element in again.html)
    labels = [button.label for button in again.button]
    assert all(f"` {question} `" in labels for question in exchange.follow_ups)
    (listed,) = kept(settings).listed()
    assert listed.title == REPORTS


def test_a_conversation_of_version_0_1_0_is_shown_with_its_evidence_and_goes_on(
    opened: Open, settings: Settings
) -> None:
    put_files(settings.data_dir)
    with sqlite3.connect(settings.data_dir / FILES[0]) as connection:
        connection.execute("UPDATE conversations SET changed = unixepoch()")
    connection.close()
    store = kept(settings)
    (listed,) = store.listed("heroïne")
    app = opened(c=listed.id)
    assert not app.exception
    assert len(questions(app)) == 2
    assert "De drugsagenda schat de handelswaarde" in shown(app)
    assert any("<mark" in element.body for element in app.html)
    ask(app, "Wat is EMPACT?")
    assert len(questions(app)) == 3
    assert not app.exception
    remove_copies(settings.data_dir)


def test_the_conversation_of_another_user_is_not_shown(opened: Open, settings: Settings) -> None:
    theirs = Conversation(exchanges=(Exchange(question="Iets vertrouwelijks"),))
    kept(settings, "somebody else").put(theirs)
    app = opened(c=theirs.id)
    assert questions(app) == []
    assert "verwijderd of niet van u" in app.warning[0].value
    assert "vertrouwelijks" not in str(app.button)


def test_an_address_that_asks_does_so_once(opened: Open, settings: Settings) -> None:
    app = opened(q=REPORTS)
    assert questions(app) == [REPORTS]
    assert set(app.query_params) == {"c"}
    run(app)
    assert questions(app) == [REPORTS]
    app.query_params.clear()
    app.query_params["q"] = REPORTS  # back in the browser's history
    run(app)
    assert len(kept(settings).listed()) == 1


def test_an_address_of_a_question_holds_what_it_was_limited_to(opened: Open) -> None:
    scope = Scope(areas=("drugs",), documents=("drugs-agenda",), language="en")
    assert question_address("Wat & waarom?", scope) == (
        "?q=Wat+%26+waarom%3F&area=drugs&document=drugs-agenda&language=en"
    )
    assert scope_of({"as_of": ["yesterday"], "x": ["y"]}) == Scope()
    app = opened(q="How much is the EU drug market worth?", document="drugs-agenda", language="en")
    (exchange,) = chat(app).conversation.exchanges
    assert exchange.scope == Scope(documents=("drugs-agenda",), language="en")
    assert app.multiselect(key="documents").value == ["drugs-agenda"]
    app = opened(document=["firearms-plan", "gone"])  # limits the next question to what is there
    assert questions(app) == []
    assert "Gezocht binnen: EU-actieplan 2020-2025 inzake" in shown(app)
    ask(app, "Wat is EMPACT?")
    assert chat(app).conversation.exchanges[0].scope == Scope(documents=("firearms-plan",))
    app = opened(document="firearms-plan")
    press(app, "In alles zoeken")
    assert "Gezocht binnen:" not in shown(app)
    ask(app, "Wat is EMPACT?")
    assert chat(app).conversation.exchanges[0].scope == Scope()


def test_a_new_conversation_leaves_the_earlier_one_to_return_to(opened: Open) -> None:
    app = ask(opened(), REPORTS)
    left = chat(app).conversation.id
    press(app, "Nieuw gesprek")
    assert questions(app) == []
    assert not app.query_params
    app.query_params["c"] = left  # an address that comes late does not bring it back
    ask(app, OFF_TOPIC)
    assert questions(app) == [OFF_TOPIC]
    assert app.query_params["c"] == chat(app).conversation.id
    press(app, f"` {REPORTS} `")
    assert questions(app) == [REPORTS]


def test_a_deleted_conversation_comes_back(opened: Open, settings: Settings) -> None:
    app = ask(opened(), OFF_TOPIC)
    before = chat(app).conversation
    choose(app, before.id, "delete")
    assert (questions(app), kept(settings).listed()) == ([], ())
    assert "Oordelen die u erin gaf, blijven 365 dagen bewaard, zonder uw naam." in shown(app)
    press(app, "Ongedaan maken")
    assert chat(app).conversation == before
    assert kept(settings).find(before.id) == before

    press(app, "Nieuw gesprek")
    ask(app, "Wat is SEESAC?")
    choose(app, before.id, "delete")  # from its line
    assert questions(app) == ["Wat is SEESAC?"]  # the open one stays
    assert [each.title for each in kept(settings).listed()] == ["Wat is SEESAC?"]
    press(app, "Ongedaan maken")
    assert questions(app) == [OFF_TOPIC]
    press(app, "Ja, alles verwijderen")
    assert questions(app) == []
    assert kept(settings).listed() == ()


def test_a_visitor_keeps_a_conversation_for_the_session_only(
    opened: Open, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ui.access._from_this_machine", lambda: False)
    app = ask(opened(), OFF_TOPIC)
    press(app, "Nieuw gesprek")
    press(app, f"` {OFF_TOPIC} `")
    assert questions(app) == [OFF_TOPIC]
    assert not app.query_params
    assert "niet bewaard" in "".join(element.body for element in app.html)
    users = Conversations("", database(settings), 90).users()
    assert not [user for user in users if user.startswith("visitor")]
    other = opened(c=chat(app).conversation.id)
    assert questions(other) == []


def test_nothing_is_kept_where_that_is_set(
    opened: Open, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept(settings).put(Conversation(exchanges=(Exchange(question="Van eerder"),)))
    monkeypatch.setenv("STRATEGIEWIJZER_KEEP_CONVERSATIONS", "0")
    app = ask(opened(), OFF_TOPIC)
    assert questions(app) == [OFF_TOPIC]
    assert not app.query_params
    assert OFF_TOPIC.encode() not in (settings.data_dir / FILE).read_bytes()


def test_where_nothing_can_be_kept_the_chat_goes_on(opened: Open, settings: Settings) -> None:
    (settings.data_dir / FILE).mkdir()
    app = ask(opened(), OFF_TOPIC)
    ask(app, REPORTS)
    assert [bool(exchange.answer) for exchange in chat(app).conversation.exchanges] == [True, True]
    assert any("kunnen nu niet worden bewaard" in warning.value for warning in app.warning)
    (settings.data_dir / FILE).rmdir()
    ask(app, "Wat is EMPACT?")
    assert not app.warning
    assert kept(settings).find(chat(app).conversation.id) == chat(app).conversation


def test_an_edit_replaces_what_followed_until_undone(opened: Open, settings: Settings) -> None:
    app = ask(ask(opened(), REPORTS), "En in 2010?")
    before = chat(app).conversation
    run(next(button for button in app.button if button.label == "Vraag aanpassen").click())
    assert "Vragen hierna die vervallen (ongedaan te maken): 1." in shown(app)
    app.text_area[0].set_value(OFF_TOPIC)
    press(app, "Opnieuw vragen")
    assert questions(app) == [OFF_TOPIC]
    found = kept(settings).find(before.id)
    assert found
    assert [exchange.question for exchange in found.exchanges] == [OFF_TOPIC]
    press(app, "Ongedaan maken")
    assert chat(app).conversation == before
    assert kept(settings).find(before.id) == before


def test_for_whoever_may_not_ask_any_more_nothing_is_kept_or_shown(
    opened: Open, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = ask(opened(), OFF_TOPIC)
    found = chat(app)

    def refuse(role: str) -> None:
        raise SignInError("You signed in more than 12 hours ago. Sign in again.")

    monkeypatch.setattr("ui.access.require", refuse)
    found.ask(REPORTS)
    erase_all(found)
    assert "Sign in again" in found.problem
    assert [listed.title for listed in kept(settings).listed()] == [OFF_TOPIC]
    found.open(found.conversation.id)
    assert found.conversation.exchanges == ()


def test_conversation_and_filters_stay_while_another_page_is_shown(opened: Open) -> None:
    app = ask(opened(), REPORTS)
    before = chat(app).conversation
    run(app.multiselect(key="areas").select("drugs"))
    for path in ("sources", ""):
        app._page_hash = calc_hash(path)
        run(app)
    assert chat(app).conversation == before
    assert app.multiselect(key="areas").value == ["drugs"]
    assert app.query_params["c"] == before.id
    assert any("<mark" in element.body for element in app.html)
