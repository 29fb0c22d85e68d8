"""The real app in a real browser, for tests."""

import os
import re
import shutil
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    FloatRect,
    Locator,
    Page,
    ViewportSize,
    expect,
    sync_playwright,
)

from tests.support.waiting import until

ROOT = Path(__file__).parents[2]
VIEWPORT_HEIGHT = 720  # pixels
VIEWPORT: ViewportSize = {"width": 1280, "height": VIEWPORT_HEIGHT}
# Of the page, by the scheme that the reader prefers; as in .streamlit/config.toml.
BACKGROUNDS = {"light": "rgb(255, 255, 255)", "dark": "rgb(18, 23, 29)"}
BROWSER_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Tells what was sent to the app and not answered yet: to be there from the start of a page on.
UNANSWERED = """{
    window.unanswered = 0;
    window.changed = performance.now();
    const send = WebSocket.prototype.send, heard = new WeakSet();
    WebSocket.prototype.send = function (...given) {
        if (!heard.has(this)) {
            heard.add(this);
            this.addEventListener("message", () => { window.unanswered = 0; });
        }
        window.unanswered += 1;
        return send.apply(this, given);
    };
    const what = {subtree: true, childList: true, characterData: true, attributes: true};
    new MutationObserver(() => { window.changed = performance.now(); }).observe(document, what);
}"""
PATIENCE = 180_000  # milliseconds; an app that starts on a busy machine is slow
_QUIET = 250  # milliseconds
_SETTLED = f"""() => {{
    const app = document.querySelector("[data-testid=stApp]");
    return app?.dataset.testConnectionState === "CONNECTED"
        && app.dataset.testScriptState === "notRunning"
        && !window.unanswered
        && !document.querySelector("[data-stale=true]")
        && ![...document.querySelectorAll("[data-testid=stSkeleton]")].some(
            (one) => one.checkVisibility())
        && document.getAnimations().every((one) => one.playState !== "running"
            || one.effect.getComputedTiming().endTime === Infinity)
        && performance.now() - window.changed > {_QUIET};
}}"""


@contextmanager
def started() -> Iterator[Browser]:
    """Chromium; the test is skipped where there is none, or fails if REQUIRE_BROWSER is 1."""
    # The first is Chromium without its windows: a page takes it almost a third less of a processor.
    names = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
    executable = next((path for name in names if (path := shutil.which(name))), None)
    if executable is None:
        reason = f"no browser: none of {', '.join(names)} is installed"
        if os.environ.get("REQUIRE_BROWSER") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=BROWSER_ARGUMENTS)
        yield browser
        browser.close()


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("localhost", 0))
        return int(free.getsockname()[1])


_PORTS: list[int] = []  # that apps of this process have had


def _port_of_before() -> int:
    """A free port, of an earlier app if it can be: a browser loads again nothing from there."""
    for port in _PORTS:
        with socket.socket() as one:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):
                one.bind(("localhost", port))
                return port
    _PORTS.append(free_port())
    return _PORTS[-1]


