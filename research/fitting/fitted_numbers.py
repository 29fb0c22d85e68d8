"""Writes fitted numbers into the profile of their embedder (vectorstore/embeddings.py)."""

import datetime
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from vectorstore.embeddings import file_of

Section = Literal["ranking", "relevance", "confidence", "chance", "prepared", "cosines"]


def rewrite(embedder: str, section: Section, **weights: float) -> None:
    """Writes these weights of a section, and leaves all else as it is."""
    file = file_of(embedder)
    stored = json.loads(file.read_text("utf-8"))
    stored[section]["weights"].update(weights)
    file.write_text(json.dumps(stored, indent=2) + "\n", "utf-8")


def write(
    embedder: str, section: Section, weights: Mapping[str, Any], made_by: str, **provenance: Any
) -> Path:
    """Writes one section, and returns the file.

    Args:
        embedder: its fingerprint.
        section: which part.
        weights: the numbers.
        made_by: the command; with the day and what else is given, their provenance.
    """
    file = file_of(embedder)
    stored = json.loads(file.read_text("utf-8")) if file.is_file() else {}
    kept = stored.get(section, {}).get("weights", {})
    if "asked" in kept and section in ("ranking", "relevance"):  # fitted by another command
        weights = {**weights, "asked": kept["asked"]}
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    stored[section] = {"made_by": made_by, "date": today, **provenance, "weights": weights}
    file.write_text(json.dumps(stored, indent=2) + "\n", "utf-8")
    return file
