"""Embedders: texts to vectors of length 1, in this process or by a server."""

import os
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from core import telemetry
from core.background import once
from core.errors import ModelError
from core.http_client import bounded_client
from core.settings import Settings
from vectorstore.e5 import PASSAGE, QUERY, e5, keep_in

if TYPE_CHECKING:
    from openai import OpenAI

Vectors = NDArray[np.float32]

MODEL = "model"  # folder of `data_dir` in which the local model is kept ready to load
_BATCH = 32  # texts of a request: the default limit of text-embeddings-inference
REQUESTS = 4  # under way at once, by an ingest
_BATCHES = 4  # that each of the requests under way has to do in one call, so that few wait for all
_RETRIES = 5  # of a batch: a server that has too much to do says when to come back
_PATIENCE = 10.0  # seconds that a question waits for its vector, twice at most: a reader waits too
# Control characters become spaces: a vocabulary has none, and a server may end the text at a NUL.
_CONTROL = dict.fromkeys((*range(9), *range(11, 32), 127), " ")


class Embedder(Protocol):
    """Turns text into vectors of length 1, so that a dot product is a cosine."""

    fingerprint: str  # model, dimensions and prefixes; vectors of others cannot be compared
    limit: int  # tokens of the longest text
    at_once: int  # texts that a call should have where there are many

    def query(self, text: str) -> Vectors:
        """The vector of one question, of shape (dimensions,)."""

    def queries(self, texts: list[str]) -> Vectors:
        """n questions -> shape (n, dimensions); for many at once."""

    def passages(self, texts: list[str]) -> Vectors:
        """n source texts -> shape (n, dimensions)."""

    def token_count(self, text: str) -> int:
        """The length of a source text in the embedder's tokens, prefix and special tokens
        included."""


class LocalEmbedder:
    """multilingual-e5-small inside this process (`vectorstore.e5`): a text is embedded by one core,
    and as many texts at once as there are cores, first come first served."""

    limit = 512
    at_once = 1  # a passage has several units, enough for all cores
    fingerprint = "multilingual-e5-small/1"  # raise the number when the vectors change

    def __init__(self) -> None:
        self._model = e5()
        self._cores = ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="embedder")
        # Search and answer both need the vector of a question.
        self._cached_query = lru_cache(maxsize=256)(self._query)
        # Every sentence of a model is compared with the same stretches of the same passages.
        self._cached_passage = lru_cache(maxsize=4096)(self._passage)

    def query(self, text: str) -> Vectors:
        return self._cached_query(text)

    def queries(self, texts: list[str]) -> Vectors:
        prefixed = [QUERY + clean(text) for text in texts]
        return np.stack(list(self._cores.map(self._model.vector, prefixed)))

    def passages(self, texts: list[str]) -> Vectors:
        return np.stack(list(self._cores.map(self._cached_passage, texts)))

    def kept_passages(self, texts: list[str]) -> Vectors:
        """As `passages`, of texts that each process needs; kept on disk with the model."""
        prefixed = [PASSAGE + clean(text) for text in texts]
        return self._model.kept(prefixed, lambda: self.passages(texts))

    def token_count(self, text: str) -> int:
        return self._model.token_count(PASSAGE + clean(text))

    def _query(self, text: str) -> Vectors:
        vector = self._cores.submit(self._model.vector, QUERY + clean(text)).result()
        vector.setflags(write=False)
        return vector

    def _passage(self, text: str) -> Vectors:
        return self._model.vector(PASSAGE + clean(text))


