"""Answers written by an OpenAI-compatible model from the numbered passages.

passages that fit -> prompt -> model -> Reader -> drafts; what is shown is decided by the verifier
"""

import time
from collections.abc import Iterator, Mapping

from langchain_core.messages import BaseMessage
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import Runnable, RunnableConfig

import prompts
from chain.answerer import Draft, Request
from chain.budget import answer_tokens, fenced, fitting
from chain.model import CONDENSE_SHARE, RequestRefusedError, chat_model, within
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
    """Streams an answer from the configured model.

    It asks for a structured answer until the server refuses that form and takes the other; from
    then on, as long as this object lives, it asks for text with markers.
    """

    mode: Mode = "generative"

    def __init__(self, settings: Settings) -> None:
        self.model = settings.chat_model
        self._seconds = settings.answer_timeout * (1 - CONDENSE_SHARE)
        self._context = settings.model_context
        self._structured = settings.structured_answers
        model = chat_model(settings, answer_tokens(settings.model_context))
        self._template = ChatPromptTemplate.from_messages(
            [("system", prompts.load("answer")), ("human", "{question}")]
        )
        schema = {"name": SCHEMA["title"], "strict": True, "schema": SCHEMA}
        asked = {"response_format": {"type": "json_schema", "json_schema": schema}}
        # As extra_body: asked by its own name, the client parses the stream and loses token counts.
        as_list = model.bind(extra_body=asked)
        # Without a StrOutputParser: when its reader stops, it has the model write on to the end.
        self._chains: Mapping[str, Runnable[dict[str, str], BaseMessage]] = {
            "answer-as-list": self._template | as_list,
            "answer-as-text": self._template | model,
        }

    def draft(self, request: Request, config: RunnableConfig | None) -> Iterator[Draft]:
        deadline = time.monotonic() + self._seconds
        if self._structured:
            drafts = self._drafts("answer-as-list", request, config, deadline)
            try:
                first = next(drafts, None)
            except RequestRefusedError:
                yield from self._drafts("answer-as-text", request, config, deadline)
                self._structured = False  # it was the form, not what was asked
                return
            if first is not None:
                yield first
                yield from drafts
        else:
            yield from self._drafts("answer-as-text", request, config, deadline)

    def _drafts(
        self, form: str, request: Request, config: RunnableConfig | None, deadline: float
    ) -> Iterator[Draft]:
        values = {
            "question": request.question,
            "language": request.language,
            "form": prompts.load(form),
            "passages": "",
        }
        values["passages"] = "\n\n".join(self._fitting(request, values))
        pieces = (str(message.text) for message in self._chains[form].stream(values, config))
        given: set[str] = set()
        for draft in read(within(max(0.0, deadline - time.monotonic()), pieces), request.language):
            if draft.text in given:  # a model that repeats itself has lost its way: hang up
                return
            given.add(draft.text)
            yield draft

    def _fitting(self, request: Request, values: Mapping[str, str]) -> list[str]:
        """The best passages as data, as many as the model's context takes."""
        numbered = [
            _numbered(number, scored) for number, scored in enumerate(request.found, start=1)
        ]
        fit = fitting(numbered, self._context, self._template.format(**values))
        if not fit:
            raise ModelError(
                f"No passage fits into {self._context} tokens. If the model takes more, set "
                "STRATEGIEWIJZER_MODEL_CONTEXT higher."
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
