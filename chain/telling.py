"""Tells what came of a message: an answer from the sources, a refusal or a reply.

what was written -> a reason to refuse, what is lacking -> blocks to unfold, offers -> `Answer`
"""

from collections.abc import Iterator
from typing import NamedTuple

import prompts
from chain.answer.drafting import Writing
from chain.answer.suggestions import Suggestions
from chain.deciding import Decision, OwnWords, reason, refused, replied
from chain.query import Query
from chain.stopwatch import Stopwatch
from chain.understanding.meaning import Understood
from chain.understanding.spelling import respelt
from core.answer import Answer
from core.answer_blocks import marked_text
from core.event import Event, Finished, TextDelta
from core.prepared import PreparedQuestion
from vectorstore.snapshot import Snapshot


class Offers(NamedTuple):
    """What is told beside an answer; as in `Answer`."""

    did_you_mean: str = ""
    elsewhere: bool = False
    missing: tuple[str, ...] = ()
    related: tuple[str, ...] = ()


_NO_OFFERS = Offers()


def tell(
    index: Snapshot,
    query: Query,
    meant: Understood,
    decision: Decision,
    writing: Writing,
    suggestions: Suggestions,
    watch: Stopwatch,
) -> Iterator[Event]:
    """Tells the answer as written, or a refusal, with what is offered beside it."""
    composition, found = writing.composition, writing.request.found
    sure = decision.sure.value
    why = "" if composition.blocks else reason(index, query, decision.sure)
    # A model says itself what it does not find.
    lacking = writing.request.lacking if why or writing.mode != "generative" else ()
    if not meant.last and why != "off_topic":
        writing.unfold()  # a task on the last answer is about what that cites, and no more
    watch.stop()
    own = refused(index, query, why, lacking) if why else OwnWords()
    if own.blocks:
        yield TextDelta(text=marked_text(own.blocks).text, blocks=own.blocks)
    asked = (index, meant.question, query.language)
    offers = Offers(
        did_you_mean="" if meant.last else suggestions.respelt(*asked, found, query.scope),
        elsewhere=decision.outside is not None and bool(why),
        missing=lacking if why in ("", "not_in_sources") else (),
        related=suggestions.related(*asked, found, query.scope, query.history) if why else (),
    )
    yield Finished(answer=_answer(index, query, meant, own, writing, watch, sure, offers))


def reply(
    index: Snapshot, query: Query, meant: Understood, writing: Writing, watch: Stopwatch
) -> Iterator[Event]:
    """Replies to a message that asks the sources nothing, or to a task that cannot be done."""
    watch.stop()
    own = replied(meant, query.language)
    yield TextDelta(text=marked_text(own.blocks).text, blocks=own.blocks)
    yield Finished(answer=_answer(index, query, meant, own, writing, watch))


def _answer(
    index: Snapshot,
    query: Query,
    meant: Understood,
    own: OwnWords,
    writing: Writing,
    watch: Stopwatch,
    sure: float = 0.0,
    offers: Offers = _NO_OFFERS,
) -> Answer:
    """The answer as written, or the assistant's own words in its place."""
    composition = writing.composition
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
        citations=composition.citations,
        passages=() if own.is_reply else tuple(one.passage for one in writing.request.found),
        answered=not own.blocks and not composition.is_found,
        found=composition.is_found,
        reason=own.reason,
        message="" if own.reason else meant.message,
        understood_as=meant.question if meant.question != query.question else "",
        follows=meant.follows,
        did_you_mean=offers.did_you_mean,
        elsewhere=offers.elsewhere,
        missing=offers.missing,
        asked_for=composition.asked_for(),
        related=offers.related,
        unchecked=writing.unchecked,
        checker=writing.checker,
        trouble=writing.trouble,
        confidence=sure,
        mode=writing.mode,
        model="" if own.is_reply else writing.model,
        prepared=_answers(prepared, query, writing, index) if prepared else "",
        approved=prepared.approved if prepared else None,
        prompt_version=prompts.version(),
        generation=index.generation,
        timings=watch.laps,
    )


def _answers(prepared: PreparedQuestion, query: Query, writing: Writing, index: Snapshot) -> str:
    """The prepared question that is answered, in the spelling of the passages that answer it, as
    misspelt ones are prepared too; empty where it is the reader's own words."""
    found = (one.passage for one in writing.request.found)
    passages = [one for one in found if one.id in prepared.passages]
    better = respelt(prepared.question, prepared.language, index, passages)
    shown = prepared.model_copy(update={"question": better or prepared.question})
    own = prepared.asks(query.question) or shown.asks(query.question)
    return "" if own else shown.question
