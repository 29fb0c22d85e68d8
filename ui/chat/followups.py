"""Questions that can be asked next, below the last answer."""

import logging

import streamlit as st

from core.errors import StrategiewijzerError, kind_and_place
from people.conversation import Conversation, Exchange
from ui.chat.session import Chat
from ui.markup import code, escape
from ui.shared_assistant import assistant
from ui.texts import Texts

logger = logging.getLogger(__name__)


def show(chat: Chat, texts: Texts) -> None:
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
