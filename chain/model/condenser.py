"""A model rewrites a follow-up so that it stands alone, and translates questions."""

import re
from collections import OrderedDict
from collections.abc import Mapping, Sequence

from langchain_core.runnables import RunnableConfig

import prompts
from chain.model.language_model import ChatModel, messages_of
from chain.model.prompt_budget import CONDENSE_SHARE, fenced, fitting
from chain.model.reply import TEXT, Schema, list_of, object_of, read_object
from core.answer import Turn
from core.errors import ModelError
from core.http_client import Breaker
from core.settings import Settings
from language.sentences import sentences

_LONGEST = 300  # characters; a longer text explains or answers instead of asking
_TRANSLATION_SECONDS = 3.0  # for it alone; a model that needs longer is left alone for a while
_PLACEHOLDER = re.compile(r"<[^<>]*>")
_KEPT = 256  # questions whose translations are kept
_SCHEMA: Schema = {
    "title": "question",
    **object_of(question=TEXT, translations=list_of(object_of(language=TEXT, question=TEXT))),
}


class Condenser:
    """Rewrites and translates questions with a model; safe to share between threads."""

    def __init__(self, model: ChatModel, settings: Settings) -> None:
        self._model = model
        self._seconds = settings.answer_timeout * CONDENSE_SHARE
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
        """Rewrites a follow-up so that it stands alone, in its language (ISO 639-1), by as many of
        the last turns as fit; also in `others`, for `translations`. Raises ModelError: the model
        failed, or did not write a single question."""
        return self._rewritten(question, language, history, others, self._seconds, config)

    def translations(
        self,
        question: str,
        language: str,
        others: Sequence[str],
        config: RunnableConfig | None = None,
    ) -> Mapping[str, str]:
        """A question that stands alone in other languages, as far as the model gives it; kept for
        the next time. Raises ModelError: the model failed, was late, or has done so just before."""
        if not set(others) <= self._known.get((question, language), {}).keys():
            started = self._translating.admit()
            try:
                self._rewritten(question, language, (), others, _TRANSLATION_SECONDS, config)
            except ModelError as error:
                if error.reason == "slow":
                    self._translating.failed(error, started)
                raise
            self._translating.worked()
        known = self._known.get((question, language), {})
        return {name: known[name] for name in others if known.get(name)}

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
        messages = messages_of(
            "condense",
            "\n\n".join((*reversed(kept), last)),
            language=language,
            languages=", ".join(others) or "none, so give an empty list",
        )
        reply = self._model.whole(messages, seconds=seconds, schema=_SCHEMA, config=config)
        fields = read_object(reply)
        rewritten = question
        if history:
            rewritten = _one_question(fields.text("question"), question, language)
        found = {
            entry.text("language"): entry.text("question")
            for entry in fields.objects("translations")
        }
        if others:
            # A language that the model leaves out is not asked for again.
            made = {name: _in_one_line(found.get(name, "")) for name in others}
            self._known[rewritten, language] = self._known.pop((rewritten, language), {}) | made
            if len(self._known) > _KEPT:
                self._known.popitem(last=False)
        return rewritten


def _one_question(text: str, question: str, language: str) -> str:
    """What a model wrote in place of a question, if it is a single line and says no more."""
    rewritten = _in_one_line(text)
    if not rewritten:
        raise ModelError("The model did not rewrite the question in one line.")
    if len(sentences(rewritten, language)) > len(sentences(question, language)):
        raise ModelError("The model wrote more than the question.")
    return rewritten


def _in_one_line(text: str) -> str:
    """A question without quotation marks; empty where it is too long, no single line, or only the
    placeholder of the prompt, as small models write it."""
    line = text.strip().strip('"“”«»').strip()
    is_line = len(line) <= _LONGEST and len(line.splitlines()) == 1
    return line if is_line and not _PLACEHOLDER.fullmatch(line) else ""
