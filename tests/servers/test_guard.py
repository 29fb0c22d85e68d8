"""What the layer before the app refuses and what it tells browsers: the real app, real sockets."""

import asyncio
import json
import socket
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, expect
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send
from websockets.exceptions import ConnectionClosedError, InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from api.later import ErrorShape
from core.settings import Settings
from tests.support import patient_http
from tests.support.apart import apart
from tests.support.api_server import bearer, key, told
from tests.support.browser import served
from tests.support.page_session import session as session_of
from ui.guard import ID, SecurityMiddleware

STREAM = "_stcore/stream"
XSRF = "_streamlit_xsrf"


class Served(NamedTuple):
    """The app at an address of this machine; `asked` grows with every request that it sends out.
    `key` opens all of its API."""

    address: str
    log: Path
    asked: list[str]
    key: str

    @property
    def host(self) -> str:
        return urlsplit(self.address).netloc


@contextmanager
def outside(asked: list[str]) -> Iterator[dict[str, str]]:
    """Variables that name a proxy that answers nothing, as a network does that lets nothing out."""
    with closing(socket.create_server(("localhost", 0))) as server:

        def listen() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    asked.append(connection.recv(1000).decode().partition("\r")[0])

        threading.Thread(target=listen, daemon=True).start()
        proxy = f"http://localhost:{server.getsockname()[1]}"
        yield {"HTTP_PROXY": proxy, "HTTPS_PROXY": proxy, "NO_PROXY": "localhost"}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The app without an index, which no test here needs."""
    folder = tmp_path_factory.mktemp("guarded")
    asked: list[str] = []
    with outside(asked) as proxy:
        environment = {
            **proxy,
            "STRATEGIEWIJZER_ALLOWED_HOSTS": '["intern.example"]',
            "STRATEGIEWIJZER_LOG_FORMAT": "json",
        }
        made = key(Settings(data_dir=folder / "data"))
        with served(folder / "data", folder / "log", environment) as address:
            patient_http.get(f"{address}/healthz")  # the first request makes the API
            yield Served(address, folder / "log", asked, made)


def shakes_hands(app: Served, origin: str | None, host: str = "") -> bool:
    """Whether a WebSocket is opened for a page of this origin."""
    place = urlsplit(app.address)
    with socket.create_connection((place.hostname or "", place.port or 0)) as raw:
        try:
            with connect(
                f"ws://{host or app.host}/{STREAM}",
                sock=raw,
                origin=None if origin is None else Origin(origin),
                proxy=None,
            ):
                pass
        except InvalidStatus as error:
            if error.response.status_code != 403:
                raise
            return False
    return True


def test_a_page_of_the_app_itself_is_let_in(app: Served) -> None:
    assert shakes_hands(app, app.address)
    assert shakes_hands(app, "http://intern.example", host="intern.example")
    assert shakes_hands(app, "https://intern.example", host="intern.example")  # TLS ends before


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "http://localhost:1",  # any other program of this machine that serves pages
        "http://localhost",
        "http://127.0.0.1:8501",
        "http://[::1",
        "http://localhost:PORT.evil.example",
        "http://evil.example@localhost:PORT",
        "ftp://localhost:PORT",
        "null",
        "",
        None,  # no browser
    ],
)
def test_any_other_origin_is_refused_and_nothing_is_asked_outside(
    app: Served, origin: str | None
) -> None:
    assert not shakes_hands(app, origin and origin.replace("PORT", str(urlsplit(app.address).port)))
    assert app.asked == []


@pytest.mark.parametrize(
    "host",
    ["evil.example", "localhost.evil.example:PORT", "evil.example@localhost:PORT", "0.0.0.0:PORT",
     "127.0.0.1.evil.example", "intern.example.evil.example", "[::2]:PORT", "[::1", ""],
)  # fmt: skip
def test_a_name_that_was_made_to_lead_here_reaches_nothing(app: Served, host: str) -> None:
    """A page of that name is of the same origin to its browser, which sends both as that page's."""
    host = host.replace("PORT", str(urlsplit(app.address).port))
    sent = {"Host": host, "Origin": f"http://{host}", **bearer(app.key)}
    page = patient_http.get(app.address, headers=sent)
    assert page.status_code == 421
    assert "STRATEGIEWIJZER_ALLOWED_HOSTS" in page.text
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    for path in ("/v1/documents", "/healthz", "/readyz", "/metrics"):
        assert told(patient_http.get(app.address + path, headers=sent)) == (421, "unknown_host")
    for path in ("/v1/ask", "/mcp"):
        answer = patient_http.post(app.address + path, json={"question": "a"}, headers=sent)
        assert told(answer) == (421, "unknown_host")
        assert "STRATEGIEWIJZER_ALLOWED_HOSTS" in answer.json()["error"]["message"]


