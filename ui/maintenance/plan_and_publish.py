"""What publishing would change, and publishing: nothing is published but what a plan showed.

Nothing of it is kept but in the session. In what changes, the words of files are data; what ingest
says in English is folded.
"""

import datetime
from collections.abc import Iterator, Sequence

import streamlit as st

from core.files import printable
from core.settings import Settings
from core.source import StaleQuestion
from ingest.publishing.changes import word_diff
from ingest.publishing.ingest_run import (
    DocumentChange,
    Failure,
    Guesses,
    PassageChange,
    PreparedChange,
    Report,
)
from ui import error_messages, jobs, markup
from ui.jobs import Job
from ui.maintenance import document_files, generation_list
from ui.maintenance import job_list as work
from ui.maintenance.job_list import PageContext
from ui.markup import definitions_html, escape, facts_html, folded_html
from ui.paging import page_of
from ui.texts import Texts
from vectorstore.manifest import made_at

_NOTE = "maintenance-note"
_LONGEST_NOTE = 300  # characters: a few sentences
_PAGE = 20  # documents shown at once; all of a first run would be sent at every click
_ORDER = ("removed", "changed", "added")  # what asks for a look comes first
_DATES = ("date", "effective_from", "effective_until")  # fields
_LABELS = {"language": "languages", "kind": "kinds", "area": "areas"}  # texts of their values
_SHOWN = (  # to be looked at
    "kind", "title", "known_as", "id", "date", "area", "reference", "publisher", "url",
)  # fmt: skip
_MARKS = {"gone": "del", "new": "ins"}
_PASSAGES = 40  # of one document; the report that can be downloaded has them all


def show(context: PageContext) -> None:
    """The plan in force, the way to publish it, and what was published before."""
    settings, texts = context.settings, context.texts
    st.header(texts("maintenance.plan.heading"), anchor=False)
    st.markdown(texts("maintenance.plan.explained"))
    last, newest = work.latest(settings, "plan"), jobs.latest(settings.data_dir, "ingest")
    report = work.report(last) if last else None
    arguments = ("maintenance-plan", "--dry-run", "--json")
    context.job_button("maintenance.plan.make", *arguments, primary=report is None)
    generation_list.brought_back(settings, texts)
    if last is None or newest is None or report is None:
        if not context.busy:
            st.info(texts("maintenance.plan.none"))
    elif newest == last and _untouched_since(last, settings):
        _plan(last, report, context)  # what others do with the files is noticed on publishing
    elif work.is_published(newest) and _untouched_since(newest, settings):
        st.info(texts("maintenance.plan.published"))
    elif not context.busy:
        reason = "another" if work.task(newest) == "rollback" else "outdated"
        st.info(texts(f"maintenance.plan.{reason}"))
    _published(settings, texts)


def _untouched_since(job: Job, settings: Settings) -> bool:
    uploads = document_files.folder(settings)
    return not uploads.is_dir() or uploads.stat().st_mtime < job.started.timestamp()


def _plan(plan: Job, report: Report, context: PageContext) -> None:
    """Shows what publishing would change, and the button for it: also where it only erases for
    good."""
    settings, texts = context.settings, context.texts
    st.html(facts_html(work.since(plan, texts)))
    if report.stop:
        st.warning(_stop(report, texts))
        error_messages.details(report.stop, texts)
    elif report.plan.is_empty:
        waiting = "erase" if document_files.removed(settings) else "empty"
        st.success(texts(f"maintenance.plan.{waiting}"))
    _show_changes(report, "maintenance-plan", texts)
    if not report.plan.is_empty or document_files.removed(settings):
        _publish(report, context)


def _show_changes(report: Report, key: str, texts: Texts) -> None:
    """Counts, notes and the documents; those of a plan also as readers will see them."""
    st.html(counts_html(report, texts) + notes_html(report, texts))
    changes = sorted(report.changes, key=lambda change: _ORDER.index(change.kind))
    place, shown = page_of(changes, _PAGE, key=f"{key}-page")
    for change in shown:
        info = info_html(change, texts) if report.dry_run else ""
        place.html(document_html(change, texts) + info)


def _stop(report: Report, texts: Texts) -> str:
    """Why nothing can be, or was, published."""
    if report.failures and not (report.plan.written or report.plan.unchanged):
        return texts("maintenance.plan.none_taken")
    return texts("maintenance.plan.would_shrink", number=len(report.plan.removed))


