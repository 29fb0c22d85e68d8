"""What a run changes, or would change, as HTML in the interface language.

What comes from files is data; what ingest says in English is folded.
"""

import datetime
from collections.abc import Iterator, Sequence

from core.files import printable
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
from ui import error_messages, markup
from ui.markup import definitions_html, escape, facts_html, folded_html
from ui.texts import Texts

_PATH = " › "
_DATES = ("date", "effective_from", "effective_until")  # fields
_LABELS = {"language": "languages", "kind": "kinds", "area": "areas"}  # texts of their values
_SHOWN = (  # to be looked at
    "kind", "title", "known_as", "id", "date", "area", "reference", "publisher", "url",
)  # fmt: skip
_MARKS = {"gone": "del", "new": "ins"}
_PASSAGES = 40  # of one document; the report that can be downloaded has them all


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
    return _PATH.join(path[1:] or path)


def _listed(name: str, lines: Sequence[str], texts: Texts, *, is_open: bool) -> str:
    """A list of HTML that can be folded."""
    title = escape(texts(f"maintenance.report.{name}", number=len(lines)))
    items = "".join(f"<li>{line}</li>" for line in lines)
    return folded_html("sw-change", title, f"<div><ul>{items}</ul></div>", is_open=is_open)
