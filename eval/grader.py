"""One language model as a judge of answers: a grade per answer, or none.

question, passages, answer as fenced data -> prompts/judge.md -> model -> Grade
"""

import json
import logging
from collections.abc import Sequence
from typing import Literal

import openai
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.prompts import ChatPromptTemplate
from pydantic import ValidationError

import prompts
from chain.model import chat_model
from core.errors import ModelError
from core.settings import Settings
from core.types import Frozen
from eval.results import QuestionResult

logger = logging.getLogger(__name__)

Mark = Literal[0, 1, 2]
# What langchain-openai lets through when a server answers in another form than the protocol's.
_NO_PROTOCOL = (ValueError, LookupError, TypeError, AttributeError)


class Grade(Frozen):
    """The judge's verdict on one answer. The reason comes first, so that the marks follow it."""

    reason: str
    groundedness: Mark
    completeness: Mark
    tone: Mark


class Grader:
    """The configured model as a judge; safe to share between threads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._template = ChatPromptTemplate.from_messages(
            [("system", prompts.load("judge")), ("human", "{data}")]
        )
        self._plain = chat_model(settings)
        # As a dictionary: given the class, the client raises on an invalid reply and hides it.
        self._structured = self._plain.with_structured_output(
            Grade.model_json_schema(), method="json_schema", strict=True, include_raw=True
        )
        self._takes_schema = True

    def verdict(self, result: QuestionResult, *, is_first: bool = False) -> Grade | None:
        """The model's grade; None when it gives no valid one.

        Raises:
            ModelError: the request fails, and it is the first.
        """
        try:
            grade = self._grade(result)
        except (openai.OpenAIError, *_NO_PROTOCOL) as error:
            if is_first and isinstance(error, (openai.APIError, *_NO_PROTOCOL)):
                raise ModelError(_remedy(error, self._settings)) from None
            logger.warning("No verdict on %s: %s.", result.id, type(error).__name__)
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
        """The model's reply; without a schema once a server has shown that it takes none."""
        if self._takes_schema:
            try:
                outcome = self._structured.invoke(messages)
                # Older models of OpenAI are made to call a function and then say nothing.
                return outcome["raw"].text or json.dumps(outcome["parsed"])
            except (openai.BadRequestError, openai.UnprocessableEntityError):
                reply = self._plain.invoke(messages).text  # fails too when it is not the schema
                self._takes_schema = False
                return reply
        return self._plain.invoke(messages).text


def data(result: QuestionResult) -> str:
    """What the judge sees of an answer: all of it data, in fences it cannot close."""
    passages = (
        _fenced("passage", f"{', '.join(filter(None, (one.document, one.section)))}\n{one.text}")
        for one in result.passages
    )
    earlier = (_fenced("earlier", f"{one.question}\n{one.answer_text}") for one in result.history)
    asked, answered = _fenced("question", result.question), _fenced("answer", result.text)
    return "\n\n".join((*earlier, asked, *passages, answered))


def _fenced(tag: str, text: str) -> str:
    """A text as data, between tags it cannot close."""
    return f"<{tag}>\n{text.replace('<', '‹').replace('>', '›')}\n</{tag}>"


def _read(reply: str) -> Grade:
    """The last grade in a reply; models put thoughts and fences around it.

    Raises:
        ValueError: there is none; says what is wrong.
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


def _remedy(error: Exception, settings: Settings) -> str:
    """What a failing server means and what to do; never the error's own text, which may hold a
    key."""
    match error:
        case openai.AuthenticationError() | openai.PermissionDeniedError():
            said = "refuses the key. Correct OPENAI_API_KEY"
        case openai.NotFoundError():
            said = (
                f"does not know the model {settings.chat_model!r} or the address. Correct "
                "STRATEGIEWIJZER_CHAT_MODEL or OPENAI_BASE_URL (most end in /v1)"
            )
        case openai.RateLimitError():
            said = "has no room or no credit left. Wait or top it up"
        case openai.APITimeoutError():
            said = (
                f"gave no answer within {settings.answer_timeout:g} seconds. Set "
                "STRATEGIEWIJZER_ANSWER_TIMEOUT higher"
            )
        case openai.APIConnectionError():
            said = "cannot be reached. Start it, or correct OPENAI_BASE_URL"
        case openai.APIStatusError():
            said = f"fails with status {error.status_code}. See its log"
        case _:
            said = "does not speak OpenAI's protocol. Correct OPENAI_BASE_URL (most end in /v1)"
    return f"The judge's server {said}, or leave out --judge."
