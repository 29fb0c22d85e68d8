"""A server with OpenAI's chat completions protocol on loopback, faults included.

Only for what cannot be had in a test: it streams a scripted reply as server-sent events, as
documented in OpenAI's API reference ("Chat Completions", "Streaming").
"""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Script:
    """What the server does with the next requests, and what it was asked."""

    def __init__(self) -> None:
        self.reply = ""
        self.status = 200
        self.cut_after: int | None = None  # pieces, then the connection is dropped
        self.delay = 0.0  # seconds before each piece
        self.requests: list[dict[str, Any]] = []
        self.url = ""


@contextmanager
def openai_server() -> Iterator[Script]:
    """Serves until the block ends; `url` is to be used as base URL."""
    script = Script()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            script.requests.append(json.loads(self.rfile.read(length)))
            if script.status != 200:
                self._error(script.status)
                return
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Connection", "close")
            self.end_headers()
            pieces = [script.reply[n : n + 7] for n in range(0, len(script.reply), 7)]
            for number, piece in enumerate(pieces):
                if number == script.cut_after:
                    self.connection.close()
                    return
                time.sleep(script.delay)
                self._event({"delta": {"role": "assistant", "content": piece}, "index": 0})
            self._event({"delta": {}, "index": 0, "finish_reason": "stop"})
            self.wfile.write(b"data: [DONE]\n\n")
            self.close_connection = True

        def _event(self, choice: dict[str, Any]) -> None:
            chunk = {
                "id": "chatcmpl-1",
                "object": "chat.completion.chunk",
                "created": 0,
                "model": "scripted",
                "choices": [choice],
            }
            self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
            self.wfile.flush()

        def _error(self, status: int) -> None:
            body = json.dumps({"error": {"message": "no", "type": "error", "code": None}}).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Retry-After", "0")
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
