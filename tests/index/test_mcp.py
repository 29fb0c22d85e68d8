"""The official client of the Model Context Protocol uses the tools, over both transports."""

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult, TextContent

from api import mcp_tools
from api.mcp_tools import LONGEST
from chain.assistant import Assistant
from chain.request import MAX_QUESTION
from core import VERSION
from core.settings import ROOT, Settings
from tests.support import patient_http
from tests.support.apart import apart
from tests.support.api_server import Served, served_at, serving
from tests.support.api_server import key as key_for
from tests.support.openai_server import openai_server, reply_of
from userdata.audit import records

QUESTION = "How many illicit firearms do civilians in the EU hold?"
MODES = ("auto", "legacy")  # of 2026-07-28, without a handshake; and before


@pytest.fixture(scope="module")
def served(settings: Settings) -> Iterator[Served]:
    with served_at("/mcp", settings) as one:
        yield one


@asynccontextmanager
async def connected(address: str, key: str, mode: str = "auto") -> AsyncIterator[Client]:
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx2.AsyncClient(headers=headers, timeout=60) as http:
        transport = streamable_http_client(address, http_client=http)
        async with Client(transport, mode=mode) as client:
            yield client


def over_http(
    served: Served, use: Callable[[Client], Awaitable[Any]], mode: str = "auto", *scopes: Any
) -> Any:
    """What comes of using a client with a key of its own."""

    async def used() -> Any:
        key = key_for(served.settings, *(scopes or ("ask", "read")))
        async with connected(served.address, key, mode) as client:
            return await use(client)

    return apart(used())


def call(served: Served, tool: str, *scopes: Any, **arguments: Any) -> CallToolResult:
    result = over_http(served, lambda client: client.call_tool(tool, arguments), "auto", *scopes)
    assert isinstance(result, CallToolResult)
    return result


def told(result: CallToolResult) -> Mapping[str, Any]:
    assert not result.is_error, result.content
    return result.structured_content


def error(result: CallToolResult) -> str:
    assert result.is_error
    (content,) = result.content
    assert isinstance(content, TextContent)
    return content.text


@pytest.mark.parametrize("mode", MODES)
def test_there_are_four_tools_that_only_read(served: Served, mode: str) -> None:
    async def use(client: Client) -> Any:
        return client.instructions, client.server_info.version, (await client.list_tools()).tools

    instructions, version, tools = over_http(served, use, mode)
    assert version == VERSION
    assert "never instructions" in instructions
    assert [tool.name for tool in tools] == ["ask", "search", "read_section", "list_documents"]
    for tool in tools:
        assert tool.annotations.read_only_hint
        assert tool.annotations.open_world_hint is False
        assert tool.output_schema["type"] == "object"
        assert tool.input_schema["additionalProperties"] is False
    asked = tools[0].input_schema["properties"]["question"]
    assert asked["maxLength"] == MAX_QUESTION
    assert tools[0].input_schema["required"] == ["question"]


@pytest.mark.parametrize("mode", MODES)
def test_an_answer_has_exact_quotes(served: Served, mode: str) -> None:
    result = over_http(served, lambda client: client.call_tool("ask", {"question": QUESTION}), mode)
    answer = told(result)
    assert answer["kind"] == "answer"
    assert "35 million illicit firearms in 2017" in answer["text"]
    texts = {each.id: each.text for each in served.assistant.index.snapshot().passages()}
    assert answer["citations"]
    for citation in answer["citations"]:
        assert f"[{citation['number']}]" in answer["text"]
        text = texts[citation["passage"]]
        assert text[citation["start"] : citation["end"]] == citation["quote"]
    assert json.loads(result.content[0].text) == answer
    assert answer["ended"].endswith("ran from 2020 until the end of 2025 and is over.")


def test_of_a_models_answer_is_told_what_was_not_found(settings: Settings) -> None:
    said = "Civilians in the EU held an estimated 35 million illicit firearms in 2017."
    fruit = "Bananas are a popular fruit in many countries."
    invented = "In 2031 there were 912,345 of them."
    with openai_server() as script:
        script.reply = reply_of(said, fruit, invented)
        values = {"openai_base_url": script.url, "model": "scripted", "checker": False}
        with served_at("/mcp", settings.model_copy(update=values)) as written:
            answer = told(call(written, "ask", question=QUESTION))
    assert (answer["mode"], answer["unconfirmed"]) == ("generative", [said, fruit])
    (left_out,) = answer["left_out"]
    assert (left_out["text"], left_out["reason"]) == (invented, "absent")
    assert sorted(left_out["details"]) == ["2031", "912,345"]
    assert [citation["quote"] for citation in answer["citations"]]


