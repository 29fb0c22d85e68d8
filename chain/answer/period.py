"""What is said of a document with a period: until when it runs, that it is over, what succeeds it.

a question whether a document still applies -> a sentence of our own, then the document's own on it
any other answer -> one line below it, on the documents that it cites and whose period is over
"""

import datetime
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from chain.request import Query, Request
from chain.understanding.meaning import Interpretation, lasting_asked
from core.citations import Citation
from core.prepared import PreparedQuestion
from core.source import DocumentInfo, Passage, preferred
from language.dates import written
from prompts import phrases, spoken
from vectorstore.store import Snapshot


def ended(citations: Sequence[Citation], day: datetime.date, language: str) -> str:
    """The line below an answer with these citations: of each document whose period is over that it
    is, and what succeeds it, unless that is cited as well; empty where there is none."""
    over = {one.document.id: one.document for one in citations if one.standing == "ended"}
    return " ".join(
        _told(document, day, language, _succeeded(document.successor, language))
        for document in over.values()
        if not any(one.document.succeeds(document) for one in citations)
    )


def document_asked(index: Snapshot, query: Query, meaning: Interpretation) -> DocumentInfo | None:
    """The document, in the version that is quoted, of which a question asks whether it still
    applies; None for other questions, and for a document without a period."""
    if meaning.message:
        return None
    there = [one for one in index.documents() if one.effective_until and query.scope.admits(one)]
    name = lasting_asked(meaning.question, query.language, there)
    versions = {one.language: one for one in there if one.id == name}
    return versions[preferred(versions, query.language)] if versions else None


def opened(request: Request, document: DocumentInfo, query: Query, index: Snapshot) -> Request:
    """The request of a question whether a document still applies: that is told first; then comes
    the document's sentence on it, or else results."""
    day, language = query.scope.day, query.language
    there = (one.title for one in index.documents() if one.id == document.superseded_by)
    succeeded = _succeeded(next(there, document.successor), language)
    if not succeeded and document.is_over(day):
        succeeded = phrases(language).period.no_successor
    request = replace(request, opening=_told(document, day, language, succeeded))
    passages = index.passages([document.key])
    unit = next(_sentences_on(document, passages), "")
    if not unit:
        return replace(request, is_sure=False)
    found, passage = request.found, unit.partition("#")[0]
    if all(one.passage.id != passage for one in found):
        found = (*found, *index.cited([passage], request.question, query.scope))
    said = PreparedQuestion(
        id=f"{document.key}:period", question=query.question, language=language, units=(unit,)
    )
    return replace(request, found=found, prepared=said, is_sure=True, lacking=())


def _succeeded(successor: str, language: str) -> str:
    said = phrases(language).period.successor
    return said.format(successor=successor) if successor else ""


def _told(document: DocumentInfo, day: datetime.date, language: str, succeeded: str) -> str:
    """The period of a document, of a brief that of the text it summarises, as a sentence that ends
    with what succeeds it."""
    words, until = phrases(language).period, document.effective_until
    assert until is not None  # noqa: S101 - only documents with a period are told
    start = document.effective_from or document.date
    when = words.since.format(start=start.year) if start and start.year < until.year else ""
    if (until.month, until.day) == (12, 31):
        when += words.until_year.format(end=until.year)
    else:
        when += words.until_day.format(end=written(until, spoken(language)))
    said = words.over if document.is_over(day) else words.running
    told = said.format(name=_name(document, language), when=when, successor=succeeded)
    return told[:1].upper() + told[1:]


def _name(document: DocumentInfo, language: str) -> str:
    """A document as a subject, with its number."""
    said = phrases(language).suggesting
    known = said.documents.get(document.celex) or said.documents.get(document.id)
    name = known or said.titled.format(title=document.about or document.short_title)
    is_numbered = not document.reference or document.reference in name
    return name if is_numbered else f"{name} ({document.reference})"


def _sentences_on(document: DocumentInfo, passages: Sequence[Passage]) -> Iterator[str]:
    """The units with the number or the name of the successor, then those with both ends of the
    period."""
    years = set(document.period.split("–"))
    # A name such as ProtectEU is told by its capital within, as "EU" and "Strategy" are not.
    names = set(re.findall(r"\d+|\w*[^\W\d_A-ZÀ-Þ][A-ZÀ-Þ]\w*", document.successor)) - years
    in_order = sorted(passages, key=lambda one: one.start)
    said = {
        name: set(re.findall(r"\w+", passage.text[unit.start : unit.end]))
        for passage in in_order
        for name, unit in zip(passage.unit_ids, passage.units, strict=True)
        if unit.kind == "sentence"
    }
    yield from (name for name, words in said.items() if not names.isdisjoint(words))
    yield from (name for name, words in said.items() if len(years) > 1 and years <= words)
