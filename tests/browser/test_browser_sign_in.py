"""Signing in at a real OpenID provider, in a real browser: pages, roles, signing out."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from oidc_provider_mock import User, run_server_in_thread
from playwright.sync_api import Browser, Page, expect
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

from core.settings import Settings
from tests.support.axe import SCHEMES, broken_rules
from tests.support.browser import ask, press, served, visitor
from tests.support.sign_in import CLIENT_SECRET, COOKIE_SECRET, PEOPLE, secrets_of, sign_in
from ui.access import User as Person
from ui.navigation import PLACES
from ui.texts import load

# The provider still uses an interface of Authlib that goes away in its next major version.
pytestmark = [pytest.mark.long, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

TEXTS = load("nl")
SHARED: list[str] = []  # tokens of links that were made
# One by the claim, one by the list; test_access.py has the others.
ROLES = {"reader": "reader", "evaluator": "evaluator", "listed": "maintainer"}


@pytest.fixture(scope="module")
def app(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an app at which people sign in; its log holds no secret in the end."""
    folder = tmp_path_factory.mktemp("sign-in")
    users = [User(sub=name, claims=claims) for name, claims in PEOPLE.items()]
    with run_server_in_thread(user_claims=users) as provider:
        secrets = folder / "secrets.toml"
        text = secrets_of("http://localhost:{port}", provider.server_port)
        secrets.write_text(text, "utf-8")
        variables = {
            "STREAMLIT_SECRETS_FILES": str(secrets),
            "STRATEGIEWIJZER_ROLE_CLAIM": "realm_access.roles",
            "STRATEGIEWIJZER_ROLE_MEMBERS": json.dumps({"maintainer": ["ada@example.org"]}),
        }
        with served(settings.data_dir, folder / "log", variables) as address:
            yield address
    log = (folder / "log").read_text("utf-8")
    assert CLIENT_SECRET not in log
    assert COOKIE_SECRET not in log
    assert not [token for token in SHARED if token in log]


@contextmanager
def visited(browser: Browser, address: str) -> Iterator[Page]:
    """A page that reaches this machine only: the provider's page asks for a style sheet."""
    with visitor(browser, address) as page:
        page.route(lambda url: not url.startswith("http://localhost:"), lambda route: route.abort())
        page.goto(address)
        yield page


@pytest.mark.parametrize("name", ROLES)
def test_a_role_decides_which_pages_there_are(browser: Browser, app: str, name: str) -> None:
    user = Person(id="", name="", role=ROLES[name])
    with visited(browser, app) as page:
        sign_in(page, name)
        sidebar = page.get_by_test_id("stSidebar")
        expect(sidebar).to_contain_text(f"({TEXTS(f'access.roles.{ROLES[name]}')})")
        expect(sidebar).to_contain_text(str(PEOPLE[name]["name"]))
        menu = page.get_by_test_id("stSidebarNavLink")
        expected = [TEXTS(place.title) for place in PLACES if user.may(place.role)]
        expect(menu).to_have_text(expected)
        for place in PLACES:
            if not user.may(place.role):
                page.goto(f"{app}/{place.path}")
                expect(page.get_by_role("heading", name=TEXTS("access.forbidden"))).to_be_visible()
                if name == "reader":
                    assert broken_rules(page, SCHEMES) == []


