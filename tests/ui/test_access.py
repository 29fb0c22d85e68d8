"""Who may do what: from claims to roles, and what each role meets on the pages."""

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import pytest
import streamlit as st
from streamlit import config
from streamlit.runtime.secrets import Secrets
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from core.errors import SettingsError, SignInError
from core.settings import Role, Settings
from tests.support.apps import AUTH, labels, unfolded
from ui import access, navigation
from ui.access import User, user_of
from ui.navigation import Place
from ui.texts import load

APP = Path(__file__).parents[2] / "app.py"
NOW = 1_800_000_000.0  # seconds since the epoch
CLAIMS = {"iss": "https://idp.example", "sub": "4711", "iat": NOW - 60}
TEXTS = load("nl")


def role(claims: Mapping[str, object], **settings: Any) -> str | None:
    return user_of({**CLAIMS, **claims}, Settings(**settings), NOW).role


def test_a_user_is_known_by_issuer_and_subject() -> None:
    user = user_of({**CLAIMS, "name": "Ada", "email": "ada@example.org"}, Settings(), NOW)
    assert user == User(id="https://idp.example 4711", name="Ada", role="reader")
    other = user_of({**CLAIMS, "iss": "https://other.example"}, Settings(), NOW)
    assert other.id != user.id
    assert other.name == "4711"


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": ""},
        {"iss": None},
        {"iss": "https://idp.example 4711"},  # else two users could have the same id
        {"sub": ""},
        {"sub": 4711},
        {"sub": "4" * 256},
        {"iat": None},
        {"iat": "yesterday"},
        {"iat": True},
        {"iat": float("nan")},
        {"iat": NOW - 12 * 3600 - 1},
        {"iat": NOW + 3600},
    ],
    ids=str,
)
def test_who_is_not_surely_somebody_is_nobody(claims: dict[str, object]) -> None:
    with pytest.raises(SignInError, match="Sign in again"):
        user_of({**CLAIMS, **claims}, Settings(), NOW)


def test_a_role_includes_those_before_it() -> None:
    ranks: tuple[Role, ...] = get_args(Role)
    for number, role in enumerate((None, *ranks)):
        user = User("x", "x", role)
        assert [user.may(other) for other in ranks] == [rank < number for rank in range(3)]


MEMBERS = {"maintainer": ["Ada@Example.org", "adk@example.org"], "evaluator": ["4711"]}


@pytest.mark.parametrize(
    ("claim", "claims", "expected"),
    [
        ("roles", {"roles": ["evaluator"]}, "evaluator"),
        ("roles", {"roles": "maintainer"}, "maintainer"),
        ("roles", {"roles": ["reader", "maintainer", "evaluator"]}, "maintainer"),
        ("realm_access.roles", {"realm_access": {"roles": ["maintainer"]}}, "maintainer"),
        ("https://x.example/roles", {"https://x.example/roles": ["evaluator"]}, "evaluator"),
        ("", {"roles": ["maintainer"], "": "maintainer"}, "reader"),
    ],
)
def test_a_claim_that_is_named_gives_a_role(
    claim: str, claims: dict[str, object], expected: str
) -> None:
    assert role(claims, role_claim=claim) == expected


