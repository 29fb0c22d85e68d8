"""Logs: one line a record, with the id of its request, and nothing that was asked or is secret."""

import json
import logging
import re
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import SecretStr

from chain.assistant import Assistant
from core import logs
from core.settings import Settings
from tests.openai_server import openai_error, openai_server
from tests.test_layers import PACKAGES

FOREIGN = "a\nb\r\nc\u2028d\x1b[31me\u202ef\x00g\x85h"
ASKED = "Hoeveel meldingen van online kindermisbruik waren er in 2019, vraagt jan@example.org?"


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Leaves the logs as they were: other tests read them too."""
    loggers = [logging.getLogger(name) for name in ("", *logs.PACKAGES)]
    before = [(one, one.level, one.handlers[:]) for one in loggers]
    yield
    for logger, level, handlers in before:
        logger.setLevel(level)
        logger.handlers[:] = handlers


def written(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Lines of standard error, parted only where a reader of logs parts them."""
    return capsys.readouterr().err.split("\n")[:-1]


def test_every_package_of_ours_is_heard() -> None:
    assert set(logs.PACKAGES) == {one.partition("/")[0] for one in PACKAGES} - {"app.py"}


@pytest.mark.parametrize("given", ["a", "trace-1.2_3", "X" * 64])
def test_a_valid_id_is_taken(given: str) -> None:
    with logs.request(given) as asked:
        assert asked == logs.request_id() == given
    assert logs.request_id() == ""


@pytest.mark.parametrize("given", ["", "X" * 65, "a b", "a\nb", "é", "a;b", '"', "a\n"])
def test_any_other_gets_a_new_one(given: str) -> None:
    with logs.request(given) as first, logs.request(given) as second:
        assert re.fullmatch("[0-9a-f]{32}", first)
        assert first != second
        assert logs.request_id() == second


@pytest.mark.parametrize("form", ["text", "json"])
def test_foreign_text_stays_in_its_line(form: Any, capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up(form, "info")
    with logs.request("asked-1"):
        logging.getLogger("ui.x").warning("Refused %s", FOREIGN, extra={"fields": {"a": FOREIGN}})
    (line,) = written(capsys)
    assert line.isprintable()
    assert "asked-1" in line
    if form == "json":
        told = json.loads(line)
        assert told["message"] == f"Refused {FOREIGN}"
        assert told["a"] == FOREIGN
        assert (told["level"], told["logger"]) == ("WARNING", "ui.x")


def test_fields_replace_nothing_of_a_record(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up("json", "info")
    logging.getLogger("ui").error("Seen", extra={"fields": {"message": "other", "level": "x"}})
    (line,) = written(capsys)
    assert json.loads(line)["message"] == "Seen"
    assert json.loads(line)["level"] == "ERROR"


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
    expected = [
        "DEBUG chain.x low",
        "INFO chain.x low",
        "WARNING chain.x high",
        "WARNING httpx high",
    ]
    assert lines == expected


def test_a_second_set_up_takes_the_place_of_the_first(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up("text", "info")
    logs.set_up("json", "error")
    logging.getLogger("chain").warning("not told")
    logging.getLogger("chain").error("told")
    assert [json.loads(line)["message"] for line in written(capsys)] == ["told"]


def test_a_server_in_the_process_writes_the_same_lines(capsys: pytest.CaptureFixture[str]) -> None:
    logger = logging.getLogger("uvicorn.error")
    before = logger.handlers[:], logger.propagate, logger.level
    logger.handlers[:] = [logging.StreamHandler(sys.stderr)]
    logger.propagate = False
    try:
        logs.set_up("json", "info")
        logger.warning("Once")
    finally:
        logger.handlers[:], logger.propagate = before[0], before[1]
        logger.setLevel(before[2])
    assert [json.loads(line)["message"] for line in written(capsys)] == ["Once"]


@pytest.mark.parametrize("form", ["text", "json"])
def test_nothing_that_was_asked_and_no_secret_is_logged(
    settings: Settings, form: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """The server of the model repeats the key and the question in its error."""
    secret = "sk-planted-0123456789"  # noqa: S105 - planted
    logs.set_up(form, "info")
    with openai_server() as server:
        server.refusal = lambda _: openai_error(400, f"{ASKED} {secret}", "bad", ASKED)
        changes = {
            "openai_base_url": server.url,
            "model": "scripted",
            "openai_api_key": SecretStr(secret),
        }
        answer = Assistant(settings.model_copy(update=changes)).ask(ASKED)
        assert server.requests
    logged = "\n".join(written(capsys))
    assert answer.mode == "fallback"
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
    told = [json.loads(line) for line in written(capsys)]
    assert [(one["request_id"], one["kind"]) for one in told] == [
        ("q-1", answer.kind),
        ("q-2", "stopped"),
    ]
    assert told[0]["mode"] == "extractive"
    assert told[0]["generation"] == answer.generation
    assert 0 < told[0]["seconds"] < 300
