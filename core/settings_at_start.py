"""Which settings hold as long as a process runs; all others follow at the next question."""

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel

PLACES = (
    *("data_dir", "chroma_url", "chroma_token", "chroma_user", "chroma_tenant", "chroma_database"),
    "database_url",
)
"""Where things are kept: a process, and the jobs that it starts, stay with the same ones."""
AT_START = (
    *PLACES,
    *("embeddings_url", "embeddings_model", "embeddings_api_key", "embeddings_requests"),
    *("embeddings_query_prefix", "embeddings_passage_prefix"),
    *("rerank_url", "rerank_model", "rerank_api_key"),
    *("keep_conversations", "keep_feedback", "keep_jobs", "keep_audit"),
    *("log_format", "log_level", "otlp_endpoint"),
)
"""What a process opens, begins or tidies up by once."""


def changed(first: BaseModel, now: BaseModel, names: Iterable[str]) -> dict[str, Any]:
    """Those of these settings that are not as they were first, with their first values."""
    return {one: getattr(first, one) for one in names if getattr(first, one) != getattr(now, one)}