def test_the_values_of_a_claim_are_a_setting() -> None:
    values = {"maintainer": ["beheer"], "evaluator": ["toets", "audit"]}
    for group, given in (("audit", "evaluator"), ("beheer", "maintainer"), ("evaluator", "reader")):
        claims = {"groups": [group]}
        assert role(claims, role_claim="groups", role_values=values) == given


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"roles": None},
        {"roles": "reader maintainer"},
        {"roles": "Maintainer"},
        {"roles": {"maintainer": True}},
        {"roles": [["maintainer"], {"name": "maintainer"}, 3]},
        {"roles": []},
        {"realm_access": "maintainer"},
        {"realm_access": ["roles"]},
        {"role": ["maintainer"]},
    ],
    ids=str,
)
@pytest.mark.parametrize("claim", ["roles", "realm_access.roles"])
def test_a_claim_of_another_shape_gives_nothing(claim: str, claims: dict[str, object]) -> None:
    assert role(claims, role_claim=claim) == "reader"
    assert role(claims, role_claim=claim, default_role="none") is None


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({"email": "ada@example.org", "email_verified": True}, "maintainer"),
        ({"sub": "4711"}, "evaluator"),
        ({"sub": "4712"}, "reader"),
        ({"email": "ada@example.org"}, "reader"),
        ({"email": "ada@example.org", "email_verified": False}, "reader"),
        ({"email": "ada@example.org", "email_verified": "true"}, "reader"),
        ({"email": ["ada@example.org"], "email_verified": True}, "reader"),
        ({"sub": "ada@example.org"}, "reader"),
        ({"preferred_username": "ada@example.org", "email_verified": True}, "reader"),
        ({"email": "ad\u212a@example.org", "email_verified": True}, "reader"),
    ],
    ids=str,
)
def test_a_list_gives_a_role_to_a_subject_or_a_verified_address(
    claims: dict[str, object], expected: str
) -> None:
    assert role({"sub": "0"} | claims, role_members=MEMBERS) == expected


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ROLE_MEMBERS", "ada@example.org"),
        ("ROLE_MEMBERS", '{"maintainers": ["ada@example.org"]}'),
        ("ROLE_MEMBERS", '{"maintainer": [" "]}'),
        ("ROLE_VALUES", '["maintainer"]'),
        ("ROLE_VALUES", '{"maintainer": "beheer"}'),
        ("DEFAULT_ROLE", "everything"),
        ("VISITOR_ROLE", "admin"),
        ("SIGN_IN_HOURS", "0"),
    ],
)
def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"STRATEGIEWIJZER_{name}", value)
    with pytest.raises(SettingsError, match=name.lower()) as caught:
        Settings()
    assert "ada@" not in str(caught.value)


def test_no_run_and_no_log_keeps_who_is_on_a_list() -> None:
    settings = Settings(role_members={"maintainer": ["ada@example.org"]})
    assert "ada@" not in repr(settings) + settings.model_dump_json()


def _secret_page(*_: object) -> None:
    st.title("Geheim")
    st.button("Wis alles", on_click=_act, key="wipe")


def _act() -> None:
    access.require("maintainer")
    st.session_state["done"] = True


Open = Callable[..., AppTest]
Option = Callable[[str, object], None]


