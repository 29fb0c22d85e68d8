"""Answers written by an OpenAI-compatible model from the numbered passages.

The model proposes sentences with [n] markers; what is shown is decided by the verifier.
"""

import contextvars
import queue
import re
import threading
import time
from collections.abc import Iterator

import httpx
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import Runnable, RunnableConfig
from openai import OpenAIError

import prompts
from chain.answerer import Draft, Request
from chain.model import chat_model
from core.errors import ModelError
from core.settings import Settings
from core.types import Mode, Passage

_MARKER = re.compile(r"\s*\[(\d{1,3})\]")
# A sentence ends at its markers, at a line end, or at a full stop before a capital.
_SENTENCE = re.compile(r".+?(?:(?:\s*\[\d{1,3}\])+[.;]?|[.!?](?=\s+[A-ZÀ-Þ])|\n|$)", re.S)
_NO_ANSWER = "NO ANSWER"


class GenerativeAnswerer:
    """Streams an answer from the configured model."""

    mode: Mode = "generative"

    def __init__(self, settings: Settings) -> None:
        self.model = settings.chat_model
        self._timeout = settings.answer_timeout
        template = ChatPromptTemplate.from_messages(
            [("system", prompts.load("answer")), ("human", "{question}")]
        )
        self._chain: Runnable[dict[str, str], str] = (
            template | chat_model(settings) | StrOutputParser()
        )

    def draft(self, request: Request, config: RunnableConfig | None) -> Iterator[Draft]:
        passages = "\n\n".join(
            _numbered(number, scored.passage)
            for number, scored in enumerate(request.found, start=1)
        )
        values = {
            "question": request.question,
            "language": request.language,
            "passages": passages,
        }
        waiting = ""
        for piece in _within(self._timeout, self._chain.stream(values, config)):
            waiting += piece
            *whole, waiting = _sentences(waiting)
            yield from (draft for text in whole if (draft := _draft(text)))
        if (last := _draft(waiting)) is not None:
            yield last


def _within(seconds: float, pieces: Iterator[str]) -> Iterator[str]:
    """The pieces of a model's answer as they come, for so many seconds at most.

    They are read in a thread of their own: neither a server that falls silent nor a client that
    reads a stream to its end before closing it can hold up the answer.

    Raises:
        ModelError: the time is up or the model failed.
    """
    arrived: queue.Queue[str | BaseException | None] = queue.Queue()

    def read() -> None:
        try:
            for piece in pieces:
                arrived.put(piece)
            arrived.put(None)
        except Exception as error:  # noqa: BLE001 - told to the reader below
            arrived.put(error)

    threading.Thread(target=contextvars.copy_context().run, args=(read,), daemon=True).start()
    deadline = time.monotonic() + seconds
    while True:
        try:
            piece = arrived.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            raise ModelError(f"The model took more than {seconds:g} seconds.") from None
        if piece is None:
            return
        if isinstance(piece, OpenAIError | httpx.HTTPError):
            raise ModelError(f"The model did not answer ({type(piece).__name__}).")
        if isinstance(piece, BaseException):
            raise piece
        yield piece


def _numbered(number: int, passage: Passage) -> str:
    """One passage as data: what it is, and its text between fences it cannot close."""
    cited = passage.document
    about = ", ".join(filter(None, (cited.reference, passage.headings[-1], str(cited.date or ""))))
    text = f"{about}\n{passage.text}".replace("<", "‹").replace(">", "›")
    return f'<passage number="{number}">\n{text}\n</passage>'


def _sentences(text: str) -> list[str]:
    """The whole sentences of a growing text, and last the part that may still grow.

    A marker that is still arriving, or that may be followed by another, stays in the last part.
    """
    found = [match.group() for match in _SENTENCE.finditer(text)]
    may_end = len(found) > 1 and any(character.isalpha() for character in found[-1])
    return found if may_end else [text]


def _draft(text: str) -> Draft | None:
    numbers = tuple(int(number) - 1 for number in _MARKER.findall(text))
    sentence = _MARKER.sub("", text).strip()
    is_item = sentence.startswith(("- ", "* ", "• "))
    sentence = sentence.lstrip("-*• ").strip()
    if not any(character.isalpha() for character in sentence) or _NO_ANSWER in sentence:
        return None
    return Draft(text=sentence, cites=numbers, form="item" if is_item else "sentence")