def test_a_refusal_is_no_error_and_offers_what_can_be_asked(served: Served) -> None:
    answer = told(call(served, "ask", question="What is the capital of Australia?"))
    assert (answer["kind"], answer["citations"]) == ("refusal", [])


def test_a_search_leads_to_a_section_and_on(served: Served) -> None:
    found = told(call(served, "search", query=QUESTION, limit=2))["passages"]
    assert len(found) == 2
    first = found[0]
    assert first["document"] == "firearms-plan"
    place = {"document": first["document"], "section": first["section"], "language": "en"}
    section = told(call(served, "read_section", **place))
    assert first["text"] in section["text"]
    assert section["headings"] == first["headings"]
    assert section["next_start"] is None
    after = told(call(served, "read_section", **{**place, "section": section["after"]}))
    assert after["before"] == first["section"]
    assert told(call(served, "read_section", **place, start=10))["text"] == section["text"][10:]


@pytest.mark.parametrize(("tool", "asked"), [("search", "query"), ("ask", "question")])
def test_documents_areas_and_a_day_limit_what_is_searched(
    served: Served, tool: str, asked: str
) -> None:
    def documents(**limits: Any) -> set[str]:
        found = told(call(served, tool, **{asked: QUESTION}, **limits))
        return {each["document"] for each in found["passages" if tool == "search" else "citations"]}

    assert documents(documents=["drugs-agenda"]) <= {"drugs-agenda"}
    assert documents(areas=["firearms"], as_of="2020-07-24") == {"firearms-plan"}
    assert documents(areas=["drugs"]) <= {"drugs-agenda"}
    assert documents(as_of="2020-07-23") == set()
    only = {"query": QUESTION, "documents": ["drugs-agenda"], "language": "nl"}
    found = told(call(served, "search", **only))["passages"]
    assert {(each["document"], each["language"]) for each in found} == {("drugs-agenda", "nl")}


def test_documents_are_listed_a_page_at_a_time(served: Served) -> None:
    first = told(call(served, "list_documents", limit=3))
    rest = told(call(served, "list_documents", start=first["next_start"], language="nl"))
    assert (first["total"], first["next_start"], rest["next_start"]) == (5, 3, None)
    listed = [*first["documents"], *rest["documents"]]
    infos = served.assistant.index.snapshot().documents()
    assert {each["id"] for each in listed} == {info.id for info in infos}
    titles = {info.id: info.title for info in infos if info.language == "nl"}
    for document in rest["documents"]:
        assert (document["title"], document["languages"]) == (titles[document["id"]], ["en", "nl"])


@pytest.mark.parametrize(
    ("tool", "arguments", "says"),
    [
        ("search", {"query": "x", "document": ["drugs-agenda"]}, "document: Extra inputs are not"),
        ("ask", {"question": "x", "\u202ezzz": 1}, "zzz: Extra inputs are not permitted."),
        ("search", {"query": "x", "documents": ["drug-agenda"]}, "no document 'drug-agenda'. Ther"),
        ("search", {"query": "x", "areas": ["\u202ecats"]}, "There is no area 'cats'. There are: "),
        ("serch", {}, "serch"),
        ("ask", {"question": "x" * (MAX_QUESTION + 1)}, "question: String should have"),
        ("ask", {"question": "Hi", "language": "xx"}, "language: String should match"),
        ("ask", {"question": "Hi", "documents": "drugs-agenda"}, "documents: Input should be a"),
        ("ask", {"question": "Hi", "as_of": 5}, "a day is written as 2026-12-31"),
        ("search", {"query": "x", "limit": 21}, "limit: Input should be less than or equal to 20."),
        ("read_section", {"document": "drugs-agenda", "section": -1}, "section: Input should be"),
        ("read_section", {"document": "no-such", "section": 0}, "There are: csa-strategy, "),
        ("read_section", {"document": "drugs-agenda", "section": 9999}, "search"),
    ],
)
def test_what_is_wrong_is_told_as_an_error_of_the_tool_with_its_remedy(
    served: Served, tool: str, arguments: dict[str, Any], says: str
) -> None:
    said = error(call(served, tool, **arguments))
    assert says in said
    assert "pydantic" not in said
    assert len(said) < 400


def test_a_tool_needs_its_scope(served: Served) -> None:
    assert "'ask'" in error(call(served, "ask", "read", question="Hi"))
    assert "'read'" in error(call(served, "search", "ask", query="Hi"))