def _publish(report: Report, context: PageContext) -> None:
    """The options that make a difference here, and the button."""
    texts = context.texts
    arguments = ["--json", "--as-planned", report.fingerprint]
    can = bool(report.plan.written or report.plan.unchanged or not report.failures)
    if report.stop and can:
        with st.container(gap="xxsmall"):
            label = texts("maintenance.plan.shrink", number=len(report.plan.removed))
            can = st.checkbox(label, key="maintenance-shrink")
            st.html(facts_html(texts("maintenance.plan.shrink_help")))
        arguments.append("--allow-shrink")
    st.text_input(
        texts("maintenance.plan.note"),
        max_chars=_LONGEST_NOTE,
        help=texts("maintenance.plan.note_help"),
        key=_NOTE,
    )
    context.button(
        "maintenance.plan.publish",
        "maintenance-publish",
        _start,
        *arguments,
        primary=True,
        disabled=context.busy or not can,
    )


def _start(*arguments: str) -> None:
    """Publishes, with the note as it was typed."""
    note = printable(st.session_state[_NOTE].strip())
    work.start(*arguments, *([f"--note={note}"] if note else []))


def _published(settings: Settings, texts: Texts) -> None:
    """What became of the last publication, or that a version was restored since."""
    st.header(texts("maintenance.published.heading"), anchor=False)
    job = work.latest(settings, "publish", "rollback")
    if job is None:
        st.info(texts("maintenance.published.none"))
        return
    if job.state == "running":
        st.info(texts("maintenance.published.running"))
        return
    st.html(facts_html(work.since(job, texts)))
    if work.task(job) == "rollback" and job.state == "done":
        made = made_at(job.arguments[-1])
        moment = texts.moment(made) if made else job.arguments[-1]
        st.success(texts("maintenance.published.restored", moment=moment))
        return
    report = work.report(job)
    if report is None:
        st.info(texts("maintenance.published.unfinished"))
        error_messages.details(job.errors(), texts)
        return
    if report.generation:
        st.success(texts("maintenance.published.done"))
    elif not report.stop:
        st.success(texts("maintenance.published.nothing"))
    elif "--as-planned" in job.arguments and report.fingerprint not in job.arguments:
        st.warning(texts("maintenance.plan.changed"))
    else:
        st.warning(f"{texts('maintenance.published.not')} {_stop(report, texts)}")
        error_messages.details(report.stop, texts)
    _show_changes(report, "maintenance-published", texts)


def counts_html(report: Report, texts: Texts) -> str:
    """How many documents are added, changed and so on, and how many passages that takes."""
    plan = report.plan
    counts = {
        "added": len(plan.added),
        "changed": len(plan.changed),
        "removed": len(plan.removed),
        "unchanged": len(plan.unchanged),
        "failed": len(report.failures),
        "embedded": report.embedded,
        "reused": report.reused,
    }
    shown = (
        (texts(f"maintenance.counts.{name}"), texts.number(number))
        for name, number in counts.items()
        if number or name in ("added", "changed", "removed")
    )
    unit = facts_html(texts("maintenance.counts.unit"))
    return unit + definitions_html("sw-counts", shown)


def notes_html(report: Report, texts: Texts) -> str:
    """Notes on a plan: what could not be taken, what was guessed or left out."""
    left_out = {file.path: texts(f"maintenance.left_out.{file.why}") for file in report.left_out}
    unused = {file.path: ", ".join(file.names) for file in report.unused}
    stale = [(change, question) for change in report.questions for question in change.stale]
    to_look_at = {
        "failures": [_failure(failure, texts) for failure in report.failures],
        "unconfirmed": [_file(path) for path in report.unconfirmed],
        "stale": [_stale(change, question, texts) for change, question in stale],
        "guesses": [_guesses(guess, texts) for guess in report.guesses],
        "detected": [f"{_file(d.path)}: {escape(d.encoding)}" for d in report.detected],
    }
    others = {
        "unused": [f"{_file(path)}: {escape(names)}" for path, names in unused.items()],
        "left_out": [f"{_file(path)}: {escape(why)}" for path, why in left_out.items()],
    }
    return "".join(
        _listed(name, lines, texts, is_open=name in to_look_at)
        for name, lines in {**to_look_at, **others}.items()
        if lines
    )


