"""An optional reranker: a cross-encoder on a server reads question and passages together.

Off unless `rerank_url` is set. `rerank_model` decides between two formats:

    with a model     {"model", "query", "documents", "top_n"} -> {"results": [{"index",
                     "relevance_score"}, ...]}   Cohere, Jina, vLLM, llama.cpp
    without a model  {"query", "texts"} -> [{"index", "score"}, ...]   text-embeddings-inference

A server that fails costs a warning and at most a few seconds, never the search: the passages keep
their order, and the server is left alone for a while (`core/breaker.py`).
"""

import logging
from collections.abc import Sequence
from typing import Protocol

import httpx
from pydantic import BaseModel, Field, RootModel

from core import telemetry
from core.breaker import Breaker
from core.errors import ModelError
from core.http_client import bounded_client
from core.settings import Settings
from core.source import ScoredPassage

DEPTH = 20  # passages that are reranked; each takes the server time, and a reader waits
_TIMEOUT = 5.0  # seconds, which a reader waits; then the index's own order is taken
_FAULTS = (httpx.HTTPError, httpx.InvalidURL, ValueError, ModelError)
_OF_THIS_QUESTION = (400, 413, 422)  # status codes that reject only this question

logger = logging.getLogger(__name__)


class Reranker(Protocol):
    """Reorders passages."""

    def reorder(self, query: str, found: Sequence[ScoredPassage]) -> list[ScoredPassage]:
        """The same passages, best first; those after the first `DEPTH` stay behind."""

    def try_out(self) -> None:
        """Has two short texts judged.

        Raises:
            ModelError: the server does not answer well.
        """


class _Result(BaseModel):
    index: int
    relevance_score: float = Field(allow_inf_nan=False)


class _Results(BaseModel):
    results: list[_Result]


class _TeiResult(BaseModel):
    index: int
    score: float = Field(allow_inf_nan=False)


_TeiResults = RootModel[list[_TeiResult]]


class ServerReranker:
    """Takes a server's order and keeps the index's scores: the k-th place has the k-th best
    score."""

    def __init__(self, url: str, model: str, api_key: str) -> None:
        self._url, self._model = url, model
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._client = bounded_client(
            "The reranker", "STRATEGIEWIJZER_RERANK_URL", headers=headers, timeout=_TIMEOUT
        )
        self._breaker = Breaker()

    def reorder(self, query: str, found: Sequence[ScoredPassage]) -> list[ScoredPassage]:
        first = found[:DEPTH]
        if len(first) < 2:
            return list(found)
        try:
            started = self._breaker.admit()
        except ModelError:  # the failure was logged before the pause
            return list(found)
        try:
            relevance = self._relevance(query, [scored.passage.context() for scored in first])
        except _FAULTS as error:
            # Only the type of the error: its message may hold the address, with credentials in it.
            logger.warning("The reranker did not help (%s); order unchanged", type(error).__name__)
            if _is_of_this_question(error):
                self._breaker.worked()
            else:
                self._breaker.failed(ModelError(type(error).__name__), started)
            return list(found)
        self._breaker.worked()
        order = sorted(relevance, key=lambda number: (-relevance[number], number))
        scores = [scored.score for scored in first]
        reordered = [
            first[number].model_copy(update={"score": score})
            for number, score in zip(order, scores, strict=True)
        ]
        return [*reordered, *found[DEPTH:]]

    def try_out(self) -> None:
        try:
            self._relevance("drugs", ["Drugs are a threat.", "Firearms are a threat."])
        except _FAULTS as error:
            reason = type(error).__name__
            if isinstance(error, httpx.HTTPStatusError):
                reason = f"status {error.response.status_code}"
            raise ModelError(
                f"The reranker does not answer well ({reason}). Check STRATEGIEWIJZER_RERANK_URL, "
                "_MODEL and _API_KEY."
            ) from None

    def _relevance(self, query: str, texts: list[str]) -> dict[int, float]:
        """Maps the position of each text to its relevance to the question."""
        relevance = self._judged(query, texts)
        if sorted(relevance) != list(range(len(texts))):
            raise ValueError("it did not judge every passage once")
        return relevance

    def _judged(self, query: str, texts: list[str]) -> dict[int, float]:
        if self._model:
            body = {"model": self._model, "query": query, "documents": texts, "top_n": len(texts)}
        else:
            body = {"query": query, "texts": texts}
        with telemetry.call("rerank", self._model, self._url):
            reply = self._client.post(self._url, json=body).raise_for_status().content
        if self._model:
            results = _Results.model_validate_json(reply).results
            return {result.index: result.relevance_score for result in results}
        judged = _TeiResults.model_validate_json(reply).root
        return {result.index: result.score for result in judged}


def _is_of_this_question(error: Exception) -> bool:
    return (
        isinstance(error, httpx.HTTPStatusError) and error.response.status_code in _OF_THIS_QUESTION
    )


def make_reranker(settings: Settings) -> Reranker | None:
    if not settings.rerank_url:
        return None
    key = settings.rerank_api_key.get_secret_value()
    return ServerReranker(settings.rerank_url, settings.rerank_model, key)
