"""nginx as in deploy/, in front of two real apps."""

import os
import re
import signal
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from oidc_provider_mock import User, run_server_in_thread
from playwright.sync_api import Browser, expect

from core.settings import ROOT, Settings
from tests.support import patient_http
from tests.support.browser import UNANSWERED, ask, evidence, free_port, served
from tests.support.databases import make_certificate, running
from tests.support.http_server import Handler, http_server
from tests.support.proxies import nginx
from tests.support.sign_in import PEOPLE, secrets_of, sign_in
from ui.texts import load

# The provider still uses an interface of Authlib that goes away in its next major version.
pytestmark = [pytest.mark.long, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

TEXTS = load("nl")


class Proxy(NamedTuple):
    """A proxy that runs: the address of its pages, and its port of plain HTTP."""

    address: str
    plain: int


def _replaced(text: str, changes: dict[str, str]) -> str:
    """A configuration with changes, each of which finds something to change."""
    for before, after in changes.items():
        assert before in text, before
        text = text.replace(before, after)
    return text


def _nginx(folder: Path, port: int, plain: int, apps: list[int]) -> list[str]:
    chain, key = make_certificate(folder), folder / "key.pem"
    changes = {
        "listen 80;": f"listen 127.0.0.1:{plain};",
        "listen 443 ssl;": f"listen 127.0.0.1:{port} ssl;",
        "    listen [::]:80;\n": "",
        "    listen [::]:443 ssl;\n": "",
        "strategiewijzer.example.org": "localhost",
        "/etc/nginx/tls/fullchain.pem": str(chain),
        "/etc/nginx/tls/privkey.pem": str(key),
        "127.0.0.1:8501": f"127.0.0.1:{apps[0]}",
        "127.0.0.1:8502": f"127.0.0.1:{apps[1]}",
        "/var/log/nginx/": f"{folder}/nginx-",
    }
    site = _replaced((ROOT / "deploy/nginx.conf").read_text("utf-8"), changes)
    command = nginx(folder, site)
    subprocess.run([*command, "-t"], check=True, capture_output=True)
    return command


@contextmanager
def _proxied(folder: Path, port: int, apps: list[int]) -> Iterator[Proxy]:
    plain = free_port()
    with running(_nginx(folder, port, plain, apps), port):
        yield Proxy(f"https://localhost:{port}", plain)


def _process_of(port: int) -> int:
    """The app that was started with this port."""
    wanted = f"--server.port\0{port}\0".encode()
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if place.read_bytes().endswith(wanted):
                return int(place.parent.name)
        except OSError:
            continue
    pytest.fail(f"no app has port {port}")


def _connections(process: int, port: int) -> int:
    """How many connections are open to the port that an app listens on."""
    lines = Path(f"/proc/{process}/net/tcp").read_text("ascii").splitlines()[1:]
    return sum(
        line.split()[1].endswith(f":{port:04X}") and line.split()[3] == "01" for line in lines
    )


def test_a_session_goes_on_when_its_app_stops(
    browser: Browser, settings: Settings, tmp_path: Path
) -> None:
    users = [User(sub=name, claims=claims) for name, claims in PEOPLE.items()]
    port, file = free_port(), tmp_path / "secrets.toml"
    with ExitStack() as stack:
        provider = stack.enter_context(run_server_in_thread(user_claims=users))
        file.write_text(secrets_of(f"https://localhost:{port}", provider.server_port), "utf-8")
        variables = {
            "STREAMLIT_SECRETS_FILES": str(file),
            "STRATEGIEWIJZER_ROLE_CLAIM": "realm_access.roles",
        }
        addresses = [
            stack.enter_context(served(settings.data_dir, tmp_path / f"log{number}", variables))
            for number in range(2)
        ]
        apps = [int(address.rpartition(":")[2]) for address in addresses]
        address = stack.enter_context(_proxied(tmp_path, port, apps)).address
        context = browser.new_context(locale="nl-NL", ignore_https_errors=True)
        stack.callback(context.close)
        context.route(
            lambda url: not re.match(r"https?://localhost:", url), lambda route: route.abort()
        )  # the provider's page asks for a style sheet
        page = context.new_page()
        page.add_init_script(UNANSWERED)
        page.set_default_timeout(90_000)
        opened: list[str] = []
        page.on("websocket", lambda socket: opened.append(socket.url))

        page.goto(address)
        sign_in(page, "maintainer")
        ask(page, "Hoeveel is de drugsmarkt in Europa waard?")
        answers = evidence(page)
        expect(answers).to_have_count(1)
        page.reload()
        expect(answers).to_have_count(1)
        conversation = page.url
        assert opened[-1].startswith(f"wss://localhost:{port}/_stcore/stream")
        (route,) = [cookie for cookie in context.cookies() if cookie.get("name") == "sw_route"]
        assert route.get("httpOnly")

        page.goto(f"{address}/maintenance")  # an upload goes to the app of its session
        chooser = page.locator("input[type=file]").first
        with page.expect_response(re.compile("/_stcore/upload_file/")) as sent:
            chooser.set_input_files(
                {"name": "x.md", "mimeType": "text/markdown", "buffer": b"# Alpha"}
            )
        assert sent.value.status == 204

        page.goto(conversation)
        expect(answers).to_have_count(1)
        own = max(apps, key=lambda app: _connections(_process_of(app), app))
        os.kill(_process_of(own), signal.SIGTERM)
        with page.expect_websocket(timeout=60_000):
            pass  # the page connects again by itself, to the other app
        expect(answers).to_have_count(1)
        ask(page, "Wat is EMPACT?")
        expect(answers).to_have_count(2)
        expect(page.get_by_role("button", name=TEXTS("access.sign_out"))).to_be_visible()
        assert page.url == conversation
        page.goto(conversation)
        expect(answers).to_have_count(2)


class _Upstream(Handler):
    """An app that answers with what it was asked, and sends two events of which the second waits
    until the first was read."""

    protocol_version = "HTTP/1.1"
    read = threading.Event()

    def do_GET(self) -> None:
        if self.path == "/v1/ask":
            self._events()
            return
        body = str(self.headers).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", "default-src 'self'")
        self.end_headers()
        self.wfile.write(body)

    def do_PUT(self) -> None:
        length = int(self.headers["Content-Length"])
        if len(self.rfile.read(length)) == length:  # else the proxy cut it off
            self.do_GET()

    def _events(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for event in (b"data: 1\n\n", b"data: 2\n\n"):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))
            self.wfile.flush()
            told = self.read.wait(20)
        self.wfile.write(b"0\r\n\r\n")
        assert told


