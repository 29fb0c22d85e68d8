"""Baseline: LangChain's plain RAG recipe, with chunks of 1,000 characters and the four nearest.

RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200) into Chroma's defaults, searched
by similarity with k=4: https://docs.langchain.com/oss/python/langchain/rag. The splitter is
reimplemented here, to avoid a dependency on its package for this alone.
"""

from collections.abc import Sequence
from uuid import uuid4

import chromadb
import numpy as np
from chromadb.config import Settings as ChromaSettings

from vectorstore.embeddings import Embedder

SIZE, OVERLAP, K = 1000, 200, 4
_BATCH = 1000  # chunks per call, well below what SQLite takes at once
_SEPARATORS = ("\n\n", "\n", " ", "")


class PlainIndex:
    """Index of the chunks of texts, embedded one by one."""

    def __init__(self, texts: Sequence[str], embedder: Embedder) -> None:
        chunks = [(n, chunk) for n, text in enumerate(texts) for chunk in split(text)]
        self._embedder = embedder
        self._text_of = {str(i): number for i, (number, _) in enumerate(chunks)}
        vectors = np.concatenate([embedder.passages([chunk]) for _, chunk in chunks])
        client = chromadb.EphemeralClient(settings=ChromaSettings(anonymized_telemetry=False))
        self._collection = client.create_collection(f"plain-{uuid4().hex}", embedding_function=None)
        for batch in np.array_split(np.arange(len(chunks)), len(chunks) // _BATCH + 1):
            self._collection.add(ids=[str(i) for i in batch], embeddings=vectors[batch])

    def search(self, question: str) -> list[int]:
        """Indexes of the texts of the four nearest chunks, best first, each once."""
        count = min(K, len(self._text_of))
        vector = self._embedder.query(question)[np.newaxis]
        found = self._collection.query(query_embeddings=vector, n_results=count, include=[])
        return list(dict.fromkeys(self._text_of[name] for name in found["ids"][0]))


def split(text: str, separators: Sequence[str] = _SEPARATORS) -> list[str]:
    """Splits at the first separator that occurs, and pieces that are too long at the next ones;
    joins neighbours to chunks of at most `SIZE` characters that overlap by up to `OVERLAP`."""
    position, separator = next((i, s) for i, s in enumerate(separators) if s in text)
    pieces = text.split(separator) if separator else list(text)
    chunks: list[str] = []
    short: list[str] = []
    for piece in filter(None, pieces):
        if len(piece) <= SIZE:
            short.append(piece)
            continue
        chunks += _joined(short, separator)
        short = []
        chunks += split(piece, separators[position + 1 :])
    return chunks + _joined(short, separator)


def _joined(pieces: Sequence[str], separator: str) -> list[str]:
    chunks: list[str] = []
    window: list[str] = []
    for piece in pieces:
        if window and len(separator.join((*window, piece))) > SIZE:
            chunks.append(separator.join(window))
            while window and (
                len(separator.join(window)) > OVERLAP
                or len(separator.join((*window, piece))) > SIZE
            ):
                window.pop(0)
        window.append(piece)
    if window:
        chunks.append(separator.join(window))
    return [chunk.strip() for chunk in chunks if chunk.strip()]
