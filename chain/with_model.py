"""Parts of the assistant that need a language model: its check, and standalone questions."""

import re
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from langchain_core.callbacks import UsageMetadataCallbackHandler
from langchain_core.messages import BaseMessage
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableConfig

import prompts
from chain.answer.composition import Checking
from chain.checking.checker import Checker
from chain.model.language_model import TEXT, ChatModel, Schema, list_of, object_of
from chain.model.prompt_budget import CHECK_SHARE, CONDENSE_SHARE, fenced, fitting
from chain.model.reply import read_object
from chain.request import Answerer, Draft
from chain.writing.generative import SCHEMA, GenerativeAnswerer, read
from core.answer import Turn
from core.breaker import Breaker
from core.errors import ModelError, SettingsError
from core.settings import Settings
from language.sentences import sentences

_QUESTION = "How many Member States does the European Union have?"
_PASSAGE = "The European Union has 27 Member States and 24 official languages."


class CheckOutcome(NamedTuple):
    """The result of one test question: `lines` are labels and what to say of each."""

    lines: tuple[tuple[str, str], ...]
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
    yield _seen(ChatModel(settings), settings)
    if settings.checker_model not in ("", settings.model):
        yield _seen(ChatModel(settings, settings.checker_model), settings)


def _seen(model: ChatModel, settings: Settings) -> CheckOutcome:
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
        return CheckOutcome(tuple(lines), works=False, error=error)
    form = "structured" if model.takes_schema else "text"
    lines += [
        ("reply", f"{form}, {'streamed' if len(pieces) > 1 else 'in one piece'}"),
        ("refused", ", ".join(model.refused) or "no parameter"),
        ("tokens", _tokens(counted)),
        ("seconds", f"{first:.1f} to the first words, {time.monotonic() - started:.1f} in all"),
        ("said", " ".join(sentences) or "nothing that can be read as an answer"),
    ]
    return CheckOutcome(tuple(lines), works=bool(sentences))


def _messages(*, structured: bool) -> Sequence[BaseMessage]:
    template = ChatPromptTemplate.from_messages(
        [("system", prompts.load("answer")), ("human", "{question}")]
    )
    return template.format_messages(
        question=_QUESTION,
        language="en",
        collection="official documents",
        form=prompts.load("answer-as-list" if structured else "answer-as-text"),
        passages=fenced("passage", _PASSAGE, ' number="1"'),
    )


def _tokens(counted: UsageMetadataCallbackHandler) -> str:
    """The tokens that the server counted, of all requests that it answered."""
    uses = counted.usage_metadata.values()
    if not uses:
        return "not counted by the server"
    asked, written = (sum(use[key] for use in uses) for key in ("input_tokens", "output_tokens"))
    thought = sum((use.get("output_token_details") or {}).get("reasoning", 0) for use in uses)
    return f"{asked} read, {written} written, of which {thought} to reason"


# Query rewriting: a model turns a follow-up into a question that stands alone, and says it in other
# languages.


_LONGEST = 300  # characters; a longer text explains or answers instead of asking
_TRANSLATION_SECONDS = 3.0  # for it alone; a model that needs longer is left alone for a while
_PLACEHOLDER = re.compile(r"<[^<>]*>")
_KEPT = 256  # questions whose translations are kept
_SCHEMA: Schema = {
    "title": "question",
    **object_of(question=TEXT, translations=list_of(object_of(language=TEXT, question=TEXT))),
}


