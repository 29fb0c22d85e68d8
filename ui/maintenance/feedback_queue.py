"""The queue of feedback: what readers found wrong, until a maintainer has dealt with it."""

import csv
import functools
import io
import json
from collections.abc import Sequence

import streamlit as st

from core.answer_blocks import Marked, parse
from core.settings import Settings
from people.database import database
from people.feedback import Feedback, handle, read, reopen
from ui import access, formats, scripts
from ui.access import name_of, on_record
from ui.answers.answer_view import answer_html
from ui.maintenance import job_list as work
from ui.markup import escape, facts_html, folded_html, page_of
from ui.shared_assistant import describe_scope
from ui.texts import Texts

_PAGE = 10  # verdicts shown at once; each is longer than a row, with its question and answer
_CHOICES = ("open", "handled", "all")
_HELPFUL = {True: "helpful", False: "unhelpful"}
_EVIDENCE = {True: "evidence_good", False: "evidence_bad"}
_COLUMNS = (
    *("id", "date", "helpful", "evidence", "comment", "language", "question", "answer_text"),
    *("documents", "sections", "scope", "generation", "handled", "by"),
)


def show(settings: Settings, texts: Texts) -> None:
    """Verdicts that ask for something first; the newest first among them.

    Raises:
        StrategiewijzerError: they cannot be read.
    """
    st.header(texts("maintenance.feedback.heading"), anchor=False)
    st.markdown(texts("maintenance.feedback.explained"))
    given = read(database(settings))[::-1]
    counts = {choice: len(_chosen(given, choice)) for choice in _CHOICES}
    choice = st.segmented_control(
        texts("maintenance.feedback.filter"),
        _CHOICES,
        default="open",
        required=True,
        format_func=lambda one: texts(f"maintenance.feedback.{one}", number=counts[one]),
        key="maintenance-feedback-filter",
    )
    found = _chosen(given, choice)
    if not found:
        st.info(texts("maintenance.feedback.none"))
        return
    place, shown = page_of(found, _PAGE, key="maintenance-feedback-page")
    with place:
        for one in shown:
            _verdict(one, settings, texts)
    _export(found, texts)


def needs_attention(one: Feedback) -> bool:
    """Whether a reader found something wrong, or wrote something."""
    return one.found_wrong or bool(one.comment)


def _chosen(given: Sequence[Feedback], choice: str) -> list[Feedback]:
    if choice == "all":
        return sorted(given, key=lambda one: one.handled is not None or not needs_attention(one))
    if choice == "handled":
        return [one for one in given if one.handled is not None]
    return [one for one in given if one.handled is None and needs_attention(one)]


def _verdict(one: Feedback, settings: Settings, texts: Texts) -> None:
    with st.container(border=True):
        st.html(_verdict_html(one, texts))
        is_open = one.handled is None
        st.button(
            texts("maintenance.feedback.handle" if is_open else "maintenance.feedback.reopen"),
            key=f"maintenance-feedback-{one.id}",
            on_click=_handle if is_open else _reopen,
            args=(settings, one),
        )


def _verdict_html(one: Feedback, texts: Texts) -> str:
    """Question, comment and verdict; the answer and its sections can be unfolded."""
    facts = [
        "" if one.helpful is None else texts(f"maintenance.feedback.{_HELPFUL[one.helpful]}"),
        "" if one.evidence is None else texts(f"maintenance.feedback.{_EVIDENCE[one.evidence]}"),
        texts.date(formats.local(one.date).date()),
        texts.label("languages", one.language),
        one.generation,
        describe_scope(one.scope, texts),
    ]
    if one.handled is not None:
        moment = texts.date(formats.local(one.handled).date())
        facts.append(
            texts("maintenance.feedback.handled_on", date=moment, by=name_of(one.by)).strip()
        )
    comment = f'<p class="sw-note sw-comment">{escape(one.comment)}</p>' if one.comment else ""
    summary = escape(texts("maintenance.feedback.answer"))
    cited = escape(texts("maintenance.feedback.cited"))
    items = "".join(f"<li>{escape(section)}</li>" for section in one.sections)
    sections = f'<h4 class="sw-small">{cited}</h4><ul>{items}</ul>' if items else ""
    answer = answer_html(parse(Marked(one.answer_text)), language=one.answer_language, level=4)
    answer += "".join(answer_html(parse(Marked(text)), level=4) for text in one.more)
    return (
        f'<h3 class="sw-question">{escape(one.question)}</h3>'
        + facts_html(*facts)
        + comment
        + folded_html("sw-change", summary, f"<div>{answer}{sections}</div>")
    )


def _handle(settings: Settings, given: Feedback) -> None:
    with work.attempt():
        handle(database(settings), given, on_record(access.require("maintainer")))


def _reopen(settings: Settings, given: Feedback) -> None:
    with work.attempt():
        access.require("maintainer")
        reopen(database(settings), given)


def _export(found: Sequence[Feedback], texts: Texts) -> None:
    """What is chosen, as a file."""
    with st.container(horizontal=True):
        for kind, written in (("csv", _csv), ("json", _json)):
            scripts.offer_download(
                texts("maintenance.feedback.export", kind=kind.upper()),
                functools.partial(written, found),
                name=f"feedback.{kind}",
                key=f"maintenance-feedback-{kind}",
            )


def _json(found: Sequence[Feedback]) -> str:
    return json.dumps([one.model_dump(mode="json") for one in found], ensure_ascii=False, indent=2)


def _csv(found: Sequence[Feedback]) -> str:
    """A table in which no text is taken for a formula by the program that opens it."""
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(_COLUMNS)
    for one in found:
        values = one.model_dump(mode="json", include=set(_COLUMNS))
        limits = one.scope.model_dump(mode="json", exclude_defaults=True)
        values["scope"] = json.dumps(limits, ensure_ascii=False) if limits else ""
        table.writerow([_cell(values[name]) for name in _COLUMNS])
    return text.getvalue()


def _cell(value: object) -> str:
    told = (
        "\n".join(map(str, value))
        if isinstance(value, list)
        else str(value if value is not None else "")
    )
    return f"'{told}" if told.startswith(("=", "+", "-", "@", "\t", "\r")) else told