@pytest.mark.parametrize("host", ["localhost.evil.example", "[::2]"])
def test_a_page_of_such_a_name_opens_no_connection(app: Served, host: str) -> None:
    host = f"{host}:{urlsplit(app.address).port}"
    assert not shakes_hands(app, f"http://{host}", host=host)


def test_two_names_are_none(app: Served) -> None:
    place = urlsplit(app.address)
    with socket.create_connection((place.hostname or "", place.port or 0), timeout=10) as raw:
        raw.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n")
        assert raw.recv(12) in (b"HTTP/1.1 400", b"HTTP/1.1 421")  # the server's or ours


# The last ones by the setting.
@pytest.mark.parametrize(
    "host",
    ["LOCALHOST:8501", "strategiewijzer.localhost", "127.8.9.1", "[::1]:8501", "intern.example",
     "Intern.Example:8443"],
)  # fmt: skip
def test_local_names_and_those_of_the_setting_reach_all(app: Served, host: str) -> None:
    sent = {"Host": host, **bearer(app.key)}
    assert shakes_hands(app, f"http://{host.lower()}", host=host.lower())
    assert patient_http.get(app.address, headers=sent).status_code == 200
    assert told(patient_http.get(f"{app.address}/v1/documents", headers=sent)) == (503, "no_index")
    assert patient_http.get(f"{app.address}/healthz", headers=sent).status_code == 200
    asked = patient_http.post(f"{app.address}/v1/ask", json={"question": "a"}, headers=sent)
    assert told(asked) == (503, "no_index")  # what the assistant says


def test_an_answer_has_an_id_and_the_log_lines_of_one_form(app: Served) -> None:
    """The guard logs whom it refused: with the id, in one line, whatever the header holds."""
    answer = patient_http.get(f"{app.address}/_stcore/health", headers={ID: "probe-7"})
    assert answer.headers[ID] == "probe-7"
    refused = patient_http.post(f"{app.address}/_stcore/health")
    assert refused.status_code == 405
    assert refused.headers[ID]
    given = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
        "Origin": "http://evil.example/\\n{}",
        ID: "refused-1",
    }
    assert patient_http.get(f"{app.address}/_stcore/stream", headers=given).status_code == 403
    records = [json.loads(line) for line in app.log.read_text("utf-8").splitlines()]
    (refusal,) = [record for record in records if record.get("request_id") == "refused-1"]
    assert refusal["message"].startswith("Refused a connection")
    assert refusal["logger"] == "ui.guard"


