"""Models that people have, each on a server built to its published protocol, refusals included."""

import logging
import socket
import sys
from collections.abc import Iterator, Sequence
from types import ModuleType
from unittest.mock import Mock

import pytest
from langchain_core.callbacks import CallbackManager
from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage
from langchain_core.tracers import LangChainTracer
from pydantic import SecretStr

from chain.answer.model_run import check
from chain.assistant import Assistant
from chain.model.language_model import ChatModel, without_thoughts
from core import http_client
from core.answer import ModelTrouble
from core.errors import ModelError, SettingsError
from core.settings import Settings
from tests.support import openai_server as published
from tests.support.openai_server import Script, openai_server
from tests.support.waiting import PATIENCE, SILENT

QUESTION = "How many reports of online child sexual abuse were there in the EU in 2019?"
TEXT = "In 2019 there were more than 725 000 reports in the EU."
SAID = published.reply_of(TEXT)
SECRET = "sk-very-secret-key"  # noqa: S105 - a made-up one
KEY = SecretStr(SECRET)
MESSAGES: Sequence[BaseMessage] = (SystemMessage("Answer."), HumanMessage("How many?"))
SCHEMA = {"title": "answer", "type": "object", "properties": {}}


@pytest.fixture
def server() -> Iterator[Script]:
    with openai_server() as script:
        script.reply = SAID
        yield script


def _model(server: Script, **more: object) -> ChatModel:
    values = {"openai_base_url": server.url, "model": "scripted", "openai_api_key": SECRET}
    return ChatModel(Settings(**(values | more)))


def _whole(model: ChatModel, **more: object) -> str:
    return model.whole(MESSAGES, **({"seconds": PATIENCE} | more))


def _assistant(settings: Settings, server: Script, **more: object) -> Assistant:
    values = {"openai_base_url": server.url, "model": "scripted", "openai_api_key": KEY}
    return Assistant(settings.model_copy(update=values | more))


def _failed(model: ChatModel, **more: object) -> ModelError:
    with pytest.raises(ModelError) as raised:
        _whole(model, **more)
    assert SECRET not in str(raised.value)
    return raised.value


def test_what_is_set_is_sent(server: Script) -> None:
    chosen = _model(server, temperature=0.2, reasoning_effort="low", answer_tokens=500)
    _whole(chosen, schema=SCHEMA)
    (request,) = server.requests
    assert (request["temperature"], request["reasoning_effort"]) == (0.2, "low")
    assert request["max_tokens"] == 500  # the name that all servers know but OpenAI's new models
    sent = request["response_format"]["json_schema"]
    assert sent == {"name": "answer", "strict": True, "schema": SCHEMA}


def test_an_empty_setting_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRATEGIEWIJZER_TEMPERATURE", "")
    monkeypatch.setenv("STRATEGIEWIJZER_ANSWER_TOKENS", "")
    assert (Settings().temperature, Settings().answer_tokens) == (None, None)


@pytest.mark.parametrize("name", ["scripted", "o1", "gpt-5"])
def test_nothing_is_sent_that_nobody_set_whatever_the_model_is_called(
    server: Script, name: str
) -> None:
    server.refusal = published.reasoning_model
    assert _whole(_model(server, model=name)) == SAID
    (request,) = server.requests
    assert request.keys() == {"model", "messages", "stream", "stream_options"}


def test_a_reasoning_models_refusals_are_learned_once(settings: Settings, server: Script) -> None:
    server.refusal = published.reasoning_model
    assistant = _assistant(settings, server, temperature=0.0, answer_tokens=3000)
    for _ in range(2):
        answer = assistant.ask(QUESTION)
        assert (answer.mode, answer.trouble) == ("generative", "")
    tried = [(sorted(r.keys() & {"temperature", "max_tokens"})) for r in server.requests]
    assert tried == [["max_tokens", "temperature"], ["max_tokens"], [], []]
    assert server.requests[-1]["max_completion_tokens"] == 3000


@pytest.mark.parametrize(
    ("allowed", "left"),
    [
        (("response_format", "max_tokens", "temperature"), ("stream_options",)),
        (("stream_options", "response_format", "max_completion_tokens"), ("max_tokens",)),
        ((), ("response_format", "stream_options", "max_tokens", "temperature")),
    ],
)
def test_a_field_that_only_the_text_of_a_422_names_is_left_out(
    server: Script, allowed: tuple[str, ...], left: tuple[str, ...]
) -> None:
    server.refusal = published.strict_fields(*allowed)
    model = _model(server, temperature=0.1, answer_tokens=100)
    for _ in range(2):
        assert _whole(model, schema=SCHEMA) == SAID
    assert set(left) <= set(model.refused)
    assert not server.requests[-1].keys() & set(left)
    assert ("response_format" in model.refused) is ("response_format" not in allowed)
    assert len(server.requests) == 2 + len(model.refused)
    assert "temperature" in allowed or "temperature" in model.refused


