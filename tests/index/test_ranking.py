"""Ranking: shares of a question, the linear model, exact references first, the reranker."""

import logging
import socket
import threading
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from pydantic import SecretStr

from chain.assistant import Assistant
from core.settings import Settings
from language.matching import contains
from research.fitting.logit import Asked, cross_validated, fit
from tests.support.rerank_server import Script, rerank_server
from vectorstore.generations import Generations
from vectorstore.keyword_index import KeywordIndex
from vectorstore.profile import LOOK, passage_fits
from vectorstore.rerank import DEPTH, ServerReranker, make_reranker
from vectorstore.search import RANKING_FEATURES
from vectorstore.store import Index, open_index

DRUGS = "Hoeveel is de drugsmarkt waard?"


@pytest.fixture(scope="module")
def index(settings: Settings) -> Index:
    return open_index(settings)


@pytest.mark.parametrize(
    ("question", "language", "part"),
    [
        ("COM(2020) 607", "nl", "COM(2020) 607"),
        ("COM(2020) 607", "en", "COM(2020) 607"),
        ("2011/93", "nl", "2011/93"),
        ("2011/93/EU", "en", "2011/93/EU"),
        ("Addis Abeba", "nl", "Addis Abeba"),
        ("Addis Ababa", "en", "Addis Ababa"),
        ("258/2012", "fr", "258/2012"),
        ("E200012", "nl", "E200012"),
        ("SEESAC", "en", "SEESAC"),
    ],
)
def test_an_exact_reference_or_rare_name_comes_first(
    index: Index, question: str, language: str, part: str
) -> None:
    first = index.search(question, k=1, language=language)[0].passage
    assert contains(first.context(), part)


def test_the_order_does_not_depend_on_how_many_are_wanted(index: Index) -> None:
    most = index.search(DRUGS, k=LOOK, language="nl")
    for k in (1, 3, 6):
        assert index.search(DRUGS, k=k, language="nl") == most[:k]
    scores = [scored.score for scored in index.search(DRUGS, k=40, language="nl")]
    assert len(scores) == 40
    assert scores == sorted(scores, reverse=True)


def test_the_score_is_the_weighted_sum_of_the_features(index: Index) -> None:
    weights = index.profile.ranking
    found = index.snapshot().evidence(DRUGS, 6, language="nl")
    assert len(found) == 6
    for one in found:
        assert set(one.features) == set(RANKING_FEATURES) == set(weights)
        expected = sum(weights[name] * value for name, value in one.features.items())
        assert one.scored.score == pytest.approx(expected)
        assert one.features["unit"] == pytest.approx(max(one.scored.unit_similarities))


def test_the_similarity_is_the_cosine_of_the_stored_vector(
    index: Index, settings: Settings
) -> None:
    found = index.search(DRUGS, k=3, language="nl")
    stored = Generations(settings).current().passage_vectors([s.passage.id for s in found])
    question = index.profile.towards(index.embedder.query(DRUGS))
    for scored in found:
        cosine = float(stored[scored.passage.id] @ question)
        assert scored.similarity == pytest.approx(cosine, abs=1e-4)


def test_a_share_says_how_much_of_the_question_a_passage_has(settings: Settings) -> None:
    generation = Generations(settings).current()
    keyword = KeywordIndex(settings.data_dir / "keyword" / generation.id)
    passages = {p.id: p for p in generation.all_passages() if p.language == "nl"}
    shares = keyword.shares("drugsmarktanalyse van de mierenhandel", "nl", list(passages))
    assert all(0 <= words <= 1.5 and 0 <= letters <= 1.5 for words, letters in shares.values())
    best = max(shares, key=lambda name: shares[name])
    assert "mierenhandel" in passages[best].context()
    compound = keyword.shares("drugsmarktanalyse", "nl", list(passages))
    assert all(words == 0 for words, _ in compound.values())  # not a word of the briefs
    nearest = max(compound, key=lambda name: compound[name][1])
    assert "drugsmarkt" in passages[nearest].context().casefold()
    assert keyword.shares("xyzzy", "nl", [best]).get(best, (0.0, 0.0))[0] == 0
    assert keyword.shares("", "nl", list(passages)) == {}
    assert keyword.shares("mierenhandel", "nl", []) == {}


def test_what_all_candidates_share_does_not_count_for_a_passage() -> None:
    common, first, second = np.eye(3, dtype=np.float32)
    units = [np.stack([common + first]), np.stack([common + second])]
    question = (0.9 * common + 0.4 * first).astype(np.float32)
    fits = passage_fits(question, units)
    assert fits[0] == pytest.approx(0.4 / 2**0.5)
    assert fits[1] == pytest.approx(-0.4 / 2**0.5)
    assert passage_fits(question, []) == []
    assert passage_fits(question, units[:1]) == [0.0]


def test_fitting_finds_the_feature_that_tells_right_from_wrong() -> None:
    random = np.random.default_rng(1)
    asked = []
    for group in range(120):
        values = random.normal(size=(8, 2))
        right = np.zeros(8, dtype=bool)
        right[int(np.argmax(2 * values[:, 0] + random.gumbel(size=8)))] = True
        asked.append(Asked(values, right, group))
    weights = fit([asked])
    assert weights[0] == pytest.approx(2, abs=0.6)
    assert abs(weights[1]) < 0.4
    hit, mrr = cross_validated({"one": asked})["one"]
    assert 0.5 < hit < mrr < 1
    untold = Asked(np.ones((3, 2)), np.zeros(3, dtype=bool), 0)
    assert fit([[*asked, untold]]) == pytest.approx(weights, rel=0.02)  # it says nothing