def test_settings_that_cannot_be_read_name_no_host(monkeypatch: pytest.MonkeyPatch) -> None:
    async def answered(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse("ok")(scope, receive, send)

    client = TestClient(ErrorShape(SecurityMiddleware(answered)), base_url="http://intern.example")
    assert told(client.get("/v1/documents")) == (421, "unknown_host")
    monkeypatch.setenv("STRATEGIEWIJZER_ALLOWED_HOSTS", '["intern.example"]')
    assert client.get("/v1/documents").text == "ok"
    monkeypatch.setenv("STRATEGIEWIJZER_NO_SUCH", "1")
    assert told(client.get("/v1/documents")) == (503, "unavailable")
    assert "doctor" in client.get("/").text
    assert client.get("/", headers={"Host": "localhost"}).text == "ok"  # the page tells it


@pytest.mark.long
def test_nothing_is_asked_outside_at_the_start(tmp_path: Path) -> None:
    asked: list[str] = []
    with outside(asked) as proxy:
        environment = {**proxy, "STREAMLIT_SERVER_ADDRESS": "0.0.0.0"}  # noqa: S104 - of this test
        with served(tmp_path / "data", tmp_path / "log", environment) as address:
            patient_http.get(address).raise_for_status()
            called = patient_http.get(f"{address}/_stcore/health", headers={"Host": "host.example"})
    assert asked == []
    assert called.status_code == 200


def test_a_message_has_a_bound(app: Served) -> None:
    """It is refused as soon as its length is told, before any of it is kept."""
    beginning = b"\x82\xff" + (51 * 2**20).to_bytes(8) + bytes(4)  # RFC 6455, section 5.2
    with connect(f"ws://{app.host}/{STREAM}", origin=Origin(app.address), proxy=None) as reader:
        reader.socket.sendall(beginning)
        with pytest.raises(ConnectionClosedError) as closed:
            reader.recv(timeout=20)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1009


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/maintenance", "/_stcore/health", "/media/none", "/static/none.js", "//x"),
        *("/healthz", "/readyz", "/v1/ask", "/v1/none", "/metrics", "/mcp"),
    ],
)
def test_every_answer_has_the_headers_that_protect(app: Served, path: str) -> None:
    headers = patient_http.get(app.address + path).headers
    policy = {
        name: sources
        for name, _, sources in (
            part.strip().partition(" ") for part in headers["Content-Security-Policy"].split(";")
        )
    }
    assert policy["frame-ancestors"] == "'none'"
    assert policy["default-src"] == policy["connect-src"] == "'self'"
    assert policy["object-src"] == policy["base-uri"] == "'none'"
    assert not any("*" in sources or "http" in sources for sources in policy.values())
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cross-Origin-Embedder-Policy"] == "require-corp"
    assert headers["Referrer-Policy"] == "no-referrer"
    for name in ("Cross-Origin-Opener", "Cross-Origin-Resource"):
        assert headers[f"{name}-Policy"] == "same-origin"
    assert policy["script-src-attr"] == policy["media-src"] == "'none'"
    assert {"camera=()", "geolocation=()"} <= set(headers["Permissions-Policy"].split(", "))


def test_no_other_page_may_send_messages_to_the_app(app: Served) -> None:
    assert patient_http.get(f"{app.address}/_stcore/host-config").json()["allowedOrigins"] == []


def put(app: Served, session: str, *, origin: str | None = "") -> int:
    """The status of an upload to a session as the page does it; `origin` may be another or none."""
    with patient_http.client(base_url=app.address) as client:
        client.get("/_stcore/health")
        sent = {"X-Xsrftoken": client.cookies[XSRF]}
        if origin is not None:
            sent["Origin"] = origin or app.address
        path = f"/_stcore/upload_file/{session}/{uuid.uuid4()}"
        answer = client.put(path, files={"file": ("plan.en.md", b"# Plan\n")}, headers=sent)
    return answer.status_code


def with_session(app: Served, path: str, *work: Callable[[str], int]) -> list[int]:
    """What these give, one after the other, for the id of a session that shows this page."""

    async def run() -> list[int]:
        async with session_of(app.address, path) as session:
            await session.load()
            return [await asyncio.to_thread(each, session.id) for each in work]

    return apart(run())


def test_only_a_page_that_asks_for_files_may_upload(app: Served) -> None:
    upload = partial(put, app)
    for page in ("", "sources"):
        assert with_session(app, page, upload) == [403]
    assert put(app, "no-session") == 403
    others = [partial(put, app, origin=origin) for origin in (None, "http://localhost:1")]
    assert with_session(app, "maintenance", *others, upload) == [403, 403, 204]


def test_what_is_too_large_or_of_no_stated_size_is_refused_unread(app: Served) -> None:
    def declared(session: str) -> int:
        with closing(HTTPConnection(app.host)) as connection:
            connection.putrequest("PUT", f"/_stcore/upload_file/{session}/x")
            connection.putheader("Origin", app.address)
            connection.putheader("Content-Length", str(150 * 2**20))
            connection.endheaders()
            return connection.getresponse().status

    def chunked(session: str) -> int:
        path = f"{app.address}/_stcore/upload_file/{session}/x"
        parts = iter([b"x"])  # httpx sends this in chunks, without a length
        return httpx.put(path, content=parts, headers={"Origin": app.address}).status_code

    assert with_session(app, "maintenance", declared, chunked) == [413, 411]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