@pytest.mark.parametrize("name", published.NO_SCHEMA)
def test_a_server_that_takes_no_schema_is_asked_without_one_from_then_on(
    server: Script, name: str
) -> None:
    refusal = published.NO_SCHEMA[name]
    server.refusal = lambda request: refusal if "response_format" in request else None
    model = _model(server)
    for _ in range(2):
        assert _whole(model, schema=SCHEMA) == SAID
    assert ["response_format" in request for request in server.requests] == [True, False, False]


@pytest.mark.parametrize("status", [400, 415, 422, 501])
def test_a_refusal_that_names_nothing_costs_the_form_first_then_all_else(
    server: Script, status: int
) -> None:
    server.reply = lambda request: status if "temperature" in request else SAID
    model = _model(server, temperature=0.1)
    assert _whole(model, schema=SCHEMA) == SAID
    assert len(server.requests) == 3
    assert "temperature" in model.refused


def test_what_did_not_help_is_not_remembered(server: Script) -> None:
    server.status = 400
    model = _model(server)
    assert _failed(model, schema=SCHEMA).reason == "parameter"
    assert model.refused == ()


def test_a_model_that_may_not_be_streamed_is_asked_for_its_reply_in_one_piece(
    server: Script,
) -> None:
    server.refusal = lambda request: published.NO_STREAM if request.get("stream") else None
    model = _model(server)
    for _ in range(2):
        assert _whole(model) == SAID
    assert [bool(request.get("stream")) for request in server.requests] == [True, False, False]
    assert "stream_options" not in server.requests[1]


def test_reasoning_that_eats_the_tokens_is_told_as_empty(server: Script) -> None:
    server.refusal = published.reasoning_model
    server.reasons_only_if_short = 500
    model = _model(server, answer_tokens=200)
    error = _failed(model)
    assert (error.reason, "ANSWER_TOKENS" in str(error)) == ("empty", True)


@pytest.mark.parametrize(
    ("finish", "cut_after", "first", "checks"),
    [("length", None, "cut", 1), ("stop", 30, "unreachable", 0)],
)
def test_a_reply_that_breaks_off_gives_its_pieces_first_and_keeps_what_was_checked(
    settings: Settings, server: Script, finish: str, cut_after: int | None, first: str, checks: int
) -> None:
    """By the checker as well, unless the server was lost: then it is not asked once more."""
    server.reply = published.reply_of(TEXT, f"Then there were {'many ' * 20}")
    if cut_after is None:  # by its limit of tokens, within the second sentence
        server.reply = server.reply.partition(" many")[0]
    server.finish, server.cut_after = finish, cut_after
    pieces: list[str] = []
    with pytest.raises(ModelError) as raised:
        pieces.extend(_model(server).stream(MESSAGES, seconds=PATIENCE))
    assert (raised.value.reason, raised.value.first) == ("cut", first)
    assert TEXT in "".join(pieces)
    answer = _assistant(settings, server).ask(QUESTION)
    assert (answer.mode, answer.trouble, answer.answered) == ("generative", "cut", True)
    assert len(server.checks) == checks
    assert answer.unchecked
    assert answer.check_trouble == first
    assert answer.unconfirmed == (TEXT,)  # found, not checked


def test_thoughts_before_a_reply_are_no_part_of_it(server: Script) -> None:
    server.reply = f"\n<think>725? Or {{1}}?</think>\n\n{SAID}"
    assert _whole(_model(server)) == SAID
    server.reply = "<think>725?"
    assert _failed(_model(server)).reason == "empty"


@pytest.mark.parametrize("reply", ["", "<", "<thin", "a <think> b", "<b>x</b>", "[1]"])
def test_what_is_no_thought_is_kept(reply: str) -> None:
    assert "".join(without_thoughts(iter(reply))) == reply