@contextmanager
def served(
    data_dir: Path,
    log: Path,
    environment: Mapping[str, str] = MappingProxyType({}),
    *,
    port: int = 0,
) -> Iterator[str]:
    """The address of the real app on this index, with more environment, on a free port unless one
    is named; it ends with the block."""
    port = port or _port_of_before()
    address = f"http://localhost:{port}"
    variables = {
        **os.environ,
        "STRATEGIEWIJZER_DATA_DIR": str(data_dir),
        "STRATEGIEWIJZER_MODEL": "",  # whatever is in .env
        "OPENAI_API_KEY": "",
        "OPENAI_BASE_URL": "",
        **environment,
    }
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    with log.open("w") as output:
        server = subprocess.Popen(
            command, cwd=ROOT, env=variables, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        wait_until_healthy(address, server, log)
        yield address
    finally:
        server.terminate()
        try:
            server.wait(timeout=20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def wait_until_healthy(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    def is_healthy() -> bool:
        assert server.poll() is None, f"the app stopped:\n{log.read_text()}"
        try:
            urllib.request.urlopen(f"{address}/_stcore/health", timeout=5).close()
        except OSError:
            return False
        return True

    until(is_healthy, "the app has started", told=log.read_text)


@contextmanager
def visitor(browser: Browser, address: str, **options: Any) -> Iterator[Page]:
    """A page of somebody who has not been here before and reads Dutch; what it opens ends with it.

    It has the place of an earlier visitor, if one is gone: Streamlit's scripts, which are most of
    what a page costs, are then loaded and compiled already. Of that visitor nothing else is left.

    Args:
        options: of a browser that is unlike the others, as `new_context` takes them.
    """
    gone = (text for text in browser.contexts if not text.pages and not options)
    context = next(gone, None) or browser.new_context(
        **{"locale": "nl-NL", "viewport": VIEWPORT, **options}
    )
    page = context.new_page()
    page.add_init_script(UNANSWERED)
    page.set_default_timeout(PATIENCE)
    try:
        yield page
    finally:
        context.clear_cookies()
        context.clear_permissions()
        stored = {"origin": _origin(address), "storageTypes": "local_storage,indexeddb"}
        context.new_cdp_session(page).send("Storage.clearDataForOrigin", stored)
        for one in context.pages:
            one.close()
        if options:
            context.close()


@contextmanager
def opened(
    browser: Browser, address: str, scheme: str = "light", *, width: int = VIEWPORT["width"]
) -> Iterator[Page]:
    """A page, for a reader of Dutch.

    In the end it has asked nothing of any other host, nor anything that its policy does not allow.
    """
    asked: list[str] = []
    written: list[str] = []
    with visitor(browser, address) as page:
        in_scheme(page, scheme)
        page.set_viewport_size({"width": width, "height": VIEWPORT_HEIGHT})
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: written.append(message.text))
        page.goto(address)
        yield page
        own = (_origin(address), "data:", "blob:")
        assert [url for url in asked if not url.startswith(own)] == []
        assert [text for text in written if "Security Policy" in text] == []


def _origin(address: str) -> str:
    return "/".join(address.split("/")[:3])


def in_scheme(page: Page, scheme: str) -> None:
    """From now on the reader prefers light or dark pages; Streamlit follows at once."""
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")


def settled(page: Page) -> None:
    """Waits until the page has all that it asked of the app and nothing on it changes any more.

    That is: the app has answered, the run of its script has ended, what was there before the run
    is gone, what moves has come to its end, and for a quarter of a second nothing was changed by
    what the page does about it.
    """
    page.wait_for_function(_SETTLED, polling=100)


def press(what: Locator) -> None:
    """Clicks what the app is to act upon, once it rests.

    A click while Streamlit carries out an earlier one, or draws, can be dropped: seen in one of
    48 on two busy cores.
    """
    settled(what.page)
    what.click()


def text_of(what: Locator) -> str:
    """What a reader reads there, once nothing on the page changes any more.

    Which lines are lines hangs on styles, which can come after the text.
    """
    settled(what.page)
    return what.inner_text()


def sideways(page: Page) -> int:
    """By how many pixels the page, once at rest, is wider than its window."""
    settled(page)
    return int(page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))


def box_of(what: Locator) -> FloatRect:
    """Where it stands on the page, in pixels, once nothing on the page changes any more."""
    settled(what.page)
    box = what.bounding_box()
    assert box is not None, f"not on the page: {what}"
    return box


def field(page: Page) -> Locator:
    """Where questions are typed."""
    return page.get_by_placeholder(re.compile("Stel uw vraag"))


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def ask(page: Page, question: str) -> None:
    """Types a question with the keyboard alone."""
    expect(field(page)).to_be_enabled()
    field(page).focus()
    page.keyboard.type(question)
    page.keyboard.press("Enter")


def choose(page: Page, choice: str) -> None:
    """Chooses from the menu of the conversation that is open."""
    press(page.locator("[class*='st-key-open-'] [class*='st-key-menu-'] button"))
    press(page.get_by_role("menuitem", name=choice, exact=True))


def evidence(page: Page) -> Locator:
    """What unfolds the sources of an answer, one for each answer."""
    return page.locator("details.sw-sources > summary")
