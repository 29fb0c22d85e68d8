"""The API as other programs use it: a real server, the bundled briefs."""

import json
import re
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import httpx
import pytest
from pydantic import SecretStr

from api.routes import EarlierAnswer
from chain.assistant import Assistant
from core import VERSION
from core.answer import Answer, Citation, Event, Finished, TextDelta, Turn, references
from core.settings import ROOT, Settings, current
from prompts import client_words
from tests.support import patient_http
from tests.support.answers import doubted, made
from tests.support.api_server import Slow, bearer, client, key, serving, told
from tests.support.waiting import PATIENCE, until
from userdata.api_keys import found, hash_of
from userdata.audit import records
from userdata.personal_data import after_answers
from vectorstore.chroma import GenerationGone

QUESTION = "Hoeveel is de drugsmarkt in Europa waard?"


@pytest.fixture(scope="module")
def roomy(settings: Settings) -> Settings:
    """Settings that no test here reaches the rate limit of."""
    return settings.model_copy(update={"api_requests_per_minute": 10_000})


@pytest.fixture(scope="module")
def api(assistant: Assistant, roomy: Settings) -> Iterator[httpx.Client]:
    with serving(lambda: assistant, roomy) as address, client(address, key(roomy)) as made:
        yield made


def events(answer: httpx.Response) -> list[tuple[str, Any]]:
    """The server-sent events of a reply: name and data."""
    found = []
    for block in answer.text.strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if line[0] != ":")
        if fields:
            found.append((fields["event"], json.loads(fields["data"])))
    return found


def without_timings(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "timings"}


def test_a_question_gets_the_answer_that_the_page_shows(
    api: httpx.Client, assistant: Assistant
) -> None:
    answer = api.post("/v1/ask", json={"question": QUESTION}).json()
    own = assistant.ask(QUESTION).model_dump(mode="json")
    assert without_timings(answer) == without_timings(own)
    quotes = {citation["passage_id"]: citation["quote"] for citation in answer["citations"]}
    texts = {passage["id"]: passage["text"] for passage in answer["passages"]}
    assert quotes
    words = references(assistant.ask(QUESTION).citations, client_words("nl").page)
    assert {citation["number"]: citation["cited_as"] for citation in answer["citations"]} == words
    assert all(quote in texts[name] for name, quote in quotes.items())


def test_the_audit_record_says_with_which_key_was_asked(settings: Settings) -> None:
    audited = settings.model_copy(update={"audit": True, "audit_users": True})
    assistant = Assistant(audited, after=after_answers(audited))
    made_key = key(audited)
    with serving(lambda: assistant, audited) as address, client(address, made_key) as asking:
        assert asking.post("/v1/ask", json={"question": QUESTION}).json()["answered"]
    *_, last = records(audited)
    known = found(audited, hash_of(made_key))
    assert (last.record["question"], last.asker) == (QUESTION, f"key {known.id}")


def test_the_events_say_the_same_as_the_whole_answer(api: httpx.Client) -> None:
    whole = api.post("/v1/ask", json={"question": QUESTION}).json()
    streamed = api.post("/v1/ask", json={"question": QUESTION, "stream": True})
    assert streamed.headers["content-type"].startswith("text/event-stream")
    came = events(streamed)
    stages = [data["name"] for name, data in came if name == "stage"]
    assert stages == ["searching", "reading", "checking"]
    assert came[-1][0] == "finished"
    assert without_timings(came[-1][1]["answer"]) == without_timings(whole)
    text = "".join(data["text"] for name, data in came if name == "text")
    assert text.split() == whole["text"].split()


def test_the_app_streams_to_programs_unpacked(address: str, settings: Settings) -> None:
    """Behind the guard and beside the pages; packed, it would come in one piece."""
    asked = {"question": QUESTION, "stream": True}
    with client(address, key(settings, "ask")) as api:
        assert api.get("/readyz").json() == {"status": "ok"}
        streamed = api.post("/v1/ask", json=asked)
    assert streamed.headers["content-type"].startswith("text/event-stream")
    assert "content-encoding" not in streamed.headers
    assert events(streamed)[-1][1]["answer"]["citations"]


def test_the_scope_limits_what_is_searched(api: httpx.Client) -> None:
    limits = {"documents": ["csa-strategy"], "source_language": "en"}
    answer = api.post("/v1/ask", json={"question": QUESTION, **limits}).json()
    places = {(each["document"]["id"], each["document"]["language"]) for each in answer["passages"]}
    assert places <= {("csa-strategy", "en")}
    assert answer["kind"] == "refusal"


