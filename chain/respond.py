"""Gives the finished answer: as it was written, or in the assistant's own words.

Its own words are a reply, a refusal, and until when a document applies: that opens the answer to a
question about it, and stands below any other that cites a document whose period is over.
"""

import datetime
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Literal, NamedTuple

from chain.answer.composition import AnswerRun
from chain.answer.suggestions import related
from chain.answerability import Decision
from chain.request import Query, Request
from chain.understanding.meaning import Interpretation, lasting_asked
from core.answer import Answer, Citation, Event, Finished, Reason, TextDelta, referred
from core.answer_blocks import AnswerBlock, AnswerSentence, Blocks, marked_text, own
from core.source import DocumentInfo, Passage, PreparedQuestion, Scope, preferred
from language.figures import written
from prompts import (
    client_words,
    languages,
    phrases,
    short_phrases,
    spoken,
    spoken_in_short,
    version,
)
from vectorstore.store import Snapshot


class Beside(NamedTuple):
    """The assistant's own words in place of what was written: a refusal with its reason, or a reply
    to a message that asks nothing; and what is offered beside an answer. As in `Answer`."""

    blocks: Blocks = ()
    reason: Reason | Literal[""] = ""
    confidence: float = 0.0
    elsewhere: bool = False
    missing: tuple[str, ...] = ()
    related: tuple[str, ...] = ()


def respond(
    index: Snapshot,
    query: Query,
    meaning: Interpretation,
    decision: Decision,
    writing: AnswerRun,
    timings: Mapping[str, float],
) -> Iterator[Event]:
    """Tells the answer as written, or a refusal, with what is offered beside it."""
    why = "" if writing.builder.blocks else _why_refused(index, query, decision)
    # A model says itself what it does not find.
    says = writing.mode == "generative" and bool(writing.not_stated or not why)
    lacking = writing.not_stated if says else writing.request.lacking
    blocks: Blocks = ()
    if why:
        blocks = _refusal(query.language, why, lacking, index, query.scope)
        yield TextDelta(text=marked_text(blocks).text, blocks=blocks)
    beside = Beside(
        blocks,
        why,
        confidence=decision.confidence.value,
        elsewhere=decision.outside is not None and bool(why),
        missing=lacking if why in ("", "not_in_sources") else (),
        related=related(index, meaning.question, query, writing.request.found) if why else (),
    )
    yield Finished(answer=_answer(index, query, meaning, writing, timings, beside))


def reply(
    index: Snapshot,
    query: Query,
    meaning: Interpretation,
    writing: AnswerRun,
    timings: Mapping[str, float],
) -> Iterator[Event]:
    """Replies to a message that asks the sources nothing, or to a task that cannot be done."""
    assert meaning.message  # noqa: S101 - a question gets no reply
    known = phrases(query.language)
    text = known.tasks[meaning.problem] if meaning.problem else known.replies[meaning.message]
    blocks = (own(text),)
    yield TextDelta(text=marked_text(blocks).text, blocks=blocks)
    yield Finished(answer=_answer(index, query, meaning, writing, timings, Beside(blocks)))


