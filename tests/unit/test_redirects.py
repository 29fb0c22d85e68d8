"""Servers that settings name: none can send questions on elsewhere, or more than is taken in."""

import gzip
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from langchain_core.messages import HumanMessage

from chain.model.language_model import ChatModel
from core.errors import ModelError, StrategiewijzerError
from core.settings import Settings
from tests.support.http_server import Handler, http_server
from vectorstore.chroma import connect
from vectorstore.embeddings import make_embedder

STATUSES = (301, 302, 303, 307, 308)


class _Script:
    """Where a server redirects to, and the paths that it was asked."""

    def __init__(self) -> None:
        self.status = 307
        self.leads_to = ""  # begins the address of what is asked for; empty: it answers
        self.sends: Callable[[bytes], bytes] = bytes
        self.headers: dict[str, str] = {}
        self.asked: list[str] = []
        self.url = ""


@contextmanager
def _server() -> Iterator[_Script]:
    script = _Script()

    class Scripted(Handler):
        def do_GET(self) -> None:
            _ = self.body
            script.asked.append(self.path)
            listed = [{"id": "scripted", "object": "model", "created": 0}]
            embedded = [{"index": 0, "embedding": [3.0, 4.0], "object": "embedding"}]
            data = embedded if self.path.endswith("embeddings") else listed
            listing = {"object": "list", "model": "scripted", "data": data}
            body = script.sends(json.dumps(listing).encode())
            redirects = script.leads_to and not self.path.startswith("/moved")
            leads_to = {"Location": script.leads_to + self.path} if redirects else {}
            headers = {"Content-Type": "application/json", **leads_to, **script.headers}
            self.answer(body, script.status if redirects else 200, headers)

        def do_POST(self) -> None:
            self.do_GET()

    with http_server(Scripted) as port:
        script.url = f"http://127.0.0.1:{port}"
        yield script


@pytest.fixture
def named() -> Iterator[_Script]:
    """The server that a setting names."""
    with _server() as script:
        yield script


@pytest.fixture
def other() -> Iterator[_Script]:
    """One that no setting names."""
    with _server() as script:
        yield script


def _ask_model(url: str) -> object:
    model = ChatModel(Settings(openai_base_url=f"{url}/v1", model="scripted"))
    return model.whole([HumanMessage("How many?")], seconds=30)


def _list_models(url: str) -> object:
    return ChatModel(Settings(openai_base_url=f"{url}/v1")).named()


def _embed_question(url: str) -> object:
    embedder = make_embedder(Settings(embeddings_url=f"{url}/v1", embeddings_model="m"))
    return list(embedder.query("How many?"))


def _connect_to_chroma(url: str) -> object:
    return connect(Settings(chroma_url=url))


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("ask", [_ask_model, _list_models])
def test_a_model_s_server_cannot_send_a_request_elsewhere(
    named: _Script, other: _Script, ask: Callable[[str], object], status: int
) -> None:
    named.leads_to, named.status = other.url, status
    with pytest.raises(ModelError) as raised:
        ask(named.url)
    assert f"redirects to {other.url}, which no setting names" in str(raised.value)
    assert "set OPENAI_BASE_URL" in str(raised.value)
    assert "/v1" not in str(raised.value)  # a path may hold a secret
    assert (len(named.asked), other.asked) == (1, [])


@pytest.mark.parametrize(
    ("ask", "remedy"),
    [(_embed_question, "set STRATEGIEWIJZER_EMBEDDINGS_URL"), (_connect_to_chroma, "")],
)
def test_no_other_server_can_either(
    named: _Script, other: _Script, ask: Callable[[str], object], remedy: str
) -> None:
    named.leads_to = other.url
    with pytest.raises(StrategiewijzerError, match=f"{other.url}.*{remedy}" if remedy else None):
        ask(named.url)
    assert named.asked
    assert other.asked == []


@pytest.mark.parametrize("ask", [_list_models, _embed_question])
@pytest.mark.parametrize("is_packed", [True, False])
def test_no_server_can_send_more_than_is_taken_in(
    named: _Script, ask: Callable[[str], object], is_packed: bool
) -> None:
    ask(named.url)
    if is_packed:
        named.sends, named.headers = gzip.compress, {"Content-Encoding": "gzip"}
    else:
        named.sends = lambda body: body + b" " * 17_000_000
    with pytest.raises(ModelError):
        ask(named.url)


@pytest.mark.parametrize(
    ("ask", "said"), [(_list_models, "scripted"), (_embed_question, pytest.approx([0.6, 0.8]))]
)
def test_a_server_may_lead_to_another_path_of_its_own(
    named: _Script, ask: Callable[[str], object], said: object
) -> None:
    named.leads_to = f"{named.url}/moved"
    assert ask(named.url) == said
    assert named.asked[-1].startswith("/moved")
