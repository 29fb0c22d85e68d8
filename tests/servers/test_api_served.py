"""The API of the real app, behind the guard and beside the pages, on the bundled briefs."""

import json
import threading

import pytest

from core.settings import Settings
from tests.support import patient_http
from tests.support.api_server import client, key

QUESTION = "Hoeveel is de drugsmarkt in Europa waard?"


@pytest.fixture(scope="module")
def asks(settings: Settings) -> str:
    return key(settings, "ask", "read")


def test_the_app_answers_programs_whole_and_as_it_is_made(address: str, asks: str) -> None:
    with client(address, asks) as api:
        assert api.get("/readyz").json() == {"status": "ok"}
        whole = api.post("/v1/ask", json={"question": QUESTION}).json()
        assert whole["kind"] == "answer"
        assert whole["citations"]
        asked = {"question": QUESTION, "stream": True}
        with api.stream("POST", "/v1/ask", json=asked) as answer:
            lines = list(answer.iter_lines())
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert "content-encoding" not in answer.headers  # packed, it would come in one piece
    finished = json.loads(lines[-2].removeprefix("data: "))["answer"]
    assert finished["text"] == whole["text"]
    assert finished["citations"] == whole["citations"]


def test_pages_are_served_while_questions_are_answered(address: str, asks: str) -> None:
    """Each look at the server's health waits for the event loop alone."""
    statuses: list[int] = []

    def ask() -> None:
        with client(address, asks) as api:
            statuses.append(api.post("/v1/ask", json={"question": QUESTION}).status_code)

    asking = [threading.Thread(target=ask) for _ in range(6)]
    for thread in asking:
        thread.start()
    looks = 0
    while any(thread.is_alive() for thread in asking):
        answer = patient_http.get(f"{address}/_stcore/health")
        assert answer.status_code == 200
        looks += 1
    assert statuses == [200] * 6
    assert looks > 3
