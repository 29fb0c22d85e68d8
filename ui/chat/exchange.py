"""Answers a question while its text appears, and shows the exchange with what can be asked next."""

import logging
import time
from functools import partial
from typing import Literal, get_args

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.answer import Answer, Finished, Stage, TextDelta, Turn
from core.background import in_background
from core.errors import StrategiewijzerError, kind_and_place
from core.settings import Settings
from language.escaping import visible
from ui import access, addresses, markup
from ui.answers import answer_view as answers
from ui.answers import copying
from ui.answers.answer_view import answer_html
from ui.answers.copying import conversation_docx, made_html
from ui.chat import feedback_form
from ui.chat.conversation_list import question_address
from ui.chat.session import Chat
from ui.markup import code, escape, facts_html, folded_html, into_view, script
from ui.shared_assistant import assistant, describe_scope
from ui.texts import Texts
from userdata.conversation import Conversation, Exchange
from userdata.database import database
from vectorstore.store import Snapshot

# Questions that can be asked next, below the last answer.


logger = logging.getLogger(__name__)


def show_followups(chat: Chat, texts: Texts) -> None:
    """Buttons that ask them. The answer stands on the page already when they are looked for."""
    last = chat.conversation.exchanges[-1] if chat.conversation.exchanges else None
    if last is None or last.answer is None:
        return
    if last.follow_ups is None:
        last = last.model_copy(update={"follow_ups": _found(last, chat.conversation)})
        chat.change(last)
    if not last.follow_ups:
        return
    with st.container(gap=None):
        st.html(f'<h3 class="sw-small">{escape(texts("chat.next"))}</h3>')
        for number, question in enumerate(last.follow_ups):  # as code a label stays data
            st.button(
                code(question),
                key=f"plain-next-{last.id}-{number}",
                icon=":material/subdirectory_arrow_right:",
                type="tertiary",
                on_click=chat.ask,
                args=(question,),
                width="stretch",
            )


def _found(exchange: Exchange, conversation: Conversation) -> tuple[str, ...]:
    """None when the index cannot be searched, which the next question tells."""
    if exchange.answer is None:
        return ()
    history = conversation.history(exchange)
    try:
        return assistant().follow_ups(exchange.answer, history, exchange.scope)
    except StrategiewijzerError:
        return ()
    except Exception as error:  # noqa: BLE001 - else they would be looked for at every rerun
        logger.error("Related questions ended with %s", kind_and_place(error))
        return ()


# An answer in the making: what is being done, the text as it arrives, and a way to stop it.


_DRAWN = 0.1  # seconds between two pictures of a sentence in the making


def answer(
    making: DeltaGenerator, chat: Chat, exchange: Exchange, history: tuple[Turn, ...], texts: Texts
) -> Exchange:
    """Answers a question and takes in what came of it, which it returns.

    Args:
        making: where the answer is shown as it arrives; empty again at the end.
        chat: of which the exchange is the pending one.
        exchange: the question.
        history: what it can point back to.
        texts: the strings of the interface language.
    """
    with making.container():
        status, place = st.empty(), st.empty()
        status.html(_status(texts("chat.stages.searching")))
        st.button(
            texts("chat.stop"),
            icon=":material/stop_circle:",
            on_click=chat.stop,
            shortcut="Esc",
            key=f"stop-{exchange.id}",
        )
    try:
        events = assistant().stream(
            exchange.question, history=history, scope=exchange.scope, by=chat.conversations.user
        )
        drawn = 0.0  # when the answer was last drawn: its words come faster than anybody reads
        for event in in_background(events):
            if event is None:
                _glance()
            elif isinstance(event, Stage):
                status.html(_status(texts(f"chat.stages.{event.name}")))
            elif isinstance(event, TextDelta):
                if event.text or time.monotonic() - drawn > _DRAWN:
                    place.html(answer_html(event.blocks))
                    drawn = time.monotonic()
            elif isinstance(event, Finished):
                exchange = exchange.model_copy(update={"answer": event.answer})
    except StrategiewijzerError as error:
        exchange = exchange.model_copy(update={"problem": str(error)})
    except Exception as error:  # noqa: BLE001 - else the question would be asked at every rerun
        logger.error("A question ended with %s", kind_and_place(error))
        exchange = exchange.model_copy(update={"problem": type(error).__name__})
    chat.pending = ""
    chat.finished = exchange.id
    chat.change(exchange)
    making.empty()
    return exchange


def _glance() -> None:
    """Lets Streamlit end this run if the reader has done something: reading its state does."""
    len(st.session_state)


def _status(text: str) -> str:
    return f'<p class="sw-status" role="status">{escape(text)}</p>'


# A question and its answer, with what can be done with them.


# What can be done with an answer: copy it, pass it on, keep it as a file.


_Form = Literal["markdown", "references", "docx", "made"]


def show(
    exchange: Exchange, answer: Answer, prefix: str, texts: Texts, index: Snapshot | None
) -> None:
    """Buttons in a row; what they copy, save or show is made when it is asked for."""
    button = partial(st.button, type="tertiary")
    if button(texts("copying.open"), icon=":material/content_copy:", key=f"{prefix}-copy"):
        markup.copy(copying.plain_text(answer, texts), texts)
    if button(
        texts("chat.link"),
        icon=":material/link:",
        key=f"{prefix}-link",
        help=texts("chat.link_help"),
    ):
        markup.copy(addresses.here() + question_address(exchange.question, exchange.scope), texts)
    left_out = {
        "references": not copying.source_lines(answer, texts),
        "made": not access.user().may("evaluator"),
    }
    forms = [form for form in get_args(_Form) if not left_out.get(form)]
    form, more = None, f"{prefix}-more"
    with st.popover(texts("copying.more"), type="tertiary", key=more, on_change="rerun"):
        for one in forms:
            label = texts(f"copying.forms.{one}")
            if button(label, key=f"{prefix}-{one}", on_click=_close, args=(more,)):
                form = one
    if form == "markdown":
        markup.copy(copying.markdown(answer, texts), texts)
    elif form == "references":
        markup.copy(visible("\n".join(copying.source_lines(answer, texts))), texts)
    elif form == "docx":
        made = conversation_docx(exchange.question, [exchange], texts)
        name = markup.file_name(exchange.question, "docx")
        markup.save_file(made, name=name)
    elif form == "made":
        _show_made(exchange, answer, texts, index)


def _close(popover: str) -> None:
    """Closes it: else it lies over what was chosen there, and takes the first Escape."""
    st.session_state[popover] = False


def _show_made(exchange: Exchange, answer: Answer, texts: Texts, index: Snapshot | None) -> None:
    @st.dialog(texts("made.title"), width="large")
    def opened() -> None:
        try:
            st.html(made_html(answer, exchange.scope, index, texts))
        except StrategiewijzerError as error:
            markup.show_with_details(texts("errors.store"), str(error), texts, st.warning)

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
        spoken = answers.in_its_language(exchange.answer, texts)
        answers.show(exchange.answer, prefix, spoken, chat.ask, index, alone=exchange.alone)
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
    """Shows one row with the actions on an answer and the reader's verdict on it."""
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
        markup.show_with_details(texts("errors.other"), exchange.problem, texts)
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
