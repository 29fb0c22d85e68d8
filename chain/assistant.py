"""Assistant: turns a question into a checked answer, or a refusal.

message -> language -> what is meant: small talk gets a reply, tasks rest on the last answer's
        -> passages -> ranked statements -> confidence -> parts -> drafts -> verified
        -> the answer proper and what can be unfolded below it, or a refusal that says why
"""

import logging
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Literal

from langchain_core.runnables import RunnableConfig

import prompts
from chain.answer.drafting import Stopwatch, Writing
from chain.answer.editing import Editors
from chain.answer.refusal import count_documents, refusal_text
from chain.answer.suggestions import Suggestions, highest, is_better_outside
from chain.answerer import Answerer, Request, Task
from chain.checking.verification import prepare
from chain.reading.confidence import Confidence, confidence
from chain.reading.missing import missing
from chain.reading.parts import Part, in_parts
from chain.reading.relevance import rank
from chain.understanding.meaning import Understood, understand
from chain.writing.extractive import ExtractiveAnswerer, last_said
from core.environment import trace_with_langsmith
from core.settings import Settings
from core.types import (
    Answer,
    DocumentInfo,
    Event,
    Finished,
    Reason,
    Scope,
    ScoredPassage,
    Stage,
    TextDelta,
    Turn,
)
from language.identify import conversation
from vectorstore.chroma import GenerationGone
from vectorstore.embeddings import local_embedder
from vectorstore.retriever import PassageRetriever, scored_passage
from vectorstore.store import Snapshot, open_index

if TYPE_CHECKING:
    from chain.understanding.condense import Condenser

logger = logging.getLogger(__name__)

_LOOK = 50  # passages retrieved of a document to find its beginning


