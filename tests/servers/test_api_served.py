"""The API of the real app, behind the guard and beside the pages, on the bundled briefs."""

import json

import pytest

from core.settings import Settings
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
