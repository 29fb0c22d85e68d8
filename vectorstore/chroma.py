"""Adapter for Chroma, with vectorstore/chroma_*.py the only importer of chromadb: records.

Collections and clients are opaque to the rest of the project.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
from chromadb.api import ClientAPI as Client
from chromadb.api.models.Collection import Collection
from chromadb.api.types import GetResult as Records
from chromadb.api.types import Include as Fields
from chromadb.api.types import Where
from chromadb.errors import ChromaError, NotFoundError
from pydantic import BaseModel

from core.errors import StoreError
from core.passage import Passage
from core.prepared import PreparedQuestion
from vectorstore.chroma_connection import connect, store_folder, written
from vectorstore.chroma_errors import GenerationGone, is_gone, translated
from vectorstore.embeddings import Vectors

__all__ = [
    "BATCH",
    "ChromaError",
    "Client",
    "Collection",
    "Fields",
    "GenerationGone",
    "NotFoundError",
    "Records",
    "Where",
    "connect",
    "is_gone",
    "store_folder",
    "translated",
    "written",
]

_T = TypeVar("_T", bound=BaseModel)

BATCH = 1000  # records per call, well below what SQLite takes at once


def create_once(client: Client, name: str, metadata: dict[str, str | float]) -> Collection | None:
    """An empty collection of this name; None when the name is taken."""
    try:
        return client.create_collection(name, embedding_function=None, metadata=metadata)
    except ChromaError as error:  # only the message tells which error it is
        if "already exists" in str(error):
            return None
        raise


def nearest(collection: Collection, vector: Vectors, count: int) -> list[tuple[str, float]]:
    """The nearest records as (id, cosine), best first."""
    result = collection.query(
        query_embeddings=vector[np.newaxis], n_results=count, include=["distances"]
    )
    distances = (result["distances"] or [[]])[0]
    return [(name, 1.0 - d) for name, d in zip(result["ids"][0], distances, strict=True)]


def vectors(collection: Collection, ids: Sequence[str]) -> dict[str, Vectors]:
    found: dict[str, Vectors] = {}
    for start in range(0, len(ids), BATCH):
        result = collection.get(ids=list(ids[start : start + BATCH]), include=["embeddings"])
        embeddings = np.asarray(result["embeddings"], dtype=np.float32)
        found.update(zip(result["ids"], embeddings, strict=True))
    return found


def present(collection: Collection, ids: Sequence[str]) -> set[str]:
    """Those of the ids that are in the collection."""
    batches = (list(ids[start : start + BATCH]) for start in range(0, len(ids), BATCH))
    return {name for batch in batches for name in collection.get(ids=batch, include=[])["ids"]}


def encode(passage: Passage) -> dict[str, Any]:
    return {
        "document": passage.document.id,
        "passage": passage.model_dump_json(exclude={"id", "text"}),
    }


def decode(result: Any, wanted: Callable[[str], bool] = lambda name: True) -> Iterator[Passage]:
    """Decodes the passages of a result whose ids are wanted.

    Raises:
        StoreError: one is not in the form that `encode` gives.
    """
    for name, text, metadata in zip(
        result["ids"], result["documents"], result["metadatas"], strict=True
    ):
        if wanted(name):
            yield _decoded(Passage, name, metadata, "passage", {"text": text})


def encode_question(question: PreparedQuestion) -> dict[str, Any]:
    """Its text is no document of Chroma's, which would index its words, and ids leave out the
    document's key: a question takes a third of the room."""
    key, _, _ = question.id.partition(":")
    units = [unit.removeprefix(f"{key}:") for unit in question.units]
    fields = question.model_dump(mode="json", exclude={"id", "units"}, exclude_defaults=True)
    packed = {**fields, "units": units}
    return {"question": json.dumps(packed, ensure_ascii=False, separators=(",", ":"))}


def decode_questions(
    result: Any, wanted: Callable[[str], bool] = lambda name: True
) -> Iterator[PreparedQuestion]:
    """Decodes the prepared questions of a result whose ids are wanted.

    Raises:
        StoreError: one is not in the form that `encode_question` gives.
    """
    for name, metadata in zip(result["ids"], result["metadatas"], strict=True):
        if not wanted(name):
            continue
        one = _decoded(PreparedQuestion, name, metadata, "question", {})
        key, _, _ = name.partition(":")
        yield one.model_copy(update={"units": tuple(f"{key}:{unit}" for unit in one.units)})


def _decoded(kind: type[_T], name: str, metadata: Any, field: str, more: Mapping[str, str]) -> _T:
    try:
        fields = json.loads(metadata[field])
        return kind.model_validate({**fields, "id": name, **more}, strict=False)
    except (TypeError, KeyError, ValueError) as error:
        raise StoreError(
            f"{field.capitalize()} {name} cannot be read ({type(error).__name__}). "
            "Build the index anew with: python -m ingest --rebuild"
        ) from error
