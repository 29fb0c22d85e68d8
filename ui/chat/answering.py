"""Answers a question while its text appears; the questions to ask next."""

import logging
import queue
import time
from collections.abc import Generator, Iterator

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from chain.model.aside import aside
from core.answer import Event, Finished, Stage, TextDelta, Turn
from core.errors import StrategiewijzerError, kind_and_place
from people.conversation import Conversation, Exchange
from ui.answers.answer_view import answer_html
from ui.chat.session import Chat
from ui.markup import code, escape
from ui.shared_assistant import assistant
from ui.texts import Texts

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


_GLANCE = 0.1  # seconds between two looks at whether the reader wants something else: hardly felt


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
                if event.text or time.monotonic() - drawn > _GLANCE:
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


def in_background(events: Iterator[Event]) -> Generator[Event | None, None, None]:
    """The same events; None whenever none has come for a moment.

    A model may say nothing for a minute. The page must not wait that long to see that its reader
    has stopped it; what is left behind ends at its next event.
    """
    arrived: queue.SimpleQueue[Event | Exception | None] = queue.SimpleQueue()
    left = aside(events, arrived.put)
    try:
        while True:
            try:
                event = arrived.get(timeout=_GLANCE)
            except queue.Empty:
                yield None
                continue
            if event is None:
                return
            if isinstance(event, Exception):
                raise event
            yield event
    finally:
        left.set()


def _glance() -> None:
    """Lets Streamlit end this run if the reader has done something: reading its state does."""
    len(st.session_state)


def _status(text: str) -> str:
    return f'<p class="sw-status" role="status">{escape(text)}</p>'
