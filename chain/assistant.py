"""The assistant: a question -> what is found -> whether it is answered -> the answer, checked."""

import logging
import threading
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, Protocol

from langchain_core.runnables import RunnableConfig

from chain.answer.composition import AnswerRun, Checking, Search
from chain.answer.period import document_asked, opened
from chain.answer.section_questions import Probes
from chain.answer.suggestions import Suggestions, document_questions
from chain.answerability import build_request, can_be_quoted, decide, retry_on_gone_generation
from chain.checking.verification import nearness_of
from chain.request import Answerer, Query, Request
from chain.respond import Stopwatch, measured, reply, respond
from chain.retrieve import Found, Translate, other_languages, retrieve, retrieve_more
from chain.understanding.meaning import Interpretation, interpret
from chain.writing.extractive import ExtractiveAnswerer
from core.answer import Answer, Event, Finished, Stage, TextDelta, Turn
from core.environment import trace_with_langsmith
from core.errors import ModelError, SettingsError
from core.settings import AT_START, Settings, changed, current
from core.source import DocumentInfo, PreparedQuestion, Scope
from language.identify import conversation
from vectorstore.embeddings import local_embedder
from vectorstore.store import Index, Snapshot, open_index

if TYPE_CHECKING:
    from chain.model.condenser import Condenser

logger = logging.getLogger(__name__)

# Hands each answer on to what keeps something of it: before anybody sees any of it, where the
# setting `audit` asks for a record.


AnswerHook = Callable[[Answer, str], None]
"""What is done with a finished answer before it is told; the text is who asked."""


class HookFactory(Protocol):
    """What is done with each answer by these settings; None where nothing is.

    trial: maintainers try out what is not published yet.
    """

    def __call__(self, settings: Settings, *, trial: bool = False) -> AnswerHook | None: ...


def required_hook(settings: Settings, after: AnswerHook | None) -> AnswerHook | None:
    """What records answers.

    Raises:
        SettingsError: the audit record is on, and nothing is given that keeps it.
    """
    if settings.audit and after is None:
        raise SettingsError(
            "The audit record is on (STRATEGIEWIJZER_AUDIT), and this command cannot keep it. "
            "Ask with: ./strategiewijzer ask"
        )
    return after


def with_hook(
    events: Iterator[Event], after: AnswerHook | None, by: str, *, holds: bool
) -> Iterator[Event]:
    """The events, of which `after` gets the answer before the last.

    Where it `holds`, all text is held back until then: what `after` raises ends the events, so
    nothing is shown that is not on record, also when a reader stops halfway.
    """
    held: list[Event] = []
    for event in events:
        if holds and isinstance(event, TextDelta):
            held.append(event)
            continue
        if isinstance(event, Finished):
            if after is not None:
                after(event.answer, by)
            yield from held
        yield event


# Assistant: turns a question into a checked answer, or a refusal.


