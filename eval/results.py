"""The figures of a run, its provenance, and the decisions on it; eval/runs.py stores them."""

import datetime
import hashlib
import json
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, JsonValue, StringConstraints

from core.source import Frozen
from eval.metrics import Interval
from eval.question_results import QuestionResult


class Figure(Frozen):
    """A figure over `n` questions, with its 95% interval; None where it does not apply."""

    value: float | None
    interval: Interval | None = None
    n: int = 0


class Summary(Frozen):
    """Figures (of `eval.rates.FIGURES`) of a group of `n` questions. Those of "size" are means per
    answer."""

    n: int
    figures: Mapping[str, Figure]


def _moment(text: str) -> str:
    if datetime.datetime.fromisoformat(text).tzinfo is None:
        raise ValueError("has no time zone")
    return text


Moment = Annotated[str, AfterValidator(_moment)]
"""Date and time with time zone, ISO 8601."""


class Stamp(Frozen):
    """Provenance of a run. `prompts` and `questions` are fingerprints by name; `model` is the
    language model that answered, empty for extractive answers."""

    settings: Mapping[str, JsonValue]
    prompts: Mapping[str, str]
    embedder: str
    generation: str
    code_version: str
    date: Moment
    questions: Mapping[str, str]
    model: str = ""


LONGEST_NAME, LONGEST_REASON = 100, 1000  # characters


def _filled(longest: int) -> StringConstraints:
    return StringConstraints(strip_whitespace=True, min_length=1, max_length=longest)


class SignOff(Frozen):
    """A person's decision. `results` is the fingerprint of the run that it is about."""

    goes_live: bool
    name: Annotated[str, _filled(LONGEST_NAME)]
    reason: Annotated[str, _filled(LONGEST_REASON)]
    date: Moment
    results: str


class Figures(Frozen):
    """Figures of a run, without its questions.

    `overall` and `by_language` cover the questions. `by_part` has "open" and "held out", "same
    language" and "across languages" (of questions that name their documents), and "messages",
    "conversations" and "memory", which are reported apart. `manners` covers everything that was
    asked.
    """

    stamp: Stamp
    overall: Summary
    by_language: Mapping[str, Summary]
    by_part: Mapping[str, Summary]

    @property
    def only_memory(self) -> bool:
        """Whether every question was a prepared one: then nothing tells how others are answered."""
        return self.by_part.keys() == {"memory"}


class Results(Figures):
    """A whole run."""

    questions: tuple[QuestionResult, ...]

    @property
    def answerers(self) -> list[str]:
        """How answers were made, and by which models."""
        return sorted({f"{question.mode} {question.model}".strip() for question in self.questions})

    @property
    def fingerprint(self) -> str:
        """SHA-256 without times and stamp: equal for two runs with equal figures and answers."""
        kept = _without_times(self.model_dump(mode="json", exclude={"stamp"}))
        return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()


def _without_times(value: JsonValue) -> JsonValue:
    if isinstance(value, dict):
        return {
            name: _without_times(part)
            for name, part in value.items()
            if not name.startswith("latency_ms")
        }
    return [_without_times(part) for part in value] if isinstance(value, list) else value
