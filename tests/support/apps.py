"""Pages in Streamlit's own test harness, and what a user does on them."""

import re
from typing import TYPE_CHECKING, Any

from core import settings
from core.settings import ROOT

if TYPE_CHECKING:  # takes a second to import
    from streamlit.testing.v1 import AppTest

AUTH = {  # the secrets of an app at which people sign in
    "redirect_uri": "http://localhost:8501/oauth2callback",
    "cookie_secret": "c00kie-" * 6,
    "client_id": "strategiewijzer",
    "client_secret": "hush-hush",
    "server_metadata_url": "https://idp.example/.well-known/openid-configuration",
}


def begin_anew() -> None:
    """From now on this process is one that has just begun, as far as its settings go."""
    settings.at_start.cache_clear()
    settings._read.cache_clear()


def run(page: Any) -> "AppTest":
    """Runs a page, or what was just done to it; nothing may go wrong unnoticed."""
    app: AppTest = page.run()
    assert not app.exception
    return app


def visit(**address: str | list[str]) -> "AppTest":
    """The app in a session of its own, at an address."""
    from streamlit.testing.v1 import AppTest

    app = AppTest.from_file(ROOT / "app.py", default_timeout=120)
    for name, value in address.items():
        app.query_params[name] = value
    return run(app)


def page_of(path: str) -> "AppTest":
    """The page with this path of the address by itself, which is not run yet."""
    from streamlit.testing.v1 import AppTest

    code = f"""
from core.settings import current
from ui.navigation import PLACES, interface_texts

(place,) = [place for place in PLACES if place.path == {path!r}]
place.show(current(), interface_texts(current()))
"""
    return AppTest.from_string(code, default_timeout=120)


def ask(app: "AppTest", question: str) -> "AppTest":
    return run(app.chat_input[0].set_value(question))


def press(app: "AppTest", label: str) -> "AppTest":
    """Presses the button with this label; there is just one."""
    (button,) = [button for button in app.button if button.label == label]
    return run(button.click())


def shown(app: "AppTest") -> str:
    """All of a page that is ours, as it is sent to the browser."""
    return "\n".join(element.body for element in app.html if "<style>" not in element.body)


def all_text(app: "AppTest") -> str:
    """All text of a page, ours and data, as it is sent to the browser."""
    boxes = (*app.html, *app.error, *app.warning, *app.info, *app.success, *app.markdown)
    return "\n".join(str(getattr(box, "body", "") or box.value) for box in boxes)


def unfolded(app: "AppTest") -> str:
    """What a page says before anything is unfolded."""
    boxes = (*app.error, *app.warning, *app.info, *app.markdown)
    told = "\n".join((shown(app), *(box.value for box in boxes)))
    return re.sub("<details.*?</details>", "", told, flags=re.DOTALL)


def labels(app: "AppTest") -> list[str]:
    return [button.label for button in app.button]
