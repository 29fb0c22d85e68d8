"""Servers for tests: a handler that logs nothing, and a server that ends with a block."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ssl import SSLContext
from typing import Any


class Handler(BaseHTTPRequestHandler):
    """Handles requests and logs none."""

    @property
    def body(self) -> bytes:
        """What was sent; read once."""
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def answer(
        self, body: bytes, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> None:
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def http_server(handler: Any, *, tls: SSLContext | None = None) -> Iterator[int]:
    """The port of a server of this machine that answers by this handler until the block ends."""
    server = ThreadingHTTPServer(("localhost", 0), handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
