"""A model's server may send anything, for ever: an answer ends in its time all the same."""

import gzip
import itertools
import json
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from langchain_core.messages import HumanMessage

from chain.assistant import Assistant
from chain.model.language_model import ChatModel, _within
from chain.writing.generative import read
from core.background import _AHEAD
from core.errors import ModelError
from core.settings import Settings
from tests.support.http_server import Handler, http_server
from tests.support.waiting import PATIENCE, until

pytestmark = pytest.mark.usefixtures("nothing_kept")

Body = Callable[[], Iterator[bytes]]
MB = 1_000_000


def _event(text: str) -> bytes:
    delta = {"role": "assistant", "content": text}
    return _raw_event([{"delta": delta, "index": 0, "finish_reason": None}])


def _raw_event(choices: object) -> bytes:
    event = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "scripted"}
    return b"data: " + json.dumps(event | {"choices": choices}).encode() + b"\n\n"


END = _raw_event([{"delta": {}, "index": 0, "finish_reason": "stop"}]) + b"data: [DONE]\n\n"


@contextmanager
def _serving(body: Body, **headers: str) -> Iterator[tuple[str, threading.Event]]:
    """A server that answers with a body; the address, and whether its client has hung up."""
    hung_up, stopped = threading.Event(), threading.Event()

    class Scripted(Handler):
        def do_POST(self) -> None:
            assert self.body
            self.send_response(200)
            for name, value in {"Content-Type": "text/event-stream", **headers}.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            try:
                for piece in body():
                    self.wfile.write(piece)
                    self.wfile.flush()
                    if stopped.is_set():
                        return
            except (BrokenPipeError, ConnectionResetError):
                hung_up.set()

    with http_server(Scripted) as port:
        try:
            yield f"http://127.0.0.1:{port}/v1", hung_up
        finally:
            stopped.set()


def _model(url: str, **more: object) -> ChatModel:
    return ChatModel(Settings(**({"openai_base_url": url, "model": "scripted"} | more)))


def _failed(url: str, seconds: float = PATIENCE, **more: object) -> ModelError:
    with pytest.raises(ModelError) as raised:
        _model(url, **more).whole([HumanMessage("How many?")], seconds=seconds)
    return raised.value


def test_a_server_that_never_ends_its_reply_is_hung_up_on() -> None:
    with _serving(lambda: itertools.repeat(_event("It grows [1]. "))) as (url, hung_up):
        assert _failed(url, seconds=0.2).reason == "slow"
        assert hung_up.wait(PATIENCE)


@pytest.mark.parametrize("piece", ["It grows by {} percent [1]. ", "<think> Hm {}", " \n"])
def test_an_answer_comes_in_time_whatever_the_model_does(settings: Settings, piece: str) -> None:
    def endless() -> Iterator[bytes]:
        for number in itertools.count():
            yield _event(piece.format(number))

    with _serving(endless) as (url, hung_up):
        values = {"openai_base_url": url, "model": "scripted", "answer_timeout": 1.0}
        assistant = Assistant(settings.model_copy(update=values))
        assistant.warm_up()
        answer = assistant.ask("How many reports were there in the EU in 2019?")
        assert (answer.mode, answer.is_sourced, bool(answer.trouble)) == ("fallback", True, True)
        assert hung_up.wait(PATIENCE)


def test_no_more_of_a_reply_is_kept_than_is_read() -> None:
    taken = 0

    def pieces() -> Iterator[str]:
        nonlocal taken
        while True:
            taken += 1
            yield "It grows. "

    reading = _within(30, pieces())
    next(reading)
    until(lambda: taken == 1 + _AHEAD + 1, "the next one has no place, and is kept in hand")
    threads = threading.active_count()
    reading.close()
    until(lambda: threading.active_count() < threads, "its thread has ended")


def test_comments_that_keep_a_connection_alive_keep_no_thread_alive() -> None:
    over = threading.Event()

    def comments() -> Iterator[bytes]:
        while not over.wait(0.05):
            yield b": still here\n\n"

    with _serving(comments) as (url, hung_up):
        assert _failed(url, seconds=0.5, answer_timeout=2.0).reason == "slow"
        assert hung_up.wait(PATIENCE)
        over.set()
    until(
        lambda: not any(each.name == "aside" for each in threading.enumerate()), "no thread is left"
    )


def test_a_reply_is_read_up_to_a_length() -> None:
    with _serving(lambda: itertools.repeat(_event("word " * 20_000))) as (url, _):
        error = _failed(url, seconds=PATIENCE)
    assert error.reason == "cut"
    assert "characters" in str(error)


@pytest.mark.parametrize("stream", [True, False])
def test_an_event_of_forty_megabytes_is_not_taken_in(stream: bool) -> None:
    def one() -> Iterator[bytes]:
        yield b'data: {"choices": "' if stream else b'{"choices": "'
        for _ in range(400):
            yield b"a" * 100_000
        yield b'"}\n\n'

    tracemalloc.start()
    with _serving(one) as (url, _):
        error = _failed(url)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert error.reason == "protocol"
    assert "megabytes" in str(error)
    assert peak < 60 * MB


def test_a_compressed_reply_is_not_unpacked() -> None:
    bomb = gzip.compress(b"\0" * 100 * MB)

    with _serving(lambda: iter([bomb]), Content_Encoding="gzip") as (url, _):
        tracemalloc.start()
        error = _failed(url)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert error.reason == "protocol"
    assert "compresses" in str(error)
    assert peak < 20 * MB


@pytest.mark.parametrize(
    "event",
    [
        b"data: " + b'{"choices":' + b"[" * 100_000 + b"]" * 100_000 + b"}\n\n",
        b'data: {"choices": [{"delta": {"content": 3}, "index": 0}]}\n\n',
        b"data: \xff\xfe\n\n",
        b"data: 1\n\n",
    ],
)
def test_an_event_that_is_not_in_the_protocol_is_told_as_such(event: bytes) -> None:
    with _serving(lambda: iter([event, END])) as (url, _):
        assert _failed(url).reason in ("protocol", "empty")


def test_half_a_character_ends_no_answer() -> None:
    half = b'data: {"choices": [{"delta": {"content": "It \\ud83d grows."}, "index": 0}]}\n\n'
    with _serving(lambda: iter([half, END])) as (url, _):
        reply = _model(url).whole([HumanMessage("How many?")], seconds=PATIENCE)
    assert reply == "It \ufffd grows."
    with pytest.raises(ModelError):  # falls back: there is no other sentence
        list(read([reply]))