def test_signing_in_out_and_in_again_as_somebody_else(browser: Browser, app: str) -> None:
    with visited(browser, app) as page:
        expect(page.get_by_text("localhost", exact=True)).to_be_visible()
        assert broken_rules(page, SCHEMES) == []
        expect(page.get_by_test_id("stChatInput")).to_have_count(0)
        press(page.get_by_role("button", name=TEXTS("access.sign_in")))
        page.get_by_role("button", name="Deny").click()  # at the provider
        expect(page.get_by_role("button", name=TEXTS("access.sign_in"))).to_be_visible()
        expect(page.get_by_test_id("stChatInput")).to_have_count(0)
        sign_in(page, "maintainer")
        ask(page, "Hoeveel is de drugsmarkt in Europa waard?")
        expect(page.locator(".sw-answer").first).to_be_visible()
        page.reload()
        expect(page.get_by_text("Bea Beheerder")).to_be_visible()
        press(page.get_by_role("button", name=TEXTS("access.sign_out")))
        page.get_by_role("button", name="End session").click()
        expect(page.get_by_role("button", name=TEXTS("access.sign_in"))).to_be_visible()
        assert not [cookie for cookie in page.context.cookies() if "_user" in str(cookie["name"])]
        sign_in(page, "reader")
        expect(page.get_by_text("Lia Lezer")).to_be_visible()
        expect(page.get_by_text("Bea Beheerder")).to_have_count(0)
        expect(page.get_by_text("drugsmarkt in Europa waard")).to_have_count(0)


def test_who_follows_a_link_comes_back_to_it_after_signing_in(browser: Browser, app: str) -> None:
    place = f"{app}/sources?document=drugs-agenda&language=nl"
    with visited(browser, place) as page:
        expect(page.get_by_role("button", name=TEXTS("access.sign_in"))).to_be_visible()
        expect(page.locator("article.sw-reading")).to_have_count(0)
        sign_in(page, "reader")
        expect(page.locator("article.sw-reading")).to_be_visible()
        assert page.url == place
        page.goto(app)  # the place is visited once
        expect(page.get_by_test_id("stChatInput")).to_be_visible()


def test_a_colleague_reads_a_shared_conversation_until_its_link_is_revoked(
    browser: Browser, app: str
) -> None:
    question = "Wat is EMPACT?"
    gone = TEXTS("sharing.none")
    with visited(browser, app) as owner, visited(browser, app) as colleague:
        sign_in(owner, "maintainer")
        ask(owner, question)
        expect(owner.locator(".sw-answer").first).to_be_visible()
        press(owner.get_by_role("button", name=TEXTS("history.menu")).first)
        owner.get_by_text(TEXTS("history.share"), exact=True).click()
        press(owner.get_by_role("button", name=TEXTS("sharing.make")))
        link = owner.get_by_role("dialog").locator("code").inner_text()
        SHARED.append(link.partition("?s=")[2])
        assert len(SHARED[-1]) > 40
        assert broken_rules(owner, SCHEMES) == []

        colleague.goto(link)  # first to sign in, and then back to it
        sign_in(colleague, "reader")
        expect(colleague.get_by_role("heading", name=question).first).to_be_visible()
        expect(colleague.locator(".sw-answer").first).to_be_visible()
        expect(colleague.get_by_text(str(PEOPLE["maintainer"]["name"]))).to_be_visible()
        expect(colleague.get_by_test_id("stChatInput")).to_have_count(0)
        assert broken_rules(colleague, SCHEMES) == []

        press(owner.get_by_role("button", name=TEXTS("sharing.revoke")))
        expect(owner.get_by_role("button", name=TEXTS("sharing.revoke"))).to_have_count(0)
        colleague.reload()
        expect(colleague.get_by_role("heading", name=gone)).to_be_visible()
        expect(colleague.locator(".sw-answer")).to_have_count(0)
        assert broken_rules(colleague, SCHEMES) == []


def test_a_forged_cookie_lets_nobody_in(browser: Browser, app: str) -> None:
    claims = {
        **{"iss": "x", "sub": "x", "iat": time.time(), "origin": app, "is_logged_in": True},
        **{"provider": "default", "realm_access": {"roles": ["maintainer"]}},
    }
    with visited(browser, app) as page:
        for secret in ("", "another-secret-of-somebody-else-here"):
            value = create_signed_value(secret, "_streamlit_user", json.dumps(claims)).decode()
            page.context.add_cookies([{"name": "_streamlit_user", "value": value, "url": app}])
            page.reload()
            expect(page.get_by_role("button", name=TEXTS("access.sign_in"))).to_be_visible()
            expect(page.get_by_test_id("stChatInput")).to_have_count(0)
