"""Notice, maintenance and ids of requests: the layers by themselves, and the real app."""

import asyncio
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from core import logs, telemetry
from core.errors import NotAllowedError
from core.settings import ROOT, Settings
from tests.support.apart import apart
from tests.support.api_server import bearer
from tests.support.browser import served
from tests.support.env_file import env as env
from tests.support.env_file import write
from tests.support.log_records import as_before as as_before
from tests.support.openai_server import openai_server, reply_of
from tests.support.page_session import session as session_of
from tests.support.waiting import until
from ui import access
from ui.access import User
from ui.guard import ID, RETRY_AFTER, RequestIdMiddleware, SecurityMiddleware

TOLD = "Zaterdag <b>gesloten</b>, zie https://example.org.\nVan 9 tot 12 uur."
QUESTION = "Hoeveel is de drugsmarkt in Europa waard?"
REPORTS = "How many reports of online child sexual abuse were there in the EU in 2019?"


async def _said(request: Request) -> PlainTextResponse:
    return PlainTextResponse(logs.request_id())


async def _no(request: Request) -> PlainTextResponse:
    return PlainTextResponse("", 429)


@pytest.fixture
def client(env: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> TestClient:
    """Of the layers around an app that says the id of the request."""
    env()
    monkeypatch.setattr(telemetry, "_recorder", None)
    routes = [
        Route(path, _said, methods=["GET", "POST"]) for path in ("/v1/ask", "/mcp", "/healthz")
    ]
    routes += [Route("/v1x", _said), Route("/sources", _said), Route("/v1/busy", _no)]
    layers = [Middleware(RequestIdMiddleware), Middleware(SecurityMiddleware)]
    app = Starlette(routes=routes, middleware=layers)
    return TestClient(app, base_url="http://localhost", headers=bearer("a key"))


def test_an_answer_has_the_id_that_its_records_have(client: TestClient) -> None:
    given = client.get("/sources", headers={ID: "trace-1"})
    assert given.headers[ID] == given.text == "trace-1"
    made = [client.get("/sources", headers={ID: bad}) for bad in ("X" * 65, "a b", "", "a;b")]
    for one in made:
        assert re.fullmatch("[0-9a-f]{32}", one.text)
        assert one.headers[ID] == one.text
    assert len({each.text for each in made}) == 4


def test_programs_are_told_to_come_back(client: TestClient, env: Callable[..., None]) -> None:
    assert client.post("/v1/ask").status_code == 200
    env(maintenance=TOLD)
    for answer in (client.post("/v1/ask"), client.get("/v1/busy"), client.post("/mcp")):
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == str(RETRY_AFTER)
        assert answer.headers[ID]
        assert answer.json()["error"]["message"] == TOLD
    for path in ("/healthz", "/sources", "/v1x"):
        assert client.get(path).status_code == 200
    for values in ({}, {"maintenance": TOLD, "no_such": "x"}):  # wrong settings close nothing
        env(**values)
        assert client.post("/v1/ask").status_code == 200


def test_what_is_refused_is_counted(client: TestClient, env: Callable[..., None]) -> None:
    client.get("/v1/busy")
    client.get("/nowhere")
    env(maintenance=TOLD)
    client.get("/v1/busy")
    text = telemetry.exposition()[0].decode()
    counts = {
        sample.labels["http_response_status_code"]: sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "strategiewijzer_requests_refused_total"
    }
    assert counts == {"429": 1.0, "503": 1.0}


class App(NamedTuple):
    """The real app, whose `.env` is `file`; everybody is a visitor."""

    address: str
    file: Path
    log: Path


@contextmanager
def running(folder: Path, settings: Settings, **model: str) -> Iterator[App]:
    file, log = folder / ".env", folder / "log"
    write(file)
    # Python runs this before all else: the app is the real one but for the place of its `.env`.
    (folder / "sitecustomize.py").write_text(
        f"import sys\nsys.path.insert(0, {str(ROOT)!r})\nfrom core.settings import Settings\n"
        f"Settings.model_config['env_file'] = __import__('pathlib').Path({str(file)!r})\n"
    )
    environment = {
        "PYTHONPATH": str(folder),
        "STRATEGIEWIJZER_LOG_FORMAT": "json",
        "STREAMLIT_SERVER_ADDRESS": "0.0.0.0",  # noqa: S104 - makes all visitors
        **model,
    }
    with served(settings.data_dir, log, environment) as address:
        yield App(address, file, log)


def records(app: App) -> list[dict[str, str]]:
    return [json.loads(line) for line in app.log.read_text("utf-8").splitlines()]


@pytest.mark.long
def test_each_question_of_a_session_has_an_id_of_its_own(
    settings: Settings, tmp_path: Path
) -> None:
    with running(tmp_path, settings) as app:

        async def asking() -> None:
            async with session_of(app.address) as session:
                await session.load()
                await session.ask(QUESTION)
                await session.ask("Wie won de Tour de France in 1998?")

        apart(asking())
    ended = [record for record in records(app) if record["message"] == "A question ended"]
    assert [each["kind"] for each in ended[-2:]] == ["answer", "refusal"]
    first, second = (each["request_id"] for each in ended[-2:])
    assert re.fullmatch("[0-9a-f]{32}", first)
    assert first != second
    assert "drugsmarkt" not in app.log.read_text("utf-8")


@pytest.mark.long
def test_an_answer_under_way_ends_and_no_other_begins(settings: Settings, tmp_path: Path) -> None:
    with openai_server() as server:
        server.reply = reply_of("In 2019 there were more than 725 000 reports in the EU.")
        server.delay = 0.5  # seconds before each of several pieces
        model = {"OPENAI_BASE_URL": server.url, "STRATEGIEWIJZER_MODEL": "scripted"}
        with running(tmp_path, settings, **model) as app:

            async def asking() -> None:
                async with session_of(app.address) as session:
                    await session.load()
                    answer = asyncio.create_task(session.ask(REPORTS))
                    await asyncio.to_thread(until, lambda: server.requests, "the model is asked")
                    write(app.file, maintenance=TOLD)
                    await answer
                    assert "725 000 reports" in "".join(session.html)
                    asked = len(server.requests)
                    await session.load()
                    assert TOLD.split()[0] in "".join(session.html)
                    assert "725 000 reports" not in "".join(session.html)
                    await session.ask(REPORTS)
                    assert len(server.requests) == asked

            apart(asking())
            ended = [record for record in records(app) if record["message"] == "A question ended"]
            assert [(each["kind"], each["mode"]) for each in ended] == [("answer", "generative")]


def test_only_maintainers_change_anything_meanwhile(
    env: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader's conversation is still kept: an answer may be under way."""
    monkeypatch.setattr(access, "user", lambda: User("x", "x", "evaluator"))
    assert access.require("evaluator").id == "x"
    env(maintenance=TOLD)
    assert access.require("reader").id == "x"
    with pytest.raises(NotAllowedError):
        access.require("evaluator")
    monkeypatch.setattr(access, "user", lambda: User("x", "x", "maintainer"))
    assert access.require("evaluator").id == "x"