@pytest.mark.parametrize(
    ("fault", "reason", "told"),
    [
        (published.WRONG_KEY, "key", "status 401, invalid_api_key"),
        (published.NO_CREDIT, "quota", "insufficient_quota"),
        (published.RATE_LIMIT, "quota", "rate_limit_exceeded"),
        (published.NO_MODEL, "unknown_model", "'scripted'"),
        (published.TOO_LONG, "too_long", "STRATEGIEWIJZER_MODEL_CONTEXT"),
        (published.TOO_LONG_FOR_LLAMA_CPP, "too_long", "STRATEGIEWIJZER_MODEL_CONTEXT"),
        (published.FILTERED, "refused", "content_filter, prompt"),
        (published.NO_DEPLOYMENT, "unknown_model", "DeploymentNotFound"),
        (403, "key", "status 403"),
        (404, "unknown_model", "OPENAI_BASE_URL"),
        (504, "slow", "ANSWER_TIMEOUT"),
        (500, "failed", "status 500"),
        ({"hello": "world"}, "protocol", "OpenAI's protocol"),
        ("", "empty", "empty"),
    ],
)
def test_the_reason_comes_from_what_the_server_says(
    server: Script, fault: published.Reply, reason: ModelTrouble, told: str
) -> None:
    server.reply = fault
    error = _failed(_model(server))
    assert error.reason == reason
    assert told in str(error)


def test_a_server_that_is_not_there_or_silent(server: Script) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{unused.getsockname()[1]}/v1"
        assert _failed(_model(server, openai_base_url=nowhere)).reason == "unreachable"
    server.delay = SILENT
    error = _failed(_model(server), seconds=0.2)
    assert (error.reason, "0.2 seconds" in str(error)) == ("slow", True)


@pytest.mark.parametrize("echoed", ["code", "param"])
def test_a_key_that_a_server_repeats_as_its_code_is_not_told(server: Script, echoed: str) -> None:
    server.reply = published.openai_error(401, SECRET, **{echoed: SECRET})
    assert _failed(_model(server)).reason == "key"


def test_a_busy_server_is_asked_again(server: Script) -> None:
    waiting = [published.RATE_LIMIT, 503]
    server.reply = lambda _: waiting.pop() if waiting else SAID
    assert _whole(_model(server)) == SAID
    assert len(server.requests) == 3


def test_a_server_that_asks_to_wait_longer_than_there_is_time_is_not_waited_for(
    server: Script,
) -> None:
    server.reply, server.retry_after = published.RATE_LIMIT, 60
    assert _failed(_model(server), seconds=30.0).reason == "quota"  # waited for it would be "slow"
    assert len(server.requests) == 1


def test_reader_and_operator_are_told_why(
    settings: Settings, server: Script, caplog: pytest.LogCaptureFixture
) -> None:
    server.reply = published.WRONG_KEY
    assistant = _assistant(settings, server)
    with caplog.at_level(logging.DEBUG):
        first, second = assistant.ask(QUESTION), assistant.ask(QUESTION)
    assert (first.mode, first.trouble, second.trouble) == ("fallback", "key", "key")
    assert "status 401, invalid_api_key" in caplog.text
    assert "Correct OPENAI_API_KEY" in caplog.text
    warnings = [each for each in caplog.records if each.levelno >= logging.WARNING]
    assert not any(QUESTION in warning.getMessage() for warning in warnings)
    assert SECRET not in caplog.text + first.model_dump_json()


