"""Sharing a conversation by a link: who is offered it, what the link shows, and to whom."""

import time

import pytest
from streamlit.testing.v1 import AppTest

from core.rate_limit import AttemptLimit
from core.settings import ROOT, Settings
from tests.support.apps import AUTH, all_text, labels, page_of, press, run
from tests.support.chats import Open, kept
from tests.support.people import talk
from ui.chat import sharing
from ui.texts import load
from userdata.conversations import Conversation, Exchange
from userdata.personal_data import shares_of

NL = load("nl")
ISSUER = "https://idp.example"


def visit(name: str, **query: str) -> AppTest:
    """The app, at which somebody with this name has signed in."""
    return _signed_in(AppTest.from_file(ROOT / "app.py", default_timeout=120), name, **query)


def _sharing() -> None:
    """What the dialog shows; by itself, as Streamlit's tests close a dialog at a click."""
    from core.settings import current
    from ui.chat.session import chat
    from ui.chat.sharing import show_sharing
    from ui.texts import load

    session = chat(current())
    show_sharing(session, session.store.listed()[0], load("nl"))


def shares(name: str) -> AppTest:
    """What the dialog shows to somebody with this name."""
    return _signed_in(AppTest.from_function(_sharing, default_timeout=120), name)


def _signed_in(app: AppTest, name: str, **query: str) -> AppTest:
    app.secrets["auth"] = AUTH
    app.user = {
        "iss": ISSUER, "sub": name, "name": name.title(), "iat": time.time() - 60,
        "is_logged_in": True,
    }  # fmt: skip
    for key, value in query.items():
        app.query_params[key] = value
    return run(app)


@pytest.fixture
def talked(opened: Open, settings: Settings) -> Conversation:
    """A conversation of An, who signs in."""
    del opened  # which empties the store
    conversation = talk("Wat is <b>EMPACT</b>?")
    kept(settings, f"{ISSUER} an").put(conversation)
    return conversation


def made(app: AppTest) -> str:
    """The token of a link that the owner makes on the page."""
    press(app, NL("sharing.make"))
    (link,) = [element.value for element in app.code if "?s=" in element.value]
    return str(link).partition("?s=")[2]


def test_a_colleague_reads_by_the_link_what_was_shared(
    talked: Conversation, settings: Settings
) -> None:
    app = shares("an")
    token = made(app)
    assert app.radio(key="share-days").value == 7
    later = Exchange(question="Iets vertrouwelijks")
    kept(settings, f"{ISSUER} an").put(talked.with_exchange(later), later)
    read = visit("bo", s=token)
    text = all_text(read)
    assert "Wat is &lt;b&gt;EMPACT&lt;/b&gt;?" in text
    assert "725 000 meldingen" in text  # the quote
    assert "Gedeeld door An op" in text
    assert "De antwoorden zijn die van dat moment. De link werkt tot" in text
    assert "vertrouwelijks" not in text
    assert not read.chat_input
    assert NL("chat.edit") not in labels(read)
    press(read, NL("sharing.ask"))
    assert not read.query_params
    assert read.chat_input


def test_the_owner_sees_a_link_once_and_revokes_it(talked: Conversation) -> None:
    token = made(shares("an"))
    dialog = run(visit("an").menu_button(key=f"menu-{talked.id}").click("share"))
    assert NL("sharing.make") in labels(dialog)
    assert NL("sharing.mine") in all_text(visit_privacy())
    again = shares("an")
    assert token not in str(again)
    assert NL("sharing.of_conversation") in all_text(again)
    press(again, NL("sharing.revoke"))
    assert NL("sharing.none") in visit("bo", s=token).title[0].value


def visit_privacy() -> AppTest:
    return _signed_in(page_of("privacy"), "an")


def page_of_nothing(app: AppTest) -> tuple[list[str], str]:
    return [title.value for title in app.title], all_text(app)


def test_links_that_open_nothing_all_show_one_page(
    talked: Conversation, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    unknown = page_of_nothing(visit("bo", s="unknown"))
    assert unknown[0] == [NL("sharing.none")]
    links = shares_of(settings, f"{ISSUER} an")
    revoked, expired, other = (str(links.share(talked.id, days)) for days in (7, -1, 7))
    links.revoke(next(one.id for one in links.listed() if links.find(revoked).id == one.id))  # type: ignore[union-attr]
    for token in (revoked, expired):
        assert page_of_nothing(visit("bo", s=token)) == unknown
    assert page_of_nothing(visit("bo", s=other)) != unknown
    monkeypatch.setenv("STRATEGIEWIJZER_MAX_SHARE_DAYS", "0")
    assert page_of_nothing(visit("bo", s=other)) == unknown


def test_who_tries_many_links_sees_the_same_page_for_a_right_one(
    talked: Conversation, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "_WRONG", AttemptLimit())
    monkeypatch.setattr(sharing, "_MOST_WRONG", 2)
    token = str(shares_of(settings, f"{ISSUER} an").share(talked.id, 7))
    for _ in range(2):
        unknown = page_of_nothing(visit("bo", s="unknown"))
    assert page_of_nothing(visit("bo", s=token)) == unknown
    assert "EMPACT" in all_text(visit("cy", s=token))


def test_nobody_opens_a_link_without_signing_in(
    talked: Conversation, settings: Settings, opened: Open
) -> None:
    token = str(shares_of(settings, f"{ISSUER} an").share(talked.id, 7))
    app = opened(s=token)  # where nobody can sign in
    assert app.title[0].value == NL("sharing.none")
    out = AppTest.from_file(ROOT / "app.py", default_timeout=120)
    out.secrets["auth"] = AUTH
    out.query_params["s"] = token
    run(out)
    assert NL("access.sign_in") in labels(out)
    assert "EMPACT" not in all_text(out)


def test_sharing_is_offered_only_where_people_sign_in_and_settings_allow_it(
    talked: Conversation, settings: Settings, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    def options(app: AppTest, id: str) -> list[str]:
        return list(app.menu_button(key=f"menu-{id}").options)

    assert NL("history.share") in str(options(visit("an"), talked.id))
    kept(settings).put(own := talk("Wat is SEESAC?"))
    assert NL("history.share") not in str(options(opened(), own.id))
    monkeypatch.setenv("STRATEGIEWIJZER_MAX_SHARE_DAYS", "0")
    assert NL("history.share") not in str(options(visit("an"), talked.id))


def test_the_days_offered_stay_below_the_maximum() -> None:
    assert sharing.choices(Settings()) == (1, 7, 30, 90)
    assert sharing.choices(Settings(max_share_days=30)) == (1, 7, 30)
    assert sharing.choices(Settings(max_share_days=6)) == (1,)
