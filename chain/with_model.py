"""What a configured model does in the assistant, and whether that model works."""

import time
from collections.abc import Iterator
from typing import NamedTuple

from langchain_core.callbacks import UsageMetadataCallbackHandler

from chain.answer.model_run import Checking
from chain.checking.checker import Checker
from chain.model.condenser import Condenser
from chain.model.language_model import ChatModel
from chain.model.prompt_budget import CHECK_SHARE, fenced
from chain.request import Answerer, Draft, Request
from chain.writing.generative import SCHEMA, GenerativeAnswerer, messages_for, read
from core.errors import ModelError, SettingsError
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


class CheckOutcome(NamedTuple):
    """The result of one test question."""

    lines: tuple[tuple[str, str], ...]  # labels, and what to print beside each
    works: bool
    error: ModelError | None = None


def check(settings: Settings) -> Iterator[CheckOutcome]:
    """Tests each configured model, the answering one first.

    Raises:
        SettingsError: none is configured.
    """
    if not settings.generative:
        raise SettingsError(
            "No language model is configured, so no question leaves this machine. Set "
            "STRATEGIEWIJZER_MODEL and OPENAI_API_KEY, or OPENAI_BASE_URL for a server of your own."
        )
    yield _tested(ChatModel(settings), settings)
    if settings.checker_model not in ("", settings.model):
        yield _tested(ChatModel(settings, settings.checker_model), settings)


def _tested(model: ChatModel, settings: Settings) -> CheckOutcome:
    """Asks a model in the way that an answer is asked for."""
    lines = [("address", model.address)]
    counted = UsageMetadataCallbackHandler()
    pieces: list[str] = []
    started = time.monotonic()
    first = 0.0
    try:
        lines.append(("model", model.named()))
        lines.append(("context", f"{model.room()} tokens at most{_bound(model)}"))
        started = time.monotonic()
        passages = fenced("passage", _PASSAGE, ' number="1"')
        for piece in model.stream(
            messages_for(Request(_QUESTION, "en", ()), "official documents", passages),
            seconds=settings.answer_timeout,
            schema=SCHEMA,
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
        return CheckOutcome(tuple(lines), works=False, error=error)
    form = "JSON by the prompt" if "response_format" in model.refused else "JSON by schema"
    lines += [
        ("reply", f"{form}, {'streamed' if len(pieces) > 1 else 'in one piece'}"),
        ("refused", ", ".join(model.refused) or "no parameter"),
        ("tokens", _tokens(counted)),
        ("seconds", f"{first:.1f} to the first words, {time.monotonic() - started:.1f} in all"),
        ("said", " ".join(sentences) or "nothing that can be read as an answer"),
    ]
    return CheckOutcome(tuple(lines), works=bool(sentences))


def _bound(model: ChatModel) -> str:
    """The setting that the length of the context is bound by, and Ollama's own."""
    if model.ollama_context() is None:
        return " (STRATEGIEWIJZER_MODEL_CONTEXT)"
    return (
        ": Ollama drops the rest. For more, set OLLAMA_CONTEXT_LENGTH at Ollama, and "
        "STRATEGIEWIJZER_MODEL_CONTEXT to the same"
    )


def _tokens(counted: UsageMetadataCallbackHandler) -> str:
    """The tokens that the server counted, of all requests that it answered."""
    uses = counted.usage_metadata.values()
    if not uses:
        return "not counted by the server"
    asked, written = (sum(use[key] for use in uses) for key in ("input_tokens", "output_tokens"))
    thought = sum((use.get("output_token_details") or {}).get("reasoning", 0) for use in uses)
    return f"{asked} read, {written} written, of which {thought} to reason"
