"""The notes page: what is kept on the chat page, whose it is, and what can be done with it."""

import pytest
from streamlit.testing.v1 import AppTest

from core.errors import NotAllowedError
from core.settings import Settings
from tests.support.apps import ask, page_of, press, run, unfolded
from tests.support.chats import REPORTS, Open, chat, kept
from tests.support.people import note
from tests.support.shown_html import HOSTILE
from ui.access import User
from ui.chat import session
from ui.texts import load
from userdata import conversations
from userdata.database import FILE

NL = load("nl")


def keep_first(app: AppTest) -> AppTest:
    return run(
        next(button for button in app.button if (button.key or "").startswith("keep-")).click()
    )


def shown(app: AppTest) -> str:
    return "\n".join(element.body for element in app.html)  # also what only the style shows


@pytest.fixture
def noted(opened: Open, settings: Settings) -> AppTest:
    """The notes page of somebody who has kept nothing yet; `run` shows it again."""
    del opened  # which empties the store
    return page_of("notes")


def test_a_quote_is_kept_and_a_second_click_undoes_it(opened: Open, settings: Settings) -> None:
    app = keep_first(ask(opened(), REPORTS))
    (one,) = kept(settings).notes()
    (exchange,) = chat(app).conversation.exchanges
    assert one.question == REPORTS
    assert one.conversation == chat(app).conversation.id
    assert exchange.answer
    passages = {passage.id: passage.text for passage in exchange.answer.passages}
    assert one.citation.quote in passages[one.citation.passage_id]
    assert NL("notes.now_kept") in shown(app)
    assert f':is([data-keep$="{one.id}"]) .sw-unkept' in shown(app)
    kept(settings).put_note(one.remarked("Voor de brief"))
    app = keep_first(app)
    assert kept(settings).notes() == ()
    keep_first(app)
    assert [note.remark for note in kept(settings).notes()] == ["Voor de brief"]


def test_what_does_not_fit_or_cannot_be_written_is_told(
    opened: Open, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = ask(opened(), REPORTS)
    with monkeypatch.context() as full:
        full.setattr(conversations, "MAX_NOTES", 0)
        app = keep_first(app)
    assert "u kunt 500 citaten bewaren" in shown(app)
    assert kept(settings).notes() == ()
    (settings.data_dir / FILE).unlink()
    (settings.data_dir / FILE).mkdir()
    app = keep_first(app)
    listed = run(page_of("notes"))
    (settings.data_dir / FILE).rmdir()
    assert f">{NL('notes.problem')}<" in shown(app)
    assert listed.error[0].value == NL("notes.problem")
    assert "cannot be" in shown(listed)
    assert "cannot be" not in unfolded(listed)


def test_notes_are_listed_a_remark_is_kept_and_a_removed_note_comes_back_with_it(
    noted: AppTest, settings: Settings
) -> None:
    kept(settings).put_note(note())
    app = run(noted)
    for words in ("Er waren 725 000 meldingen.", "<p>Strategie, Omvang.</p>", "Vraag: Hoeveel"):
        assert words in shown(app)
    assert "staat niet meer" not in shown(app)
    assert "is veranderd en het citaat staat er niet meer in" in shown(app)
    assert [expander.label for expander in app.expander] == [NL("notes.remark_add")]
    assert not app.expander[0].proto.expanded
    app = run(app.text_area[0].set_value("Voor de brief"))
    assert '<p class="sw-remark">Voor de brief</p>' in shown(app)
    assert [each.remark for each in kept(settings).notes()] == ["Voor de brief"]
    app = press(app, NL("notes.remove"))
    assert kept(settings).notes() == ()
    assert NL("notes.taken_away") in shown(app)
    app = press(app, NL("history.undo"))
    assert [each.remark for each in kept(settings).notes()] == ["Voor de brief"]
    assert app.text_area[0].value == "Voor de brief"
    assert NL("notes.taken_away") not in shown(app)


def test_a_long_list_is_shown_in_parts(noted: AppTest, settings: Settings) -> None:
    for number in range(25):
        kept(settings).put_note(note(f"Citaat {number}.", start=number))
    app = run(noted)
    assert len(app.text_area) == 20
    app.session_state["notes-page"] = 2
    assert len(run(app).text_area) == 5


def test_hostile_text_is_shown_as_text(noted: AppTest, settings: Settings) -> None:
    kept(settings).put_note(note(HOSTILE, question=HOSTILE).remarked(HOSTILE))
    app = run(noted)
    assert "<script>alert" not in shown(app)
    assert "<img" not in shown(app)
    assert app.text_area[0].value == HOSTILE


def test_another_user_sees_nothing_and_a_visitor_is_told_that_nothing_lasts(
    noted: AppTest, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept(settings).put_note(note())
    monkeypatch.setattr("ui.access.user", lambda: User(id="bo", name="Bo", role="reader"))
    app = run(noted)
    assert "725 000" not in shown(app)
    assert app.info
    visitor = User(id="visitor 1", name="", role="reader", is_visitor=True)
    monkeypatch.setattr("ui.access.user", lambda: visitor)
    assert NL("notes.not_lasting") in shown(run(page_of("notes")))


def test_whoever_has_no_role_does_not_get_in(
    noted: AppTest, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = User(id="local", name="", role=None)
    kept(settings, nobody.id).put_note(note())
    monkeypatch.setattr("ui.access.user", lambda: nobody)
    app = noted.run()
    assert app.exception
    assert not app.html
    with pytest.raises(NotAllowedError, match="needs the role reader"):
        session.chat(settings)