@pytest.mark.parametrize("path", ["/", "/_stcore/health", "/_stcore/agent/interact"])
def test_nothing_else_takes_data(app: Served, method: str, path: str) -> None:
    sent = {"Origin": app.address, "Authorization": f"Bearer {app.key}"}
    answer = httpx.request(method, app.address + path, headers=sent)
    assert answer.status_code == 405


@pytest.mark.parametrize("path", ["/v1/ask", "/v1/chat/completions", "/mcp"])
def test_without_a_key_nothing_can_be_sent_to_the_api(app: Served, path: str) -> None:
    answer = patient_http.post(app.address + path, content=b"{")
    assert told(answer) == (401, "invalid_api_key")
    assert "keys new" in answer.json()["error"]["message"]
    wrong = patient_http.post(app.address + path, content=b"{", headers=bearer("swk_wrong"))
    assert wrong.text == answer.text


# With OPTIONS a browser asks for another site.
@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", "/v1/ask"), ("DELETE", "/v1/ask"), ("OPTIONS", "/v1/ask"), ("PATCH", "/mcp"),
     ("POST", "/v1"), ("POST", "/v1x/ask"), ("POST", "/mcp/x"), ("POST", "/x/v1/ask"),
     ("POST", "/healthz"), ("POST", "/metrics")],
)  # fmt: skip
def test_the_api_takes_data_where_it_needs_it_only(app: Served, method: str, path: str) -> None:
    answer = httpx.request(method, app.address + path, headers=bearer(app.key))
    assert answer.status_code == 405
    if path in ("/v1/ask", "/mcp", "/healthz", "/metrics"):
        assert told(answer) == (405, "method_not_allowed")


def test_an_error_has_the_one_shape_whoever_tells_it(app: Served) -> None:
    """Here Streamlit, which lets no such path through, and the SDK of MCP."""
    odd = patient_http.get(f"{app.address}/v1/documents/a%00", headers=bearer(app.key))
    assert told(odd) == (400, "bad_request")
    assert "The address has what no address here has, such as %00" in odd.text
    sent = {"Content-Type": "text/plain", **bearer(app.key)}
    assert told(patient_http.post(f"{app.address}/mcp", content=b"{}", headers=sent)) == (
        400,
        "bad_request",
    )
    assert odd.headers["X-Content-Type-Options"] == "nosniff"


def test_no_page_of_another_site_may_read_what_the_api_says(app: Served) -> None:
    sent = {"Origin": "http://evil.example", **bearer(app.key)}
    for answer in (
        patient_http.get(f"{app.address}/v1/openapi.json", headers=sent),
        patient_http.post(f"{app.address}/v1/ask", json={"question": "a"}, headers=sent),
        patient_http.get(f"{app.address}/healthz", headers=sent),
    ):
        assert not [name for name in answer.headers if name.startswith("access-control")]
        assert "set-cookie" not in answer.headers


@pytest.mark.long
def test_markup_that_slips_through_runs_nothing_and_asks_for_nothing(
    browser: Browser, app: Served
) -> None:
    """An attribute does not run, and a page may not use what it has no use for."""
    told: list[str] = []
    with browser.new_page() as page:
        page.on("console", lambda message: told.append(message.text))
        page.goto(app.address)
        expect(page.get_by_test_id("stApp")).to_be_visible()
        assert not [text for text in told if "policy" in text.casefold()]
        with (
            page.expect_console_message(lambda each: "media-src" in each.text),
            page.expect_console_message(lambda each: "script-src-attr" in each.text),
        ):
            page.evaluate(
                """() => { document.body.insertAdjacentHTML("beforeend",
                '<img src="data:," onerror="window.ran = true"><b onclick="window.ran = true">b</b>'
                + '<video src="data:video/mp4;base64,AA"></video>');
                document.body.lastElementChild.previousElementSibling.click(); }"""
            )
        assert page.evaluate("window.ran") is None
        assert page.evaluate("window.crossOriginIsolated")
        allowed = page.evaluate("document.featurePolicy.allowedFeatures()")
        assert not {"camera", "microphone", "geolocation"} & set(allowed)
        assert "clipboard-write" in allowed
