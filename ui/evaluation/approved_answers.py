"""Approved answers, and the way to ask them in an evaluation."""

import streamlit as st

from core.settings import Settings
from eval import approved_questions
from ingest.publishing.own_questions import OwnQuestions
from ingest.reading.question_file import PreparedAnswer
from ui import access, error_texts
from ui.evaluation import own_sets
from ui.markup import escape, facts_html
from ui.pagination import page_of
from ui.texts import Texts

_PAGE = 10
_ADDED = "evaluation-approved-added"


def show(settings: Settings, texts: Texts) -> None:
    """Each answer that was approved, and whether the question set has it; nothing without any.

    Raises:
        StrategiewijzerError: the answers or the set cannot be read.
    """
    approved = OwnQuestions(settings).approved()
    if not approved:
        return
    file = own_sets.place(settings.data_dir, approved_questions.FILE)
    there = approved_questions.known(file)
    with st.expander(texts("evaluation.approved.heading", number=len(approved))):
        st.markdown(texts("evaluation.approved.explained", name=file.name))
        if st.session_state.pop(_ADDED, False):
            st.info(texts("evaluation.approved.added", name=file.name))
        place, shown = page_of(approved, _PAGE, key="evaluation-approved-page")
        for key, answer in shown:
            with place, st.container(horizontal=True, vertical_alignment="center"):
                question = f'<h3 class="sw-question">{escape(answer.questions[0].text)}</h3>'
                st.html(question + facts_html(key))
                is_in = approved_questions.is_in(answer, there)
                st.button(
                    texts(f"evaluation.approved.{'there' if is_in else 'add'}"),
                    key=f"evaluation-approved-{key}-{answer.id}",
                    disabled=is_in,
                    on_click=_add,
                    args=(settings, key, answer, texts),
                )


def _add(settings: Settings, key: str, answer: PreparedAnswer, texts: Texts) -> None:
    with error_texts.telling(texts):
        access.require("evaluator")
        file = own_sets.place(settings.data_dir, approved_questions.FILE)
        st.session_state[_ADDED] = approved_questions.add(key, answer, file) > 0
