"""Gives the finished answer, with the time each step took and what can be asked next."""

import logging
import time
from collections.abc import Callable, Generator, Iterator
from typing import NamedTuple

import prompts
from chain.answer.composition import AnswerRun
from chain.answer.period import ended
from chain.answer.suggestions import Suggestions
from chain.answerability import (
    Decision,
    OwnWords,
    build_refusal,
    build_reply,
    count_documents,
    reason,
)
from chain.request import Query
from chain.understanding.meaning import Interpretation
from core import telemetry
from core.answer import Answer, Event, Finished, Stage, TextDelta
from core.answer_blocks import marked_text
from core.citations import referred
from core.errors import kind_and_place
from core.prepared import PreparedQuestion
from vectorstore.store import Snapshot

logger = logging.getLogger(__name__)


class Stopwatch:
    """Seconds per stage, in `laps`, and until the first sentence."""

    def __init__(self) -> None:
        self._start = time.perf_counter()
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
                self.laps.setdefault("first_sentence", time.perf_counter() - self._start)
            elif isinstance(event, Stage) and event.name == "checking":
                self._open("check")
            yield event

    def seconds(self) -> float:
        """Since the start."""
        return time.perf_counter() - self._start

    def _open(self, stage: str) -> None:
        self._running.append((stage, time.perf_counter()))
        self.question.begin(stage)


def measured(answer: Callable[[Stopwatch], Generator[Event, None, None]]) -> Iterator[Event]:
    """The events of an answer that measures its stages by the stopwatch that it is given."""
    watch = Stopwatch()
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


def _log(watch: Stopwatch, finished: Answer | None, failure: Exception | None) -> None:
    """Logs a question by its figures, without anything that was asked or said."""
    fields: dict[str, object] = {"seconds": round(watch.seconds(), 3)}
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


# Tells what came of a message: an answer from the sources, a refusal or a reply.


class Offers(NamedTuple):
    """Suggestions and remarks beside an answer; as in `Answer`."""

    did_you_mean: str = ""
    elsewhere: bool = False
    missing: tuple[str, ...] = ()
    related: tuple[str, ...] = ()


_NO_OFFERS = Offers()


def respond(
    index: Snapshot,
    query: Query,
    meaning: Interpretation,
    decision: Decision,
    writing: AnswerRun,
    suggestions: Suggestions,
    watch: Stopwatch,
) -> Iterator[Event]:
    """Tells the answer as written, or a refusal, with what is offered beside it."""
    composition, found = writing.composition, writing.request.found
    confidence = decision.confidence.value
    why = "" if composition.blocks else reason(index, query, decision)
    # A model says itself what it does not find.
    says = writing.mode == "generative" and bool(writing.not_stated or not why)
    lacking = writing.not_stated if says else writing.request.lacking
    if not meaning.last and why != "off_topic":
        writing.unfold()  # a task on the last answer is about what that cites, and no more
    watch.stop()
    own = build_refusal(index, query, why, lacking) if why else OwnWords()
    if own.blocks:
        yield TextDelta(text=marked_text(own.blocks).text, blocks=own.blocks)
    asked = (index, meaning.question, query.language)
    is_answered = not why and not composition.is_found  # then nothing else was meant
    is_itself = is_answered or bool(meaning.last)
    offers = Offers(
        did_you_mean="" if is_itself else suggestions.respelt(*asked, found, query.scope),
        elsewhere=decision.outside is not None and bool(why),
        missing=lacking if why in ("", "not_in_sources") else (),
        related=suggestions.related(*asked, found, query.scope, query.history) if why else (),
    )
    yield Finished(answer=_answer(index, query, meaning, own, writing, watch, confidence, offers))


def reply(
    index: Snapshot,
    query: Query,
    meaning: Interpretation,
    writing: AnswerRun,
    watch: Stopwatch,
) -> Iterator[Event]:
    """Replies to a message that asks the sources nothing, or to a task that cannot be done."""
    watch.stop()
    own = build_reply(meaning, query.language)
    yield TextDelta(text=marked_text(own.blocks).text, blocks=own.blocks)
    yield Finished(answer=_answer(index, query, meaning, own, writing, watch))


def _answer(
    index: Snapshot,
    query: Query,
    meaning: Interpretation,
    own: OwnWords,
    writing: AnswerRun,
    watch: Stopwatch,
    confidence: float = 0.0,
    offers: Offers = _NO_OFFERS,
) -> Answer:
    """The answer as written, or the assistant's own words in its place."""
    composition = writing.composition
    numbers = marked_text(composition.blocks).numbers
    shown = [one for one in composition.citations if one.number in numbers]
    quotes = writing.mode == "extractive" and not own.blocks and not composition.is_found
    prepared = writing.request.prepared if quotes else None
    language = composition.language
    if own.blocks:
        spoken = prompts.spoken_in_short if own.reason else prompts.spoken
        language = spoken(query.language)
    return Answer(
        question=query.question,
        blocks=own.blocks or composition.blocks,
        further=composition.further,
        language=language,
        asked_in=query.language if language != query.language else "",
        citations=referred(composition.citations, prompts.client_words(language).page),
        searched=0 if own.is_reply else count_documents(query.scope, index),
        passages=() if own.is_reply else tuple(one.passage for one in writing.request.found),
        answered=not own.blocks and not composition.is_found,
        found=composition.is_found,
        reason=own.reason,
        message="" if own.reason else meaning.message or meaning.aside,
        understood_as=meaning.question if meaning.question != query.question else "",
        follows=meaning.follows,
        searched_as=writing.request.searched_as,
        did_you_mean=offers.did_you_mean,
        elsewhere=offers.elsewhere,
        missing=offers.missing,
        asked_for=composition.asked_for(),
        related=offers.related,
        ended=""
        if own.blocks or writing.request.opening
        else ended(shown, query.scope.day, query.language),
        unchecked=writing.unchecked,
        check_trouble=writing.check_trouble,
        checker=writing.checker,
        trouble=writing.trouble,
        confidence=confidence,
        mode=writing.mode,
        model="" if own.is_reply else writing.model,
        prepared=_answers(prepared, query, index) if prepared else "",
        approved=prepared.approved if prepared else None,
        prompt_version=prompts.version(),
        generation=index.generation,
        timings=watch.laps,
    )


def _answers(prepared: PreparedQuestion, query: Query, index: Snapshot) -> str:
    """The prepared question that is answered, or where it only matches the nearest wording of the
    same answer that is shown; empty where there is none, or it is the reader's own words."""
    wordings = [prepared]
    if not prepared.is_shown:
        near = index.prepared(prepared.question, prepared.language, query.scope)
        same = (one.prepared for one in near if one.prepared.units == prepared.units)
        wordings += (one for one in same if one.language == prepared.language)
    if any(one.asks(query.question) for one in wordings):
        return ""
    return next((one.question for one in wordings if one.is_shown), "")
