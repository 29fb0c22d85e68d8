"""Questions to what a plan would publish: its answer beside that of the index in use."""

from collections.abc import Callable
from typing import NamedTuple

import streamlit as st

from chain.assistant import Assistant
from chain.request import MAX_QUESTION
from core.answer import Answer
from core.errors import StrategiewijzerError
from core.settings import Settings
from core.source import Scope
from ingest.publishing.ingest_report import Report
from ui import access, markup
from ui.answers import answer_view
from ui.maintenance import job_list as work
from ui.maintenance.page_context import PageContext
from ui.markup import escape, facts_html
from ui.shared_assistant import compared_assistant, trial_assistant
from ui.texts import Texts
from vectorstore.generations import Generations, Pointer, store_exists

_QUESTION = "maintenance-trial-question"
_ASKED = "maintenance-trial-asked"
_ANSWERS = "maintenance-trial-answers"

_SIDES: dict[str, Callable[[], Assistant]] = {
    "present": compared_assistant,
    "planned": trial_assistant,
}

_Answer = Answer | StrategiewijzerError


class _Answers(NamedTuple):
    """The answers to a question on each side, and of which index they are."""

    question: str
    pointer: Pointer
    by_side: dict[str, _Answer]


def trial_of(report: Report, settings: Settings) -> Pointer | None:
    """The pointer to this plan's trial; None when it was not built or is gone."""
    pointer = Generations(settings).pointer() if store_exists(settings) else Pointer()
    return pointer if pointer.trial and pointer.plan == report.fingerprint else None


def show_trial(pointer: Pointer, context: PageContext) -> None:
    """A field for questions, the two answers to the last one, and the way to drop the trial.

    Args:
        pointer: of the index, with the trial.
        context: of the page.
    """
    texts = context.texts
    st.subheader(texts("maintenance.trial.heading"), anchor=False)
    if pointer.tried_until:
        moment = texts.moment(pointer.tried_until)
        st.markdown(texts("maintenance.trial.explained", moment=moment))
    with st.form("maintenance-trial-form", border=False):
        st.text_input(texts("maintenance.trial.question"), key=_QUESTION, max_chars=MAX_QUESTION)
        with st.container(horizontal=True):
            st.form_submit_button(
                texts("maintenance.trial.ask"), type="primary", on_click=_ask_typed
            )
            st.form_submit_button(
                texts("maintenance.trial.discard"),
                help=texts("maintenance.trial.discard_help"),
                disabled=context.busy,
                on_click=work.start,
                args=("discard",),
            )
    question = st.session_state.get(_ASKED, "")
    if question:
        _compare(_answered(question, pointer, texts), texts)


def _ask_typed() -> None:
    _ask(st.session_state[_QUESTION].strip())


def _ask(question: str, *, alone: bool = False, scope: Scope | None = None) -> None:
    """Asks a question, as `answer_view.Ask`: each stands alone here, and nothing limits it."""
    st.session_state[_ASKED] = st.session_state[_QUESTION] = question


def _answered(question: str, pointer: Pointer, texts: Texts) -> _Answers:
    """The answers to a question; asked once of each state of the index."""
    known: _Answers | None = st.session_state.get(_ANSWERS)
    if known is None or (known.question, known.pointer) != (question, pointer):
        with st.spinner(texts("chat.stages.searching")):
            answers = {name: _answer(assistant, question) for name, assistant in _SIDES.items()}
        st.session_state[_ANSWERS] = known = _Answers(question, pointer, answers)
    return known


def _answer(assistant: Callable[[], Assistant], question: str) -> _Answer:
    try:
        return assistant().ask(question, by=access.user().id)
    except StrategiewijzerError as error:
        return error


def _compare(found: _Answers, texts: Texts) -> None:
    """Both answers, side by side where there is room."""
    st.html(f'<h4 class="sw-heading">{escape(found.question)}</h4>')
    for column, (name, assistant) in zip(st.columns(2), _SIDES.items(), strict=True):
        answer = found.by_side[name]
        with column:
            heading = escape(texts(f"maintenance.trial.{name}"))
            st.html(f'<h5 class="sw-small">{heading}</h5>')
            if isinstance(answer, StrategiewijzerError):
                markup.show(answer, texts)
                continue
            spoken = answer_view.in_its_language(answer, texts)
            index = assistant().index.snapshot()
            answer_view.show(answer, f"trial-{name}", spoken, _ask, index)
            if name == "planned" and answer.citations:
                st.html(facts_html(texts("maintenance.trial.links")))
