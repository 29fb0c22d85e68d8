"""The optional judge: a model that grades the answers of a finished run.

question, passages, answer as fenced data -> prompts/judge.md -> model -> Grade
"""

import hashlib
import json
import logging
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.prompts import ChatPromptTemplate
from pydantic import ValidationError

import prompts
from chain.model.language_model import ChatModel
from core.errors import ModelError, SettingsError, StrategiewijzerError
from core.settings import Settings
from core.source import Frozen
from eval.metrics import Agreement, agreement
from eval.results import QuestionResult, Results

# LLM judge: a language model grades one answer.


logger = logging.getLogger(__name__)

Mark = Literal[0, 1, 2]


class Grade(Frozen):
    """The judge's grade of one answer. The reason comes first, so that the marks follow from it."""

    reason: str
    groundedness: Mark
    completeness: Mark
    tone: Mark


class Grader:
    """Grades answers with the configured model; safe to share between threads."""

    def __init__(self, model: ChatModel, settings: Settings) -> None:
        self._model = model
        self._seconds = settings.answer_timeout
        self._template = ChatPromptTemplate.from_messages(
            [("system", prompts.load("judge")), ("human", "{data}")]
        )

    def verdict(self, result: QuestionResult, *, is_first: bool = False) -> Grade | None:
        """The model's grade; None if the request fails or the reply is malformed, which is logged.

        Raises:
            ModelError: the first request (`is_first`) fails.
        """
        try:
            grade = self._grade(result)
        except ModelError as error:
            if is_first:
                raise ModelError(f"{error} Or leave out --judge.", error.reason) from None
            logger.warning("No verdict on %s: %s", result.id, error)
            return None
        if grade is None:
            logger.warning("No verdict on %s: the judge's reply is not in form.", result.id)
            return None
        return grade

    def _grade(self, result: QuestionResult) -> Grade | None:
        values = {"language": result.language, "data": data(result)}
        messages = self._template.format_messages(**values)
        reply = self._reply(messages)
        try:
            return _read(reply)
        except ValueError as problem:
            shown = AIMessage(reply or "null")  # some servers refuse an empty message
            again = [*messages, shown, HumanMessage(str(problem))]
        try:
            return _read(self._reply(again))
        except ValueError:
            return None

    def _reply(self, messages: Sequence[BaseMessage]) -> str:
        """The model's reply; empty if it wrote nothing, so that it is asked again."""
        schema = Grade.model_json_schema()
        try:
            return self._model.whole(messages, seconds=self._seconds, schema=schema)
        except ModelError as error:
            if error.reason == "empty":
                return ""
            raise


def data(result: QuestionResult) -> str:
    """The judge's input for an answer, as data in fences that it cannot close."""
    passages = (
        _fenced("passage", f"{', '.join(filter(None, (one.document, one.section)))}\n{one.text}")
        for one in result.passages
    )
    earlier = (_fenced("earlier", f"{one.question}\n{one.answer_text}") for one in result.history)
    asked, answered = _fenced("question", result.question), _fenced("answer", result.text)
    return "\n\n".join((*earlier, asked, *passages, answered))


def _fenced(tag: str, text: str) -> str:
    """Wraps a text as data in tags that it cannot close."""
    return f"<{tag}>\n{text.replace('<', '‹').replace('>', '›')}\n</{tag}>"


def _read(reply: str) -> Grade:
    """The last grade in a reply; models put thoughts and code fences around it.

    Raises:
        ValueError: there is none; the message says what is wrong.
    """
    grade: Grade | None = None
    problem = "There is no JSON object in the reply."
    start = reply.find("{")
    while start >= 0:
        try:
            value, end = json.JSONDecoder().raw_decode(reply, start)
            grade = Grade.model_validate(value)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            problem = f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
            end = start + 1
        except (ValueError, RecursionError):
            end = start + 1
        start = reply.find("{", end)
    if grade is None:
        raise ValueError(problem)
    return grade


# Optional LLM judge: the configured model grades the answers of a run.


CRITERIA = ("groundedness", "completeness", "tone")
_BEST: Mark = 2  # the marks of prompts/judge.md are 0, 1 and 2
_AT_ONCE = 4  # requests; with many more a server refuses some or keeps them waiting


