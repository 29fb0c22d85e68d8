"""Changes of a plan as HTML, and the preview of what is new."""

import datetime
import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import streamlit as st

from core.errors import as_path, printable
from core.settings import Settings
from core.source import StaleQuestion
from ingest.passages.isolated import Loader
from ingest.publishing.changes import word_diff
from ingest.publishing.ingest_report import (
    DocumentChange,
    Failure,
    Guesses,
    PassageChange,
    PreparedChange,
    Report,
)
from ui import error_messages, formats, markup
from ui.maintenance import all_documents, document_files
from ui.maintenance.about import problem, show_about
from ui.markup import code, definitions_html, escape, facts_html, folded_html
from ui.paging import page_of
from ui.texts import Texts
from vectorstore.segments import DocumentEntry

# What a run changes, or would change, as HTML: the data of ingest/publishing/changes.py, in the
# interface language. What comes from files is data; what ingest says in English is folded.


_PATH = " › "
_DATES = ("date", "effective_from", "effective_until")  # fields
_LABELS = {"language": "languages", "kind": "kinds", "area": "areas"}  # texts of their values
_SHOWN = (  # to be looked at
    "kind", "title", "known_as", "id", "date", "area", "reference", "publisher", "url",
)  # fmt: skip
_PASSAGES = 40  # of one document; the report that can be downloaded has them all


def counts_html(report: Report, texts: Texts) -> str:
    """How many documents are added, changed and so on, and how many passages that takes."""
    plan = report.plan
    counts = {
        "added": len(plan.added),
        "changed": len(plan.changed),
        "renamed": len(plan.renamed),
        "removed": len(plan.removed),
        "unchanged": len(plan.unchanged),
        "failed": len(report.failures),
        "missing": len(report.missing),
        "embedded": report.embedded,
        "reused": report.reused,
    }
    shown = (
        (texts(f"maintenance.counts.{name}"), formats.number(number, texts.language))
        for name, number in counts.items()
        if number or name in ("added", "changed", "removed")
    )
    unit = facts_html(texts("maintenance.counts.unit"))
    return unit + definitions_html("sw-counts", shown)


def notes_html(report: Report, texts: Texts) -> str:
    """Notes on a plan: what could not be taken, what was guessed, what was kept without its file or
    left out."""
    failures = (_failure(one, texts) for one in report.failures)
    guesses = (_guesses(one, texts) for one in report.guesses)
    unused = (
        f"<strong>{escape(markup.name(one.path))}</strong>: {escape(', '.join(one.names))}"
        for one in report.unused
    )
    left_out = (
        f"<strong>{escape(markup.name(seen.path))}</strong>: "
        f"{escape(texts(f'maintenance.left_out.{seen.why}'))}"
        for seen in report.left_out
    )
    unconfirmed = (f"<strong>{escape(markup.name(path))}</strong>" for path in report.unconfirmed)
    stale = (_stale(change, one, texts) for change in report.questions for one in change.stale)
    return "".join(
        (
            _listed("failures", failures, texts, is_open=True),
            _listed("unconfirmed", unconfirmed, texts, is_open=True),
            _listed("stale", stale, texts, is_open=True),
            _listed("guesses", guesses, texts, is_open=True),
            _listed("unused", unused, texts),
            _listed("missing", map(escape, report.missing), texts),
            _listed("left_out", left_out, texts),
        )
    )


def _failure(one: Failure, texts: Texts) -> str:
    """A document that cannot be taken: its name, why, what to do, and the details."""
    said = error_messages.reason(one.fault, one.field, texts)
    if one.kept:
        said += f" {texts('maintenance.report.kept')}"
    told = f"{printable(one.path)}: {one.problem}. {one.remedy}"
    name = escape(markup.name(one.path))
    return f"<strong>{name}</strong>: {escape(said)}{error_messages.fold(told, texts)}"


def _stale(change: PreparedChange, one: StaleQuestion, texts: Texts) -> str:
    """A prepared question that has lost its answer: its document, the question, and why."""
    told = texts(f"maintenance.stale.{one.why}", words=printable(one.words), line=one.line)
    name = escape(markup.name(change.path))
    return f"<strong>{name}</strong>: {escape(printable(one.question))} {escape(told)}"


def _guesses(one: Guesses, texts: Texts) -> str:
    """The fields of a document that were filled in by the program, to be checked."""
    fields = (
        (
            texts.label("maintenance.fields", name),
            f"<mark>{escape(_value(name, value, texts))}</mark>",
        )
        for name, value in one.fields.items()
    )
    name = escape(markup.name(one.path))
    return f"<strong>{name}</strong>{definitions_html('sw-guesses', fields)}"


def document_html(change: DocumentChange, texts: Texts) -> str:
    """The changes in one document: its metadata, and the words that go and come."""
    kind = escape(texts(f"maintenance.kinds.{change.kind}"))
    is_whole = change.kind in ("added", "removed")
    count = _passages(len(change.passages), texts, "passages" if is_whole else "differ")
    differ = f" · {escape(count)}" if change.passages else ""
    path = f"{markup.name(change.former_path)} → " if change.former_path else ""
    shown = "".join(_passage(passage, texts) for passage in change.passages[:_PASSAGES])
    more = len(change.passages) - _PASSAGES
    if more > 0:
        shown += f"<p>{escape(texts('maintenance.report.more', number=more))}</p>"
    same = () if is_whole else (_passages(change.unchanged, texts, "same"),)
    facts = facts_html(path + markup.name(change.path), *same)
    return folded_html(
        "sw-change",
        f"<strong>{kind}</strong> {escape(printable(change.title))}{differ}",
        f"<div>{facts}{_fields(change, texts)}{shown}</div>",
    )


