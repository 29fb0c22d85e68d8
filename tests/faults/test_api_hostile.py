"""What nobody sends in good faith: refused in the one shape, without a word of what is inside."""

import json
import logging
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from chain.assistant import Assistant
from core.answer import Event, Stage
from core.errors import MAX_BODY, StoreError
from core.settings import ROOT, Settings
from tests.support import patient_http
from tests.support.api_server import bearer, client, key, serving, told

JSON = {"Content-Type": "application/json"}
SECRET = "/srv/secret-place/people.sqlite"  # noqa: S105 - what must not be told


@pytest.fixture(scope="module")
def roomy(settings: Settings) -> Settings:
    return settings.model_copy(update={"api_requests_per_minute": 10_000})


@pytest.fixture(scope="module")
def api(roomy: Settings) -> Iterator[httpx.Client]:
    assistant = Assistant(roomy)
    with serving(lambda: assistant, roomy) as address, client(address, key(roomy)) as made:
        yield made


def body(**fields: object) -> bytes:
    return json.dumps({"question": "Wat is EMPACT?", **fields}).encode()


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 422),
        (b"{", 422),
        (b"\xff{}", 400),
        (b'{"question": "\xc3\x28"}', 400),
        (b'{"question": "\\ud800"}', 422),
        (b"[" * 500_000, 400),
        (b'{"a":' * 100_000, 400),
        (b'{"question": ' + b"9" * 900_000 + b"}", 400),
        (b'{"question": 1e999}', 422),
        (body(question=""), 422),
        (body(question=" \n"), 422),
        (body(question="a" * 1001), 422),
        (body(key="hunter2"), 422),
        (body(language="hunter2"), 422),
        (body(as_of="2026-02-30"), 422),
        (body(as_of=1_700_000_000), 422),
        (body(history=[{"question": "a", "text": "a" * 20_001}]), 422),
        (body(history=[{"question": "a", "text": "a"}] * 21), 422),
    ],
    ids=range(18),
)
def test_a_wrong_body_is_not_repeated(api: httpx.Client, content: bytes, status: int) -> None:
    answer = api.post("/v1/ask", content=content, headers=JSON)
    assert told(answer)[0] == status
    assert "hunter2" not in answer.text
    assert len(answer.text) < 1000


@pytest.mark.parametrize(
    ("name", "told_as"),
    [
        ("dokument", "dokument"),
        ("<b>é\n\u202e", r"<b>\xe9\n\u202e"),
        ("n" * 100_000, "n" * 60 + "..."),
    ],
    ids=["misspelled", "strange", "long"],
)
def test_an_unknown_field_is_named(api: httpx.Client, name: str, told_as: str) -> None:
    """As far as it is a name: bounded, and escaped."""
    for answer in (
        api.post("/v1/ask", content=body(**{name: "hunter2"}), headers=JSON),
        api.get("/v1/search", params={"q": "a", name[:1000]: "hunter2"}),
    ):
        assert told(answer) == (422, "invalid_request")
        error = answer.json()["error"]
        assert error["param"] == told_as
        assert error["message"].startswith(f"{told_as}: ")
        assert "hunter2" not in answer.text


@pytest.mark.parametrize(
    ("content", "param"),
    [
        ({}, "messages"),
        ({"messages": [{"role": 5}]}, "messages.0.role"),
        ({"messages": [{"content": [{"type": 5}]}]}, "messages.0.content.0.type"),
        ({"messages": [{}], "strategiewijzer": {"n" * 65: ""}}, f"strategiewijzer.{'n' * 60}..."),
    ],
    ids=str,
)
def test_what_is_wrong_is_placed(api: httpx.Client, content: dict[str, object], param: str) -> None:
    answer = api.post("/v1/chat/completions", json={"model": "strategiewijzer", **content})
    assert told(answer) == (400, "invalid_request")
    assert answer.json()["error"]["param"] == param


HALF = "\ud800"  # of a character: JSON can say it, UTF-8 cannot


TURN, PART = {"role": "user", "content": "a"}, {"type": "text", "text": HALF}


@pytest.mark.parametrize(
    ("path", "fields", "param"),
    [
        ("chat/completions", {"messages": [{}], "model": HALF}, "model"),
        ("chat/completions", {"messages": [TURN | {"content": HALF}]}, "messages.0.content"),
        ("chat/completions", {"messages": [TURN | {"role": HALF}]}, "messages.0.role"),
        ("chat/completions", {"messages": [TURN | {"content": [PART]}]},
         "messages.0.content.0.text"),
        ("chat/completions", {"messages": [{"role": "assistant", "content": HALF}, TURN]},
         "messages.0.content"),
        ("ask", {"question": HALF}, "question"),
        ("ask", {"question": "a", "areas": [HALF]}, "areas.0"),
        ("ask", {"question": "a", "history": [{"question": "a", "text": HALF}]}, "history.0.text"),
    ],
    ids=str,
)  # fmt: skip
def test_half_a_character_is_refused_wherever_it_stands(
    api: httpx.Client, path: str, fields: dict[str, object], param: str
) -> None:
    of_openai = {} if path == "ask" else {"model": "strategiewijzer"}
    content = json.dumps({**of_openai, **fields}).encode()
    answer = api.post(f"/v1/{path}", content=content, headers=JSON)
    assert told(answer) == (400 if of_openai else 422, "invalid_request")
    assert answer.json()["error"]["param"] == param