class Judgement(Frozen):
    """Grades of a run.

    prompt: fingerprint of prompts/judge.md.
    asked, failed: number of answers, and of those without a valid grade.
    means: criterion -> mean mark / 2, in [0, 1].
    agreement: of the best mark for groundedness with "not misquoted", and for completeness, on
        answerable questions, with "fully answered".
    verdicts: by question id, in the order of the run.

    A mean or agreement over no answers is left out.
    """

    model: str
    prompt: str
    asked: int
    failed: int
    means: Mapping[str, float]
    agreement: Mapping[str, Agreement]
    verdicts: Mapping[str, Grade]


def require_model(settings: Settings) -> None:
    """
    Raises:
        SettingsError: no language model is configured.
    """
    if not settings.generative:
        raise SettingsError(
            "No language model is configured to judge the answers. Set STRATEGIEWIJZER_MODEL and "
            "OPENAI_API_KEY, or OPENAI_BASE_URL for a server of your own, or leave out --judge."
        )


def judge(
    results: Results, settings: Settings, *, on_done: Callable[[], None] = lambda: None
) -> Judgement:
    """Has the configured model grade every answered question; grades are cached.

    `on_done` is called after each.

    Raises:
        SettingsError: no language model is configured.
        ModelError: the first request fails. Later ones only count as failed.
        StrategiewijzerError: the grades cannot be written to the data folder.
    """
    require_model(settings)
    answered = [result for result in results.questions if result.answered]
    model = ChatModel(settings)
    folder, judged_by = settings.data_dir / "judge", (model.named(), model.address)
    files = {result.id: folder / _file_name(result, judged_by) for result in answered}
    grades = {name: _kept(file) for name, file in files.items()}
    waiting = [result for result in answered if grades[result.id] is None]
    for _ in range(len(answered) - len(waiting)):
        on_done()
    grader = Grader(model, settings)
    for result, grade in zip(waiting, _ask(waiting, grader), strict=True):
        if grade is not None:
            _keep(files[result.id], grade)
        grades[result.id] = grade
        on_done()
    verdicts = {name: grade for name, grade in grades.items() if grade is not None}
    graded = [(result, verdicts[result.id]) for result in answered if result.id in verdicts]
    return Judgement(
        model=model.name,
        prompt=_fingerprint(),
        asked=len(answered),
        failed=len(answered) - len(verdicts),
        means=_means(list(verdicts.values())),
        agreement=_agreements(graded),
        verdicts=verdicts,
    )


def _means(grades: Sequence[Grade]) -> dict[str, float]:
    if not grades:
        return {}
    return {
        criterion: round(sum(getattr(one, criterion) for one in grades) / len(grades) / _BEST, 4)
        for criterion in CRITERIA
    }


def _agreements(graded: Sequence[tuple[QuestionResult, Grade]]) -> dict[str, Agreement]:
    pairs = {
        "groundedness": [
            (grade.groundedness == _BEST, not result.misquoted) for result, grade in graded
        ],
        "completeness": [
            (grade.completeness == _BEST, result.fully_answered)
            for result, grade in graded
            if result.answerable
        ],
    }
    return {name: agreement(compared) for name, compared in pairs.items() if compared}


def _ask(waiting: Sequence[QuestionResult], grader: Grader) -> Iterator[Grade | None]:
    """Yields the grades in order. The first request is made alone: it shows whether the server
    answers, and which parameters it takes."""
    if not waiting:
        return
    yield grader.verdict(waiting[0], is_first=True)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        yield from pool.map(grader.verdict, waiting[1:])


def _fingerprint() -> str:
    return prompts.fingerprints()["judge.md"]


def _file_name(result: QuestionResult, judged_by: Sequence[str]) -> str:
    """File name of a cached grade: a hash of all that it depends on, without secrets."""
    key = json.dumps([_fingerprint(), *judged_by, result.language, data(result)])
    return f"{hashlib.sha256(key.encode()).hexdigest()}.json"


def _kept(file: Path) -> Grade | None:
    """The cached grade; None if the file is missing or malformed."""
    try:
        return Grade.model_validate_json(file.read_bytes())
    except (OSError, ValueError):
        return None


def _keep(file: Path, grade: Grade) -> None:
    """Writes a grade atomically."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=file.parent, delete=False) as part:
            part.write(grade.model_dump_json().encode())
        os.replace(part.name, file)
    except OSError as error:
        raise StrategiewijzerError(
            f"{file.parent}: cannot be written to ({error.strerror}). Correct its permissions, or "
            "set STRATEGIEWIJZER_DATA_DIR to another folder."
        ) from None
