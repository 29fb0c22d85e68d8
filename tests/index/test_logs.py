"""Logs: one line a record, with the id of its request, and nothing that was asked or is secret."""

import asyncio
import gc
import json
import logging
import re
import sys
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import streamlit.logger
from pydantic import SecretStr
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.exceptions import ConnectionClosedError
from websockets.sync.client import connect
from websockets.typing import Origin

from chain.assistant import Assistant
from core import logs
from core.settings import ROOT, Settings
from tests.support.apart import apart
from tests.support.browser import served
from tests.support.log_records import as_before as as_before
from tests.support.openai_server import openai_error, openai_server
from tests.support.page_session import session as session_of

FOREIGN = "a\nb\r\nc\u2028d\x1b[31me\u202ef\x00g\x85h"
ASKED = "Hoeveel meldingen van online kindermisbruik waren er in 2019, vraagt jan@example.org?"


def written(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Lines of standard error, parted only where a reader of logs parts them."""
    return capsys.readouterr().err.split("\n")[:-1]


def told_in_json(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in written(capsys)]


def test_every_package_of_ours_is_heard() -> None:
    assert set(logs.PACKAGES) == {file.parent.name for file in ROOT.glob("*/__init__.py")} - {
        "tests"
    }


@pytest.mark.parametrize("given", ["", "X" * 65, "a b", "a\nb", "é", "a;b", '"', "a\n"])
def test_any_other_gets_a_new_one(given: str) -> None:
    with logs.request("trace-1.2_3X" * 5) as valid:
        assert valid == logs.request_id() == "trace-1.2_3X" * 5
    with logs.request(given) as first, logs.request(given) as second:
        assert re.fullmatch("[0-9a-f]{32}", first)
        assert first != second == logs.request_id()
    assert logs.request_id() == ""


@pytest.mark.parametrize("form", ["text", "json"])
def test_foreign_text_stays_in_its_line(form: Any, capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up("text", "debug")
    logs.set_up(form, "info")  # which takes the place of the first
    fields = {"a": FOREIGN, "message": "other", "level": "x"}
    with logs.request("asked-1"):
        logging.getLogger("ui.x").warning("Refused %s", FOREIGN, extra={"fields": fields})
    (line,) = written(capsys)
    assert line.isprintable()
    assert "asked-1" in line
    if form == "json":
        told = json.loads(line)
        assert told["message"] == f"Refused {FOREIGN}"
        assert told["a"] == FOREIGN
        assert (told["level"], told["logger"]) == ("WARNING", "ui.x")


@pytest.mark.parametrize("form", ["text", "json"])
def test_of_an_error_type_and_places_are_written(
    form: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.set_up(form, "info")
    try:
        raise ValueError(ASKED)
    except ValueError:
        logging.getLogger("streamlit.app").exception("Uncaught")
    (line,) = written(capsys)
    assert "ValueError at test_logs.py:" in line
    assert "jan@" not in line


def test_a_record_that_cannot_be_made_does_not_print_its_arguments(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.set_up("text", "info")
    root = logging.getLogger()
    root.handlers[:] = root.handlers[-1:]  # pytest's own would fail
    logging.getLogger("ui").warning("%d", "hush-hush")
    (line,) = written(capsys)
    assert re.fullmatch(r"A log record of test_logs.py:\d+ is lost", line)


def test_levels_are_those_of_our_records_alone(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up("text", "debug")
    for name in ("chain.x", "httpx"):
        logging.getLogger(name).debug("low")
        logging.getLogger(name).info("low")
        logging.getLogger(name).warning("high")
    lines = [line.split(" ", 1)[1] for line in written(capsys)]
    ours = ["DEBUG chain.x low", "INFO chain.x low", "WARNING chain.x high"]
    assert lines == [*ours, "WARNING httpx high"]


def test_a_logger_that_a_server_makes_or_sets_up_later_writes_the_same_lines(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Streamlit makes loggers whenever it imports something, and sets all up again when somebody
    changes its configuration."""
    before = streamlit.logger.get_logger("streamlit.made_before")
    logs.set_up("json", "info")
    later = streamlit.logger.get_logger("streamlit.made_later")
    streamlit.logger.set_log_level("INFO")
    streamlit.logger.update_formatter()
    for logger in (before, later):
        logger.info("low")
        logger.warning("Once")
    told = [(record["logger"], record["message"]) for record in told_in_json(capsys)]
    assert told == [("streamlit.made_before", "Once"), ("streamlit.made_later", "Once")]


def fails(_: object = None) -> None:
    raise ValueError(ASKED)


@pytest.fixture
def uncaught_logged(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for module, name in ((threading, "excepthook"), (sys, "unraisablehook")):
        monkeypatch.setattr(module, name, getattr(module, name))  # in the end as before
    logging.captureWarnings(False)  # an app that another test began in this process left it on
    logs.set_up("json", "info")
    logs.log_uncaught()
    yield
    logging.captureWarnings(False)


@pytest.mark.usefixtures("uncaught_logged")
def test_what_python_prints_itself_otherwise_is_a_record(
    capsys: pytest.CaptureFixture[str],
) -> None:
    class Closing:
        __del__ = fails

    async def forgetting() -> None:
        asyncio.get_running_loop().call_soon(fails)
        forgotten = asyncio.create_task(asyncio.to_thread(fails))
        await asyncio.wait([forgotten])

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("This is\nold", DeprecationWarning, stacklevel=1)
    thread = threading.Thread(target=fails)
    thread.start()
    thread.join()
    Closing()
    apart(forgetting())
    gc.collect()
    lines = written(capsys)
    told = [json.loads(line) for line in lines]
    assert [record["logger"] for record in told] == [
        "py.warnings",
        *2 * ["core.logs"],
        *2 * ["asyncio"],
    ]
    assert all(record["error"].startswith("ValueError at ") for record in told[1:])
    assert "This is" in told[0]["message"]
    assert "jan@example.org" not in "".join(lines)


def values_of_each_type(widget: str) -> Iterator[WidgetState]:
    """What a browser may send as the value of a widget, which wants one of these types."""
    for field in WidgetState.DESCRIPTOR.oneofs_by_name["value"].fields:
        value = WidgetState(id=widget)
        if field.type == field.TYPE_MESSAGE:
            getattr(value, field.name).SetInParent()
        elif field.type == field.TYPE_STRING:
            setattr(value, field.name, ASKED)
        elif field.type == field.TYPE_BYTES:
            setattr(value, field.name, ASKED.encode())
        else:
            setattr(value, field.name, 1)
        yield value


def send(address: str, *messages: str | bytes) -> None:
    """Sends messages, of which the last ends the connection."""
    place = address.removeprefix("http://")
    with connect(f"ws://{place}/_stcore/stream", origin=Origin(address), proxy=None) as socket:
        for message in messages:
            socket.send(message)
        with pytest.raises(ConnectionClosedError):
            list(socket)


@pytest.mark.long
def test_the_whole_log_of_the_app_is_one_record_a_line_whatever_a_visitor_sends(
    tmp_path: Path,
) -> None:
    """Also what Streamlit tells at its start, and nothing of what was sent."""

    async def visit(address: str) -> None:
        async with session_of(address) as session:
            await session.load()
            for kind in ("selectbox", "text_input", "chat_input"):
                for value in values_of_each_type(session.widgets[kind]):
                    await session.set(value)

    log = tmp_path / "log"
    with served(tmp_path / "data", log, {"STRATEGIEWIJZER_LOG_FORMAT": "json"}) as address:
        apart(visit(address))
        unknown = BackMsg()
        unknown.backend_operation_request.request_id = ASKED
        send(address, unknown.SerializeToString(), b"\xff")
        send(address, ASKED)
    text = log.read_text("utf-8")
    records = [json.loads(line) for line in text.split("\n")[:-1]]
    assert f"at {address}" in records[0]["message"]
    assert all({"time", "level", "logger", "message"} <= set(record) for record in records)
    for told in ("Uncaught app execution", "Rejecting backend", "DecodeError at", "KeyError at"):
        assert told in text
    for part in ("Traceback", "cannot be interpreted", "kindermisbruik", "jan@example.org"):
        assert part not in text


@pytest.mark.parametrize("form", ["text", "json"])
def test_nothing_that_was_asked_and_no_secret_is_logged(
    settings: Settings, form: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """The server of the model repeats the key and the question in its error."""
    secret = "sk-planted-0123456789"  # noqa: S105 - planted
    logs.set_up(form, "debug")
    with openai_server() as server:
        server.refusal = lambda _: openai_error(400, f"{ASKED} {secret}", "bad", ASKED)
        changes = {"openai_base_url": server.url, "openai_api_key": SecretStr(secret)}
        answer = Assistant(settings.model_copy(update=changes)).ask(ASKED)
        assert server.requests
    logged = "\n".join(written(capsys))
    assert answer.mode == "fallback"
    assert secret not in answer.model_dump_json()
    assert "falls back" in logged
    assert "A question ended" in logged
    for text in (secret, "kindermisbruik", "jan@example.org", answer.text[:30]):
        assert text not in logged


def test_the_record_of_a_question_says_how_it_went(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.set_up("json", "info")
    assistant = Assistant(settings)
    with logs.request("q-1"):
        answer = assistant.ask(ASKED)
    with logs.request("q-2"):
        next(iter(stopped := assistant.stream(ASKED)))
        stopped.close()  # type: ignore[attr-defined]
    told = told_in_json(capsys)
    kinds = [(record["request_id"], record["kind"]) for record in told]
    assert kinds == [("q-1", answer.kind), ("q-2", "stopped")]
    assert told[0]["mode"] == "extractive"
    assert told[0]["generation"] == answer.generation
    assert 0 < told[0]["seconds"] < 300
