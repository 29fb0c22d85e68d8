"""An answer on the page: its text, what to know about it, and its evidence."""

from collections.abc import Callable

import streamlit as st

from core.errors import StrategiewijzerError
from core.types import Answer
from ui.answers import notes
from ui.answers.chips import CARDS, Chips
from ui.answers.evidence import evidence_html
from ui.answers.refusal import refusal_html, tips_html
from ui.answers.surroundings import Surroundings, surroundings
from ui.markup import answer_html, code, escape
from ui.texts import Texts


def show(answer: Answer, prefix: str, texts: Texts, ask: Callable[[str], None]) -> None:
    """An answer in its final form, with everything needed to check it.

    Args:
        answer: what is shown.
        prefix: begins the names of its places in the page; no other answer there has it.
        texts: the strings of the interface language.
        ask: asks a question that is offered.
    """
    around = _surroundings(answer)
    shown = _answered(answer, prefix, texts) if answer.answered else refusal_html(answer, texts)
    shown += notes.told_html(answer, texts) + notes.withheld_html(answer, texts)
    st.html(shown + evidence_html(answer, prefix, texts, around))
    if around and (changed := notes.changed_html(answer, around, texts)):
        st.html(changed)
        again = texts("answers.ask_again")
        st.button(again, key=f"{prefix}-again", on_click=ask, args=(answer.question,))
    if answer.related:
        st.html(f'<p class="sw-facts">{escape(texts("answer.related"))}</p>')
    for number, question in enumerate(answer.related):  # a label is Markdown: as code it stays data
        st.button(code(question), key=f"{prefix}-related-{number}", on_click=ask, args=(question,))
    if not answer.answered:
        st.html(tips_html(texts))
    if answer.citations:
        st.html(CARDS, unsafe_allow_javascript=True)


def _answered(answer: Answer, prefix: str, texts: Texts) -> str:
    """The sentences of an answer, each with its marker, and what the marks mean."""
    chips = Chips(answer, prefix, texts)
    shown = answer_html(
        answer.text,
        texts,
        language=notes.languages(answer)[0],
        marker=chips.marker,
        bold=answer.asked_for,
    )
    return shown + chips.legend_html()


def _surroundings(answer: Answer) -> Surroundings | None:
    """The cited documents as they are now; None while the index cannot be used."""
    try:
        return surroundings(answer)
    except StrategiewijzerError:
        return None
