"""Generative answers: an OpenAI-compatible model answers from numbered passages, or does a task.

passages that fit -> prompt -> model -> Reader -> drafts
"""

import time
from collections.abc import Iterator

from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableConfig

import prompts
from chain.answerer import Draft, Request, Searches
from chain.model.language_model import ChatModel
from chain.model.prompt_budget import CHECK_SHARE, CONDENSE_SHARE, fenced, fitting, passage_data
from chain.writing.reply_reader import SCHEMA, read
from core.answer import Mode
from core.errors import ModelError
from core.settings import Settings

_MOST = 100  # sentences and items of a reply; the prompts ask for five, or one list


class GenerativeAnswerer:
    """Streams drafts from a model; asks for JSON by schema unless its server refuses schemas."""

    mode: Mode = "generative"

    def __init__(self, model: ChatModel, settings: Settings) -> None:
        self._model = model
        self._seconds = settings.answer_timeout * (1 - CONDENSE_SHARE - CHECK_SHARE)
        self._templates = {
            name: ChatPromptTemplate.from_messages(
                [("system", prompts.load(name)), ("human", "{asked}")]
            )
            for name in ("answer", "task")
        }

    @property
    def model(self) -> str:
        return self._model.name

    def draft(self, request: Request, config: RunnableConfig | None) -> Iterator[Draft | Searches]:
        deadline = request.begun + self._seconds
        schema = SCHEMA if self._model.takes_schema else None
        task = request.task
        template = self._templates["task" if task else "answer"]
        values = {
            "asked": _asked(request),
            "task": prompts.load(f"task-{task.kind}").strip() if task else "",
            "language": request.language,
            "form": _form(request, structured=schema is not None),
            "passages": "",
        }
        values["passages"] = "\n\n".join(self._fitting(request, template.format(**values)))
        messages = template.format_messages(**values)
        seconds = max(0.0, deadline - time.monotonic())
        given: set[str] = set()
        pieces = self._model.stream(messages, seconds=seconds, schema=schema, config=config)
        for draft in read(pieces, request.language):
            if isinstance(draft, Searches) or draft.is_open:
                yield draft
                continue
            if len(given) == _MOST:
                raise ModelError(f"The model wrote more than {_MOST} sentences.", "cut")
            if draft.text in given:  # a model that repeats itself does not recover: stop reading
                return
            given.add(draft.text)
            yield draft

    def _fitting(self, request: Request, rest: str) -> list[str]:
        """The best passages as data, as many as fit the context beside the rest of the prompt."""
        numbers = request.given or range(len(request.found))
        numbered = [passage_data(number + 1, request.found[number]) for number in numbers]
        room = self._model.room()
        fit = fitting(numbered, room, rest)
        if not fit:
            raise ModelError(
                f"No passage fits into {room} tokens. If the model takes more, set "
                "STRATEGIEWIJZER_MODEL_CONTEXT higher.",
                "too_long",
            )
        return fit


def _form(request: Request, *, structured: bool) -> str:
    """How to reply."""
    form = prompts.load("answer-as-list" if structured else "answer-as-text")
    return prompts.load("answer-go-on") + form if request.so_far else form


def _asked(request: Request) -> str:
    """The question, with the answer so far; for a task, the answer to work on and the reader's
    message, as data."""
    if request.task is None:
        so_far = fenced("answer", request.so_far) if request.so_far else ""
        return "\n".join(filter(None, (request.question, so_far)))
    text = fenced("answer", request.task.text) if request.task.text else ""
    return "\n".join(filter(None, (text, fenced("message", request.task.message))))
