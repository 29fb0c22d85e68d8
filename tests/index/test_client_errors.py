"""docs/clients.md tells chat programs of each error: each is met, and its remedy is tried."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import openai
import pytest
from openai import OpenAI
from openai.types.chat import ChatCompletionMessageParam

from chain.assistant import Assistant
from chain.request import MAX_QUESTION
from core.errors import MAX_BODY, ModelError, NoIndexError, StoreError
from core.settings import ROOT, Settings
from tests.support.answers import made
from tests.support.api_server import Served, Slow, served_at, serving
from tests.support.api_server import key as key_for
from tests.support.waiting import PATIENCE

MODEL = "strategiewijzer"


class Row(NamedTuple):
    status: int
    remedy: str


def rows() -> Mapping[str, Row]:
    """The table, by code."""
    text = (ROOT / "docs/clients.md").read_text("utf-8")
    table = text.split("| status | `code` |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    told = {}
    for line in table:
        status, codes, _, remedy = (cell.strip() for cell in line.strip("| ").split(" | "))
        for code in re.findall(r"`(\w+)`", codes):
            told[code] = Row(int(status), remedy)
    return told


ROWS = rows()


@pytest.fixture(scope="module")
def served(settings: Settings) -> Iterator[Served]:
    with served_at("/v1", settings) as one:
        yield one


def to(address: str, key: str) -> OpenAI:
    return OpenAI(base_url=address, api_key=key, max_retries=0)


def asked(client: OpenAI, **changed: Any) -> str:
    """What is replied to a greeting, of which parts are changed."""
    body: dict[str, Any] = {"model": MODEL, "messages": user("Hello!"), **changed}
    return client.chat.completions.create(**body).choices[0].message.content or ""


def user(text: str) -> list[ChatCompletionMessageParam]:
    return [{"role": "user", "content": text}]


def refused(code: str, client: OpenAI, **changed: Any) -> openai.APIStatusError:
    """The error that a client raises, which is the documented one."""
    with pytest.raises(openai.APIStatusError) as told:
        asked(client, **changed)
    assert (told.value.code, told.value.status_code) == (code, ROWS[code].status)
    for command in re.findall(r"`((?:\./|make )[^`]+)`", ROWS[code].remedy):
        assert command in told.value.message
    return told.value


LEAVE_OUT: Mapping[str, dict[str, Any]] = {
    "question_too_long": {"messages": user("x" * (MAX_QUESTION + 1))},
    "unsupported_value": {"n": 2},
    "invalid_request": {"stream": "perhaps"},
    "model_not_found": {"model": "gpt-5"},
    "request_too_large": {"messages": user("x" * MAX_BODY) + user("Hello!")},
}


@pytest.mark.parametrize("code", LEAVE_OUT)
def test_a_request_without_what_is_wrong_with_it_is_answered(served: Served, code: str) -> None:
    client = to(served.address, key_for(served.settings, "ask"))
    refused(code, client, **LEAVE_OUT[code])
    assert asked(client)


@pytest.mark.parametrize("code", ["invalid_api_key", "insufficient_scope"])
def test_another_key_is_let_in(served: Served, code: str) -> None:
    wrong = "swk_wrong" if code == "invalid_api_key" else key_for(served.settings, "read")
    refused(code, to(served.address, wrong))
    assert asked(to(served.address, key_for(served.settings, "ask")))


def test_who_asks_too_often_waits_or_has_the_limit_raised(served: Served) -> None:
    key = key_for(served.settings, "ask")
    for most in (1, 2):
        settings = served.settings.model_copy(update={"api_requests_per_minute": most})
        with serving(lambda: served.assistant, settings) as address:
            client = to(f"{address}/v1", key)
            assert [bool(asked(client)) for _ in range(most)] == [True] * most
            told = refused("rate_limit_exceeded", client)
            assert 0 < int(told.response.headers["Retry-After"]) <= 60
            assert "api_requests_per_minute" in told.message


def test_who_asks_too_much_at_once_waits_for_an_answer(settings: Settings) -> None:
    slow = Slow(made(settings)["answer"])
    one = settings.model_copy(update={"api_questions_at_once": 1})
    with serving(lambda: slow, one) as address:  # type: ignore[arg-type, return-value]
        client = to(f"{address}/v1", key_for(one, "ask"))
        first = client.chat.completions.create(model=MODEL, messages=user("Hello!"), stream=True)
        next(iter(first))
        assert int(refused("too_many_questions", client).response.headers["Retry-After"]) > 0
        slow.go_on.set()
        assert list(first)
        assert slow.closed.acquire(timeout=PATIENCE)
        assert asked(client)


BROKEN: Mapping[str, Exception] = {
    "internal_error": IndexError("the secret question"),
    "no_index": NoIndexError(),
    "index_unusable": StoreError("/srv/secret is damaged"),
    "unavailable": ModelError("http://secret.example is gone"),
}


@pytest.mark.parametrize("code", BROKEN)
def test_what_fails_says_whose_it_is_and_what_works_again_answers(
    served: Served, code: str
) -> None:
    broken = [BROKEN[code]]

    def assistant() -> Assistant:
        if broken:
            raise broken[0]
        return served.assistant

    with serving(assistant, served.settings) as address:
        client = to(f"{address}/v1", key_for(served.settings, "ask"))
        told = refused(code, client)
        assert "secret" not in told.message
        assert "whoever runs this service" in told.message or "make ingest" in told.message
        broken.clear()
        assert asked(client)


def test_an_address_needs_its_v1(address: str, settings: Settings) -> None:
    key = key_for(settings, "ask")
    with pytest.raises(openai.APIStatusError) as told:
        asked(to(address, key))
    assert (told.value.status_code, told.value.response.text) == (405, "")
    assert asked(to(f"{address}/v1", key))


def test_each_error_in_the_documentation_is_tried() -> None:
    elsewhere = {"maintenance"}  # tests/servers/test_notices.py
    keys = {"invalid_api_key", "insufficient_scope"}
    limits = {"rate_limit_exceeded", "too_many_questions"}
    assert set(ROWS) == {*LEAVE_OUT, *keys, *limits, *BROKEN} | elsewhere
