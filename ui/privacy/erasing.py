"""Erases all that is kept of whoever uses this session, in the store and in the session."""

import streamlit as st

from core.errors import StrategiewijzerError
from core.settings import current
from people.conversation import Conversation
from people.personal_data import PersonCounts, erase
from ui import error_texts, pseudonyms
from ui.chat.session import Chat
from ui.markup import facts_html
from ui.texts import Texts

_ERASED = "erased"


def show(chat: Chat, texts: Texts, key: str) -> None:
    """A button that asks first; `key` tells it from others in the page."""
    with st.popover(texts("history.delete_all"), icon=":material/delete_sweep:", type="tertiary"):
        st.write(texts("history.delete_all_help"))
        if st.button(texts("history.delete_all_confirm"), type="primary", key=key):
            erase_all(chat)
            st.rerun()


def show_erased(texts: Texts) -> None:
    """What has just been erased and what is left, once; or why not."""
    erased = st.session_state.pop(_ERASED, None)
    if isinstance(erased, PersonCounts):
        told = texts("privacy.erased", **erased.model_dump())
        st.html(facts_html(told, role="status"))
    elif isinstance(erased, str):
        error_texts.told(texts("privacy.problem"), erased, texts, st.warning)


def erase_all(chat: Chat) -> None:
    """Erases all of the user, and what the session holds; `show_erased` tells what came of it."""
    try:
        store = chat.store
        st.session_state[_ERASED] = erase(current(), store)
    except StrategiewijzerError as error:
        st.session_state[_ERASED] = str(error)
        return
    pseudonyms.forget(store.user)
    chat.show(Conversation())
    chat.removed = None
    chat.kept_told = ("", "")
    chat.verdicts.clear()