def test_half_a_character_in_an_address_or_header_breaks_nothing(api: httpx.Client) -> None:
    """There it comes as bytes that are no UTF-8."""
    half = "%ED%A0%80"
    for path in (f"documents/{half}", f"search?q=a&document={half}"):
        assert api.get(f"/v1/{path}").status_code in (200, 404), path
    for path in (f"search?q=a&{half}=1", f"search?q=a&language={half}"):
        assert told(api.get(f"/v1/{path}")) == (422, "invalid_request"), path
    for name in ("Accept", "Content-Type", "X-Request-ID", "Origin", "User-Agent"):
        headers = [(name.encode(), b"\xed\xa0\x80")]
        assert api.post("/v1/ask", content=body(), headers=headers).status_code in (200, 422), name
    key_of_halves = [(b"Authorization", b"Bearer \xed\xa0\x80")]
    assert patient_http.get(f"{api.base_url}/v1/models", headers=key_of_halves).status_code == 401


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_what_a_foreign_form_can_send_is_no_question(api: httpx.Client, content_type: str) -> None:
    sent = {"Content-Type": content_type} if content_type else {}
    assert told(api.post("/v1/ask", content=body(), headers=sent)) == (422, "invalid_request")


@pytest.mark.parametrize(
    "question",
    ["a\0b", "\0", "\u202eWat is EMPACT?", "😀" * 1000, "' OR 1=1 --", "{{7*7}}", "a" * 1000],
)
def test_a_strange_question_is_a_question(api: httpx.Client, question: str) -> None:
    answer = api.post("/v1/ask", json={"question": question})
    assert answer.status_code == 200
    assert answer.json()["kind"] in ("refusal", "reply", "answer", "found", "partial")
    assert api.get("/v1/search", params={"q": question}).status_code == 200


@pytest.mark.parametrize("name", ["..", "%2e%2e", "..%2f..%2fetc%2fpasswd", "a%00", "x" * 201, "."])
def test_an_id_is_no_path(api: httpx.Client, name: str) -> None:
    """httpx itself takes dots out of an address; these get there as they are."""
    place = urlsplit(str(api.base_url))
    with socket.create_connection((place.hostname or "", place.port or 0), timeout=10) as raw:
        raw.sendall(
            f"GET /v1/documents/{name} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
            f"Authorization: {api.headers['Authorization']}\r\n\r\n".encode()
        )
        reply = raw.makefile("rb").read().decode()
    assert reply.split()[1] in ("404", "422")
    assert "root:" not in reply
    assert '"error"' in reply


# Size


def test_a_body_has_a_bound_said_or_not(api: httpx.Client) -> None:
    long = body(question="a") + b" " * MAX_BODY
    assert told(api.post("/v1/ask", content=long, headers=JSON)) == (413, "request_too_large")

    def pieces() -> Iterator[bytes]:  # without a length
        for _ in range(20):
            yield b" " * 100_000

    answer = api.post("/v1/ask", content=pieces(), headers=JSON)
    assert told(answer) == (413, "request_too_large")
    short = api.post("/v1/ask", content=iter([body()]), headers=JSON)
    assert short.status_code == 200


def test_nothing_is_read_of_whoever_has_no_key(api: httpx.Client) -> None:
    """The reply comes while most of the body has not been sent."""
    place = urlsplit(str(api.base_url))
    with socket.create_connection((place.hostname or "", place.port or 0), timeout=10) as raw:
        raw.sendall(b"POST /v1/ask HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n{")
        assert raw.recv(20).startswith(b"HTTP/1.1 401")


# What is inside stays inside


class Failing:
    """An assistant that fails with an error that names a place."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def stream(self, *_: object, **__: object) -> Iterator[Event]:
        yield Stage(name="searching")
        raise self.error

    @property
    def index(self) -> object:
        raise self.error


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (ValueError(SECRET), 500, "internal_error"),
        (OSError(2, "No such file", SECRET), 500, "internal_error"),
        (StoreError(f"{SECRET} is damaged"), 503, "index_unusable"),
    ],
)
def test_no_error_tells_where_things_are(
    roomy: Settings, caplog: pytest.LogCaptureFixture, error: Exception, status: int, code: str
) -> None:
    failing = Failing(error)
    with (
        caplog.at_level(logging.WARNING),
        serving(lambda: failing, roomy) as address,  # type: ignore[arg-type, return-value]
        client(address, key(roomy)) as api,
    ):
        answers = [
            api.post("/v1/ask", json={"question": "hunter2"}),
            api.get("/v1/search?q=hunter2"),
            api.get("/v1/documents"),
            api.get("/readyz"),
        ]
        streamed = api.post("/v1/ask", json={"question": "hunter2", "stream": True})
    for answer in answers:
        assert told(answer) == (status, code)
    assert streamed.status_code == 200
    assert f'"code":"{code}"' in streamed.text.splitlines()[-2]
    for text in (*(answer.text for answer in answers), streamed.text):
        assert SECRET not in text
        assert "Traceback" not in text
        assert str(ROOT) not in text
    if status == 500:
        assert "test_api_hostile.py" in caplog.text  # where, for whoever runs it
        assert SECRET not in caplog.text
    assert "hunter2" not in caplog.text


def test_a_broken_database_lets_nobody_in(roomy: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    made = key(roomy)
    with serving(lambda: None, roomy) as address:  # type: ignore[arg-type, return-value]

        def broken(*_: object) -> None:
            raise StoreError(f"{SECRET} is locked")

        monkeypatch.setattr("api.key_access.found", broken)
        answer = patient_http.get(f"{address}/v1/documents", headers=bearer(made))
        assert answer.status_code == 503
        assert SECRET not in answer.text
        assert patient_http.get(f"{address}/healthz").status_code == 200
