"""The API on a real server on loopback, for tests with the clients of others."""

import datetime
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn

from api.application import application
from chain.assistant import Assistant
from core.settings import Settings
from people.api_keys import Permission, make
from tests.browser import free_port


@contextmanager
def served_api(assistant: Callable[[], Assistant], settings: Settings) -> Iterator[str]:
    """Its address, without a path."""
    port = free_port()
    app = application(assistant, lambda: settings)
    server = uvicorn.Server(uvicorn.Config(app, "127.0.0.1", port, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        for _ in range(300):
            if server.started:
                break
            time.sleep(0.1)
        assert server.started
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(timeout=20)


def key_for(settings: Settings, *scopes: Permission) -> str:
    key, _ = make(settings, "test", scopes, "reader", datetime.timedelta(hours=1))
    return key
