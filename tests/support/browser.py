"""The real app in a real browser, for tests."""

import os
import re
import shutil
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from tests.support.waiting import until

ROOT = Path(__file__).parents[2]
VIEWPORT_HEIGHT = 720  # pixels
BROWSER_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def started() -> Iterator[Browser]:
    """Chromium; the test is skipped where there is none, or fails if REQUIRE_BROWSER is 1."""
    names = ("chromium", "chromium-browser", "google-chrome")
    executable = next((path for name in names if (path := shutil.which(name))), None)
    if executable is None:
        reason = f"no browser: none of {', '.join(names)} is installed"
        if os.environ.get("REQUIRE_BROWSER") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    expect.set_options(timeout=90_000)  # milliseconds; an app that starts on a busy machine is slow
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=BROWSER_ARGUMENTS)
        yield browser
        browser.close()


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("localhost", 0))
        return int(free.getsockname()[1])


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
    port = port or free_port()
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
def opened(
    browser: Browser, address: str, scheme: str = "light", *, width: int = 1280
) -> Iterator[Page]:
    """A page, for a reader of Dutch.

    In the end it has asked nothing of any other host, nor anything that its policy does not allow.
    """
    elsewhere: list[str] = []
    disallowed: list[str] = []
    host = "/".join(address.split("/")[:3])
    with browser.new_page(
        locale="nl-NL",
        color_scheme="dark" if scheme == "dark" else "light",
        viewport={"width": width, "height": VIEWPORT_HEIGHT},
    ) as page:
        page.set_default_timeout(90_000)
        page.on(
            "request",
            lambda request: (
                None
                if request.url.startswith((host, "data:", "blob:"))
                else elsewhere.append(request.url)
            ),
        )
        page.on(
            "console",
            lambda message: (
                disallowed.append(message.text) if "Security Policy" in message.text else None
            ),
        )
        page.goto(address)
        yield page
        assert elsewhere == []
        assert disallowed == []


def come_to_rest(page: Page) -> None:
    """Waits until nothing on the page has changed for a second, at most a minute: what is
    focused or clicked before may be replaced."""
    page.evaluate("""() => new Promise((done) => {
        let timer = setTimeout(done, 1000);
        const changed = () => { clearTimeout(timer); timer = setTimeout(done, 1000); };
        const what = {subtree: true, childList: true, characterData: true};
        new MutationObserver(changed).observe(document.body, what);
        setTimeout(done, 60000);
    })""")


def ask(page: Page, question: str) -> None:
    """Types a question with the keyboard alone."""
    field = page.get_by_placeholder(re.compile("Stel uw vraag"))
    expect(field).to_be_enabled(timeout=90_000)
    field.focus()
    page.keyboard.type(question)
    page.keyboard.press("Enter")


def evidence(page: Page) -> Locator:
    """What unfolds the sources of an answer, one for each answer."""
    return page.locator("details.sw-sources > summary")