def test_what_a_proxy_passes_on_bounds_and_hides(tmp_path: Path) -> None:
    _Upstream.read.clear()
    with (
        http_server(_Upstream) as upstream,
        _proxied(tmp_path, free_port(), [upstream] * 2) as proxy,
    ):
        trusted = ssl.create_default_context(cafile=str(tmp_path / "certificate.pem"))
        with patient_http.client(base_url=proxy.address, verify=trusted) as client:
            _passes_on(client, proxy)
            _logs_no_token(client, proxy, tmp_path)


def _logs_no_token(client: httpx.Client, proxy: Proxy, folder: Path) -> None:
    """Nor a question: neither of the page, nor of the page that a request came from."""
    address = "/?s=t0ken&q=asked"
    client.get(address, headers={"Referer": f"{proxy.address}{address}"})
    patient_http.get(f"http://localhost:{proxy.plain}{address}", follow_redirects=False)
    logs = [folder / "log", *folder.glob("nginx-*.log")]
    assert len(logs) == 3
    told = "".join(log.read_text("utf-8") for log in logs)
    assert '"GET /" 200' in told
    assert '"GET /" 301' in told
    assert "t0ken" not in told
    assert "asked" not in told


def _passes_on(client: httpx.Client, proxy: Proxy) -> None:
    host = proxy.address.removeprefix("https://")
    forged = {"Origin": proxy.address, "X-Forwarded-For": "203.0.113.9"}
    first = client.get("/", headers=forged)
    assert f"Host: {host}" in first.text
    assert f"Origin: {proxy.address}" in first.text
    assert "X-Forwarded-For: 127.0.0.1" in first.text
    assert "203.0.113.9" not in first.text
    assert first.headers["Strict-Transport-Security"] == "max-age=63072000"
    assert first.headers["Content-Security-Policy"] == "default-src 'self'"
    assert "sw_route=" in first.headers["Set-Cookie"]
    assert "Set-Cookie" not in client.get("/").headers

    for inside in ("/healthz", "/readyz", "/metrics", "/_stcore/metrics"):
        assert client.get(inside).status_code == 404, inside
    assert client.get("/_stcore/health").status_code == 200  # which the pages ask

    upload = "/_stcore/upload_file/session/file"
    assert client.put(upload, content=bytes(200_000)).status_code == 200
    for path, size in (("/elsewhere", 20_000), ("/v1/ask", 1_100_000), (upload, 107_000_000)):
        assert client.put(path, content=bytes(size)).status_code == 413

    with client.stream("GET", "/v1/ask") as events:
        lines = events.iter_lines()
        assert next(lines) == "data: 1"
        _Upstream.read.set()
        assert "data: 2" in list(lines)

    plain = f"http://localhost:{proxy.plain}/sources?q=1"
    redirect = patient_http.get(plain, follow_redirects=False)
    assert redirect.status_code == 301
    assert redirect.headers["Location"] == "https://localhost/sources?q=1"