def test_an_answer_goes_back_as_it_came_and_a_follow_up_rests_on_it(
    api: httpx.Client, assistant: Assistant
) -> None:
    first = api.post("/v1/ask", json={"question": QUESTION}).json()
    asked = {"question": "En in 2019?", "history": [first]}
    followed = api.post("/v1/ask", json=asked).json()
    given = {name: first[name] for name in Answer.model_fields}  # without what is computed
    turn = Turn.of(QUESTION, Answer.model_validate(given))
    own = assistant.ask("En in 2019?", [turn]).model_dump(mode="json")
    assert followed["understood_as"]
    assert without_timings(followed) == without_timings(own)


def test_an_earlier_answer_is_the_turn_that_the_page_makes_of_it(settings: Settings) -> None:
    for answer in made(settings).values():
        back = EarlierAnswer.model_validate_json(answer.model_dump_json())
        assert back.turn() == Turn.of(answer.question, answer)


def test_what_is_known_of_each_sentence_is_told(roomy: Settings, settings: Settings) -> None:
    answer = doubted(made(settings)["answer"], "Maybe.", left_out=["In 2031."])

    class Telling:
        def stream(self, *_: object, **__: object) -> Iterator[Event]:
            yield TextDelta(text="", blocks=answer.blocks)  # a sentence that is being written
            yield TextDelta(text="Maybe.", blocks=answer.blocks)
            yield Finished(answer=answer)

    with (
        serving(lambda: Telling(), roomy) as address,  # type: ignore[arg-type, return-value]
        client(address, key(roomy)) as api,
    ):
        whole = api.post("/v1/ask", json={"question": QUESTION}).json()
        streamed = events(api.post("/v1/ask", json={"question": "a", "stream": True}))
    assert [kind for kind, _ in streamed] == ["text", "finished"]
    for it in (whole, streamed[-1][1]["answer"]):
        assert it["unconfirmed"] == ["Maybe."]
        assert it["left_out"] == [{"text": "In 2031.", "reason": "absent", "details": ["2031"]}]
        assert it["text"].endswith("Maybe. [Not 2031.]")
        marks = [sentence["status"] for sentence in it["blocks"][-1]["sentences"]]
        assert marks == ["not_confirmed", "differs"]


def test_of_an_earlier_answer_only_so_many_markers_are_looked_at() -> None:
    """20 answers of 20,000 characters may be sent, each of nothing but markers."""
    cited = [{"number": 1, "passage_id": "drugs-agenda:en:1"}]
    sent = {"question": "What is EMPACT?", "text": "[1]" * 6666, "citations": cited}
    turn = EarlierAnswer.model_validate(sent).turn()
    assert (len(turn.markers), turn.answer_text) == (200, sent["text"])


def test_a_search_finds_what_the_assistant_finds(api: httpx.Client, assistant: Assistant) -> None:
    found = api.get("/v1/search", params={"q": QUESTION, "limit": 3}).json()
    assert found["language"] == "nl"
    own = assistant.index.snapshot().search(QUESTION, 3, "nl")
    ids = [result["passage"]["id"] for result in found["results"]]
    assert ids == [each.passage.id for each in own]
    area = own[0].passage.document.area
    within = api.get("/v1/search", params={"q": QUESTION, "area": [area]}).json()["results"]
    assert {each["passage"]["document"]["area"] for each in within} == {area}


def test_a_search_as_of_a_day_leaves_out_what_is_later(api: httpx.Client) -> None:
    for day, dates in (("2020-07-23", set()), ("2020-07-24", {"2020-07-24"})):
        found = api.get("/v1/search", params={"q": QUESTION, "as_of": day}).json()["results"]
        assert {each["passage"]["document"]["date"] for each in found} == dates


def test_documents_are_listed_and_read_section_by_section(
    api: httpx.Client, assistant: Assistant
) -> None:
    listed = api.get("/v1/documents").json()
    assert listed["generation"] == assistant.index.snapshot().generation
    assert len(listed["documents"]) == len(assistant.index.snapshot().documents())
    dutch = [each for each in listed["documents"] if each["info"]["language"] == "nl"]

    name = dutch[0]["info"]["id"]
    whole = api.get(f"/v1/documents/{name}", params={"language": "nl"}).json()
    assert whole["summary"] == dutch[0]
    assert whole["languages"] == ["en", "nl"]
    kept = assistant.index.snapshot().passages([f"{name}.nl"])
    passages = {passage.id: passage.text for passage in kept}
    read = [name for section in whole["sections"] for name in section["passages"]]
    assert sorted(read) == sorted(passages)
    for section in whole["sections"]:
        assert all(passages[name] in section["text"] for name in section["passages"])