class Assistant:
    """Answers questions about the documents in the index; safe to share between threads.

    Raises:
        NoIndexError: nothing has been ingested yet.
        IndexMismatchError: the index was made by another embedder.
        StoreError: with `trial`, there is nothing to try out.
    """

    def __init__(self, settings: Settings, *, trial: bool = False) -> None:
        trace_with_langsmith(settings.langsmith_tracing)
        self._settings = settings
        self.index = open_index(settings, trial=trial)
        self._suggestions = Suggestions(settings)
        self._extractive = ExtractiveAnswerer()
        self._answerer: Answerer = self._extractive
        self._condenser: Condenser | None = None
        self._editors: Editors | None = None
        if settings.generative:
            self._answerer, self._condenser, self._editors = _with_model(settings)

    def warm_up(self) -> None:
        """Loads models and caches before the first question; calls no language model.

        Raises:
            StrategiewijzerError: the index cannot be searched.
        """
        question = "Wat is de strategie voor de veiligheidsunie?"
        language, index = self._language(question, ()), self.index.snapshot()
        # Loads more of the message classifier than a question does.
        self._understand(index, "Wat denk je?", language, (), None)
        meant = self._understand(index, question, language, (), None)
        found = self._retrieve(index, meant.question, language, Scope(), None)
        ranked = rank(meant.question, language, found, index.profile.relevance)
        confidence(meant.question, language, found, ranked, index)
        if self._settings.generative:
            prepare(Request(meant.question, language, found))

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
        """Returns the whole answer; arguments as in `stream`."""
        *_, last = self.stream(question, history, language, areas, config, scope=scope)
        assert isinstance(last, Finished)  # noqa: S101 - `stream` ends with it
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
        """Yields stages, verified sentences with their markers, and last the finished answer.

        Stages come before the first sentence, in the order of `Stage`; a refusal has no "checking".
        Sentences that a model repaired come last; the finished answer has them in their place.

        Args:
            question: in any official language of the EU.
            history: earlier turns, oldest first.
            language: of the question (ISO 639-1); detected if not given.
            areas: shorthand for a scope with these areas.
            config: LangChain's, for callbacks and tracers.
            scope: limits of the search.
        """
        scope = scope.within(areas)
        language = language or self._language(question, history)
        shown = False
        try:
            for event in self._answer(question, history, language, config, scope):
                shown = shown or isinstance(event, TextDelta)
                yield event
        except GenerationGone:
            if shown:
                raise
            yield from self._answer(question, history, language, config, scope)

    def _answer(
        self,
        question: str,
        history: Sequence[Turn],
        language: str,
        config: RunnableConfig | None,
        scope: Scope,
    ) -> Iterator[Event]:
        """The events of `stream`, all from the index generation in use at the start."""
        watch = Stopwatch()
        yield Stage(name="searching")
        index = self.index.snapshot()
        meant = self._understand(index, question, language, history, config)
        watch.lap("understand")
        if meant.message and not meant.asks:
            yield from self._reply(index, question, language, meant, watch)
            return
        found = self._found(index, meant, language, scope, config)
        watch.lap("retrieve")
        yield Stage(name="reading")
        ranked = rank(meant.question, language, found, index.profile.relevance)
        is_given = bool(meant.document or meant.last)  # the passages, so nothing is retrieved
        sure = (
            Confidence(1.0, float(bool(found)))
            if is_given
            else confidence(meant.question, language, found, ranked, index)
        )
        watch.lap("decide")

        outside = (
            None
            if meant.last
            else self._suggestions.elsewhere(index, meant.question, language, scope)
        )
        refuses = sure.value < self._settings.refuse_below or is_better_outside(
            outside, highest(found)
        )
        asked: tuple[Part, ...] = (Part(meant.question, found, ranked),)
        if not refuses and not is_given:
            found, asked = in_parts(asked[0], language, index, scope)
            found = (*found, *index.rests([one.passage for one in found], meant.question))
            watch.lap("parts")
        request = Request(
            meant.question,
            meant.language or language,
            found,
            asked,
            said=last_said(history) if meant.question != question and not meant.message else "",
            brief=meant.brief,
            overview=bool(meant.document),
            task=_task(question, meant),
        )
        # Quotes can stand in for a short answer, not for a table or a translation.
        quotes = () if meant.last and not meant.brief else (self._extractive,)
        answerers = tuple(dict.fromkeys((self._answerer, *quotes)))
        writing = Writing(request, answerers, self._editors)
        if not refuses:
            for event in writing.write(config):
                if isinstance(event, TextDelta):
                    watch.moment("first_sentence")
                yield event
        composition = writing.composition
        if not quotes and not composition.text:
            yield from self._reply(
                index, question, language, meant._replace(problem="failed"), watch, writing
            )
            return
        answered = bool(composition.text)
        text, told_in = composition.text, composition.language
        reason = self._reason(index, answered, sure, scope)
        lacking = (
            ()
            if meant.last
            else missing(question, language, found, composition.citations, sure.value, index)
        )
        if reason != "off_topic" and not meant.last:
            writing.unfold()
        watch.lap("answer")
        markers = composition.markers
        if reason:
            text = refusal_text(language, reason, lacking, index, scope)
            markers = ((), *markers[1:])
            told_in = prompts.spoken(language)
            yield TextDelta(text=text)
        yield Finished(
            answer=Answer(
                question=question,
                text=text,
                more=composition.more,
                markers=markers,
                language=told_in,
                asked_in=language if told_in != language else "",
                citations=composition.citations,
                passages=tuple(scored.passage for scored in found),
                answered=answered,
                reason=reason,
                message=meant.message if answered else "",
                understood_as=meant.question if meant.question != question else "",
                did_you_mean=(
                    ""
                    if meant.last
                    else self._suggestions.respelt(index, meant.question, language, found, scope)
                ),
                elsewhere=outside is not None and not answered,
                missing=lacking if answered or reason == "not_in_sources" else (),
                asked_for=composition.asked_for(),
                related=()
                if answered
                else self._suggestions.related(
                    index, meant.question, language, found, scope, history
                ),
                withheld=tuple(writing.withheld),
                contradicted=tuple(writing.contradicted),
                unchecked=writing.unchecked,
                opening_left_out=writing.opening_left_out,
                trouble=writing.trouble,
                confidence=sure.value,
                mode=writing.mode,
                model=self._answerer.model,
                prompt_version=prompts.version(),
                generation=index.generation,
                timings=watch.laps,
            )
        )

    def follow_ups(
        self, answer: Answer, history: Sequence[Turn] = (), scope: Scope = Scope()
    ) -> tuple[str, ...]:
        """Up to three answerable follow-up questions about sections that the answer does not cite.

        They are in the question's language; none after a refusal, which has `Answer.related`.
        Takes the same history and scope as the answer did. Costs up to nine searches.
        """
        if not answer.answered:
            return ()
        return self._suggestions.follow_ups(self.index.snapshot(), answer, history, scope)

    def questions_about(
        self, index: Snapshot, document: DocumentInfo, language: str
    ) -> tuple[str, ...]:
        """Up to five questions from all over a document that a search in it answers. Costs up to
        19 searches.

        Args:
            index: holds the document.
            document: the language version to make questions from.
            language: of the questions (ISO 639-1).
        """
        return self._suggestions.about(index, document, language)

    def _language(self, question: str, history: Sequence[Turn]) -> str:
        questions = [*(turn.question for turn in history), question]
        return conversation(questions, self._settings.default_language)[-1]

    def _understand(
        self,
        index: Snapshot,
        question: str,
        language: str,
        history: Sequence[Turn],
        config: RunnableConfig | None,
    ) -> Understood:
        """Interprets the message; a model rewrites follow-ups if there is one, else rules do."""
        condenser, documents = self._condenser, index.documents()

        def rewrite(asked: str, before: Sequence[Turn]) -> str:
            assert condenser is not None  # noqa: S101 - else `rewrite` is not passed on
            return condenser.standalone(asked, language, before, config)

        return understand(
            question,
            language,
            history,
            documents,
            local_embedder(),
            rewrite if condenser is not None else None,
        )

    def _reply(
        self,
        index: Snapshot,
        question: str,
        language: str,
        meant: Understood,
        watch: Stopwatch,
        writing: Writing | None = None,
    ) -> Iterator[Event]:
        """Replies to a message that asks nothing, or to a task that cannot be carried out."""
        assert meant.message  # noqa: S101 - a question gets no reply
        said = prompts.phrases(language)
        text = said.tasks[meant.problem] if meant.problem else said.replies[meant.message]
        yield TextDelta(text=text)
        yield Finished(
            answer=Answer(
                question=question,
                text=text,
                markers=((),),
                language=prompts.spoken(language),
                asked_in=language if prompts.spoken(language) != language else "",
                answered=False,
                message=meant.message,
                withheld=tuple(writing.withheld) if writing else (),
                contradicted=tuple(writing.contradicted) if writing else (),
                trouble=writing.trouble if writing else "",
                confidence=0.0,
                mode=writing.mode if writing else "extractive",
                prompt_version=prompts.version(),
                generation=index.generation,
                timings=watch.laps,
            )
        )

    def _found(
        self,
        index: Snapshot,
        meant: Understood,
        language: str,
        scope: Scope,
        config: RunnableConfig | None,
    ) -> tuple[ScoredPassage, ...]:
        """The passages to answer from; for a task, those that the last answer cites."""
        if meant.last:
            cited = tuple(index.cited(meant.last.cited, meant.question))
            if cited or not meant.brief:
                return cited
        if meant.document:
            return self._beginning(index, meant.document, language, scope)
        return self._retrieve(index, meant.question, language, scope, config)

    def _beginning(
        self, index: Snapshot, document: str, language: str, scope: Scope
    ) -> tuple[ScoredPassage, ...]:
        """The first passages of a document, among those that its title retrieves."""
        only = scope.model_copy(update={"documents": (document,)})
        titles = [one.title for one in index.documents() if one.id == document]
        found = index.search(titles[0], _LOOK, language, scope=only, rerank=False)
        return tuple(sorted(found, key=lambda one: one.passage.start)[: self._settings.results])

    def _retrieve(
        self,
        index: Snapshot,
        question: str,
        language: str,
        scope: Scope,
        config: RunnableConfig | None,
    ) -> tuple[ScoredPassage, ...]:
        retriever = PassageRetriever(index=index, k=self._settings.results)
        documents = retriever.invoke(question, config, language=language, scope=scope)
        return tuple(scored_passage(document) for document in documents)

    def _reason(
        self, index: Snapshot, answered: bool, sure: Confidence, scope: Scope
    ) -> Reason | Literal[""]:
        """Reason for a refusal; empty if the question is answered."""
        if answered:
            return ""
        if not count_documents(scope, index):
            return "out_of_scope"
        return "off_topic" if sure.off_topic else "not_in_sources"


def _task(question: str, meant: Understood) -> Task | None:
    if not meant.message:
        return None
    return Task(meant.message, question, meant.last.answer_text if meant.last else "")


def _with_model(settings: Settings) -> "tuple[Answerer, Condenser, Editors]":
    """Answerer, condenser and editors of the configured model; imported here because its client
    takes long to import."""
    from chain.checking.checker import Checker
    from chain.model.language_model import CONDENSE_SHARE, ChatModel
    from chain.understanding.condense import Condenser
    from chain.writing.generative import GenerativeAnswerer
    from chain.writing.repair import Repairer

    model = ChatModel(settings)
    other = settings.checker_model not in ("", settings.model)
    checks_with = ChatModel(settings, settings.checker_model) if other else model
    editors = Editors(
        Repairer(model),
        Checker(checks_with) if settings.checker else None,
        settings.answer_timeout * (1 - CONDENSE_SHARE),
    )
    return GenerativeAnswerer(model, settings), Condenser(model, settings), editors
