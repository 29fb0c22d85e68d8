"""An embeddings server: batches, prefixes, and how long a question waits for it."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pytest

from core.errors import ModelError
from core.settings import Settings
from vectorstore.embeddings import OpenAIEmbedder, make_embedder


class _Script:
    """What the server was asked, and what it is to say."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.delay = 0.0
        self.vector: Any = None  # of a text; unless set, of two figures that tell texts apart
        self.url = ""


def _vector(text: str) -> list[float]:
    return [float(len(text)), 1.0]


@contextmanager
def _server() -> Iterator[_Script]:
    script = _Script()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            texts = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["input"]
            script.asked.append(texts)
            time.sleep(script.delay)
            make = script.vector or _vector
            data = [{"index": n, "embedding": make(text)} for n, text in enumerate(texts)]
            body = json.dumps({"object": "list", "model": "m", "data": data}).encode()
            with suppress(BrokenPipeError):
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    script.url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield script
    finally:
        server.shutdown()
        server.server_close()


def test_many_texts_go_in_batches_that_every_server_takes() -> None:
    texts = ["x" * number for number in range(1, 71)]
    with _server() as script:
        vectors = OpenAIEmbedder(script.url, "m", "").passages(texts)
    assert [len(asked) for asked in script.asked] == [32, 32, 6]
    assert vectors[:, 0] / vectors[:, 1] == pytest.approx(range(1, 71), rel=1e-4)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)


def test_the_prefixes_that_a_model_wants_are_settings() -> None:
    with _server() as script:
        settings = Settings(embeddings_url=script.url, embeddings_model="e5-base")
        plain = make_embedder(settings)
        prefixed = make_embedder(
            settings.model_copy(
                update={
                    "embeddings_query_prefix": "query: ",
                    "embeddings_passage_prefix": "passage: ",
                }
            )
        )
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
    monkeypatch.setattr("vectorstore.embeddings._PATIENCE", 0.3)
    with _server() as script:
        embedder = OpenAIEmbedder(script.url, "m", "")
        script.delay = 2.0
        started = time.monotonic()
        with pytest.raises(ModelError, match="EMBEDDINGS_URL"):
            embedder.query("Why?")
        assert time.monotonic() - started < 2
        script.delay = 0.6
        assert len(embedder.passages(["Because."])) == 1


@pytest.mark.parametrize("vector", [[0.0, 0.0], [float("nan"), 1.0], []])
def test_what_is_no_vector_is_refused(vector: list[float]) -> None:
    with _server() as script:
        script.vector = lambda text: vector
        with pytest.raises(ModelError, match="embeddings server"):
            OpenAIEmbedder(script.url, "m", "").passages(["a", "b"])


def test_vectors_of_different_lengths_are_refused() -> None:
    with _server() as script:
        script.vector = lambda text: [1.0] * len(text)
        with pytest.raises(ModelError, match="embeddings server"):
            OpenAIEmbedder(script.url, "m", "").passages(["a", "bb"])