class Assistant:
    """Answers questions about the documents in the index; safe to share between threads.

    Args:
        settings: of the index, the model and the audit record.
        trial: answers from what is not published yet.
        after: gets each answer, and who asked, before it is told; keeps the audit record, where
            that is on.
        index: of these settings, where it is open already.

    Raises:
        SettingsError: the audit record is on, and `after` is not given.
        NoIndexError: nothing has been ingested yet.
        IndexMismatchError: the index was made by another embedder.
        StoreError: with `trial`, there is nothing to try out.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        trial: bool = False,
        after: AnswerHook | None = None,
        index: Index | None = None,
    ) -> None:
        self._after = required_hook(settings, after)
        trace_with_langsmith(settings.langsmith_tracing)
        self._settings = settings
        self.index = index or open_index(settings, trial=trial)
        self._local = local_embedder()  # understands messages and verifies, whatever the index has
        self._trials = Probes(settings)
        self._suggestions = Suggestions(self._trials)
        self._extractive = ExtractiveAnswerer()
        self._answerer: Answerer = self._extractive
        self._condenser: Condenser | None = None
        self._checking: Checking | None = None
        if settings.generative:
            from chain.with_model import with_model  # the model's client takes long to import

            self._answerer, self._condenser, self._checking = with_model(settings)

    def warm_up(self) -> None:
        """Loads models and caches before the first question; calls no language model.

        Raises:
            StrategiewijzerError: the index cannot be searched.
        """
        question = "Wat is de strategie voor de veiligheidsunie?"
        language, index = self._language(question, ()), self.index.snapshot()
        # Loads more of the message classifier than a question does.
        self._understand(index, Query("Wat denk je?", language))
        query = Query(question, language)
        meaning = self._understand(index, query)
        results, for_model = self._settings.results, self._settings.generative
        found = retrieve(index, query, meaning, results, for_model=for_model).passages
        decide(index, query, meaning, found, self._trials, self._settings)

    def ask(
        self,
        question: str,
        history: Sequence[Turn] = (),
        language: str | None = None,
        areas: Collection[str] | None = None,
        config: RunnableConfig | None = None,
        *,
        scope: Scope = Scope(),
        by: str = "",
    ) -> Answer:
        """Returns the whole answer; arguments as in `stream`."""
        *_, last = self.stream(question, history, language, areas, config, scope=scope, by=by)
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
        by: str = "",
    ) -> Iterator[Event]:
        """Yields stages, text with its markers as it arrives, and last the finished answer.

        Stages come before the first sentence, but for that of a second search; a refusal has no
        "checking".
        What is known of each sentence is final in the finished answer only.

        Args:
            question: in any official language of the EU.
            history: earlier turns, oldest first.
            language: of the question (ISO 639-1); detected if not given.
            areas: shorthand for a scope with these areas.
            config: LangChain's, for callbacks and tracers.
            scope: limits of the search.
            by: identifier of who asks, for `after`.
        """
        language = language or self._language(question, history)
        query = Query(question, language, history, scope.within(areas), config)
        answer = measured(
            lambda watch: retry_on_gone_generation(lambda: self._answer(query, watch))
        )
        yield from with_hook(answer, self._after, by, holds=self._settings.audit)

    def _answer(self, query: Query, watch: Stopwatch) -> Generator[Event, None, None]:
        """The events of `stream`, all from the index generation in use at the start."""
        watch.begin("understand")
        yield Stage(name="searching")
        index = self.index.snapshot()
        meaning = self._understand(index, query)
        if not meaning.asks:
            yield from self._reply(index, query, meaning, watch)
            return
        lasting = document_asked(index, query, meaning)
        if lasting:
            only = query.scope.model_copy(update={"documents": (lasting.id,)})
            query = replace(query, scope=only)
        watch.begin("retrieve")
        found = self._find(index, query, meaning)
        watch.begin("decide")
        yield Stage(name="reading")
        decision = decide(index, query, meaning, found.passages, self._trials, self._settings)
        if decision.in_parts:
            watch.begin("parts")
        request = build_request(index, query, meaning, decision)
        request = replace(request, searched_as=tuple(found.translations.values()))
        if lasting and not request.is_approved:
            request = opened(request, lasting, query, index)
            decision = decision._replace(refuses=False)
        watch.begin("answer")
        stand_in = [self._extractive] if can_be_quoted(meaning) and decision.quotable else []
        answerers = tuple(dict.fromkeys((self._answerer, *stand_in)))
        if request.is_approved or request.opening:  # word for word, also where a model could write
            answerers = (self._extractive,)
        writing = AnswerRun(
            request,
            answerers,
            nearness_of(index, self._local),
            checking=self._checking,
            search=self._search_again(index, query, meaning),
            unconfirmed=self._settings.unconfirmed,
        )
        if not decision.refuses:
            yield from watch.to_first_sentence(writing.write(query.config))
        if writing.composition.blocks or can_be_quoted(meaning):
            yield from respond(index, query, meaning, decision, writing, self._suggestions, watch)
        else:
            failed = Interpretation(query.question, meaning.message, problem="failed")
            yield from reply(index, query, failed, writing, watch)

    def follow_ups(
        self, answer: Answer, history: Sequence[Turn] = (), scope: Scope = Scope()
    ) -> tuple[str, ...]:
        """Up to three answerable follow-up questions about sections that the answer does not cite.

        They are in the question's language; none after a refusal, which has `Answer.related`.
        Takes the same history and scope as the answer did. Costs up to nine searches.
        """
        if not answer.is_sourced:
            return ()
        return self._suggestions.follow_ups(self.index.snapshot(), answer, history, scope)

    def questions_about(
        self, index: Snapshot, document: DocumentInfo, language: str
    ) -> tuple[str, ...]:
        """Up to five questions from all over a document that it answers; costs up to 19 searches.

        Args:
            index: holds the document.
            document: the language version to make questions from.
            language: of the questions (ISO 639-1).
        """
        return document_questions(index, document, language, self._trials)

    def approved_for(self, index: Snapshot, question: str) -> PreparedQuestion | None:
        """The approved prepared question whose answer a reader is given who asks this; it asks no
        model, as what is approved needs none."""
        query = Query(question, self._language(question, ()))
        meaning = self._understand(index, query)
        if not meaning.asks:
            return None
        results = self._settings.results
        found = retrieve(index, query, meaning, results, for_model=False).passages
        decision = decide(index, query, meaning, found, self._trials, self._settings)
        request = build_request(index, query, meaning, decision)
        return request.prepared if request.is_approved and not decision.refuses else None

    def examples(self, index: Snapshot, language: str) -> tuple[str, ...]:
        """Questions to begin with, up to five, each of another document, for readers of a language
        (ISO 639-1): prepared ones, and ones made of documents without; empty without any."""
        return self._suggestions.examples(index, language)

    def _reply(
        self, index: Snapshot, query: Query, meaning: Interpretation, watch: Stopwatch
    ) -> Iterator[Event]:
        asked = Request(query.question, query.language, ())
        nothing = AnswerRun(asked, [self._extractive], nearness_of(index, self._local))
        return reply(index, query, meaning, nothing, watch)

    def _find(self, index: Snapshot, query: Query, meaning: Interpretation) -> Found:
        settings = self._settings
        return retrieve(
            index,
            query,
            meaning,
            settings.results,
            for_model=settings.generative,
            translate=self._translate(query) if settings.search_languages else None,
        )

    def _translate(self, query: Query) -> Translate | None:
        """Translates a question by the model, if there is one; where that fails or is late, into
        no language."""
        condenser = self._condenser
        if condenser is None:
            return None

        def translate(question: str, others: Sequence[str]) -> Mapping[str, str]:
            try:
                return condenser.translations(question, query.language, others, query.config)
            except ModelError as error:
                logger.warning("%s The question is searched in its own language.", error)
                return {}

        return translate

    def _search_again(
        self, index: Snapshot, query: Query, meaning: Interpretation
    ) -> Search | None:
        """A second search for a question; a task rests on what it has."""
        if meaning.message or not self._settings.search_again:
            return None
        return lambda queries, known: retrieve_more(
            index, query, queries, known, self._settings.results
        )

    def _language(self, question: str, history: Sequence[Turn]) -> str:
        questions = [*(turn.question for turn in history), question]
        return conversation(questions, self._settings.default_language)[-1]

    def _understand(self, index: Snapshot, query: Query) -> Interpretation:
        """Interprets the message; a model rewrites follow-ups if there is one, else rules do."""
        condenser = self._condenser

        def rewrite(asked: str, before: Sequence[Turn]) -> str:
            assert condenser is not None  # noqa: S101 - else `rewrite` is not passed on
            others = other_languages(index, query) if self._settings.search_languages else ()
            return condenser.standalone(asked, query.language, before, query.config, others=others)

        return interpret(
            query.question,
            query.language,
            query.history,
            index.documents(),
            self._local,
            rewrite if condenser is not None else None,
        )


# Gives the assistant that goes by the current settings, one for all of a process.


class _Current(NamedTuple):
    settings: Settings
    assistant: Assistant


class CurrentAssistant:
    """Called, it gives the assistant, made anew when a setting has changed; safe to share between
    threads.

    The index stays open, unless it is to be opened in another way. An answer under way ends with
    the assistant that it began with.

    Args:
        keeping: what is done with each answer.
        trial: as of `Assistant`.

    Raises:
        StrategiewijzerError: when called, as `Assistant`; the next call tries again.
    """

    def __init__(self, keeping: HookFactory, *, trial: bool = False) -> None:
        self._keeping = keeping
        self._trial = trial
        self._lock = threading.Lock()
        self._made: _Current | None = None

    def __call__(self) -> Assistant:
        made = self._made
        if made is None or made.settings != current():
            with self._lock:  # only one thread makes it, and an index is opened once
                made = self._made = self._of(current())
        return made.assistant

    def _of(self, settings: Settings) -> _Current:
        made, index = self._made, None
        if made is not None:
            if made.settings == settings:  # another thread was first
                return made
            if not changed(made.settings, settings, AT_START):
                index = made.assistant.index
        after = self._keeping(settings, trial=self._trial)
        return _Current(settings, Assistant(settings, trial=self._trial, after=after, index=index))
