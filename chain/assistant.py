"""The assistant: a question -> what is found -> whether it is answered -> the answer, checked.

How long each stage takes is measured: for the answer itself, the log and telemetry.
"""

import logging
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from langchain_core.runnables import RunnableConfig

from chain.answer.composition import AnswerRun
from chain.answer.suggestions import follow_ups
from chain.answerability import Decision, build_request, decide
from chain.checking.verification import nearness_of
from chain.request import Query, Request
from chain.respond import about_lasting, opened, reply, respond
from chain.retrieve import Translate, other_languages, retrieve, retrieve_more
from chain.understanding.meaning import Interpretation, interpret
from core import telemetry
from core.answer import Answer, Event, Finished, Stage, TextDelta, Turn
from core.environment import no_langsmith_tracing
from core.errors import ModelError, SettingsError, kind_and_place
from core.settings import AT_START, Settings, changed, current
from core.source import PreparedQuestion, Scope
from language.identify import detect_languages
from vectorstore.chroma import GenerationGone
from vectorstore.embeddings import local_embedder
from vectorstore.store import Index, Snapshot, open_index

if TYPE_CHECKING:
    from chain.answer.model_run import WithModel

logger = logging.getLogger(__name__)

AnswerHook = Callable[[Answer, str], None]
"""Keeps a finished answer before it is shown; the text is who asked."""
HookFactory = Callable[[Settings], AnswerHook | None]
"""Gives what is done with each answer by these settings; None where nothing is."""