def _with_reranker(settings: Settings, script: Script, **more: Any) -> Index:
    return open_index(settings.model_copy(update={"rerank_url": script.url, **more}))


def test_a_cohere_like_server_reorders(index: Index, settings: Settings) -> None:
    def reversed_order(request: dict[str, Any]) -> dict[str, Any]:
        count = len(request["documents"])
        results = [{"index": n, "relevance_score": n / count, "extra": 1} for n in range(count)]
        return {"id": "1", "results": results}

    with rerank_server() as script:
        script.reply = reversed_order
        key = SecretStr("sk-rerank")
        reranked = _with_reranker(settings, script, rerank_model="m", rerank_api_key=key)
        found = reranked.search(DRUGS, k=3, language="nl")
    before = index.search(DRUGS, k=DEPTH, language="nl")
    assert [s.passage.id for s in found] == [s.passage.id for s in reversed(before[-3:])]
    assert [s.score for s in found] == [s.score for s in before[:3]]
    (request,) = script.requests
    assert request["model"] == "m"
    assert request["query"] == DRUGS
    assert request["top_n"] == len(request["documents"]) == DEPTH
    assert request["documents"][0] == before[0].passage.context()
    assert script.keys == ["Bearer sk-rerank"]


def test_text_embeddings_inference_reorders(index: Index, settings: Settings) -> None:
    with rerank_server() as script:
        script.reply = lambda request: [
            {"index": n, "score": float(n == 4)} for n in reversed(range(len(request["texts"])))
        ]
        found = _with_reranker(settings, script).search(DRUGS, k=20, language="nl")
    before = index.search(DRUGS, k=20, language="nl")
    wanted = [before[4], *before[:4], *before[5:]]
    assert [s.passage.id for s in found] == [s.passage.id for s in wanted]
    assert script.requests[0].keys() == {"query", "texts"}
    assert script.keys == [None]


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 500, "reply": "sk-rerank"},
        {"status": 401, "reply": {"error": "bad key sk-rerank"}},
        {"reply": b"not json"},
        {"reply": {"results": "none"}},
        {"reply": {"results": []}},
        {"reply": {"results": [{"index": n // 2, "relevance_score": 1.0} for n in range(20)]}},
        {"reply": {"results": [{"index": n + 5, "relevance_score": 1.0} for n in range(20)]}},
        {"reply": b'{"results": [{"index": 0, "relevance_score": NaN}]}'},
        {"reply": {"results": []}, "is_silent": True},
    ],
)
def test_a_failing_server_costs_a_warning_not_the_search(
    index: Index,
    settings: Settings,
    fault: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("vectorstore.rerank._TIMEOUT", 0.3)
    with rerank_server() as script, caplog.at_level(logging.WARNING):
        for name, value in fault.items():
            setattr(script, name, value)
        key = SecretStr("sk-rerank")
        reranked = _with_reranker(settings, script, rerank_model="m", rerank_api_key=key)
        assert reranked.search(DRUGS, k=4, language="nl") == index.search(DRUGS, k=4, language="nl")
    assert "reranker did not help" in caplog.text
    assert "sk-rerank" not in caplog.text
    assert "127.0.0.1" not in caplog.text


def test_a_server_that_is_down_is_left_alone_for_a_while(
    index: Index, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vectorstore.rerank._TIMEOUT", 0.3)
    before = index.search(DRUGS, k=4, language="nl")
    with rerank_server() as script:
        script.is_silent = True
        reranked = _with_reranker(settings, script)
        for _ in range(10):
            assert reranked.search(DRUGS, k=4, language="nl") == before
        assert len(script.requests) == 1


def test_a_question_that_a_server_refuses_does_not_take_it_from_the_others(
    index: Index, settings: Settings
) -> None:
    with rerank_server() as script:
        script.status, script.reply = 413, {"error": "too long"}
        reranked = _with_reranker(settings, script)
        for _ in range(3):
            reranked.search(DRUGS, k=4, language="nl")
        assert len(script.requests) == 3


def test_a_reply_without_end_is_not_waited_for(
    index: Index, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vectorstore.rerank._TIMEOUT", 0.5)
    found = index.search(DRUGS, k=4, language="nl")
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def drip() -> None:
            client, _ = listening.accept()
            with client, suppress(OSError):
                client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
                while not over.wait(0.05):
                    client.sendall(b" ")

        threading.Thread(target=drip, daemon=True).start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/rerank"
        assert ServerReranker(url, "m", "").reorder(DRUGS, found) == found  # not in 14 hours
        over.set()


def test_suggestions_ask_no_reranker(settings: Settings) -> None:
    with rerank_server() as script:
        script.reply = lambda request: [
            {"index": n, "score": -float(n)} for n in range(len(request["texts"]))
        ]
        assistant = Assistant(settings.model_copy(update={"rerank_url": script.url}))
        answer = assistant.ask(DRUGS, language="nl")
        assert answer.is_sourced
        assert len(script.requests) == 1
        assert assistant.follow_ups(answer)
        assert not assistant.ask("Wie won het songfestival van 1975?", language="nl").answered
        assert len(script.requests) == 2


def test_nobody_listening_and_a_wrong_address_are_no_error_either(index: Index) -> None:
    found = index.search(DRUGS, k=4, language="nl")
    for url in ("http://127.0.0.1:1/rerank", "not an address", "http://[::1"):
        assert ServerReranker(url, "m", "").reorder(DRUGS, found) == found


def test_there_is_no_reranker_unless_one_is_set_and_few_passages_need_none(index: Index) -> None:
    assert make_reranker(Settings()) is None
    one = index.search(DRUGS, k=1, language="nl")
    assert ServerReranker("http://127.0.0.1:1/rerank", "", "").reorder(DRUGS, one) == one
