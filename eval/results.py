"""The shapes of a run's results, as they stand in `results.json`."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import JsonValue, ValidationError

from core.errors import StrategiewijzerError
from core.types import Frozen
from eval.dataset import Fact, QuestionKind
from eval.metrics import Interval


class CitedSection(Frozen):
    """Where a citation of the answer points."""

    number: int
    document: str
    section: str


class RetrievedSection(Frozen):
    """One retrieved section. `relevant` is whether the question names it."""

    document: str
    section: str
    relevant: bool


class QuestionResult(Frozen):
    """One question, what the assistant did with it, and what is right and wrong about that.

    `retrieved` are distinct sections, best first; `judged` is whether the question names the
    sections that answer it. `sentences` counts the sentences of the answer, `unsupported` are those
    among them that their citations do not support.
    """

    id: str
    question: str
    language: str
    kind: QuestionKind
    documents: tuple[str, ...]
    answerable: bool
    answered: bool
    reason: str
    text: str
    quotes: tuple[str, ...]
    citations: tuple[CitedSection, ...]
    retrieved: tuple[RetrievedSection, ...]
    judged: bool
    facts_found: tuple[Fact, ...]
    facts_missing: tuple[Fact, ...]
    inexact_quotes: tuple[str, ...]
    sentences: int
    unsupported: tuple[str, ...]
    confidence: float
    missing: tuple[str, ...]
    latency_ms: float

    @property
    def fully_answered(self) -> bool:
        """An answerable question, answered with all its facts."""
        return self.answerable and self.answered and not self.facts_missing

    @property
    def useful(self) -> bool:
        """Fully answered, or refused where nothing can be answered."""
        return self.fully_answered if self.answerable else not self.answered

    @property
    def fell_short(self) -> bool:
        return not self.useful or bool(self.inexact_quotes or self.unsupported)


class Summary(Frozen):
    """The figures of a group of questions. A figure that does not apply to the group is None."""

    n: int
    retrieval: Mapping[str, float | None]
    answers: Mapping[str, float | None]
    citations: Mapping[str, float | None]
    latency_ms: Mapping[str, float | None]
    intervals: Mapping[str, Mapping[str, Interval | None]]


class Stamp(Frozen):
    """What a run was made with. `prompts` and `questions` are fingerprints by name."""

    settings: Mapping[str, JsonValue]
    prompts: Mapping[str, str]
    embedder: str
    generation: str
    code_version: str
    date: str  # ISO 8601, UTC
    questions: Mapping[str, str]


class Results(Frozen):
    """A whole run."""

    stamp: Stamp
    overall: Summary
    by_language: Mapping[str, Summary]
    by_kind: Mapping[str, Summary]
    by_document: Mapping[str, Summary]
    questions: tuple[QuestionResult, ...]


def read(path: Path) -> Results:
    """The results of an earlier run: its `results.json`, or the folder that holds it.

    Raises:
        StrategiewijzerError: there is no such file, or it is not a run's results.
    """
    file = path / "results.json" if path.is_dir() else path
    try:
        return Results.model_validate_json(file.read_bytes())
    except OSError as error:
        raise StrategiewijzerError(
            f"{file}: cannot be read ({error.strerror}). "
            "Name the results.json of an earlier run of: python -m eval"
        ) from None
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        raise StrategiewijzerError(
            f"{file}: not the results of a run ({key}: {first['msg']}). "
            "Make them again with: python -m eval"
        ) from None
