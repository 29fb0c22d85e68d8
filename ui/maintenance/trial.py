"""Questions to what a plan would publish, before it is: its answer beside that of the index in use.

Nothing of it is kept but in the session.
"""

from collections.abc import Callable
from typing import NamedTuple

import streamlit as st

from chain.assistant import Assistant
from core.answer import Answer
from core.errors import StrategiewijzerError
from core.settings import Settings
from core.source import Scope
from ingest.publishing.ingest_report import Report
from ui import access, error_texts
from ui.answers import answer_view as answers
from ui.chat.question_field import MAX_QUESTION
from ui.maintenance import job_list as work
from ui.markup import escape, facts_html
from ui.shared_assistant import compared_assistant, trial_assistant
from ui.texts import Texts
from vectorstore.generations import Generations, store_exists
from vectorstore.pointer import Pointer

_QUESTION = "maintenance-trial-question"
_ASKED = "maintenance-trial-asked"
_ANSWERS = "maintenance-trial-answers"

_SIDES: dict[str, Callable[[], Assistant]] = {
    "present": compared_assistant,
    "planned": trial_assistant,
}

_Told = Answer | StrategiewijzerError


class _Answers(NamedTuple):
    """What became of a question, on each side; of which index."""

    question: str
    pointer: Pointer
    told: dict[str, _Told]


def there(report: Report, settings: Settings) -> Pointer | None:
    """Where the trial of this plan is; None when it was not built or is gone."""
    pointer = Generations(settings).pointer() if store_exists(settings) else Pointer()
    return pointer if pointer.trial and pointer.plan == report.fingerprint else None


def show(pointer: Pointer, texts: Texts, *, busy: bool) -> None:
    """A field for questions, the two answers to the last one, and the way to drop the trial.

    Args:
        pointer: of the index, with the trial.
        texts: the strings of the interface language.
        busy: a job runs; nothing else can be started.
    """
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
                disabled=busy,
                on_click=work.start,
                args=("discard",),
            )
    question = st.session_state.get(_ASKED, "")
    if question:
        _compare(_answered(question, pointer, texts), texts)


def _ask_typed() -> None:
    _ask(st.session_state[_QUESTION].strip())


def _ask(question: str, *, alone: bool = False, scope: Scope | None = None) -> None:
    """Asks a question, as `answers.Ask`: each stands alone here, and nothing limits it."""
    st.session_state[_ASKED] = st.session_state[_QUESTION] = question


def _answered(question: str, pointer: Pointer, texts: Texts) -> _Answers:
    """The answers to a question; asked once of each state of the index."""
    known: _Answers | None = st.session_state.get(_ANSWERS)
    if known is None or (known.question, known.pointer) != (question, pointer):
        with st.spinner(texts("chat.stages.searching")):
            told = {name: _told(made, question) for name, made in _SIDES.items()}
        st.session_state[_ANSWERS] = known = _Answers(question, pointer, told)
    return known


def _told(made: Callable[[], Assistant], question: str) -> _Told:
    try:
        return made().ask(question, by=access.user().id)
    except StrategiewijzerError as error:
        return error


def _compare(found: _Answers, texts: Texts) -> None:
    """Both answers, side by side where there is room."""
    st.html(f'<h4 class="sw-heading">{escape(found.question)}</h4>')
    for column, (name, made) in zip(st.columns(2), _SIDES.items(), strict=True):
        told = found.told[name]
        with column:
            heading = escape(texts(f"maintenance.trial.{name}"))
            st.html(f'<h5 class="sw-small">{heading}</h5>')
            if isinstance(told, StrategiewijzerError):
                error_texts.show(told, texts)
                continue
            answers.show(told, f"trial-{name}", texts, _ask, made().index.snapshot())
            if name == "planned" and told.citations:
                st.html(facts_html(texts("maintenance.trial.links")))