def test_a_failure_that_lasts_is_not_tried_at_every_question(
    server: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Mock(**{"monotonic.return_value": 1000.0})
    server.reply = published.WRONG_KEY
    model = _model(server)
    monkeypatch.setattr(http_client, "_PAUSES", (30.0, 100.0))
    monkeypatch.setattr(http_client, "time", clock)
    assert _failed(model).reason == "key"
    for pause in (30.0, 60.0, 100.0, 100.0):
        error = _failed(model)
        assert (error.reason, error.first) == ("paused", "key")
        assert "invalid_api_key" in str(error)
        asked = len(server.requests)
        clock.monotonic.return_value += pause - 2
        assert _failed(model).reason == "paused"
        assert len(server.requests) == asked
        clock.monotonic.return_value += 3
        assert _failed(model).reason == "key"
    clock.monotonic.return_value += 101
    server.reply = SAID
    assert next(model.stream(MESSAGES, seconds=PATIENCE))  # also if it is not read to its end
    assert _whole(model) == SAID


def test_after_a_lost_connection_one_request_tries_before_others(server: Script) -> None:
    server.cut_after = 2
    model = _model(server)
    _failed(model)
    server.cut_after = None
    others: list[str] = []

    def reply(_: published.Request) -> str:
        if not others:
            others.append("asks")
            try:
                others.append(_whole(model))
            except ModelError as error:
                others.append(f"{error.reason}, {error.first}")
        return SAID

    server.reply = reply
    assert _whole(model) == SAID
    assert others == ["asks", "paused, unreachable"]
    assert _whole(model) == SAID


@pytest.mark.parametrize("fault", [published.TOO_LONG, published.FILTERED, 500, ""])
def test_what_another_question_may_not_meet_pauses_nothing(
    server: Script, fault: published.Reply
) -> None:
    server.reply = fault
    model = _model(server)
    _failed(model)
    server.reply = SAID
    assert _whole(model) == SAID


def test_a_key_alone_sends_nothing(settings: Settings, server: Script) -> None:
    keyed = settings.model_copy(update={"openai_api_key": KEY})
    assert Assistant(keyed).ask(QUESTION).mode == "extractive"


def test_openai_is_not_asked_without_a_key() -> None:
    error = _failed(ChatModel(Settings(model="gpt-5")))
    assert (error.reason, "OPENAI_API_KEY" in str(error)) == ("key", True)


def test_the_only_model_of_a_server_needs_no_name(settings: Settings, server: Script) -> None:
    answer = _assistant(settings, server, model="").ask(QUESTION)
    assert (answer.mode, answer.model) == ("generative", "scripted")


def test_of_several_models_one_has_to_be_named(server: Script) -> None:
    server.models = ["one", "other"]
    error = _failed(_model(server, model=""))
    assert error.reason == "unknown_model"
    assert "one, other. Set STRATEGIEWIJZER_MODEL" in str(error)
    assert server.requests == []


@pytest.mark.parametrize(
    "variable", ["LANGSMITH_TRACING", "LANGCHAIN_TRACING_V2", "LANGCHAIN_TRACING"]
)
def test_nothing_goes_to_langsmith_whatever_the_environment_says(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "true")
    monkeypatch.setenv("LANGSMITH_API_KEY", "lsv2_x")
    monkeypatch.setenv("LANGSMITH_ENDPOINT", "http://127.0.0.1:9")
    Assistant(settings)
    handlers = CallbackManager.configure().handlers
    assert not any(isinstance(handler, LangChainTracer) for handler in handlers)


def test_no_variable_of_others_diverts_a_request(
    server: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_API_BASE", "LANGSMITH_GATEWAY", "AZURE_OPENAI_ENDPOINT"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/v1")
    assert _whole(_model(server)) == SAID


@pytest.fixture
def entra(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for azure-identity, which is no requirement of ours."""
    identity = ModuleType("azure.identity")
    identity.DefaultAzureCredential = object  # type: ignore[attr-defined]
    identity.get_bearer_token_provider = (  # type: ignore[attr-defined]
        lambda _, scope: lambda: f"token for {scope.partition('//')[2]}".replace(" ", "-")
    )
    monkeypatch.setitem(sys.modules, "azure", ModuleType("azure"))
    monkeypatch.setitem(sys.modules, "azure.identity", identity)


@pytest.mark.usefixtures("entra")
def test_azure_takes_a_token_of_entra(server: Script) -> None:
    v1 = f"{server.url.removesuffix('/v1')}/openai/v1/"
    assert _whole(_model(server, openai_base_url=v1, azure_identity=True)) == SAID
    assert server.paths[-1] == "/openai/v1/chat/completions"
    (sent,) = server.headers
    assert sent["authorization"] == "Bearer token-for-cognitiveservices.azure.com/.default"


def test_without_the_package_for_entra_the_remedy_is_named(server: Script) -> None:
    with pytest.raises(SettingsError, match="pip install azure-identity"):
        _model(server, azure_identity=True)


@pytest.fixture
def official(server: Script, monkeypatch: pytest.MonkeyPatch) -> Script:
    """The server takes the place of OpenAI's own."""
    monkeypatch.setattr("chain.model.language_model.OPENAI", server.url)
    return server


def _official(server: Script, **more: object) -> ChatModel:
    return ChatModel(Settings(openai_api_key=SECRET, **more))


def test_openais_models_are_asked_by_chat_completions(official: Script) -> None:
    assert _whole(_official(official, model="gpt-5", answer_tokens=900)) == SAID
    assert official.paths == ["/v1/chat/completions"]
    assert official.requests[0]["max_completion_tokens"] == 900


@pytest.mark.parametrize(
    ("reply", "finish", "reason"),
    [("", "length", "empty"), (SAID, "length", "cut"), ("", "content_filter", "refused")],
)
def test_a_reply_that_is_incomplete(
    official: Script, reply: str, finish: str, reason: ModelTrouble
) -> None:
    official.reply, official.finish = reply, finish
    assert _failed(_official(official, model="gpt-5")).reason == reason


def _ollama(server: Script, **shown: object) -> None:
    server.ollama["/api/show"] = {"details": {}, **shown}
    server.ollama["/api/ps"] = {"models": []}


@pytest.mark.parametrize(
    ("shown", "loaded", "room"),
    [
        ({}, [], 4096),
        ({"parameters": 'stop "x"\nnum_ctx                        2048'}, [], 2048),
        ({}, [{"name": "scripted:latest", "context_length": 3000}], 3000),
        ({}, [{"name": "scripted:latest", "context_length": 32768}], 32768),
        ({}, [{"name": "other", "context_length": 32768}], 4096),
    ],
)
def test_prompts_are_kept_within_what_ollama_uses(
    server: Script, shown: dict[str, object], loaded: list[dict[str, object]], room: int
) -> None:
    _ollama(server, **shown)
    server.ollama["/api/ps"] = {"models": loaded}
    assert _model(server).room() == room
    assert _model(server, model_context=8192).room() == min(room, 8192)


@pytest.mark.parametrize("models", [["scripted"], []])
def test_other_servers_are_asked_for_their_context_once(server: Script, models: list[str]) -> None:
    server.models = models
    model = _model(server)
    assert [model.room(), model.room()] == [8192, 8192]
    assert server.paths == ["/api/show", "/v1/models"]


@pytest.mark.parametrize(
    ("name", "told", "room"),
    [
        ("scripted", {"max_model_len": 32768}, 32768),  # vLLM, SGLang
        ("scripted", {"context_length": 131072}, 128_000),  # OpenRouter; no prompt needs more
        ("scripted", {"context_window": 8192}, 8192),  # Groq
        ("scripted", {"max_context_length": 40960}, 40960),  # Mistral, LM Studio
        ("scripted", {"max_model_len": "many", "context_length": -1}, 8192),
        ("gpt-4o-mini", {}, 128_000),  # which langchain-openai knows, of any day
        ("gpt-4o-mini-2024-07-18", {}, 128_000),
        ("gpt-4", {}, 8192),
        ("gpt-4o-mini", {"context_window": 16384}, 16384),
        ("other", {}, 8192),
    ],
)
def test_a_context_that_is_not_set_is_what_the_server_or_the_name_tells(
    server: Script, name: str, told: dict[str, object], room: int
) -> None:
    server.models, server.about_models = [name], told
    assert _model(server, model=name).room() == room
    assert _model(server, model=name, model_context=2048).room() == 2048


@pytest.mark.parametrize("odd", [None, True, 2.5, "many", [1], {"a": 1}, 10**20, -1], ids=repr)
def test_what_a_server_tells_out_of_form_is_as_if_it_told_nothing(
    server: Script, odd: object
) -> None:
    """Its list of models, and what Ollama tells of one."""
    server.about_models = dict.fromkeys(("max_model_len", "context_length"), odd)
    assert _model(server).room() in (8192, 128_000 if odd == 10**20 else 8192)
    _ollama(server, parameters=odd)
    for loaded in (odd, [{"name": "scripted", "context_length": odd}], [{"name": odd}]):
        server.ollama["/api/ps"] = {"models": loaded}
        assert _model(server).room() == 4096


@pytest.mark.parametrize("listed", [None, [5], [{}], [{"id": 5}]])
def test_a_list_of_models_out_of_form_names_none(server: Script, listed: object) -> None:
    server.listed = listed
    assert _model(server).room() == 8192
    with pytest.raises(ModelError, match="0 models"):
        _model(server, model="").named()


def test_the_check_says_what_works_of_each_model(server: Script) -> None:
    server.reply = published.reply_of("It has 27 Member States.")
    server.refusal = published.reasoning_model
    _ollama(server, parameters="num_ctx 2048")
    values = {"model": "scripted", "checker_model": "judge", "temperature": 0}
    first, second = check(Settings(openai_base_url=server.url, openai_api_key=SECRET, **values))
    for fact in (
        f"scripted at {server.url} answers (JSON by schema; streamed; refused: temperature; ",
        "2048 tokens at most, as Ollama drops the rest: for more, set OLLAMA_CONTEXT_LENGTH",
    ):
        assert fact in first
    assert second.startswith("judge at ")
    assert SECRET not in first + second
