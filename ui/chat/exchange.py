"""A question and its answer on the page: asked, in the making, answered, and what to ask next."""

import logging
import time
from collections.abc import Iterable
from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.answer import Answer, Finished, Stage, TextDelta
from core.background import in_background
from core.errors import StrategiewijzerError, kind_and_place
from language.escaping import visible
from ui import addresses, error_messages, scripts
from ui.answers import answer_view
from ui.answers.export import conversation_docx, plain_text, source_lines
from ui.chat.feedback_form import VerdictForm
from ui.chat.session import Chat, question_address
from ui.corpus import describe_scope
from ui.markup import code, escape, facts_html, folded_html
from ui.scripts import into_view, script
from ui.shared_assistant import assistant
from ui.texts import Texts, languages, load
from userdata.conversations import Exchange
from vectorstore.store import Snapshot

logger = logging.getLogger(__name__)

_DRAWN = 0.1  # seconds between two pictures of a sentence in the making


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


def answered(making: DeltaGenerator, chat: Chat, exchange: Exchange, texts: Texts) -> Exchange:
    """Answers the pending question and takes in what came of it, which it returns; `making` shows
    the answer as it arrives, and is empty again at the end."""
    with making.container():
        status, place = st.empty(), st.empty()
        status.html(_status_html(texts("chat.stages.searching")))
        st.button(
            texts("chat.stop"),
            icon=":material/stop_circle:",
            on_click=chat.stop,
            shortcut="Esc",
            key=f"stop-{exchange.id}",
        )
    history = chat.conversation.history(exchange)
    try:
        events = assistant().stream(
            exchange.question, history=history, scope=exchange.scope, by=chat.conversations.user
        )
        drawn = 0.0  # when the answer was last drawn: its words come faster than anybody reads
        for event in in_background(events):
            if event is None:
                len(st.session_state)  # reading it lets Streamlit end this run, if a reader acts
            elif isinstance(event, Stage):
                status.html(_status_html(texts(f"chat.stages.{event.name}")))
            elif isinstance(event, TextDelta):
                if event.text or time.monotonic() - drawn > _DRAWN:
                    place.html(answer_view.answer_html(event.blocks))
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


def show_answer(
    chat: Chat, exchange: Exchange, number: int, texts: Texts, index: Snapshot | None
) -> None:
    """The answer with its evidence and what can be done with it, or why there is none. The index is
    that of now; None while it cannot be used."""
    answer = exchange.answer
    if answer is None:
        _show_unanswered(chat, exchange, texts)
        return
    prefix = f"exchange-{number}"
    # All of an answer but its quotes is in the language of the question, if the pages have it.
    language = answer.question_language
    spoken = load(language) if language in languages() else texts
    answer_view.show(answer, prefix, spoken, chat.ask, index, alone=exchange.alone)
    if answer.kind != "reply":
        _show_below(chat, exchange, answer, prefix, texts)


def show_followups(chat: Chat, texts: Texts) -> None:
    """Questions that can be asked next. The answer stands on the page already when they are looked
    for."""
    last = chat.conversation.exchanges[-1] if chat.conversation.exchanges else None
    if last is None or last.answer is None:
        return
    if last.follow_ups is None:
        found: tuple[str, ...] = ()
        history = chat.conversation.history(last)
        try:
            found = assistant().follow_ups(last.answer, history, last.scope)
        except StrategiewijzerError:  # which the next question shows
            pass
        except Exception as error:  # noqa: BLE001 - else they would be looked for at every rerun
            logger.error("Related questions ended with %s", kind_and_place(error))
        last = last.model_copy(update={"follow_ups": found})
        chat.change(last)
    if not last.follow_ups:
        return
    with st.container(gap=None):
        st.html(f'<h3 class="sw-small">{escape(texts("chat.next"))}</h3>')
        offer_questions(last.follow_ups, f"next-{last.id}", chat)


def offer_questions(questions: Iterable[str], key: str, chat: Chat) -> None:
    """Buttons that ask questions. A label is Markdown: as code a question stays data."""
    for number, question in enumerate(questions):
        st.button(
            code(question),
            key=f"plain-{key}-{number}",
            icon=":material/subdirectory_arrow_right:",
            type="tertiary",
            on_click=chat.ask,
            args=(question,),
            width="stretch",
        )


def _status_html(text: str) -> str:
    return f'<p class="sw-status" role="status">{escape(text)}</p>'


@st.fragment  # neither runs the whole page nor interrupts an answer in the making
def _show_below(chat: Chat, exchange: Exchange, answer: Answer, prefix: str, texts: Texts) -> None:
    """Shows one row with the actions on an answer and the reader's verdict on it."""
    history = chat.conversation.history(exchange)
    form = VerdictForm(answer, chat.verdict(exchange), history, exchange.scope, texts)
    is_last = exchange.id == chat.conversation.exchanges[-1].id
    row = "actions" if is_last else "earlier-actions"
    with st.container(
        horizontal=True, vertical_alignment="center", gap=None, key=f"{row}-{exchange.id}"
    ):
        _show_actions(exchange, answer, prefix, texts)
        form.show()
    form.show_more()


def _show_actions(exchange: Exchange, answer: Answer, prefix: str, texts: Texts) -> None:
    """Buttons that copy an answer or save it; what they give is made when it is asked for."""
    button = partial(st.button, type="tertiary")
    if button(texts("copying.open"), icon=":material/content_copy:", key=f"{prefix}-copy"):
        scripts.copy(plain_text(answer, texts), texts)
    if button(
        texts("chat.link"),
        icon=":material/link:",
        key=f"{prefix}-link",
        help=texts("chat.link_help"),
    ):
        address = addresses.here() + question_address(exchange.question, exchange.scope)
        scripts.copy(address, texts)
    references, popover, chosen = source_lines(answer, texts), f"{prefix}-more", ""
    with st.popover(texts("copying.more"), type="tertiary", key=popover, on_change="rerun"):
        for form in ("references", "docx") if references else ("docx",):
            label, key = texts(f"copying.forms.{form}"), f"{prefix}-{form}"
            if button(label, key=key, on_click=_close, args=(popover,)):
                chosen = form
    if chosen == "references":
        scripts.copy(visible("\n".join(references)), texts)
    elif chosen == "docx":
        made = conversation_docx(exchange.question, [exchange], texts)
        scripts.save_file(made, name=scripts.file_name(exchange.question, "docx"))


def _close(popover: str) -> None:
    """Closes it: else it lies over what was chosen there, and takes the first Escape."""
    st.session_state[popover] = False


def _show_unanswered(chat: Chat, exchange: Exchange, texts: Texts) -> None:
    if exchange.problem:
        error_messages.show_with_details(texts("errors.other"), exchange.problem, texts)
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
        st.text_area(texts("chat.edit_label"), exchange.question, key=key, height="content")
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