def _answer(
    index: Snapshot,
    query: Query,
    meaning: Interpretation,
    writing: AnswerRun,
    timings: Mapping[str, float],
    beside: Beside,
) -> Answer:
    """The answer as written, or the assistant's own words in its place."""
    builder, request = writing.builder, writing.request
    numbers = marked_text(builder.blocks).numbers
    shown = [citation for citation in builder.citations if citation.number in numbers]
    is_written = not beside.blocks
    is_reply = not is_written and not beside.reason
    quotes = writing.mode == "extractive" and is_written and not builder.is_found
    prepared = request.prepared if quotes else None
    language = builder.language
    if not is_written:
        in_language = spoken_in_short if beside.reason else spoken
        language = in_language(query.language)
    is_own = bool(beside.blocks or request.opening)
    return Answer(
        question=query.question,
        blocks=beside.blocks or builder.blocks,
        further=builder.further,
        language=language,
        asked_in=query.language if language != query.language else "",
        citations=referred(builder.citations, client_words(language).page),
        searched=0 if is_reply else _count_documents(query.scope, index),
        passages=() if is_reply else tuple(scored.passage for scored in request.found),
        answered=is_written and not builder.is_found,
        found=builder.is_found,
        reason=beside.reason,
        message="" if beside.reason else meaning.message or meaning.aside,
        understood_as=meaning.question if meaning.question != query.question else "",
        follows=meaning.follows,
        searched_as=request.searched_as,
        elsewhere=beside.elsewhere,
        missing=beside.missing,
        asked_for=builder.asked_for(),
        related=beside.related,
        ended="" if is_own else _ended(shown, query.scope.day, query.language),
        unchecked=writing.unchecked,
        check_trouble=writing.check_trouble,
        checker=writing.checker,
        trouble=writing.trouble,
        confidence=beside.confidence,
        mode=writing.mode,
        model="" if is_reply else writing.model,
        prepared=_shown_wording(prepared, query.question, index, query.scope) if prepared else "",
        approved=prepared.approved if prepared else None,
        prompt_version=version(),
        generation=index.generation,
        timings=timings,
    )


def _shown_wording(prepared: PreparedQuestion, question: str, index: Snapshot, scope: Scope) -> str:
    """The prepared question as it is shown above its answer, or where it only matches the nearest
    wording of the same answer that is shown; empty where none is, or the reader used its words."""
    wordings = [prepared]
    if not prepared.is_shown:
        near = index.prepared(prepared.question, prepared.language, scope)
        wordings += (
            matched.prepared
            for matched in near
            if matched.prepared.units == prepared.units
            and matched.prepared.language == prepared.language
        )
    if any(wording.asks(question) for wording in wordings):
        return ""
    return next((wording.question for wording in wordings if wording.is_shown), "")


def _why_refused(index: Snapshot, query: Query, decision: Decision) -> Reason:
    """Why a question that nothing answers is refused."""
    if not _count_documents(query.scope, index):
        return "out_of_scope"
    return "off_topic" if decision.is_far else "not_in_sources"


def _refusal(
    language: str, reason: Reason, lacking: Sequence[str], index: Snapshot, scope: Scope
) -> Blocks:
    """A refusal in the question's language: that there is no answer, why, and what was searched.

    If no document is in scope, it says which limits to remove instead. In a language without
    phrases of its own it is one line.
    """
    first = short_phrases(language).refused(reason, lacking)
    if language not in languages():
        return (own(first),)
    words = phrases(language)
    if reason == "out_of_scope":
        counts = [(words.limits[name], count) for name, count in _without_a_limit(scope, index)]
        items = tuple((AnswerSentence(text=f"{limit}: {count}"),) for limit, count in counts)
        widen = own(words.widen), AnswerBlock(kind="list", items=items)
        return (own(first), *(widen if items else ()))
    made = datetime.datetime.fromisoformat(index.created).date()
    date = written(made, spoken(language))
    return own(first), own(words.searched_in(_count_documents(scope, index), date))


def _count_documents(scope: Scope, index: Snapshot) -> int:
    """Number of documents in scope; language versions count once."""
    return len({document.id for document in index.documents() if scope.admits(document)})


def _without_a_limit(scope: Scope, index: Snapshot) -> Iterator[tuple[str, int]]:
    """The limits without which documents are in scope, and how many."""
    for name in Scope.model_fields:
        wider = scope.model_copy(update={name: getattr(Scope(), name)})
        if count := _count_documents(wider, index):
            yield name, count


def _ended(citations: Sequence[Citation], day: datetime.date, language: str) -> str:
    """The line below an answer with these citations: of each document whose period is over that it
    is, and what succeeds it, unless that is cited as well; empty where there is none."""
    over = {
        citation.document.id: citation.document
        for citation in citations
        if citation.standing == "ended"
    }
    return " ".join(
        _period(document, day, language, _succeeded(document.successor, language))
        for document in over.values()
        if not any(citation.document.succeeds(document) for citation in citations)
    )


