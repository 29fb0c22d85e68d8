"""Answers written by an OpenAI-compatible model from the numbered passages.

passages that fit -> prompt -> model -> Reader -> drafts; what is shown is decided by the verifier
"""

import time
from collections.abc import Iterator, Mapping

from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableConfig

import prompts
from chain.answerer import Draft, Request
from chain.budget import fenced, fitting
from chain.model import CONDENSE_SHARE, ChatModel
from chain.reader import SCHEMA, read
from core.errors import ModelError
from core.settings import Settings
from core.types import Mode, ScoredPassage, Standing

# What a passage's own text may not say of its document.
_STANDINGS: Mapping[Standing, str] = {
    "upcoming": "not yet in force",
    "superseded": "no longer in force",
}


class GenerativeAnswerer:
    """Streams an answer from a model: a structured one as long as its server takes a schema."""

    mode: Mode = "generative"

    def __init__(self, model: ChatModel, settings: Settings) -> None:
        self._model = model
        self._seconds = settings.answer_timeout * (1 - CONDENSE_SHARE)
        self._template = ChatPromptTemplate.from_messages(
            [("system", prompts.load("answer")), ("human", "{question}")]
        )

    @property
    def model(self) -> str:
        return self._model.name

    def draft(self, request: Request, config: RunnableConfig | None) -> Iterator[Draft]:
        deadline = time.monotonic() + self._seconds
        schema = SCHEMA if self._model.takes_schema else None
        values = {
            "question": request.question,
            "language": request.language,
            "form": prompts.load("answer-as-list" if schema else "answer-as-text"),
            "passages": "",
        }
        values["passages"] = "\n\n".join(self._fitting(request, values))
        messages = self._template.format_messages(**values)
        seconds = max(0.0, deadline - time.monotonic())
        given: set[str] = set()
        for draft in read(
            self._model.stream(messages, seconds=seconds, schema=schema, config=config),
            request.language,
        ):
            if draft.text in given:  # a model that repeats itself has lost its way: hang up
                return
            given.add(draft.text)
            yield draft

    def _fitting(self, request: Request, values: Mapping[str, str]) -> list[str]:
        """The best passages as data, as many as the model's context takes."""
        numbered = [
            _numbered(number, scored) for number, scored in enumerate(request.found, start=1)
        ]
        room = self._model.room()
        fit = fitting(numbered, room, self._template.format(**values))
        if not fit:
            raise ModelError(
                f"No passage fits into {room} tokens. If the model takes more, set "
                "STRATEGIEWIJZER_MODEL_CONTEXT higher.",
                "too_long",
            )
        return fit


def _numbered(number: int, found: ScoredPassage) -> str:
    """One passage as data: what it is, and its text between fences it cannot close."""
    passage, cited = found.passage, found.passage.document
    kind = f"summary of {cited.reference or cited.about}" if cited.kind == "brief" else "full text"
    date = str(cited.date or "")
    standing = _STANDINGS.get(found.standing, "")
    about = (cited.title, cited.reference if cited.kind != "brief" else "", kind, date, standing)
    said = "; ".join(filter(None, (*about, f"section {passage.headings[-1]}")))
    return fenced("passage", f"{said}\n{passage.text}", f' number="{number}"')