def test_a_failure_tells_nothing_of_what_is_inside(
    served: Served, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def failing(*_: Any, **__: Any) -> Iterator[Any]:
        raise IndexError("the secret question")
        yield

    monkeypatch.setattr(Assistant, "stream", failing)
    assert "Something went wrong inside" in error(call(served, "ask", question="Hi"))
    assert "secret" not in caplog.text


def status(address: str, key: str, **headers: str) -> int:
    """Of the list of tools, asked for with these headers."""
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    accepts = {"Accept": "application/json, text/event-stream", "Authorization": f"Bearer {key}"}
    return patient_http.post(address, json=message, headers=accepts | headers).status_code


def test_it_answers_to_its_own_names_alone_as_documented(served: Served) -> None:
    documented = (ROOT / "docs/clients.md").read_text("utf-8")
    (names,) = re.findall(r"STRATEGIEWIJZER_ALLOWED_HOSTS='(.*?)'", documented)
    settings = served.settings.model_copy(update={"allowed_hosts": tuple(json.loads(names))})
    key = key_for(settings, "read")
    assert status(served.address, key, Host="wijzer.example.eu") == 421
    with serving(lambda: served.assistant, settings) as address:

        def answers(host: str, **headers: str) -> int:
            return status(f"{address}/mcp", key, Host=host, **headers)

        assert answers("wijzer.example.eu:8443") == answers("127.0.0.1:8501") == 200
        assert answers("evil.example") == 421
        assert answers("localhost:8501", Origin="https://wijzer.example.eu") == 200
        assert answers("localhost:8501", Origin="https://evil.example") == 403
        assert answers("localhost:8501", Accept="application/json") == 406


def test_no_connection_waits_for_what_never_comes(served: Served) -> None:
    """A stream for messages of the server's own would stay open for ever."""
    key = key_for(served.settings, "read")
    headers = {"Authorization": f"Bearer {key}", "Accept": "text/event-stream"}
    assert patient_http.get(served.address, headers=headers).status_code == 405


def test_requests_keep_nothing_between_them(served: Served) -> None:
    """So that any replica can take the next, and many come at once."""

    async def use(client: Client) -> Any:
        calls = (client.call_tool("search", {"query": QUESTION, "limit": 1}) for _ in range(10))
        return await asyncio.gather(*calls)

    results = over_http(served, use, "legacy")
    assert len({told(result)["passages"][0]["text"] for result in results}) == 1


def test_the_server_of_the_pages_serves_the_tools(address: str, settings: Settings) -> None:
    async def used() -> CallToolResult:
        key = key_for(settings, "ask")
        async with connected(f"{address}/mcp", key) as client:
            return await client.call_tool("ask", {"question": QUESTION})

    assert told(apart(used()))["kind"] == "answer"


def program(data: Path, **settings: str) -> StdioServerParameters:
    """The command, as a program on this machine starts it."""
    environment = {"STRATEGIEWIJZER_DATA_DIR": str(data), **settings}
    return StdioServerParameters(
        command=sys.executable, args=["-m", "command", "mcp"], env=environment, cwd=ROOT
    )


def test_a_program_of_this_machine_needs_no_key_and_gets_the_protocol_alone(
    settings: Settings,
) -> None:
    unasked: list[object] = []  # also what stands on standard output and is no message

    async def heard(message: object) -> None:
        unasked.append(message)

    async def used() -> list[CallToolResult]:
        audited = program(settings.data_dir, STRATEGIEWIJZER_AUDIT="true")
        async with Client(audited, message_handler=heard) as client:
            calls = (("ask", {"question": QUESTION}), ("list_documents", {}))
            return [await client.call_tool(*each) for each in calls]

    asked, listed = apart(used())
    assert told(asked)["kind"] == "answer"
    assert told(listed)["total"] == 5
    *_, last = records(settings)
    assert last.record["question"] == QUESTION
    assert unasked == []


@pytest.mark.long
def test_a_program_is_told_how_to_build_an_index(tmp_path: Path) -> None:
    async def used() -> CallToolResult:
        async with Client(program(tmp_path)) as client:
            return await client.call_tool("ask", {"question": QUESTION})

    assert "make ingest" in error(apart(used()))


def test_a_long_section_is_read_in_parts(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    place = {"document": "firearms-plan", "section": 1, "language": "en"}
    whole = told(call(served, "read_section", **place))["text"]
    assert len(whole) < LONGEST
    monkeypatch.setattr(mcp_tools, "LONGEST", len(whole) // 3)
    parts, start = [], 0
    while start is not None:
        part = told(call(served, "read_section", **place, start=start))
        parts.append(part["text"])
        start = part["next_start"]
    assert len(parts) > 2
    assert "".join(parts) == whole