def test_an_index_that_is_replaced_meanwhile_is_read_anew(
    assistant: Assistant, roomy: Settings
) -> None:
    looked_up = Mock(side_effect=[GenerationGone("a segment"), assistant])
    with serving(looked_up, roomy) as address, client(address, key(roomy)) as api:
        assert api.get("/v1/documents").status_code == 200


def test_what_is_not_there_is_told(api: httpx.Client) -> None:
    assert told(api.get("/v1/documents/none")) == (404, "not_found")
    assert told(api.get("/v1/nothing")) == (404, "not_found")
    assert told(api.get("/v1/ask")) == (405, "method_not_allowed")
    assert told(api.get("/v1/search", params={"q": " "})) == (422, "invalid_request")


def test_the_description_names_every_route_its_errors_and_the_key(api: httpx.Client) -> None:
    told = api.get("/v1/openapi.json").json()
    assert told["info"]["version"] == VERSION
    assert set(told["paths"]) >= {"/v1/ask", "/v1/search", "/v1/documents", "/healthz"}
    assert told["paths"]["/metrics"]["get"]["security"] == [{"key": []}]
    for path, methods in told["paths"].items():
        for told_of in methods.values():
            content = told_of["responses"]["200"]["content"]
            assert all(value["schema"] for value in content.values()), path
    assert {"Answer", "AskRequest", "ErrorReply"} <= set(told["components"]["schemas"])
    assert told["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    assert told["paths"]["/v1/ask"]["post"]["security"] == [{"key": []}]
    assert api.get("/docs").status_code == api.get("/redoc").status_code == 404


@pytest.mark.skipif(not shutil.which("node"), reason="JavaScript is run by node, which is not here")
def test_the_javascript_of_the_documentation_finds_each_marker_and_quote(
    settings: Settings,
) -> None:
    """Also behind characters of two UTF-16 units."""
    (script,) = re.findall(r"```javascript\n(.*?)```", (ROOT / "docs/api.md").read_text(), re.S)
    answer = made(settings)["answer"]
    moved = with_rare_letters(answer)
    for each in (answer, moved):
        given = f"{script}\nconst answer = {each.model_dump_json()};"
        told = "process.stdout.write(JSON.stringify([marked(answer), quoted(answer)]));"
        run = ["node", "--eval", f"{given}\n{told}"]
        printed = subprocess.run(run, capture_output=True, check=True, text=True).stdout
        markers, quotes = json.loads(printed)
        places = [marker for texts in each.markers for marker in texts]
        assert markers == [f"[{marker.number}]" for marker in places] != []
        assert quotes == [citation.quote for citation in each.citations] != []


def with_rare_letters(answer: Answer) -> Answer:
    """An answer whose texts and passages begin with letters of two UTF-16 units each."""
    rare = "\N{MUSICAL SYMBOL G CLEF}\N{GRINNING FACE} "

    def later(citation: Citation) -> Citation:
        start, end = citation.start + 3, citation.end + 3
        return citation.model_copy(update={"start": start, "end": end})

    passages = (
        passage.model_copy(update={"text": rare + passage.text}) for passage in answer.passages
    )
    first, *others = answer.blocks
    sentence, *rest = first.sentences
    begun = sentence.model_copy(update={"text": rare + sentence.text})
    changed = {
        "blocks": (first.model_copy(update={"sentences": (begun, *rest)}), *others),
        "passages": tuple(passages),
        "citations": tuple(map(later, answer.citations)),
    }
    return answer.model_copy(update=changed)


def test_without_an_index_it_lives_but_is_not_ready(tmp_path: Any) -> None:
    empty = Settings(data_dir=tmp_path)
    with serving(lambda: Assistant(empty), empty) as address, client(address, key(empty)) as api:
        assert api.get("/healthz").status_code == 200
        asked = api.post("/v1/ask", json={"question": QUESTION})
        for answer in (api.get("/readyz"), asked, api.get("/v1/documents")):
            assert told(answer) == (503, "no_index")
            assert "make ingest" in answer.json()["error"]["message"]
        streamed = api.post("/v1/ask", json={"question": QUESTION, "stream": True})
        ((name, data),) = events(streamed)
        assert (name, data["error"]["code"]) == ("error", "no_index")


def test_it_is_not_ready_while_a_setting_is_wrong(
    assistant: Assistant, roomy: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / ".env"
    monkeypatch.setitem(Settings.model_config, "env_file", file)
    right = f"STRATEGIEWIJZER_DATA_DIR={roomy.data_dir}\n"
    file.write_text(right, "utf-8")
    made = key(roomy)
    with serving(lambda: assistant, current) as address:
        assert patient_http.get(f"{address}/readyz").json() == {"status": "ok"}
        file.write_text(f"{right}STRATEGIEWIJZER_NO_SUCH=1\n", "utf-8")
        with client(address, made) as api:
            asked = api.post("/v1/ask", json={"question": QUESTION})
        readiness = patient_http.get(f"{address}/readyz")
        assert told(readiness) == told(asked) == (503, "unavailable")
        assert patient_http.get(f"{address}/healthz").status_code == 200
        file.write_text(right, "utf-8")
        assert patient_http.get(f"{address}/readyz").status_code == 200


def test_a_database_that_hangs_is_waited_for_by_one_look_and_not_for_long(
    assistant: Assistant, roomy: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.service._LONGEST", 0.3)  # seconds; the database has fifteen
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = SecretStr(f"postgresql://app@127.0.0.1:{silent.getsockname()[1]}/app")
        served = roomy.model_copy(update={"database_url": url})
        with serving(lambda: assistant, served) as address:
            assert told(patient_http.get(f"{address}/readyz")) == (503, "unavailable")
            silent.settimeout(PATIENCE)
            connection, _ = silent.accept()
            with connection:
                for _ in range(3):
                    assert told(patient_http.get(f"{address}/readyz")) == (503, "unavailable")
                silent.setblocking(False)
                with pytest.raises(BlockingIOError):
                    silent.accept()


def test_figures_are_told_to_whoever_has_the_scope(api: httpx.Client, roomy: Settings) -> None:
    figures = patient_http.get(f"{api.base_url}/metrics", headers=bearer(key(roomy, "metrics")))
    assert figures.headers["content-type"].startswith("text/plain; version=")
    assert "# TYPE" in figures.text


@pytest.fixture
def slow(settings: Settings) -> Slow:
    return Slow(made(settings)["answer"])


def test_a_key_has_so_many_questions_at_once_and_others_still_some(
    slow: Slow, roomy: Settings
) -> None:
    few = roomy.model_copy(update={"api_questions_at_once": 2})
    with (
        serving(lambda: slow, few) as address,  # type: ignore[arg-type, return-value]
        client(address, key(few)) as one,
        client(address, key(few)) as other,
        client(address, key(few)) as third,
        ThreadPoolExecutor(4) as threads,
    ):
        asking = [
            threads.submit(who.post, "/v1/ask", json={"question": QUESTION})
            for who in (one, one, other, other)
        ]
        until(lambda: slow.begun == 4, "four questions are asked")
        assert one.get("/healthz").status_code == 200  # the event loop goes on
        refused = one.post("/v1/ask", json={"question": QUESTION})
        assert told(refused) == (429, "too_many_questions")
        assert refused.headers["Retry-After"] == "1"
        assert "This key" in refused.json()["error"]["message"]
        assert told(third.post("/v1/ask", json={"question": QUESTION}))[0] == 429
        slow.go_on.set()
        assert [each.result().status_code for each in asking] == [200] * 4
        assert one.post("/v1/ask", json={"question": QUESTION}).status_code == 200


def leave(address: str, made: str, asked: Any, *, once: Callable[[], bool]) -> None:
    """Asks, and hangs up without an answer once something has happened."""
    place, body = httpx.URL(address), json.dumps(asked)
    head = f"POST /v1/ask HTTP/1.1\r\nHost: {place.netloc.decode()}\r\n"
    about = f"Authorization: Bearer {made}\r\nContent-Length: {len(body)}\r\n"
    kind = "Content-Type: application/json\r\n\r\n"
    with socket.create_connection((place.host, place.port)) as connection:
        connection.sendall((head + about + kind + body).encode())
        until(once, "the question is being answered")


@pytest.mark.parametrize("stream", [False, True])
def test_whoever_leaves_ends_the_work_and_frees_the_place(
    slow: Slow, roomy: Settings, *, stream: bool
) -> None:
    one = roomy.model_copy(update={"api_questions_at_once": 1})
    asked = {"question": QUESTION, "stream": stream}
    with (
        serving(lambda: slow, one) as address,  # type: ignore[arg-type, return-value]
        client(address, key(one)) as api,
    ):
        if stream:
            with api.stream("POST", "/v1/ask", json=asked) as answer:
                assert next(answer.iter_lines()) == "event: stage"
        else:
            leave(address, key(one), asked, once=lambda: slow.begun == 1)
        assert slow.begun == 1
        assert slow.closed.acquire(timeout=PATIENCE)
        slow.go_on.set()
        assert api.post("/v1/ask", json={"question": QUESTION}).status_code == 200