def about_lasting(
    index: Snapshot, query: Query, meaning: Interpretation
) -> tuple[Query, DocumentInfo | None]:
    """A question whether a document still applies, limited to that document, and the document in
    the version that is quoted; other questions as they are, also of a document without a period."""
    if meaning.message:
        return query, None
    lasting = [
        document
        for document in index.documents()
        if document.effective_until and query.scope.admits(document)
    ]
    name = lasting_asked(meaning.question, query.language, lasting)
    versions = {document.language: document for document in lasting if document.id == name}
    if not versions:
        return query, None
    only = query.scope.model_copy(update={"documents": (name,)})
    return replace(query, scope=only), versions[preferred(versions, query.language)]


def opened(request: Request, document: DocumentInfo, query: Query, index: Snapshot) -> Request:
    """The request of a question whether a document still applies: the answer opens with that; then
    comes the document's sentence on it, or else results."""
    day, language = query.scope.day, query.language
    successors = (info.title for info in index.documents() if info.id == document.superseded_by)
    succeeded = _succeeded(next(successors, document.successor), language)
    if not succeeded and document.is_over(day):
        succeeded = phrases(language).period.no_successor
    request = replace(request, opening=_period(document, day, language, succeeded))
    passages = index.passages([document.key])
    unit = next(_sentences_on(document, passages), "")
    if not unit:
        return replace(request, is_sure=False)
    found, passage = request.found, unit.partition("#")[0]
    if all(scored.passage.id != passage for scored in found):
        found = (*found, *index.cited([passage], request.question, query.scope))
    sentence = PreparedQuestion(
        id=f"{document.key}:period", question=query.question, language=language, units=(unit,)
    )
    return replace(request, found=found, prepared=sentence, is_sure=True, lacking=())


def _succeeded(successor: str, language: str) -> str:
    pattern = phrases(language).period.successor
    return pattern.format(successor=successor) if successor else ""


def _period(document: DocumentInfo, day: datetime.date, language: str, succeeded: str) -> str:
    """A sentence with the period of a document, or of a brief's text, and what succeeds it."""
    words, until = phrases(language).period, document.effective_until
    assert until is not None  # noqa: S101 - only documents with a period get here
    start = document.effective_from or document.date
    when = words.since.format(start=start.year) if start and start.year < until.year else ""
    if (until.month, until.day) == (12, 31):
        when += words.until_year.format(end=until.year)
    else:
        when += words.until_day.format(end=written(until, spoken(language)))
    pattern = words.over if document.is_over(day) else words.running
    sentence = pattern.format(name=_name(document, language), when=when, successor=succeeded)
    return sentence[:1].upper() + sentence[1:]


def _name(document: DocumentInfo, language: str) -> str:
    """A document as a subject, with its number."""
    words = phrases(language).suggesting
    known = words.documents.get(document.celex) or words.documents.get(document.id)
    name = known or words.titled.format(title=document.about or document.short_title)
    is_numbered = not document.reference or document.reference in name
    return name if is_numbered else f"{name} ({document.reference})"


def _sentences_on(document: DocumentInfo, passages: Sequence[Passage]) -> Iterator[str]:
    """The units that have the number or name of the successor, then those with the whole period."""
    years = set(document.period.split("–"))
    # A capital within marks a name such as ProtectEU; "EU" and "Strategy" have none.
    names = set(re.findall(r"\d+|\w*[^\W\d_A-ZÀ-Þ][A-ZÀ-Þ]\w*", document.successor)) - years
    in_order = sorted(passages, key=lambda passage: passage.start)
    sentences = {
        name: set(re.findall(r"\w+", passage.text[unit.start : unit.end]))
        for passage in in_order
        for name, unit in zip(passage.unit_ids, passage.units, strict=True)
        if unit.kind == "sentence"
    }
    yield from (name for name, words in sentences.items() if not names.isdisjoint(words))
    yield from (name for name, words in sentences.items() if len(years) > 1 and years <= words)
