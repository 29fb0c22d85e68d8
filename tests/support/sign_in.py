"""People at an OpenID provider, the secrets of an app that they sign in to, and how they do."""

from playwright.sync_api import Page, expect

from tests.support.browser import press
from ui.texts import load

TEXTS = load("nl")
CLIENT_SECRET = "client-hush-hush"  # noqa: S105 - of a provider that lives as long as a test
COOKIE_SECRET = "cookie-hush-hush-" * 3
PEOPLE = {
    "reader": {"name": "Lia Lezer", "realm_access": {"roles": ["reader"]}},
    "evaluator": {"name": "Eva <b>Evaluator</b>", "realm_access": {"roles": ["evaluator"]}},
    "maintainer": {"name": "Bea Beheerder", "realm_access": {"roles": ["x", "maintainer"]}},
    "listed": {"name": "Ada", "email": "Ada@example.org", "email_verified": True},
}


def secrets_of(app: str, provider: int) -> str:
    """The secrets of an app at this address, for the provider at this port."""
    return f"""[auth]
redirect_uri = "{app}/oauth2callback"
cookie_secret = "{COOKIE_SECRET}"
client_id = "strategiewijzer"
client_secret = "{CLIENT_SECRET}"
server_metadata_url = "http://localhost:{provider}/.well-known/openid-configuration"
"""


def sign_in(page: Page, name: str) -> None:
    press(page.get_by_role("button", name=TEXTS("access.sign_in")))
    page.get_by_role("button", name=name, exact=True).click()
    expect(page.get_by_role("button", name=TEXTS("access.sign_out"))).to_be_visible()
