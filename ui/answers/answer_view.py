"""An answer on the page: the answer proper, what is folded below it, and its evidence."""

import re
from typing import Protocol

import streamlit as st

from core.answer import Answer
from core.source import Scope
from prompts import phrases, spoken_in_short
from ui.addresses import reading_address
from ui.answers import checks, remarks
from ui.answers.answer_text import answer_html
from ui.answers.chips import Chips
from ui.answers.citations import by_number
from ui.answers.evidence_panel import evidence_html
from ui.answers.surroundings import surroundings
from ui.markup import code, escape, facts_html, new_tab
from ui.scripts import script
from ui.texts import Texts, languages, load
from vectorstore.snapshot import Snapshot

_COUNT = re.compile(r"\d+")  # of items, in a note on a list


class Ask(Protocol):
    """Asks a question: `alone`, without the conversation so far; in this scope, if one is given."""

    def __call__(
        self, question: str, *, alone: bool = False, scope: Scope | None = None
    ) -> None: ...


def show(
    answer: Answer,
    prefix: str,
    texts: Texts,
    ask: Ask,
    index: Snapshot | None,
    *,
    alone: bool = False,
) -> None:
    """An answer in its final form, with everything needed to check it.

    Args:
        answer: what is shown.
        prefix: begins the names of its places in the page; no other answer there has it.
        texts: the strings of the interface language.
        ask: asks a question that is offered.
        index: the sources as they are now; None while they cannot be used.
        alone: whether it was asked without the conversation before it.
    """
    if answer.kind == "refusal" and answer.language in languages():
        texts = load(answer.language)  # all of it in one language: that of the question
    if answer.understood_as and not alone:
        _show_understood(answer, prefix, texts, ask)
    around = surroundings(answer.citations, index)
    chips = Chips(answer, prefix, texts, around)
    st.html(_proper_html(answer, chips, texts))
    _show_suggestions(answer, prefix, texts, ask)
    below = remarks.notes_html(remarks.told(answer, texts)) + evidence_html(
        answer, prefix, texts, around, above=more_html(answer, chips, texts)
    )
    if below:
        st.html(f'<div class="sw-below">{below}</div>')
    if around and (changed := remarks.changed_html(answer, around, texts)):
        st.html(changed)
        again = texts("answers.ask_again")
        st.button(again, key=f"{prefix}-again", on_click=ask, args=(answer.question,))
    if answer.citations or checks.confirmed(answer)[1]:
        st.html(script("cards") + script("panel"), unsafe_allow_javascript=True)


def _proper_html(answer: Answer, chips: Chips, texts: Texts) -> str:
    """The answer proper, below how it was checked; a refusal looks like one, a reply like talk."""
    if answer.kind == "refusal":
        refused = answer_html(answer.blocks, language=answer.language)
        catalogue = new_tab("sources", texts("answers.all_sources"), texts)
        return (
            f'<div class="sw-refusal" role="note">{refused}'
            f'<p class="sw-facts" lang="{texts.language}">{catalogue}</p></div>'
        )
    shown = answer_html(
        answer.blocks,
        language=remarks.languages(answer)[0],
        own_language=spoken_in_short(answer.question_language) if answer.found else "",
        marker=chips.marker,
        doubt=chips.doubt,
        note=_Notes(answer, texts),
        bold=answer.asked_for,
    )
    return chips.checked_html() + remarks.notes_html(remarks.above(answer, texts)) + shown


def more_html(answer: Answer, chips: Chips, texts: Texts) -> str:
    """What else the sources say, or what comes nearest; nothing when there is nothing."""
    if not answer.further:
        return ""
    key = "nearest" if answer.kind == "refusal" else "more"
    checked = chips.checked_html() if answer.kind == "refusal" else ""
    shown = "".join(
        answer_html(
            blocks,
            language=remarks.languages(answer, blocks)[0],
            marker=chips.marker,
            note=_Notes(answer, texts),
        )
        for blocks in answer.further
    )
    heading = facts_html(texts(f"answers.{key}", number=len(answer.further)))
    return f'<div class="sw-more">{heading}{checked}{shown}</div>'


class _Notes:
    """The note on a list that was cut short, in the language of the interface, and behind it a link
    to its section in the sources page."""

    def __init__(self, answer: Answer, texts: Texts) -> None:
        self._cited = by_number(answer.citations)
        self._texts = texts

    def __call__(self, told: str, number: int | None) -> str:
        counts = _COUNT.findall(told)
        if len(counts) == 2:
            told = phrases(self._texts.language).part_of_list.format(*counts)
        shown = f'<span lang="{self._texts.language}">{escape(told)}</span>'
        if number is None:
            return shown
        first = self._cited[number][0]
        spans = [(one.start, one.end) for one in self._cited[number]]
        address = f"sources?{reading_address(first.document, first.passage_id, spans)}"
        return f"{shown} {new_tab(address, self._texts('answers.whole_list'), self._texts)}"


def _show_understood(answer: Answer, prefix: str, texts: Texts, ask: Ask) -> None:
    """What a follow-up follows, or how a model understood it, and a way to ask it as it stands."""
    told = remarks.understood(answer, texts)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.html(facts_html(told), width="content")
        st.button(
            texts("answers.as_typed"),
            icon=":material/undo:",
            type="tertiary",
            key=f"{prefix}-typed",
            on_click=ask,
            args=(answer.question,),
            kwargs={"alone": True},
        )


def _show_suggestions(answer: Answer, prefix: str, texts: Texts, ask: Ask) -> None:
    """What can be asked instead: the question in another spelling, or without limits to the search,
    and questions that can be answered. A label is Markdown: as code a question stays data."""
    with st.container(gap=None, key=f"suggested-{prefix}"):
        if answer.did_you_mean:
            st.button(
                f"{texts('answers.did_you_mean')} {code(answer.did_you_mean)}",
                icon=":material/spellcheck:",
                type="tertiary",
                key=f"plain-meant-{prefix}",
                on_click=ask,
                args=(answer.did_you_mean,),
            )
        if answer.elsewhere:
            st.button(
                texts("answers.elsewhere"),
                icon=":material/filter_alt_off:",
                type="tertiary",
                key=f"{prefix}-elsewhere",
                on_click=ask,
                args=(answer.question,),
                kwargs={"scope": Scope()},
            )
        if answer.related:
            st.html(facts_html(texts("answer.related")))
        for number, question in enumerate(answer.related):
            st.button(
                code(question),
                icon=":material/subdirectory_arrow_right:",
                type="tertiary",
                key=f"{prefix}-related-{number}",
                on_click=ask,
                args=(question,),
            )
