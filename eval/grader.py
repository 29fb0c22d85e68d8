"""LLM judge: a language model grades one answer.

question, passages, answer as fenced data -> prompts/judge.md -> model -> Grade
"""

import json
import logging
from collections.abc import Sequence
from typing import Literal

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.prompts import ChatPromptTemplate
from pydantic import ValidationError

import prompts
from chain.model.language_model import ChatModel
from core.errors import ModelError
from core.frozen import Frozen
from core.settings import Settings
from eval.question_result import QuestionResult

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
