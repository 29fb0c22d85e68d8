"""Which answers to a question set a run changes: asked by `python -m eval`, before and after."""

import hashlib
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from core.errors import StrategiewijzerError
from core.settings import ROOT, Settings
from core.yaml_files import read_yaml
from ingest.publishing.ingest_report import AnswerChange, Answers
from vectorstore.generations import Generations

QUESTIONS = ROOT / "eval" / "questions"


class _Read(BaseModel):
    """Base for the files of another package, of which only some fields are read."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class _Stamp(_Read):
    settings: Mapping[str, JsonValue]
    prompts: Mapping[str, str]
    generation: str
    code_version: str
    questions: Mapping[str, str]


class _Results(_Read):
    stamp: _Stamp


class _Answer(_Read):
    id: str
    question: str
    language: str
    text: str
    cause: str | None = None


@dataclass(frozen=True)
class QuestionRun:
    """One run of the question set."""

    run: str
    stamp: _Stamp
    answers: Mapping[str, _Answer]


def ask(settings: Settings, questions: Path = QUESTIONS) -> QuestionRun:
    """The answers from the generation in use: those of a stored run, else of a new one.

    Raises:
        StrategiewijzerError: the questions could not be asked; says why.
    """
    generation = Generations(settings).current().id
    kept = _kept(settings, questions, generation)
    if kept is None:
        _run(questions)
        kept = _kept(settings, questions, generation)
    if kept is None:
        raise StrategiewijzerError(
            f"The answers of generation {generation} are not in {settings.data_dir / 'runs'}. "
            "Was the index or the question set changed meanwhile? Then run this again."
        )
    return kept


def compare(before: QuestionRun, after: QuestionRun) -> Answers:
    """The questions whose answers differ in text or in shortcoming."""
    pairs = [(before.answers[name], now) for name, now in after.answers.items()]
    return Answers(
        run_before=before.run,
        run_after=after.run,
        asked=len(pairs),
        comparable=_conditions(before.stamp) == _conditions(after.stamp),
        changed=tuple(
            AnswerChange(
                id=now.id,
                question=now.question,
                language=now.language,
                before=then.text,
                after=now.text,
                shortcoming_before=then.cause or "",
                shortcoming_after=now.cause or "",
            )
            for then, now in pairs
            if (then.text, then.cause) != (now.text, now.cause)
        ),
    )


def _conditions(stamp: _Stamp) -> tuple[object, ...]:
    return stamp.settings, stamp.prompts, stamp.code_version


def _kept(settings: Settings, questions: Path, generation: str) -> QuestionRun | None:
    """The last stored run that asked all these questions of a generation."""
    wanted = _fingerprints(questions)
    count = sum(len(read_yaml(file.read_bytes())) for file in _sets(questions))
    for file in sorted((settings.data_dir / "runs").glob("*/results.json"), reverse=True):
        try:
            stamp = _Results.model_validate_json(file.read_bytes()).stamp
            if (stamp.generation, stamp.questions) != (generation, wanted):
                continue
            lines = (file.parent / "questions.jsonl").read_text("utf-8").split("\n")
            answers = [_Answer.model_validate_json(line) for line in lines if line]
            if len(answers) != count:
                continue  # a run over some of the questions
        except (OSError, ValidationError):
            continue  # of another version, or being written
        return QuestionRun(file.parent.name, stamp, {answer.id: answer for answer in answers})
    return None


def _fingerprints(questions: Path) -> dict[str, str]:
    """Maps file names to SHA-256, as in the stamp of a run."""
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in _sets(questions)}


def _sets(questions: Path) -> list[Path]:
    return [questions] if questions.is_file() else sorted(questions.glob("*.y*ml"))


def _run(questions: Path) -> None:
    done = subprocess.run(  # noqa: S603 - this program itself
        [sys.executable, "-m", "eval", "--questions", str(questions)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode:
        reason = done.stderr.strip() or f"exit code {done.returncode}"
        raise StrategiewijzerError(
            f"The question set could not be asked: {reason}\n"
            f"See what is wrong with: python -m eval --questions {questions}"
        )