class Condenser:
    """Rewrites and translates questions with the configured model; safe to share between
    threads."""

    def __init__(self, model: ChatModel, settings: Settings) -> None:
        self._model = model
        self._seconds = settings.answer_timeout * CONDENSE_SHARE
        self._template = ChatPromptTemplate.from_messages(
            [("system", prompts.load("condense")), ("human", "{conversation}")]
        )
        self._lock = threading.Lock()
        self._known: OrderedDict[tuple[str, str], dict[str, str]] = OrderedDict()
        self._translating = Breaker()

    def standalone(
        self,
        question: str,
        language: str,
        history: Sequence[Turn],
        config: RunnableConfig | None = None,
        *,
        others: Sequence[str] = (),
    ) -> str:
        """Rewrites the question so that it stands alone.

        Args:
            question: the last one.
            language: of the question and the result (ISO 639-1).
            history: earlier turns, oldest first; the model gets as many of the last as fit.
            config: LangChain's, for callbacks and tracers.
            others: languages in which the result is wanted too, for `translations`.

        Raises:
            ModelError: the model failed, or did not write a single question.
        """
        if not history:
            return question
        return self._rewritten(question, language, history, others, self._seconds, config)

    def translations(
        self,
        question: str,
        language: str,
        others: Sequence[str],
        config: RunnableConfig | None = None,
    ) -> Mapping[str, str]:
        """The question in other languages, as far as the model gives it; kept for the next time.

        Args:
            question: stands alone.
            language: of the question (ISO 639-1).
            others: languages to translate into.
            config: LangChain's, for callbacks and tracers.

        Raises:
            ModelError: the model failed, was late, or has done so just before.
        """
        known = self._kept(question, language)
        if not set(others) <= known.keys():
            started = self._translating.admit()
            try:
                self._rewritten(question, language, (), others, _TRANSLATION_SECONDS, config)
            except ModelError as error:
                if error.reason == "slow":
                    self._translating.failed(error, started)
                raise
            self._translating.worked()
            known = self._kept(question, language)
        return {one: known[one] for one in others if known.get(one)}

    def _kept(self, question: str, language: str) -> Mapping[str, str]:
        with self._lock:
            return self._known.get((question, language), {})

    def _rewritten(
        self,
        question: str,
        language: str,
        history: Sequence[Turn],
        others: Sequence[str],
        seconds: float,
        config: RunnableConfig | None,
    ) -> str:
        """The question standing alone; its translations are kept."""
        last = fenced("question", question)
        turns = [
            "\n".join((fenced("earlier", turn.question), fenced("answer", turn.answer_text)))
            for turn in reversed(history)
        ]
        kept = fitting(turns, self._model.room(), prompts.load("condense"), last)
        messages = self._template.format_messages(
            language=language,
            languages=", ".join(others) or "none, so give an empty list",
            conversation="\n\n".join((*reversed(kept), last)),
        )
        reply = self._model.whole(messages, seconds=seconds, schema=_SCHEMA, config=config)
        fields = read_object(reply)
        said = fields.text("question") or ("" if "{" in reply else reply)
        rewritten = _one_question(said, question, language) if history else question
        found = {
            one.text("language"): one.text("question") for one in fields.objects("translations")
        }
        if others:
            # Of a language that it leaves out it is not asked again.
            made = {one: _in_one_line(found.get(one, "")) for one in others}
            with self._lock:
                self._known[rewritten, language] = self._known.pop((rewritten, language), {}) | made
                if len(self._known) > _KEPT:
                    self._known.popitem(last=False)
        return rewritten


def _one_question(said: str, question: str, language: str) -> str:
    """What a model wrote in place of a question.

    Raises:
        ModelError: it is no single line, or says more than the question.
    """
    rewritten = _in_one_line(said)
    if not rewritten:
        raise ModelError("The model did not rewrite the question in one line.")
    if len(sentences(rewritten, language)) > len(sentences(question, language)):
        raise ModelError("The model wrote more than the question.")
    return rewritten


def _in_one_line(said: str) -> str:
    """A question without quotation marks; empty where it is too long, no single line, or only the
    placeholder of the prompt, as small models write it."""
    text = said.strip().strip('"“”«»').strip()
    is_line = len(text) <= _LONGEST and len(text.splitlines()) == 1
    return text if is_line and not _PLACEHOLDER.fullmatch(text) else ""


# What a configured model does in the assistant; imported only then, as its client takes long.


def with_model(settings: Settings) -> tuple[Answerer, Condenser, Checking | None]:
    """Answerer and condenser of the configured model, and what checks its replies, if anything."""
    model = ChatModel(settings)
    other = settings.checker_model not in ("", settings.model)
    checks_with = ChatModel(settings, settings.checker_model) if other else model
    seconds = settings.answer_timeout * CHECK_SHARE
    checking = Checking(Checker(checks_with), seconds) if settings.checker else None
    return GenerativeAnswerer(model, settings), Condenser(model, settings), checking
