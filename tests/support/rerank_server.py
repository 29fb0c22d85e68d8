"""A reranker that a test scripts."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from tests.support.http_server import Handler, http_server


class Script:
    def __init__(self) -> None:
        self.reply: Any = None  # JSON, raw bytes, or a function of the request
        self.status = 200
        self.is_silent = False
        self.over = threading.Event()  # the server is to be closed
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.url = ""


@contextmanager
def rerank_server() -> Iterator[Script]:
    script = Script()

    class Scripted(Handler):
        def do_POST(self) -> None:
            request = json.loads(self.body)
            script.requests.append(request)
            script.keys.append(self.headers.get("Authorization"))
            if script.is_silent:
                script.over.wait()
            reply = script.reply(request) if callable(script.reply) else script.reply
            body = reply if isinstance(reply, bytes) else json.dumps(reply).encode()
            with suppress(BrokenPipeError):  # the client did not wait
                self.answer(body, script.status)

    with http_server(Scripted) as port:
        script.url = f"http://127.0.0.1:{port}/rerank"
        try:
            yield script
        finally:
            script.over.set()
