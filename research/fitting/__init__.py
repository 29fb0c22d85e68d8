"""Fits weights and classifiers, on questions that are never part of a reported figure, and writes
them into the profile of their embedder (vectorstore/embeddings.py)."""

import datetime
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from eval.dataset import Question, load
from vectorstore.profile import file_of

QUESTIONS = Path(__file__).parent

Section = Literal["ranking", "confidence", "chance", "cosines"]


def questions() -> tuple[Question, ...]:
    """Questions to fit on: those in this folder that are not held out."""
    return tuple(question for question in load(QUESTIONS) if not question.held_out)


def write(
    embedder: str, section: Section, weights: Mapping[str, Any], made_by: str, **provenance: Any
) -> Path:
    """Writes weights into a section of the profile of the embedder with this fingerprint, with
    their provenance: the command, the day and what else is given. Returns the file."""
    file = file_of(embedder)
    stored = json.loads(file.read_text("utf-8")) if file.is_file() else {}
    before = stored.get(section, {})
    kept = before.get("weights", {})
    if "asked" in kept and section == "ranking":  # no command fits it
        weights = {**weights, "asked": kept["asked"]}
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    made = {"made_by": made_by, "date": today, **provenance, "weights": weights}
    stored[section] = made | amounts_of(before)
    file.write_text(json.dumps(stored, indent=2) + "\n", "utf-8")
    return file


def amounts_of(section: Mapping[str, Any]) -> dict[str, Any]:
    """The amounts in units of the weights before, and for which weights they were set: these stay,
    so that tests/unit/test_amounts.py fails until somebody has looked at them."""
    return {name: section[name] for name in ("amounts_for", "amounts") if name in section}


def stamp(weights: Any) -> str:
    """What amounts that are set for these weights have as `amounts_for`."""
    return hashlib.sha256(json.dumps(weights, sort_keys=True).encode()).hexdigest()[:16]