class Assistant:
    """Answers questions about the documents in the index; safe to share between threads.

    Args:
        settings: of the index, the model and the audit record.
        trial: answers from the trial, which is not published.
        after: gets each answer, and who asked, before it is shown; keeps the audit record, where
            that is on.
        index: of these settings, where it is open already.

    Raises:
        SettingsError: the audit record is on, and `after` is not given.
        NoIndexError: nothing has been ingested yet.
        IndexMismatchError: the index was made by another embedder.
        StoreError: with `trial`, there is no trial.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        trial: bool = False,
        after: AnswerHook | None = None,
        index: Index | None = None,
    ) -> None:
        if settings.audit and after is None:
            raise SettingsError(
                "The audit record is on (STRATEGIEWIJZER_AUDIT), and this command cannot keep it. "
                "Ask with: ./strategiewijzer ask"
            )
        self._after = after
        no_langsmith_tracing()
        self.settings = settings
        self.index = index or open_index(settings, trial=trial)
        local_embedder()  # understands messages and verifies, whatever the index has
        self._model: WithModel | None = None
        if settings.generative:
            # The model's client takes long to import.
            from chain.answer.model_run import with_model

            self._model = with_model(settings)

    def warm_up(self) -> None:
        """Loads models and caches before the first question; calls no language model.

        Raises:
            StrategiewijzerError: the index cannot be searched.
        """
        index = self.index.snapshot()
        # Loads more of the message classifier than a question does.
        self._understand(index, Query("Wat denk je?", "nl"))
        self.approved_for(index, "Wat is de strategie voor de veiligheidsunie?")

    def ask(
        self,
        question: str,
        history: Sequence[Turn] = (),
        language: str | None = None,
        config: RunnableConfig | None = None,
        *,
        scope: Scope = Scope(),
        by: str = "",
    ) -> Answer:
        """Returns the whole answer; arguments as in `stream`."""
        *_, last = self.stream(question, history, language, config, scope=scope, by=by)
        assert isinstance(last, Finished)  # noqa: S101 - `stream` ends with it
        return last.answer

    def stream(
        self,
        question: str,
        history: Sequence[Turn] = (),
        language: str | None = None,
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
            config: LangChain's, for callbacks and tracers.
            scope: limits of the search.
            by: identifier of who asks, for `after`.
        """
        language = language or self._language(question, history)
        query = Query(question, language, history, scope, config)
        yield from self._kept(_measured(lambda watch: self._retried(query, watch)), by)

    def _kept(self, events: Iterator[Event], by: str) -> Iterator[Event]:
        """The events, of which `after` gets the answer before the last.

        With an audit record all text is held back until then: what `after` raises ends the events,
        so nothing is shown that is not on record, also when a reader stops halfway.
        """
        held: list[Event] = []
        for event in events:
            if self.settings.audit and isinstance(event, TextDelta):
                held.append(event)
                continue
            if isinstance(event, Finished):
                if self._after is not None:
                    self._after(event.answer, by)
                yield from held
            yield event

    def _retried(self, query: Query, watch: "_Stopwatch") -> Generator[Event, None, None]:
        """The events of an answer; from the start again if its index generation is deleted
        meanwhile.

        Raises:
            GenerationGone: text was shown: it cannot be taken back.
        """
        shown = False
        try:
            for event in self._answer(query, watch):
                shown = shown or isinstance(event, TextDelta)
                yield event
        except GenerationGone:
            if shown:
                raise
            yield from self._answer(query, watch)

    def _answer(self, query: Query, watch: "_Stopwatch") -> Generator[Event, None, None]:
        """The events of `stream`, all from the index generation in use at the start."""
        watch.begin("understand")
        yield Stage(name="searching")
        index = self.index.snapshot()
        meaning = self._understand(index, query)
        if not meaning.asks:
            nothing = AnswerRun(Request(query.question, query.language, ()))
            watch.stop()
            yield from reply(index, query, meaning, nothing, watch.laps)
            return
        query, lasting = about_lasting(index, query, meaning)
        watch.begin("retrieve")
        found = retrieve(
            index,
            query,
            meaning,
            self.settings.results,
            for_model=self.settings.generative,
            translate=self._translate(query),
        )
        watch.begin("decide")
        yield Stage(name="reading")
        decision = decide(index, query, meaning, found, self.settings)
        if decision.in_parts:
            watch.begin("parts")
        request = build_request(index, query, meaning, decision)
        request = replace(request, searched_as=tuple(found.translations.values()))
        if lasting and not request.is_approved:
            request = opened(request, lasting, query, index)
            decision = decision._replace(refuses=False)
        watch.begin("answer")
        writing = self._writing(request, index, query, meaning, decision)
        if not decision.refuses:
            yield from watch.to_first_sentence(writing.write(query.config))
        if not meaning.last and (writing.builder.blocks or not decision.is_far):
            writing.unfold()  # a task on the last answer is about what that cites, and no more
        watch.stop()
        if writing.builder.blocks or meaning.can_be_quoted:
            yield from respond(index, query, meaning, decision, writing, watch.laps)
        else:
            failed = Interpretation(query.question, meaning.message, problem="failed")
            yield from reply(index, query, failed, writing, watch.laps)

    def follow_ups(
        self, answer: Answer, history: Sequence[Turn] = (), scope: Scope = Scope()
    ) -> tuple[str, ...]:
        """Up to three prepared questions near the one answered, about what was not shown yet.

        They are in the question's language; none after a refusal, which has `Answer.related`.
        Takes the same history and scope as the answer did. Costs a search.
        """
        if not answer.is_sourced:
            return ()
        return follow_ups(self.index.snapshot(), answer, history, scope)

    def approved_for(self, index: Snapshot, question: str) -> PreparedQuestion | None:
        """The approved prepared question whose answer is given to this one; no model is asked."""
        query = Query(question, self._language(question, ()))
        meaning = self._understand(index, query)
        if not meaning.asks:
            return None
        query, _ = about_lasting(index, query, meaning)
        results, generative = self.settings.results, self.settings.generative
        found = retrieve(index, query, meaning, results, for_model=generative)
        decision = decide(index, query, meaning, found, self.settings)
        request = build_request(index, query, meaning, decision)
        return request.prepared if request.is_approved and not decision.refuses else None

    def _writing(
        self,
        request: Request,
        index: Snapshot,
        query: Query,
        meaning: Interpretation,
        decision: Decision,
    ) -> AnswerRun:
        """Who writes the answer: a model if there is one, but for what is given word for word."""
        model = self._model
        if model is None or request.is_approved or request.opening:
            return AnswerRun(request)
        from chain.answer.model_run import ModelRun

        # A task rests on what it has.
        search = partial(retrieve_more, index, query, results=self.settings.results)
        return ModelRun(
            request,
            model.answerer,
            nearness_of(index),
            checking=model.checking,
            search=None if meaning.message else search,
            unconfirmed=self.settings.unconfirmed,
            stands_in=meaning.can_be_quoted and decision.quotable,
        )

    def _translate(self, query: Query) -> Translate | None:
        """Translates by the model, if there is one; into no language where it fails or is late."""
        if self._model is None:
            return None
        condenser = self._model.condenser

        def translate(question: str, others: Sequence[str]) -> Mapping[str, str]:
            try:
                return condenser.translations(question, query.language, others, query.config)
            except ModelError as error:
                logger.warning("%s The question is searched in its own language.", error)
                return {}

        return translate

    def _language(self, question: str, history: Sequence[Turn]) -> str:
        questions = [*(turn.question for turn in history), question]
        return detect_languages(questions, self.settings.default_language)[-1]

    def _understand(self, index: Snapshot, query: Query) -> Interpretation:
        """Interprets the message; a model rewrites follow-ups if there is one, else rules do."""
        language, model = query.language, self._model
        rewrite = model and (
            lambda question, turns: model.condenser.standalone(
                question, language, turns, query.config, others=other_languages(index, query)
            )
        )
        return interpret(query.question, language, query.history, index.documents(), rewrite)


