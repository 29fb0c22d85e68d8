"""The users of the load test, run by locust: each asks the next question when it has an answer.

locust brings its own event loop and imports nothing of ours; what it needs comes in variables.
"""

import itertools
import json
import os
import time
from pathlib import Path

from locust import HttpUser, constant, events, task

QUESTIONS = json.loads(Path(os.environ["LOAD_QUESTIONS"]).read_text("utf-8"))
STREAMED = bool(os.environ.get("LOAD_STREAMED"))
_KEY = Path(os.environ["LOAD_KEY"]).read_text("utf-8").strip()
_next = itertools.cycle(QUESTIONS)


class Reader(HttpUser):
    wait_time = constant(0)

    @task
    def ask(self) -> None:
        body = {"question": next(_next), "stream": STREAMED}
        headers = {"Authorization": f"Bearer {_KEY}"}
        with self.client.post(
            "/v1/ask", json=body, headers=headers, stream=STREAMED, catch_response=True
        ) as reply:
            if reply.status_code != 200:
                reply.failure(f"HTTP {reply.status_code}")
            elif STREAMED:
                self._read(reply)
            elif not reply.json().get("text"):
                reply.failure("an answer without text")

    def _read(self, reply) -> None:  # type: ignore[no-untyped-def]
        """Reads a stream of events to its end; the time to the first words is a figure too."""
        started, first, finished = time.perf_counter(), None, False
        for line in reply.iter_lines():
            if first is None and b"text" in line:
                first = time.perf_counter() - started
            finished = finished or b"answer" in line
        if not finished:
            reply.failure("a stream without its answer")
        events.request.fire(  # type: ignore[no-untyped-call]
            request_type="SSE",
            name="first words",
            response_time=1000 * (first or 0),
            response_length=0,
            exception=None,
        )