class OpenAIEmbedder:
    """A server with OpenAI's embeddings API (OpenAI, Azure, vLLM, TEI, Ollama), whose address
    usually ends in /v1. It raises `ModelError` where it cannot be reached, refuses, or answers out
    of form."""

    def __init__(
        self, url: str, model: str, api_key: str, query_prefix: str = "", passage_prefix: str = ""
    ) -> None:
        from openai import OpenAI

        # The client also takes a plain httpx client.
        http: Any = bounded_client("The embeddings server", "STRATEGIEWIJZER_EMBEDDINGS_URL")
        self._client = OpenAI(
            base_url=url,
            api_key=api_key or "none",
            timeout=60,
            max_retries=_RETRIES,
            http_client=http,
        )
        self._hasty = self._client.with_options(timeout=_PATIENCE, max_retries=1)
        self._model = model
        self.at_once = _BATCH * REQUESTS * _BATCHES
        self._query_prefix, self._passage_prefix = query_prefix, passage_prefix
        self.limit = 512 - estimated_tokens(passage_prefix)
        prefixes = f"/{query_prefix}|{passage_prefix}" if query_prefix or passage_prefix else ""
        self.fingerprint = f"{model}/openai{prefixes}"
        self._cached_query = lru_cache(maxsize=256)(self._query)

    def query(self, text: str) -> Vectors:
        return self._cached_query(text)

    def queries(self, texts: list[str]) -> Vectors:
        return self._many([self._query_prefix + text for text in texts])

    def passages(self, texts: list[str]) -> Vectors:
        return self._many([self._passage_prefix + text for text in texts])

    def _many(self, prefixed: list[str]) -> Vectors:
        batches = [prefixed[at : at + _BATCH] for at in range(0, len(prefixed), _BATCH)]
        if len(batches) == 1:
            return self._vectors(self._client, batches[0])
        with ThreadPoolExecutor(REQUESTS, thread_name_prefix="embeddings") as pool:
            requests = [pool.submit(self._vectors, self._client, batch) for batch in batches]
            try:
                wait(requests, return_when=FIRST_EXCEPTION)
            finally:
                for request in requests:
                    request.cancel()  # what a failure leaves to be asked
            vectors = [request.result() for request in requests]
        if len({len(batch[0]) for batch in vectors}) > 1:
            raise ModelError("The embeddings server gave vectors of different lengths.")
        return np.concatenate(vectors)

    def token_count(self, text: str) -> int:
        return estimated_tokens(text)

    def _query(self, text: str) -> Vectors:
        vector: Vectors = self._vectors(self._hasty, [self._query_prefix + text])[0]
        vector.setflags(write=False)
        return vector

    def _vectors(self, client: "OpenAI", texts: list[str]) -> Vectors:
        from openai import OpenAIError

        try:
            cleaned = [clean(text) for text in texts]
            with telemetry.call("embeddings", self._model, str(client.base_url)):
                response = client.embeddings.create(
                    model=self._model, input=cleaned, encoding_format="float"
                )
            vectors = np.asarray([entry.embedding for entry in response.data], dtype=np.float32)
        except (OpenAIError, ValueError) as error:  # vectors of different lengths are a ValueError
            if isinstance(error.__cause__, ModelError):  # a redirect, or beyond bounds
                raise error.__cause__ from None
            raise ModelError(
                f"The embeddings server did not answer well ({type(error).__name__}). "
                "Check STRATEGIEWIJZER_EMBEDDINGS_URL, _MODEL and _API_KEY."
            ) from None
        if vectors.shape[:1] != (len(texts),):
            raise ModelError(
                f"The embeddings server gave {len(response.data)} vectors for {len(texts)} texts."
            )
        lengths: Vectors = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not (np.isfinite(lengths) & (lengths > 0)).all():
            raise ModelError(
                "The embeddings server gave a vector without direction. "
                "Check STRATEGIEWIJZER_EMBEDDINGS_MODEL."
            )
        return (vectors / lengths).astype(np.float32)


@once
def local_embedder() -> LocalEmbedder:
    """The local embedder of this process; loaded at the first call."""
    return LocalEmbedder()


def make_embedder(settings: Settings) -> Embedder:
    """The embedder of these settings; the local one is loaded once per process."""
    keep_in(settings.data_dir / MODEL)  # also for those who use the local one beside a server
    if settings.embeddings_url:
        return OpenAIEmbedder(
            settings.embeddings_url,
            settings.embeddings_model,
            settings.embeddings_api_key.get_secret_value(),
            settings.embeddings_query_prefix,
            settings.embeddings_passage_prefix,
        )
    return local_embedder()


def kept_passages(embedder: Embedder, texts: list[str]) -> Vectors:
    """The vectors of texts of the product, shape (texts, dimensions), which are always the same:
    the local embedder keeps them on disk."""
    if isinstance(embedder, LocalEmbedder):
        return embedder.kept_passages(texts)
    return embedder.passages(texts)


def token_counter(*, estimated: bool, data_dir: Path | None = None) -> Callable[[str], int]:
    """A token counter: that of the local embedder, or an estimate where a server embeds, so that a
    process without its key can count."""
    if data_dir:
        keep_in(data_dir / MODEL)
    return estimated_tokens if estimated else local_embedder().token_count


def estimated_tokens(text: str) -> int:
    # The server's tokenizer is unknown: this estimate is on the safe side for European languages.
    return len(clean(text).encode()) // 3


def clean(text: str) -> str:
    return text.translate(_CONTROL)