def show_not_taken(failures: Sequence[Failure], texts: Texts) -> None:
    """What the last run could not take, from here or by a command; nothing where it took all."""
    place, listed = page_of(failures, _PAGE, key="maintenance-not-taken-page")
    if listed:
        lines = [_failure(failure, texts) for failure in listed]
        title = texts("maintenance.report.not_taken", number=len(failures))
        place.html(_folded(title, lines, is_open=True))


def _file(path: str) -> str:
    return f"<strong>{escape(markup.name(path))}</strong>"


def _failure(failure: Failure, texts: Texts) -> str:
    """A document that cannot be taken: its name, why, what to do, and the details."""
    reason = error_messages.reason(failure.fault, failure.field, texts)
    if failure.kept:
        reason += f" {texts('maintenance.report.kept')}"
    details = f"{printable(failure.path)}: {failure.problem}. {failure.remedy}"
    return f"{_file(failure.path)}: {escape(reason)}{error_messages.fold(details, texts)}"


def _stale(change: PreparedChange, stale: StaleQuestion, texts: Texts) -> str:
    """A prepared question that has lost its answer: its document, the question, and why."""
    words = printable(stale.words)
    why = texts(f"maintenance.stale.{stale.why}", words=words, line=stale.line)
    return f"{_file(change.path)}: {escape(printable(stale.question))} {escape(why)}"


def _guesses(guesses: Guesses, texts: Texts) -> str:
    """The fields of a document that were filled in by the program, to be checked."""
    fields = (
        (
            texts.label("maintenance.fields", name),
            f"<mark>{escape(_value(name, value, texts))}</mark>",
        )
        for name, value in guesses.fields.items()
    )
    return f"{_file(guesses.path)}{definitions_html('sw-guesses', fields)}"


def document_html(change: DocumentChange, texts: Texts) -> str:
    """The changes in one document: its metadata, and the words that go and come."""
    kind = escape(texts(f"maintenance.kinds.{change.kind}"))
    is_whole = change.kind in ("added", "removed")
    count = _passages(len(change.passages), texts, "passages" if is_whole else "differ")
    differ = f" · {escape(count)}" if change.passages else ""
    shown = "".join(_passage(passage, texts) for passage in change.passages[:_PASSAGES])
    more = len(change.passages) - _PASSAGES
    if more > 0:
        shown += f"<p>{escape(texts('maintenance.report.more', number=more))}</p>"
    same = () if is_whole else (_passages(change.unchanged, texts, "same"),)
    facts = facts_html(markup.name(change.path), *same)
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
        label = texts("maintenance.report.former")
        former = facts_html(f"{label} {_headings(passage.former_headings)}")
    return (
        f'<p class="sw-small">{kind}: {escape(_headings(passage.headings))}</p>{former}'
        f'<p class="sw-diff">{"".join(_pieces(passage, texts))}</p>'
    )


def _pieces(passage: PassageChange, texts: Texts) -> Iterator[str]:
    """What changed, marked within the text; a passage that is all new or all gone has no marks."""
    if passage.kind != "changed":
        yield escape(passage.after or passage.before)
        return
    former = ""
    for piece in word_diff(passage.before, passage.after):
        if (former, piece.kind) == ("gone", "new"):
            yield " "
        former = piece.kind
        if piece.kind == "same":
            yield escape(piece.text)
            continue
        mark, spoken = _MARKS[piece.kind], escape(texts(f"maintenance.report.{piece.kind}"))
        yield f'<{mark}><span class="sw-hidden">{spoken} </span>{escape(piece.text)}</{mark}>'


def _headings(path: tuple[str, ...]) -> str:
    return " › ".join(path[1:] or path)


def _listed(name: str, lines: Sequence[str], texts: Texts, *, is_open: bool) -> str:
    """A list of HTML that can be folded, under a title of the report."""
    return _folded(texts(f"maintenance.report.{name}", number=len(lines)), lines, is_open=is_open)


def _folded(title: str, lines: Sequence[str], *, is_open: bool) -> str:
    items = "".join(f"<li>{line}</li>" for line in lines)
    content = f"<div><ul>{items}</ul></div>"
    return folded_html("sw-change", escape(title), content, is_open=is_open)
