"""The users of the load test, run by locust: each asks the next question when it has an answer.

locust brings its own event loop, so nothing of ours is imported here.
"""

import itertools
import json
import time
from pathlib import Path

from locust import HttpUser, constant, events, task


@events.init_command_line_parser.add_listener  # type: ignore[untyped-decorator]
def _add_options(parser) -> None:  # type: ignore[no-untyped-def]
    parser.add_argument("--questions", help="a JSON list of questions")
    parser.add_argument("--key", help="a file with a key of the API")
    parser.add_argument("--streamed", action="store_true", help="ask for events")


_numbers = itertools.count()


class Reader(HttpUser):
    wait_time = constant(0)

    def on_start(self) -> None:
        options = self.environment.parsed_options
        asked = json.loads(Path(options.questions).read_text("utf-8"))
        begin = next(_numbers) * 7 % len(asked)  # so that not all ask the same at once
        self._questions = itertools.cycle([*asked[begin:], *asked[:begin]])
        key = Path(options.key).read_text("utf-8").strip()
        self._headers = {"Authorization": f"Bearer {key}"}
        self._streamed = options.streamed

    @task
    def ask(self) -> None:
        body = {"question": next(self._questions), "stream": self._streamed}
        with self.client.post(
            *("/v1/ask", None, body),
            headers=self._headers,
            stream=self._streamed,
            catch_response=True,
        ) as reply:
            if reply.status_code != 200:
                reply.failure(f"HTTP {reply.status_code}")
            elif self._streamed:
                self._read(reply)
            elif not reply.json().get("text"):
                reply.failure("an answer without text")

    def _read(self, reply) -> None:  # type: ignore[no-untyped-def]
        """Reads a stream of events to its end, which locust itself takes to be its beginning."""
        started, first, finished = time.perf_counter(), None, False
        for line in reply.iter_lines():
            if first is None and b"text" in line:
                first = time.perf_counter() - started
            finished = finished or b"answer" in line
        if not finished:
            reply.failure("a stream without its answer")
        for name, taken in (
            ("first words", first),
            ("whole answer", time.perf_counter() - started),
        ):
            events.request.fire(  # type: ignore[no-untyped-call]
                request_type="SSE",
                name=name,
                response_time=1000 * (taken or 0),
                response_length=0,
                exception=None,
            )
