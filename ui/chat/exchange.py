"""A question and its answer, with what can be done with them."""

from functools import partial
from typing import Literal, get_args

import streamlit as st

from core.answer import Answer
from core.errors import StrategiewijzerError
from core.settings import Settings
from language.escaping import visible
from people.conversation import Exchange
from people.database import database
from ui import access, addresses, error_texts, scripts
from ui.answers import answer_view as answers
from ui.answers import copying
from ui.answers.conversation_export import conversation_docx
from ui.answers.copying import made_html
from ui.chat import feedback_form
from ui.chat.conversation_list import question_address
from ui.chat.session import Chat
from ui.markup import escape, facts_html, folded_html
from ui.scripts import into_view, script
from ui.shared_assistant import describe_scope
from ui.texts import Texts
from vectorstore.snapshot import Snapshot

# What can be done with an answer: copy it, pass it on, keep it as a file.


_Form = Literal["markdown", "references", "docx", "made"]


def show(
    exchange: Exchange, answer: Answer, prefix: str, texts: Texts, index: Snapshot | None
) -> None:
    """Buttons in a row; what they copy, save or show is made when it is asked for."""
    button = partial(st.button, type="tertiary")
    if button(texts("copying.open"), icon=":material/content_copy:", key=f"{prefix}-copy"):
        scripts.copy(copying.plain_text(answer, texts), texts)
    if button(
        texts("chat.link"),
        icon=":material/link:",
        key=f"{prefix}-link",
        help=texts("chat.link_help"),
    ):
        scripts.copy(addresses.here() + question_address(exchange.question, exchange.scope), texts)
    left_out = {
        "references": not answer.citations,
        "made": not access.user().may("evaluator"),
    }
    forms = [form for form in get_args(_Form) if not left_out.get(form)]
    form = None
    with st.popover(texts("copying.more"), type="tertiary", key=f"{prefix}-more"):
        for one in forms:
            if button(texts(f"copying.forms.{one}"), key=f"{prefix}-{one}"):
                form = one
    if form == "markdown":
        scripts.copy(copying.markdown(answer, texts), texts)
    elif form == "references":
        scripts.copy(visible("\n".join(copying.references(answer, texts))), texts)
    elif form == "docx":
        made = conversation_docx(exchange.question, [exchange], texts)
        name = scripts.file_name(exchange.question, "docx")
        scripts.save_file(made, name=name)
    elif form == "made":
        _show_made(exchange, answer, texts, index)


def _show_made(exchange: Exchange, answer: Answer, texts: Texts, index: Snapshot | None) -> None:
    @st.dialog(texts("made.title"), width="large")
    def opened() -> None:
        try:
            st.html(made_html(answer, exchange.scope, index, texts))
        except StrategiewijzerError as error:
            error_texts.show_with_details(texts("errors.store"), str(error), texts, st.warning)

    opened()


# One question of the conversation with what came of it, and what can be done with it.


def show_question(chat: Chat, exchange: Exchange, texts: Texts, *, is_last: bool) -> None:
    """The question, and below it its editor when the reader has asked for that. The last one comes
    into view when it is asked or the conversation is opened."""
    place = "sw-question sw-last-question" if is_last else "sw-question"
    with st.chat_message("user", avatar=":material/person:"):
        shown = (
            f'<h2 class="{place}"><span class="sw-hidden">{escape(texts("chat.you_asked"))} '
            f"</span>{escape(exchange.question)}</h2>"
        )
        if limits := describe_scope(exchange.scope, texts):
            shown += facts_html(limits)
        if exchange.context:
            context = escape(texts("chat.context", number=len(exchange.context)))
            shown += folded_html("sw-context", context, f"<div>{escape(exchange.context)}</div>")
        st.html(shown)
        if is_last:
            turn = f".st-key-turn-{exchange.id}"
            shows = into_view("bring_into_view", place=turn, block="start")
            st.html(shows, unsafe_allow_javascript=True)
        if chat.editing == exchange.id:
            _show_editor(chat, exchange, texts)
        else:
            st.button(
                texts("chat.edit"),
                icon=":material/edit:",
                type="tertiary",
                key=f"edit-{exchange.id}",
                on_click=_edit,
                args=(chat, exchange.id),
            )


def show_answer(
    chat: Chat,
    exchange: Exchange,
    number: int,
    settings: Settings,
    texts: Texts,
    index: Snapshot | None,
) -> None:
    """The answer with its evidence and what can be done with it, or why there is none.

    Args:
        index: the sources as they are now; None while they cannot be used.
    """
    if exchange.answer is not None:
        prefix = f"exchange-{number}"
        answers.show(exchange.answer, prefix, texts, chat.ask, index, alone=exchange.alone)
        if exchange.answer.kind == "reply":
            return
        _show_below(chat, exchange, exchange.answer, prefix, settings, texts, index)
    else:
        _show_unanswered(chat, exchange, texts)


@st.fragment  # neither runs the whole page nor interrupts an answer in the making
def _show_below(
    chat: Chat,
    exchange: Exchange,
    answer: Answer,
    prefix: str,
    settings: Settings,
    texts: Texts,
    index: Snapshot | None,
) -> None:
    """One row with what can be done with an answer and the reader's verdict on it."""
    is_last = exchange.id == chat.conversation.exchanges[-1].id
    row = "actions" if is_last else "earlier-actions"
    with st.container(
        horizontal=True, vertical_alignment="center", gap=None, key=f"{row}-{exchange.id}"
    ):
        show(exchange, answer, prefix, texts, index)
        keep = feedback_form.show(
            answer,
            chat.verdict(exchange),
            history=chat.conversation.history(exchange),
            scope=exchange.scope,
            database=database(settings),
            texts=texts,
        )
    feedback_form.show_more(answer, chat.verdict(exchange), keep, texts)


def _show_unanswered(chat: Chat, exchange: Exchange, texts: Texts) -> None:
    if exchange.problem:
        error_texts.show_with_details(texts("errors.other"), exchange.problem, texts)
    else:
        st.info(texts("chat.stopped" if exchange.stopped else "chat.unanswered"))
    st.button(
        texts("chat.retry"),
        icon=":material/refresh:",
        key=f"retry-{exchange.id}",
        on_click=chat.again,
        args=(exchange,),
    )


def _show_editor(chat: Chat, exchange: Exchange, texts: Texts) -> None:
    ids = [other.id for other in chat.conversation.exchanges]
    after = len(ids) - ids.index(exchange.id) - 1
    key = f"edited-{exchange.id}"
    with st.form(f"editor-{exchange.id}", border=False):
        st.text_area(
            texts("chat.edit_label"),
            exchange.question,
            key=key,
            height="content",
        )
        if after:
            st.html(facts_html(texts("chat.edit_drops", number=after)))
        with st.container(horizontal=True):
            st.form_submit_button(
                texts("chat.ask"), type="primary", on_click=_save, args=(chat, exchange, key)
            )
            st.form_submit_button(texts("chat.cancel"), on_click=_edit, args=(chat, ""))
    st.html(script("focus_editor"), unsafe_allow_javascript=True)


def _edit(chat: Chat, id: str) -> None:
    chat.editing = id


def _save(chat: Chat, exchange: Exchange, key: str) -> None:
    chat.edit(exchange, st.session_state[key])
