"""The queue of feedback: what readers found wrong, until a maintainer has dealt with it."""

import functools
import json
from collections.abc import Sequence

import streamlit as st

from core.answer_blocks import parse
from core.settings import Settings
from ui import access, scripts
from ui.access import name_of, on_record
from ui.answers.answer_view import answer_html
from ui.corpus import describe_scope
from ui.maintenance.job_list import PageContext
from ui.markup import escape, facts_html, folded_html
from ui.paging import page_of
from ui.texts import Texts
from userdata.database import database
from userdata.feedback import Feedback, handle, read, reopen

_VERDICTS = 10  # verdicts shown at once; each is longer than a row, with its question and answer
_CHOICES = ("open", "handled", "all")
_HELPFUL = {True: "helpful", False: "unhelpful"}
_EVIDENCE = {True: "evidence_good", False: "evidence_bad"}


def show(context: PageContext) -> None:
    """Verdicts that ask for something first; the newest first among them."""
    texts = context.texts
    st.header(texts("maintenance.feedback.heading"), anchor=False)
    st.markdown(texts("maintenance.feedback.explained"))
    given = read(database(context.settings))[::-1]
    counts = {choice: len(_chosen(given, choice)) for choice in _CHOICES}
    choice = st.segmented_control(
        texts("maintenance.feedback.filter"),
        _CHOICES,
        default="open",
        required=True,
        format_func=lambda choice: texts(f"maintenance.feedback.{choice}", number=counts[choice]),
        key="maintenance-feedback-filter",
    )
    found = _chosen(given, choice)
    if not found:
        st.info(texts("maintenance.feedback.none"))
        return
    place, shown = page_of(found, _VERDICTS, key="maintenance-feedback-page")
    with place:
        for verdict in shown:
            _verdict(verdict, context)
    scripts.offer_download(
        texts("maintenance.feedback.export", kind="JSON"),
        functools.partial(_json, found),
        name="feedback.json",
        key="maintenance-feedback-json",
    )


def _is_open(verdict: Feedback) -> bool:
    """Whether a reader found something wrong or wrote something, and nobody has dealt with it."""
    return verdict.handled is None and (verdict.found_wrong or bool(verdict.comment))


def _chosen(given: Sequence[Feedback], choice: str) -> list[Feedback]:
    if choice == "all":
        return sorted(given, key=lambda verdict: not _is_open(verdict))
    if choice == "handled":
        return [verdict for verdict in given if verdict.handled is not None]
    return list(filter(_is_open, given))


def _verdict(verdict: Feedback, context: PageContext) -> None:
    with st.container(border=True):
        st.html(_verdict_html(verdict, context.texts))
        key, settings = f"maintenance-feedback-{verdict.id}", context.settings
        if verdict.handled is None:
            context.button("maintenance.feedback.handle", key, _handle, settings, verdict)
        else:
            kept_in = database(settings)
            context.button("maintenance.feedback.reopen", key, reopen, kept_in, verdict)


def _verdict_html(verdict: Feedback, texts: Texts) -> str:
    """Question, comment and verdict; the answer and its sections can be unfolded."""
    helpful, evidence = verdict.helpful, verdict.evidence
    facts = [
        texts(f"maintenance.feedback.{_HELPFUL[helpful]}") if helpful is not None else "",
        texts(f"maintenance.feedback.{_EVIDENCE[evidence]}") if evidence is not None else "",
        texts.day(verdict.date),
        texts.label("languages", verdict.language),
        verdict.generation,
        describe_scope(verdict.scope, texts),
    ]
    if verdict.handled is not None:
        moment = texts.day(verdict.handled)
        facts.append(
            texts("maintenance.feedback.handled_on", date=moment, by=name_of(verdict.by)).strip()
        )
    comment = comment_html(verdict) if verdict.comment else ""
    summary = escape(texts("maintenance.feedback.answer"))
    cited = escape(texts("maintenance.feedback.cited"))
    items = "".join(f"<li>{escape(section)}</li>" for section in verdict.sections)
    sections = f'<h4 class="sw-small">{cited}</h4><ul>{items}</ul>' if items else ""
    blocks, language = parse(verdict.answer_text), verdict.answer_language
    answer = answer_html(blocks, language=language, level=4)
    answer += "".join(answer_html(parse(text), level=4) for text in verdict.more)
    return (
        f'<h3 class="sw-question">{escape(verdict.question)}</h3>'
        + facts_html(*facts)
        + comment
        + folded_html("sw-change", summary, f"<div>{answer}{sections}</div>")
    )


def _handle(settings: Settings, verdict: Feedback) -> None:
    handle(database(settings), verdict, on_record(access.user()))


def comment_html(verdict: Feedback) -> str:
    return f'<p class="sw-note sw-comment">{escape(verdict.comment)}</p>'


def _json(found: Sequence[Feedback]) -> str:
    values = [verdict.model_dump(mode="json") for verdict in found]
    return json.dumps(values, ensure_ascii=False, indent=2)
