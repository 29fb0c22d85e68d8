"""An embeddings server: batches, prefixes, and how long a question waits for it."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from core.errors import ModelError
from core.settings import Settings
from tests.support.http_server import Handler, http_server
from tests.support.waiting import PATIENCE, until
from vectorstore.embeddings import REQUESTS, OpenAIEmbedder, make_embedder


class _Script:
    """What the server was asked, and what it is to say."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.held: Callable[[], object] = lambda: None  # called before each reply
        self.vector: Any = None  # of a text; unless set, of two figures that tell texts apart
        self.url = ""
        self.busy: list[str] = []  # for each request that is to be refused, when to come back
        self.under_way = self.most_under_way = 0
        self.failing_after = 10**9  # requests
        self.count: Callable[[list[str]], int] = len  # of the vectors for a batch
        self.lock = threading.Lock()


def _vector(text: str) -> list[float]:
    return [float(len(text)), 1.0]


@contextmanager
def _server() -> Iterator[_Script]:
    script = _Script()

    class Scripted(Handler):
        def do_POST(self) -> None:
            texts = json.loads(self.body)["input"]
            with script.lock:
                script.asked.append(texts)
                script.under_way += 1
                script.most_under_way = max(script.under_way, script.most_under_way)
                later = script.busy.pop() if script.busy else ""
                fails = len(script.asked) > script.failing_after
            script.held()
            with script.lock:
                script.under_way -= 1
            if later or fails:
                self.answer(b"", 429 if later else 400, {"Retry-After": later})
                return
            make = script.vector or _vector
            data = [{"index": n, "embedding": make(text)} for n, text in enumerate(texts)]
            data = data[: script.count(texts)]
            body = json.dumps({"object": "list", "model": "m", "data": data}).encode()
            with suppress(BrokenPipeError):
                self.answer(body, headers={"Content-Type": "application/json"})

    with http_server(Scripted) as port:
        script.url = f"http://127.0.0.1:{port}/v1"
        yield script


def test_many_texts_go_in_batches_that_every_server_takes() -> None:
    texts = ["x" * number for number in range(1, 71)]
    with _server() as script:
        vectors = OpenAIEmbedder(script.url, "m", "").passages(texts)
    assert sorted(len(asked) for asked in script.asked) == [6, 32, 32]
    assert vectors[:, 0] / vectors[:, 1] == pytest.approx(range(1, 71), rel=1e-4)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)


def test_the_prefixes_that_a_model_wants_are_settings() -> None:
    with _server() as script:
        settings = Settings(embeddings_url=script.url, embeddings_model="e5-base")
        plain = make_embedder(settings)
        prefixes = {"embeddings_query_prefix": "query: ", "embeddings_passage_prefix": "passage: "}
        prefixed = make_embedder(settings.model_copy(update=prefixes))
        for embedder in (plain, prefixed):
            embedder.query("Why?")
            embedder.passages(["Because."])
    assert script.asked == [["Why?"], ["Because."], ["query: Why?"], ["passage: Because."]]
    assert plain.fingerprint == "e5-base/openai"  # as without the settings: no index is made anew
    assert prefixed.fingerprint not in (plain.fingerprint, "")
    assert prefixed.limit < plain.limit  # for what stands in front


def test_a_question_does_not_wait_for_a_server_as_ingest_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("vectorstore.embeddings._PATIENCE", 0.1)
    late, over = threading.Event(), threading.Event()
    with _server() as script:
        embedder = OpenAIEmbedder(script.url, "m", "")
        script.held = over.wait  # says nothing
        with pytest.raises(ModelError, match="EMBEDDINGS_URL"):
            embedder.query("Why?")
        assert script.asked == [["Why?"]] * 2
        over.set()
        script.held = lambda: late.wait(0.3)
        assert len(embedder.passages(["Because."])) == 1
        assert len(script.asked) == 3


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ({"vector": lambda text: [0.0, 0.0]}, "embeddings server"),
        ({"vector": lambda text: [float("nan"), 1.0]}, "embeddings server"),
        ({"vector": lambda text: []}, "embeddings server"),
        ({"vector": lambda text: [1.0] * (1 + len(text) % 2)}, "embeddings server"),
        ({"count": lambda texts: len(texts) - 1}, "gave 31 vectors for 32 texts"),
    ],
    ids=["nothing", "no number", "empty", "of several lengths", "too few"],
)
def test_what_is_no_vector_for_each_text_is_refused(
    answers: dict[str, Callable[..., Any]], told: str
) -> None:
    with _server() as script:
        vars(script).update(answers)
        with pytest.raises(ModelError, match=told):
            OpenAIEmbedder(script.url, "m", "").passages(["a", "bb"] * 32)


def test_several_requests_are_under_way_and_the_order_stays() -> None:
    texts = ["x" * number for number in range(1, 32 * 12)]
    with _server() as script:
        script.held = threading.Barrier(REQUESTS, timeout=PATIENCE).wait
        vectors = OpenAIEmbedder(script.url, "m", "").passages(texts)
        assert vectors[:, 0] / vectors[:, 1] == pytest.approx(range(1, 32 * 12), rel=1e-3)
        assert script.most_under_way == REQUESTS


def test_a_server_that_is_busy_is_asked_again_when_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    # not the module itself: threads of other tests sleep too
    pausing = SimpleNamespace(**{**vars(time), "sleep": waited.append})
    monkeypatch.setattr("openai._base_client.time", pausing)
    with _server() as script:
        script.busy = ["7", "7", "7"]
        vectors = OpenAIEmbedder(script.url, "m", "").passages(["x"] * 100)
    assert len(vectors) == 100
    assert waited == [7.0] * 3
    assert len(script.asked) == 4 + 3


@pytest.mark.parametrize("slow", ["", "the first batch"])
def test_a_failure_ends_what_was_still_to_be_asked(
    slow: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[Future[Any]] = []

    class Pool(ThreadPoolExecutor):
        def submit(self, *what: Any) -> Future[Any]:  # type: ignore[override]
            batches.append(super().submit(*what))
            return batches[-1]

    monkeypatch.setattr("vectorstore.embeddings.ThreadPoolExecutor", Pool)
    monkeypatch.setattr("vectorstore.embeddings.REQUESTS", 2)
    with _server() as script:
        script.failing_after = 2

        def held() -> None:
            # those under way when the third fails, and not more
            if len(script.asked) > 3 or (slow and len(script.asked) == 1):
                until(lambda: batches[-1].cancelled(), "the last batch is not asked any more")

        script.held = held
        with pytest.raises(ModelError, match="EMBEDDINGS_URL"):
            OpenAIEmbedder(script.url, "m", "").passages(["x"] * 32 * 40)
        assert len(script.asked) <= 5
