"""Asks each configured model one question and says what works: python -m chain --check-model"""

import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from langchain_core.callbacks import UsageMetadataCallbackHandler
from langchain_core.messages import BaseMessage
from langchain_core.prompts import ChatPromptTemplate

import prompts
from chain.answerer import Draft
from chain.model.language_model import ChatModel
from chain.model.prompt_budget import fenced
from chain.writing.reply_reader import SCHEMA, read
from core.errors import ModelError, SettingsError
from core.settings import Settings

_QUESTION = "How many Member States does the European Union have?"
_PASSAGE = "The European Union has 27 Member States and 24 official languages."


class Seen(NamedTuple):
    """What came of one question: `lines` are labels and what to say of each."""

    lines: tuple[tuple[str, str], ...]
    works: bool
    error: ModelError | None = None


def check(settings: Settings) -> Iterator[Seen]:
    """What works of each configured model, the answering one first.

    Raises:
        SettingsError: none is configured.
    """
    if not settings.generative:
        raise SettingsError(
            "No language model is configured, so no question leaves this machine. Set "
            "STRATEGIEWIJZER_MODEL and OPENAI_API_KEY, or OPENAI_BASE_URL for a server of your own."
        )
    yield _seen(ChatModel(settings), settings)
    if settings.checker_model not in ("", settings.model):
        yield _seen(ChatModel(settings, settings.checker_model), settings)


def _seen(model: ChatModel, settings: Settings) -> Seen:
    """Asks a model in the way that an answer is asked for."""
    lines = [("address", model.address)]
    counted = UsageMetadataCallbackHandler()
    pieces: list[str] = []
    started = time.monotonic()
    first = 0.0
    try:
        lines.append(("model", model.named()))
        context = model.ollama_context()
        told = f"{model.room()} tokens at most (STRATEGIEWIJZER_MODEL_CONTEXT)"
        lines.append(("context", told if context is None else str(context)))
        schema = SCHEMA if model.takes_schema else None
        started = time.monotonic()
        for piece in model.stream(
            _messages(structured=schema is not None),
            seconds=settings.answer_timeout,
            schema=schema,
            config={"callbacks": [counted]},
        ):
            first = first or time.monotonic() - started
            pieces.append(piece)
        sentences = [
            draft.text for draft in read(pieces) if isinstance(draft, Draft) and not draft.is_open
        ]
    except ModelError as error:
        lines += [("refused", ", ".join(model.refused))] if model.refused else []
        lines.append(("failed", f"{error} ({error.reason})"))
        return Seen(tuple(lines), works=False, error=error)
    form = "structured" if model.takes_schema else "text"
    lines += [
        ("reply", f"{form}, {'streamed' if len(pieces) > 1 else 'in one piece'}"),
        ("refused", ", ".join(model.refused) or "no parameter"),
        ("tokens", _tokens(counted)),
        ("seconds", f"{first:.1f} to the first words, {time.monotonic() - started:.1f} in all"),
        ("said", " ".join(sentences) or "nothing that can be read as an answer"),
    ]
    return Seen(tuple(lines), works=bool(sentences))


def _messages(*, structured: bool) -> Sequence[BaseMessage]:
    template = ChatPromptTemplate.from_messages(
        [("system", prompts.load("answer")), ("human", "{question}")]
    )
    return template.format_messages(
        question=_QUESTION,
        language="en",
        form=prompts.load("answer-as-list" if structured else "answer-as-text"),
        passages=fenced("passage", _PASSAGE, ' number="1"'),
    )


def _tokens(counted: UsageMetadataCallbackHandler) -> str:
    """What the server counted, of all requests that it answered."""
    uses = counted.usage_metadata.values()
    if not uses:
        return "not counted by the server"
    asked, written = (sum(use[key] for use in uses) for key in ("input_tokens", "output_tokens"))
    thought = sum((use.get("output_token_details") or {}).get("reasoning", 0) for use in uses)
    return f"{asked} read, {written} written, of which {thought} to reason"