def info_html(change: DocumentChange, texts: Texts) -> str:
    """A document as readers will see it; nothing of one that goes."""
    if change.info is None:
        return ""
    known = change.info.model_dump(mode="json")
    known["known_as"] = change.info.short_title
    empty = texts("maintenance.report.empty")
    shown = (
        (
            texts.label("maintenance.fields", name),
            escape(_value(name, printable(known[name] or ""), texts) or empty),
        )
        for name in _SHOWN
        if name != "known_as" or known[name] != change.info.title
    )
    return definitions_html("sw-guesses", shown)


def _passages(number: int, texts: Texts, kind: str) -> str:
    """A number of passages, in words: of a whole document, or that differ or are the same."""
    return texts(f"maintenance.report.{kind}.{'one' if number == 1 else 'more'}", number=number)


def _fields(change: DocumentChange, texts: Texts) -> str:
    rows = "".join(
        f'<tr><th scope="row">{escape(texts.label("maintenance.fields", name))}</th>'
        f"<td><del>{escape(_value(name, before, texts))}</del> "
        f"<ins>{escape(_value(name, after, texts))}</ins></td></tr>"
        for name, (before, after) in change.fields.items()
    )
    return f'<table class="sw-fields"><tbody>{rows}</tbody></table>' if rows else ""


def _value(name: str, value: str, texts: Texts) -> str:
    """The value of a field, as the language of the page writes it."""
    if name in _LABELS:
        return texts.label(_LABELS[name], value)
    if name not in _DATES or not value:
        return value
    try:
        return texts.date(datetime.date.fromisoformat(value))
    except ValueError:
        return value


def _passage(passage: PassageChange, texts: Texts) -> str:
    kind = escape(texts(f"maintenance.kinds.{passage.kind}"))
    former = ""
    if passage.former_headings:
        told = texts("maintenance.report.former")
        former = facts_html(f"{told} {_headings(passage.former_headings)}")
    return (
        f'<p class="sw-small">{kind}: {escape(_headings(passage.headings))}</p>{former}'
        f'<p class="sw-diff">{"".join(_pieces(passage, texts))}</p>'
    )


def _pieces(passage: PassageChange, texts: Texts) -> Iterator[str]:
    """The text with what went and came marked; a passage that is all new or all gone needs none."""
    if passage.kind != "changed":
        yield escape(passage.after or passage.before)
        return
    marks = {"gone": "del", "new": "ins"}
    former = ""
    for piece in word_diff(passage.before, passage.after):
        mark = marks.get(piece.kind)
        if (former, piece.kind) == ("gone", "new"):
            yield " "
        former = piece.kind
        if mark is None:
            yield escape(piece.text)
            continue
        spoken = escape(texts(f"maintenance.report.{piece.kind}"))
        yield f'<{mark}><span class="sw-hidden">{spoken} </span>{escape(piece.text)}</{mark}>'


def _headings(path: tuple[str, ...]) -> str:
    return _PATH.join(path[1:] or path)


def _listed(name: str, lines: Iterable[str], texts: Texts, *, is_open: bool = False) -> str:
    """A list of HTML that can be folded; nothing where it is empty."""
    items = [f"<li>{line}</li>" for line in lines]
    if not items:
        return ""
    title = escape(texts(f"maintenance.report.{name}", number=len(items)))
    listed = f"<div><ul>{''.join(items)}</ul></div>"
    return folded_html("sw-change", title, listed, is_open=is_open)


# The documents of a report: what changes in each, how readers will see it, a way to correct it.


_PAGE = 20  # documents shown at once; all of a first run would be sent at every click
_ORDER = ("removed", "changed", "added", "renamed")  # what asks for a look comes first


def show_preview(report: Report, key: str, texts: Texts) -> None:
    """Shows what was published, a page of documents at a time."""
    place, shown = _page(report, key)
    for change in shown:
        place.html(document_html(change, texts))


def show_to_correct(
    report: Report,
    key: str,
    settings: Settings,
    entries: Sequence[DocumentEntry],
    saved: Callable[[], None],
    texts: Texts,
) -> None:
    """Shows what would be published: each document as readers will see it, to be corrected.

    Args:
        report: of the preview.
        key: of the widget for pages.
        settings: say where documents are.
        entries: the documents in use.
        saved: called once something was corrected.
        texts: the strings of the interface language.
    """
    place, shown = _page(report, key)
    with place, Loader(settings) as loader:
        for change in shown:
            st.html(document_html(change, texts) + info_html(change, texts))
            file = as_path(change.path)
            if change.info and file.is_file() and document_files.is_read(settings, file):
                _correct(change, file, settings, entries, loader, saved, texts)


def _page(
    report: Report, key: str
) -> tuple[st.delta_generator.DeltaGenerator, Sequence[DocumentChange]]:
    changes = sorted(report.changes, key=lambda change: _ORDER.index(change.kind))
    return page_of(changes, _PAGE, key=f"{key}-page")


def _correct(
    change: DocumentChange,
    file: Path,
    settings: Settings,
    entries: Sequence[DocumentEntry],
    loader: Loader,
    saved: Callable[[], None],
    texts: Texts,
) -> None:
    name = hashlib.sha256(f"preview {change.path}".encode()).hexdigest()[:12]
    label = f"{texts('maintenance.report.correct')} {code(change.title)}"
    place = st.expander(label, key=f"plain-preview-{name}", on_change="rerun")
    if not place.open:
        return
    with place:
        with st.spinner(texts("maintenance.upload.reading")):
            said = document_files.preview_kept(file, settings, loader)
        if said.failure is not None:
            st.error(problem(said.failure.fault, said.failure.field, texts))
        all_documents.upload_notes(
            said, change.path, {entry.key: entry for entry in entries}, texts
        )
        show_about(settings, file, name, said, entries, texts, saved)
