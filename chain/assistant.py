"""From a question to a checked answer, in one screen.

question -> language -> standalone question -> passages -> confidence -> parts -> drafts
         -> verified -> answer with citations, or a refusal that says what was searched
"""

import logging
import time
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Literal

from langchain_core.runnables import RunnableConfig

import prompts
from chain.answerer import Answerer, Request
from chain.composition import Composition
from chain.confidence import Confidence, confidence
from chain.extractive import ExtractiveAnswerer
from chain.followup import standalone
from chain.language import conversation
from chain.missing import missing
from chain.parts import Part, in_parts
from chain.refusal import count_documents, refusal_text
from chain.suggestions import Suggestions
from chain.verification import verify
from core.errors import ModelError
from core.settings import Settings
from core.types import (
    Answer,
    Event,
    Finished,
    Mode,
    Reason,
    Scope,
    ScoredPassage,
    Stage,
    TextDelta,
    Turn,
)
from vectorstore.retriever import PassageRetriever, scored_passage
from vectorstore.store import open_index

if TYPE_CHECKING:
    from chain.condense import Condenser

logger = logging.getLogger(__name__)


class Assistant:
    """Answers questions about the documents in the index; safe to share between threads.

    Raises:
        NoIndexError: nothing has been ingested yet.
        IndexMismatchError: the index was made by another embedder.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.index = open_index(settings)
        self._retriever = PassageRetriever(index=self.index, k=settings.results)
        self._suggestions = Suggestions(self.index, settings)
        self._extractive = ExtractiveAnswerer()
        self._answerer: Answerer = self._extractive
        self._condenser: Condenser | None = None
        if settings.generative:
            self._answerer, self._condenser = _with_model(settings)

    def warm_up(self) -> None:
        """Loads what the first question would otherwise wait for; no language model is asked.

        Raises:
            StrategiewijzerError: the index cannot be searched.
        """
        question = "Wat is de strategie voor de veiligheidsunie?"
        language = self._language(question, ())
        found = self._retrieve(standalone(question, language, ()), language, Scope(), None)
        confidence(question, language, found, self.index)

    def ask(
        self,
        question: str,
        history: Sequence[Turn] = (),
        language: str | None = None,
        areas: Collection[str] | None = None,
        config: RunnableConfig | None = None,
        *,
        scope: Scope = Scope(),
    ) -> Answer:
        """The whole answer at once; arguments as in `stream`."""
        *_, last = self.stream(question, history, language, areas, config, scope=scope)
        assert isinstance(last, Finished)  # noqa: S101 - what stream promises
        return last.answer

    def stream(
        self,
        question: str,
        history: Sequence[Turn] = (),
        language: str | None = None,
        areas: Collection[str] | None = None,
        config: RunnableConfig | None = None,
        *,
        scope: Scope = Scope(),
    ) -> Iterator[Event]:
        """What is being done, verified sentences with their markers, last the finished answer.

        The stages come before the first sentence, in the order of `Stage`; a refusal has nothing to
        check.

        Args:
            question: in any official language of the EU.
            history: earlier turns, oldest first.
            language: of the question (ISO 639-1); told from the question if not given.
            areas: short for a scope with these areas.
            config: LangChain's, for callbacks and tracers.
            scope: what the search is limited to.
        """
        watch = _Stopwatch()
        yield Stage(name="searching")
        scope = scope.within(areas)
        language = language or self._language(question, history)
        search_for = self._standalone(question, language, history, config)
        watch.lap("understand")
        found = self._retrieve(search_for, language, scope, config)
        watch.lap("retrieve")
        yield Stage(name="reading")
        sure = confidence(search_for, language, found, self.index)
        watch.lap("decide")

        refuses = sure.value < self._settings.refuse_below
        asked: tuple[Part, ...] = ()
        if not refuses:
            found, asked = in_parts(search_for, language, found, self.index, scope)
            watch.lap("parts")
        request = Request(search_for, language, found, asked)
        composition = Composition(request)
        mode: Mode = self._answerer.mode
        withheld: list[str] = []
        checking = False
        if not refuses:
            for answerer in dict.fromkeys((self._answerer, self._extractive)):
                failed = False
                try:
                    for draft in answerer.draft(request, config):
                        if not checking:
                            checking = True
                            yield Stage(name="checking")
                        quote = verify(draft, request, self.index.embedder)
                        if quote is None:
                            withheld.append(draft.text)
                            continue
                        watch.lap("first_sentence", once=True)
                        yield TextDelta(text=composition.add(draft, quote))
                except ModelError as error:
                    logger.warning("%s The answer falls back to the sources' sentences.", error)
                    failed = True
                if failed or (withheld and not composition.text):  # it had no usable answer
                    mode = "fallback"
                if composition.text or mode != "fallback":
                    break
        watch.lap("answer")

        answered = bool(composition.text)
        text, reason = composition.text, self._reason(answered, sure, scope)
        if reason:
            text = refusal_text(language, reason, found, self.index, scope)
            yield TextDelta(text=text)
        yield Finished(
            answer=Answer(
                question=question,
                text=text,
                language=language,
                citations=composition.citations,
                passages=tuple(scored.passage for scored in found),
                answered=answered,
                reason=reason,
                missing=missing(
                    question, language, found, composition.citations, sure.value, self.index
                )
                if answered or reason == "not_in_sources"
                else (),
                asked_for=composition.asked_for(),
                related=() if answered else self._suggestions.related(language, found, scope),
                withheld=tuple(withheld),
                confidence=sure.value,
                mode=mode,
                model=self._answerer.model,
                prompt_version=prompts.version(),
                generation=self.index.generation,
                timings=watch.laps,
            )
        )

    def follow_ups(
        self, answer: Answer, history: Sequence[Turn] = (), scope: Scope = Scope()
    ) -> tuple[str, ...]:
        """At most three questions to go on with, in the answer's language, that can be answered.

        They are about what the answer does not cite; a refusal has its own (`Answer.related`), so
        none. Arguments are as they were for the answer. Costs up to nine searches.
        """
        return self._suggestions.follow_ups(answer, history, scope) if answer.answered else ()

    def _language(self, question: str, history: Sequence[Turn]) -> str:
        questions = [*(turn.question for turn in history), question]
        return conversation(questions, self._settings.default_language)[-1]

    def _standalone(
        self,
        question: str,
        language: str,
        history: Sequence[Turn],
        config: RunnableConfig | None,
    ) -> str:
        """By the model where there is one and it can, else by rules."""
        if self._condenser is not None:
            try:
                return self._condenser.standalone(question, language, history, config)
            except ModelError as error:
                logger.warning("%s The follow-up is understood by rules.", error)
        return standalone(question, language, history)

    def _retrieve(
        self,
        question: str,
        language: str,
        scope: Scope,
        config: RunnableConfig | None,
    ) -> tuple[ScoredPassage, ...]:
        documents = self._retriever.invoke(question, config, language=language, scope=scope)
        return tuple(scored_passage(document) for document in documents)

    def _reason(self, answered: bool, sure: Confidence, scope: Scope) -> Reason | Literal[""]:
        """Why a question is refused; empty when it is answered."""
        if answered:
            return ""
        if not count_documents(scope, self.index):
            return "out_of_scope"
        return "off_topic" if sure.off_topic else "not_in_sources"


def _with_model(settings: Settings) -> "tuple[Answerer, Condenser]":
    """Imported only where a model is configured: its client takes long to import."""
    from chain.condense import Condenser
    from chain.generative import GenerativeAnswerer

    return GenerativeAnswerer(settings), Condenser(settings)


class _Stopwatch:
    """Seconds per stage; `first_sentence` counts from the start."""

    def __init__(self) -> None:
        self._start = self._last = time.perf_counter()
        self.laps: dict[str, float] = {}

    def lap(self, stage: str, *, once: bool = False) -> None:
        now = time.perf_counter()
        if once:
            self.laps.setdefault(stage, now - self._start)
        else:
            self.laps[stage] = now - self._last
            self._last = now
