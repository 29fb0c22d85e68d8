"""The address of the chat page.

?c=ID          one of the user's conversations
?q=QUESTION    asks this question in a new conversation, once; then the address becomes ?c=ID
?document=ID   a new conversation about this document; may be given several times, as may area;
               language and as_of limit it further, and all of these go together with q
"""

import contextlib
import datetime
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

import streamlit as st

from core.source import Scope
from ui.chat.session import FIELD, Chat
from userdata.conversation import Conversation


def follow_address(chat: Chat) -> Scope | None:
    """Does what the address says; what the search is limited to from then on, if that changes.

    A conversation that this session has named itself is not opened again: the browser may still
    send its address when the reader has just left it, and a question would end up in there.
    """
    params = {key: st.query_params.get_all(key) for key in st.query_params}
    question, id = _first(params, "q"), _first(params, "c")
    address = urlencode(params, doseq=True)
    if question or scope_of(params) != Scope():
        if address not in chat.addressed:
            chat.turn_to(Conversation())
            chat.scope = scope_of(params)
            chat.ask(question)
            if chat.too_long:
                st.session_state[FIELD] = question
            chat.addressed[address] = chat.conversation.id
            return chat.scope
        if question and chat.addressed[address] != chat.conversation.id:
            chat.open(chat.addressed[address])
    elif id and id not in {chat.conversation.id, *chat.named}:
        chat.open(id)
        if chat.conversation.exchanges:
            return chat.conversation.exchanges[-1].scope
    return None


def set_address(chat: Chat) -> None:
    """Lets the address name the conversation, so that a reload shows it."""
    now = st.query_params.to_dict()
    if chat.conversation.exchanges and chat.conversations.lasting:
        chat.named.add(chat.conversation.id)
        if now != {"c": chat.conversation.id}:
            st.query_params.from_dict({"c": chat.conversation.id})
    elif now.keys() & {"c", "q"}:
        st.query_params.clear()


def question_address(question: str, scope: Scope) -> str:
    """The query of an address that asks this question in this scope."""
    named = {
        "q": question,
        "area": scope.areas,
        "document": scope.documents,
        "language": scope.language,
        "as_of": scope.as_of.isoformat() if scope.as_of else "",
    }
    return "?" + urlencode({key: value for key, value in named.items() if value}, doseq=True)


def scope_of(params: Mapping[str, Sequence[str]]) -> Scope:
    """The scope that an address names; what cannot be read limits nothing."""
    as_of = None
    with contextlib.suppress(ValueError):
        as_of = datetime.date.fromisoformat(_first(params, "as_of"))
    return Scope(
        areas=tuple(params.get("area", ())),
        documents=tuple(params.get("document", ())),
        language=_first(params, "language"),
        as_of=as_of,
    )


def _first(params: Mapping[str, Sequence[str]], name: str) -> str:
    return next(iter(params.get(name, ())), "")
