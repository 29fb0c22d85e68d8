"""The API on a real server of this process, and keys for it."""

import datetime
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import httpx
import uvicorn

from api.application import application
from chain.assistant import Assistant
from core.answer import Answer, Event, Finished, Stage
from core.settings import Settings
from tests.support import patient_http
from tests.support.browser import free_port
from tests.support.waiting import until
from userdata.api_keys import PERMISSIONS, Permission, make


@contextmanager
def serving(
    assistant: Callable[[], Assistant], settings: Settings | Callable[[], Settings]
) -> Iterator[str]:
    """The address of the API with this assistant, and with these settings or what gives them."""
    port = free_port()
    app = application(assistant, settings if callable(settings) else lambda: settings)
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning", lifespan="off")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until(lambda: server.started or not thread.is_alive(), "the API is served")
    assert thread.is_alive()
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(timeout=20)


class Served(NamedTuple):
    address: str
    settings: Settings
    assistant: Assistant


@contextmanager
def served_at(path: str, settings: Settings) -> Iterator[Served]:
    """The API with an assistant of its own, for clients that use one of its paths."""
    assistant = Assistant(settings)
    with serving(lambda: assistant, settings) as address:
        yield Served(f"{address}{path}", settings, assistant)


class Slow:
    """An assistant whose answers take as long as the test lets them."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.begun = 0
        self.closed = threading.Semaphore(0)
        self.go_on = threading.Event()

    def stream(self, *_: object, **__: object) -> Iterator[Event]:
        self.begun += 1
        try:
            while not self.go_on.wait(0.05):
                yield Stage(name="searching")
            yield Finished(answer=self.answer)
        finally:
            self.closed.release()


def key(settings: Settings, *scopes: Permission, days: float = 1) -> str:
    """A new key; of all scopes if none is named."""
    lasts = datetime.timedelta(days=days)
    return make(settings, "a test", scopes or PERMISSIONS, lasts)[0]


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def client(address: str, key: str) -> httpx.Client:
    return patient_http.client(base_url=address, headers=bearer(key))


def told(answer: httpx.Response) -> tuple[int, str]:
    """The status and code of an error, which has the one shape that there is."""
    assert answer.headers["content-type"] == "application/json"
    (error,) = answer.json().values()
    assert set(error) == {"message", "type", "param", "code"}
    assert error["message"]
    return answer.status_code, error["code"]
