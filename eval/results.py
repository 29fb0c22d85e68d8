"""The figures of a run, its provenance, and the decisions on it; eval/runs.py stores them."""

import datetime
import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, JsonValue, StringConstraints

import prompts
from core import VERSION
from core.settings import ROOT, Settings
from core.source import Frozen
from eval.metrics import Interval
from eval.question_results import QuestionResult

_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+(?=@)")
_QUERY = re.compile(r"(?<=://)([^?#\s]*[?#])\S+")


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


def make_stamp(
    settings: Settings, questions: Mapping[str, str], *, embedder: str, generation: str
) -> Stamp:
    """Stamp of a run that starts now; `questions` are the fingerprints of its sets."""
    return Stamp(
        settings=masked(settings),
        prompts=prompts.fingerprints(),
        embedder=embedder,
        generation=generation,
        code_version=code_version(),
        date=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        questions=questions,
        model=str(_plain(settings.model_label)),
    )


def masked(settings: Settings) -> dict[str, JsonValue]:
    """Settings as JSON values, with keys and secrets in URLs masked, and "~" for the home folder,
    which often has a person's name."""
    values: dict[str, JsonValue] = settings.model_dump(mode="json")
    return {name: _plain(value) for name, value in values.items()}


def _plain(value: JsonValue) -> JsonValue:
    if isinstance(value, list):
        return [_plain(entry) for entry in value]
    if not isinstance(value, str):
        return value
    path, home = Path(value), os.path.expanduser("~")  # stays "~" without a home folder
    if path.is_relative_to(home):
        return str("~" / path.relative_to(home))
    return _QUERY.sub(r"\1***", _CREDENTIALS.sub("***", value))


def code_version() -> str:
    """`git describe` of the working copy ("-dirty": changed since), else the product's version."""
    git = shutil.which("git")
    if git is not None and (ROOT / ".git").exists():
        described = subprocess.run(  # noqa: S603 - fixed arguments
            [git, "-C", str(ROOT), "describe", "--tags", "--always", "--dirty"],
            capture_output=True,
            text=True,
            check=False,
        )
        if described.returncode == 0:
            return described.stdout.strip()
    return VERSION


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
    """Figures of a run, without its questions. `overall` and `by_language` cover the questions, and
    manners everything that was asked. `by_part` has "open" and "held out", "same language" and
    "across languages" (of questions that name their documents), and "messages", "conversations" and
    "memory", which are reported apart."""

    stamp: Stamp
    overall: Summary
    by_language: Mapping[str, Summary]
    by_part: Mapping[str, Summary]


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