@pytest.fixture
def opened(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Opens the app with these claims (None: without sign-in) and pages for two more roles."""
    monkeypatch.setenv("STRATEGIEWIJZER_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("STRATEGIEWIJZER_ROLE_CLAIM", "roles")
    pages = [place for place in navigation.PLACES if place.role == "reader"]
    more = [
        Place(_secret_page, "catalogue.title", f"{role}s", role)
        for role in ("evaluator", "maintainer")
    ]
    monkeypatch.setattr(navigation, "PLACES", [*pages, *more])
    st.cache_resource.clear()

    def make(claims: Mapping[str, object] | None = None, **auth: object) -> AppTest:
        app = AppTest.from_file(APP, default_timeout=120)
        if claims is not None:
            app.secrets["auth"] = {**AUTH, **auth}
            app.user = dict(claims)
        app.run()
        assert not app.exception
        return app

    yield make
    st.cache_resource.clear()


def signed_in(**claims: object) -> dict[str, object]:
    now = {**CLAIMS, "iat": time.time(), "is_logged_in": True}
    return {**now, **claims}


def titles(app: AppTest) -> list[str]:
    return [title.value for title in app.title]


def words(app: AppTest) -> str:
    parts = [*app.html, *app.markdown, *app.warning, *app.error]
    return "\n".join(getattr(part, "body", None) or part.value for part in parts)


def at(app: AppTest, path: str) -> AppTest:
    """The same session asks for another page, as a browser does: by the digest of its address."""
    app._page_hash = calc_hash(path)
    return app.run()


def test_nothing_of_the_app_is_shown_before_signing_in(opened: Open) -> None:
    app = opened({})
    for claims in ({}, {"is_logged_in": False}, {"is_logged_in": "yes"}):
        app.user = claims
        app.run()
        assert labels(app) == [TEXTS("access.sign_in")]
        assert not app.chat_input
        assert "idp.example" in words(app)
        assert "Drugs" not in words(app)


def test_an_old_sign_in_has_to_be_renewed(opened: Open) -> None:
    app = opened(signed_in(iat=time.time() - 13 * 3600))
    assert app.warning[0].value == TEXTS("access.again")
    assert "12 hours" in words(app)
    assert "12 hours" not in unfolded(app)
    assert not app.chat_input


def test_the_sidebar_says_who_is_signed_in_as_plain_text(opened: Open) -> None:
    app = opened(signed_in(name="<b>*Ada*</b> :red[x]", roles=["evaluator"]))
    assert "<strong>&lt;b&gt;*Ada*&lt;/b&gt; :red[x]</strong> (evaluator)" in words(app)
    assert TEXTS("access.sign_out") in labels(app)
    assert app.chat_input


def test_who_has_no_role_reads_whom_to_ask_and_what_to_mention(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STRATEGIEWIJZER_DEFAULT_ROLE", "none")
    app = opened(signed_in())
    assert TEXTS("access.no_role") in words(app)
    assert "https://idp.example 4711" in words(app)
    assert TEXTS("access.sign_out") in labels(app)
    assert not app.chat_input


@pytest.mark.parametrize(
    ("wrong", "remedy"),
    [
        *(({key: ""}, key) for key in sorted(AUTH)),
        ({"redirect_uri": "https://app.example/"}, "/oauth2callback"),
        ({"cookie_secret": "short-secret"}, "at least 32"),
        ({"server_metadata_url": "http://idp.example/x"}, "https://"),
        ({"client_id": 12}, "client_id"),
    ],
)
def test_a_sign_in_that_is_incomplete_or_not_safe_says_what_lacks(
    monkeypatch: pytest.MonkeyPatch, wrong: dict[str, object], remedy: str
) -> None:
    monkeypatch.setattr(st, "secrets", {"auth": {**AUTH, **wrong}})
    for use in (access.provider, access.user, lambda: access.require("reader")):
        with pytest.raises(SettingsError, match=remedy) as caught:
            use()
        assert "docs/sign-in.md" in str(caught.value)
        for secret in ("hush", AUTH["cookie_secret"], "short-secret"):
            assert secret not in str(caught.value)


def test_a_sign_in_that_is_incomplete_lets_nobody_in(
    opened: Open, caplog: pytest.LogCaptureFixture
) -> None:
    app = opened(signed_in(roles=["maintainer"]), client_id="")
    assert app.error[0].value == TEXTS("errors.settings")
    assert "client_id" in words(app)
    assert "client_id" not in unfolded(app)
    assert not app.chat_input
    assert "hush" not in words(app) + caplog.text
    assert AUTH["cookie_secret"] not in words(app) + caplog.text


@pytest.mark.parametrize("content", ["[auth\n", "auth = 1\n", "[auth]\n", b"\xff\xfe"], ids=repr)
def test_a_file_of_secrets_that_is_wrong_lets_nobody_in(
    option: Option, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str | bytes
) -> None:
    file = tmp_path / "secrets.toml"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    monkeypatch.setattr(st, "secrets", Secrets())
    option("secrets.files", [str(file)])
    with pytest.raises(SettingsError, match=r"secrets\.toml"):
        access.user()


def test_without_a_file_of_secrets_there_is_no_sign_in(
    option: Option, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(st, "secrets", Secrets())
    option("secrets.files", [str(tmp_path / "secrets.toml")])
    assert access.provider() is None
    assert access.user() == access.LOCAL


@pytest.fixture
def option() -> Iterator[Option]:
    """Sets an option of Streamlit until the end of the test."""
    before: dict[str, object] = {}

    def set_option(name: str, value: object) -> None:
        before.setdefault(name, config.get_option(name))
        config.set_option(name, value)

    yield set_option
    for name, value in before.items():
        config.set_option(name, value)


@pytest.mark.parametrize("address", ["", "::", "192.168.1.2", "app.example", "unix://x"])
def test_whoever_reaches_an_app_that_others_reach_too_only_reads_without_sign_in(
    option: Option, address: str
) -> None:
    assert access.user() == access.LOCAL
    option("server.address", address or None)
    assert (access.user().is_visitor, access.user().role) == (True, "reader")


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "app.example"},
        {"Host": "localhost:8501", "X-Forwarded-For": "192.0.2.1"},
        {"Host": "localhost:8501", "Forwarded": "for=192.0.2.1"},
    ],
    ids=str,
)
def test_a_proxy_brings_visitors(monkeypatch: pytest.MonkeyPatch, headers: dict[str, str]) -> None:
    monkeypatch.setattr(type(st.context), "headers", headers)
    assert (access.user().is_visitor, access.user().role) == (True, "reader")
    monkeypatch.setattr(type(st.context), "headers", {"Host": "127.0.0.1:8501"})
    assert access.user() == access.LOCAL


def test_visitors_are_kept_apart_and_can_be_kept_out(
    opened: Open, option: Option, monkeypatch: pytest.MonkeyPatch
) -> None:
    local = opened()
    assert local.chat_input
    assert TEXTS("access.sign_out") not in labels(local)
    assert titles(at(local, "maintainers")) == ["Geheim"]
    option("server.address", "::")
    first, second = opened(), opened()
    assert first.chat_input
    assert titles(at(first, "maintainers")) == [TEXTS("access.forbidden")]
    assert first.session_state["visitor"] != second.session_state["visitor"]
    monkeypatch.setenv("STRATEGIEWIJZER_VISITOR_ROLE", "none")
    app = opened()
    assert TEXTS("access.visitor") in words(app)
    assert not app.chat_input


@pytest.mark.parametrize("role", ["reader", "evaluator", "maintainer"])
def test_a_role_decides_which_pages_there_are_and_an_action_is_checked_where_it_happens(
    opened: Open, role: str
) -> None:
    app = opened(signed_in(roles=[role]))
    ranks = ["reader", "evaluator", "maintainer"]
    for needed in ranks[1:]:
        allowed = ranks.index(role) >= ranks.index(needed)
        at(app, f"{needed}s")
        assert titles(app) == ["Geheim" if allowed else TEXTS("access.forbidden")]
        if not allowed:
            assert TEXTS(f"access.roles.{needed}") in words(app)
        if (role, needed) == ("evaluator", "evaluator"):
            app.button(key="wipe").click().run()  # which only maintainers may use
            (error,) = app.exception
            assert error.proto.type.rpartition(".")[2] == "NotAllowedError"
            assert "done" not in app.session_state


def test_a_role_that_ends_while_the_page_is_open_ends_its_actions(opened: Open) -> None:
    app = at(opened(signed_in(roles=["maintainer"])), "maintainers")
    app.button(key="wipe").click().run()
    assert app.session_state["done"]
    del app.session_state["done"]
    for claims in (signed_in(roles=["reader"]), {"is_logged_in": False}, {}):
        app = at(opened(signed_in(roles=["maintainer"])), "maintainers")
        button = app.button(key="wipe")
        app.user = dict(claims)
        button.click().run()  # the callback runs before the page
        assert "done" not in app.session_state
        assert titles(app) != ["Geheim"]


def test_what_a_session_holds_gives_no_role(opened: Open) -> None:
    app = opened(signed_in())
    for name in ("user", "role", "roles", "visitor", "is_logged_in", "access"):
        app.session_state[name] = "maintainer"
    app.query_params["role"] = "maintainer"
    assert titles(at(app, "maintainers")) == [TEXTS("access.forbidden")]