class CurrentAssistant:
    """Called, it gives the assistant by the current settings; safe to share between threads.

    The index stays open, unless it is to be opened in another way. An answer under way ends with
    the assistant that it began with. A call raises what `Assistant` raises; the next tries again.
    """

    def __init__(self, keeping: HookFactory) -> None:
        self._keeping = keeping
        self._lock = threading.Lock()
        self._made: Assistant | None = None

    def __call__(self) -> Assistant:
        with self._lock:  # only one thread makes it, and an index is opened once
            made, settings = self._made, current()
            if made is None or made.settings != settings:
                stays = made is not None and not changed(made.settings, settings, AT_START)
                index = made.index if made and stays else None
                after = self._keeping(settings)
                made = self._made = Assistant(settings, after=after, index=index)
            return made


class _Stopwatch:
    """Seconds per stage, in `laps`, and until the first sentence."""

    def __init__(self) -> None:
        self.started = time.perf_counter()
        self._running: list[tuple[str, float]] = []
        self.laps: dict[str, float] = {}
        self.question = telemetry.QuestionSpan()

    def begin(self, stage: str) -> None:
        """Ends the stage that runs, and begins another."""
        self.stop()
        self._open(stage)

    def stop(self) -> None:
        """Ends the stage that runs, if one does, with what runs inside of it."""
        while self._running:
            stage, began = self._running.pop()
            self.laps[stage] = time.perf_counter() - began
            self.question.end(stage, self.laps[stage])

    def to_first_sentence(self, events: Iterator[Event]) -> Iterator[Event]:
        """Passes events on; the first text is "first_sentence", from the start."""
        for event in events:
            if isinstance(event, TextDelta):
                self.laps.setdefault("first_sentence", time.perf_counter() - self.started)
            elif isinstance(event, Stage) and event.name == "checking":
                self._open("check")
            yield event

    def _open(self, stage: str) -> None:
        self._running.append((stage, time.perf_counter()))
        self.question.begin(stage)


def _measured(answer: Callable[[_Stopwatch], Generator[Event, None, None]]) -> Iterator[Event]:
    """The events of an answer that measures its stages by the stopwatch that it is given."""
    watch = _Stopwatch()
    events = answer(watch)
    finished: Answer | None = None
    failure: Exception | None = None
    try:
        while True:
            with watch.question.active():
                event = next(events, None)
            if event is None:
                return
            if isinstance(event, Finished):
                finished = event.answer
            yield event
    except Exception as error:
        failure = error
        raise
    finally:
        with watch.question.active():
            events.close()
            watch.stop()
        watch.question.ended(finished, failure)
        _log(watch, finished, failure)


def _log(watch: _Stopwatch, finished: Answer | None, failure: Exception | None) -> None:
    """Logs a question by its figures, without anything that was asked or said."""
    fields: dict[str, object] = {"seconds": round(time.perf_counter() - watch.started, 3)}
    if finished is not None:
        fields |= {"kind": finished.kind, "mode": finished.mode, "language": finished.language}
        fields["generation"] = finished.generation
        if finished.trouble:
            fields["trouble"] = finished.trouble
    elif failure is not None:
        fields |= {"kind": "failed", "error": kind_and_place(failure)}
    else:
        fields["kind"] = "stopped"
    logger.info("A question ended", extra={"fields": fields})
