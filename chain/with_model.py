"""What a configured model does in the assistant, and whether that model works."""

import time
from collections.abc import Iterator
from typing import NamedTuple

from chain.answer.model_run import Checking
from chain.checking.checker import Checker
from chain.model.condenser import Condenser
from chain.model.language_model import ChatModel
from chain.model.prompt_budget import CHECK_SHARE, fenced
from chain.request import Answerer, Draft, Request
from chain.writing.generative import SCHEMA, GenerativeAnswerer, messages_for, read
from core.errors import ModelError
from core.settings import Settings

_QUESTION = "How many Member States does the European Union have?"
_PASSAGE = "The European Union has 27 Member States and 24 official languages."


class WithModel(NamedTuple):
    """What the configured model does in the assistant."""

    answerer: Answerer
    condenser: Condenser
    checking: Checking | None  # what checks its replies, if anything


def with_model(settings: Settings) -> WithModel:
    """What the configured model does."""
    model = ChatModel(settings)
    checking = None
    if settings.checker:
        is_other = settings.checker_model not in ("", settings.model)
        checks_with = ChatModel(settings, settings.checker_model) if is_other else model
        checking = Checking(Checker(checks_with), settings.answer_timeout * CHECK_SHARE)
    return WithModel(GenerativeAnswerer(model, settings), Condenser(model, settings), checking)


def check(settings: Settings) -> Iterator[str]:
    """Asks each configured model one question in the way that an answer is asked for, the answering
    one first, and says how it answers.

    Raises:
        ModelError: one does not.
        SettingsError: a package that a setting needs is missing.
    """
    yield _answers(ChatModel(settings), settings)
    if settings.checker_model not in ("", settings.model):
        yield _answers(ChatModel(settings, settings.checker_model), settings)


def _answers(model: ChatModel, settings: Settings) -> str:
    room = model.room()
    started = time.monotonic()
    passages = fenced("passage", _PASSAGE, ' number="1"')
    pieces = list(
        model.stream(
            messages_for(Request(_QUESTION, "en", ()), "official documents", passages),
            seconds=settings.answer_timeout,
            schema=SCHEMA,
        )
    )
    seconds = time.monotonic() - started
    named = f"{model.named()} at {model.address}"
    if not any(isinstance(draft, Draft) and not draft.is_open for draft in read(pieces)):
        raise ModelError(f"{named} said nothing that can be read as an answer. Choose another.")
    facts = (
        "JSON by the prompt" if "response_format" in model.refused else "JSON by schema",
        "streamed" if len(pieces) > 1 else "in one piece",
        f"refused: {', '.join(model.refused)}" if model.refused else "",
        f"{room} tokens at most{_bound(model)}",
        f"{seconds:.1f} seconds",
    )
    return f"{named} answers ({'; '.join(filter(None, facts))})"


def _bound(model: ChatModel) -> str:
    """What else bounds the context."""
    if model.ollama_context() is None:
        return ""
    return (
        ", as Ollama drops the rest: for more, set OLLAMA_CONTEXT_LENGTH there, and "
        "STRATEGIEWIJZER_MODEL_CONTEXT to the same"
    )
