"""A server with OpenAI's chat completions protocol on loopback, faults included.

Only for what cannot be had in a test: it gives a scripted reply, whole or streamed as server-sent
events, as documented in OpenAI's API reference ("Chat Completions", "Streaming"). It counts words
as tokens, and does not hold the reply to a schema that is asked for.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Request = dict[str, Any]
Reply = str | int | dict[str, Any]  # what the model says, the status of a failure, or a raw body


class Script:
    """What the server does with the next requests, and what it was asked."""

    def __init__(self) -> None:
        self.reply: Reply | Callable[[Request], Reply] = ""
        self.status = 200
        self.retry_after = 0  # seconds, told with a failure
        self.takes_schema = True  # else response_format of type json_schema is a bad request
        self.cut_after: int | None = None  # pieces, then the connection is dropped
        self.delay = 0.0  # seconds before each piece, or before a whole reply
        self.requests: list[Request] = []
        self.hung_up = threading.Event()  # a client left before the end of a stream
        self.url = ""


@contextmanager
def openai_server() -> Iterator[Script]:
    """Serves until the block ends; `url` is to be used as base URL."""
    script = Script()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            request = json.loads(self.rfile.read(length))
            script.requests.append(request)
            reply = script.reply(request) if callable(script.reply) else script.reply
            asked_format = request.get("response_format", {"type": "text"})["type"]
            if script.status != 200:
                self._error(script.status)
            elif asked_format == "json_schema" and not script.takes_schema:
                self._error(400)
            elif isinstance(reply, int):
                self._error(reply)
            elif isinstance(reply, dict):
                self._json(200, reply)
            elif request.get("stream"):
                try:
                    self._stream(request, reply)
                except (BrokenPipeError, ConnectionResetError):
                    script.hung_up.set()
                    self.close_connection = True
            else:
                time.sleep(script.delay)
                message = {"role": "assistant", "content": reply, "refusal": None}
                choice = {"index": 0, "message": message, "finish_reason": "stop"}
                completion = _object("chat.completion", [choice]) | {
                    "usage": _usage(request, reply)
                }
                self._json(200, completion)

        def _stream(self, request: Request, reply: str) -> None:
            counts = bool((request.get("stream_options") or {}).get("include_usage"))
            no_usage = {"usage": None} if counts else {}
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Connection", "close")
            self.end_headers()
            pieces = [reply[n : n + 7] for n in range(0, len(reply), 7)]
            for number, piece in enumerate(pieces):
                if number == script.cut_after:
                    self.connection.close()
                    return
                time.sleep(script.delay)
                delta = {"role": "assistant", "content": piece}
                self._event([{"delta": delta, "index": 0, "finish_reason": None}], no_usage)
            self._event([{"delta": {}, "index": 0, "finish_reason": "stop"}], no_usage)
            if counts:
                self._event([], {"usage": _usage(request, reply)})
            self.wfile.write(b"data: [DONE]\n\n")
            self.close_connection = True

        def _event(self, choices: list[dict[str, Any]], more: dict[str, Any]) -> None:
            chunk = _object("chat.completion.chunk", choices) | more
            self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
            self.wfile.flush()

        def _error(self, status: int) -> None:
            self._json(status, {"error": {"message": "no", "type": "error", "code": None}})

        def _json(self, status: int, value: dict[str, Any]) -> None:
            body = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Retry-After", str(script.retry_after))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    script.url = f"http://127.0.0.1:{server.server_port}/v1"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield script
    finally:
        server.shutdown()
        server.server_close()


def _object(kind: str, choices: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": kind,
        "created": 0,
        "model": "scripted",
        "choices": choices,
    }


def _usage(request: Request, reply: str) -> dict[str, int]:
    prompt = sum(len(str(message["content"]).split()) for message in request["messages"])
    completion = len(reply.split())
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }
