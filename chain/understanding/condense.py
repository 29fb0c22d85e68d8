"""Query rewriting: a model turns a follow-up into a question that stands alone."""

from collections.abc import Sequence

from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableConfig

import prompts
from chain.model.language_model import ChatModel
from chain.model.prompt_budget import CONDENSE_SHARE, fenced, fitting
from core.answer import Turn
from core.errors import ModelError
from core.settings import Settings
from language.sentences import sentences

_LONGEST = 300  # characters; a longer text explains or answers instead of asking


class Condenser:
    """Rewrites follow-ups with the configured model; safe to share between threads."""

    def __init__(self, model: ChatModel, settings: Settings) -> None:
        self._model = model
        self._seconds = settings.answer_timeout * CONDENSE_SHARE
        self._template = ChatPromptTemplate.from_messages(
            [("system", prompts.load("condense")), ("human", "{conversation}")]
        )

    def standalone(
        self,
        question: str,
        language: str,
        history: Sequence[Turn],
        config: RunnableConfig | None = None,
    ) -> str:
        """Rewrites the question so that it stands alone.

        Args:
            question: the last one.
            language: of the question and the result (ISO 639-1).
            history: earlier turns, oldest first; the model gets as many of the last as fit.
            config: LangChain's, for callbacks and tracers.

        Raises:
            ModelError: the model failed, or did not write a single question.
        """
        if not history:
            return question
        last = fenced("question", question)
        turns = [
            "\n".join((fenced("earlier", turn.question), fenced("answer", turn.answer_text)))
            for turn in reversed(history)
        ]
        kept = fitting(turns, self._model.room(), prompts.load("condense"), last)
        conversation = "\n\n".join((*reversed(kept), last))
        messages = self._template.format_messages(language=language, conversation=conversation)
        reply = self._model.whole(messages, seconds=self._seconds, config=config)
        rewritten = reply.strip().strip('"“”«»').strip()
        if not rewritten or len(rewritten) > _LONGEST or len(rewritten.splitlines()) > 1:
            raise ModelError("The model did not rewrite the question in one line.")
        if len(sentences(rewritten, language)) > len(sentences(question, language)):
            raise ModelError("The model wrote more than the question.")
        return rewritten
