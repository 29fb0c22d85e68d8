"""An answer on the page: its text, what to know about it, and its sources."""

from collections.abc import Callable

import streamlit as st

from core.types import Answer
from ui.answers import citations
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
    shown = answer_html(
        answer.text,
        texts,
        language=citations.languages(answer)[0],
        targets=citations.anchors(answer, prefix),
        links={} if answer.answered else citations.section_links(answer),
        bold=answer.asked_for,
    )
    if not answer.answered:
        shown = f'<div class="sw-refusal" role="note">{shown}</div>'
    shown += citations.languages_html(answer, texts) + citations.outdated_html(answer, texts)
    if answer.mode == "fallback":
        shown += f'<p class="sw-note">{escape(texts("answer.fallback"))}</p>'
    shown += citations.missing_html(answer, texts) + citations.withheld_html(answer, texts)
    st.html(shown + citations.sources_html(answer, prefix, texts))
    if answer.related:
        st.html(f'<p class="sw-facts">{escape(texts("answer.related"))}</p>')
    for number, question in enumerate(answer.related):  # a label is Markdown: as code it stays data
        st.button(code(question), key=f"{prefix}-related-{number}", on_click=ask, args=(question,))
