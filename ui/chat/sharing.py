"""A conversation that others may read: its user makes the link, and can take it back."""

import datetime
from urllib.parse import parse_qs, urlencode

import streamlit as st

from core.errors import StrategiewijzerError
from core.source import Scope
from ui import addresses, error_messages
from ui.answers import answer_view
from ui.chat.address import question_address
from ui.chat.session import Chat
from ui.markup import escape, facts_html
from ui.notes import keeping
from ui.shared_assistant import assistant
from ui.texts import Texts
from userdata.conversation import ListedConversation, now
from userdata.conversations import Conversations

_DAYS = (7, 30, 90)  # a week, a month, a quarter: no link is for ever


def show_sharing(chat: Chat, listed: ListedConversation, texts: Texts) -> None:
    """What makes the link and what takes it back."""
    st.write(texts("sharing.help"))
    with error_messages.showing(texts, texts("history.problem"), st.warning):
        _show_link(chat.store, listed.id, texts)


def show_shared(token: str, chat: Chat, texts: Texts) -> None:
    """The conversation that was shared under this name, to read; or that there is none."""
    try:
        conversation = chat.store.find_shared(token)
        index = assistant().index.snapshot()
    except StrategiewijzerError as error:
        error_messages.show_with_details(texts("errors.other"), str(error), texts)
        return
    if conversation is None:
        st.warning(texts("sharing.none"))
        st.link_button(texts("sharing.ask"), addresses.here(), type="primary")
        return
    st.html(f'<h1 class="sw-title">{escape(conversation.title)}</h1>')
    st.html(facts_html(texts("sharing.shared")))
    for number, exchange in enumerate(conversation.exchanges):
        with st.chat_message("user", avatar=":material/person:"):
            st.html(f'<h2 class="sw-question">{escape(exchange.question)}</h2>')
        with st.chat_message("assistant", avatar=":material/menu_book:"):
            if answer := exchange.answer:
                spoken = answer_view.in_its_language(answer, texts)
                answer_view.show(answer, f"shared-{number}", spoken, _ask, index, alone=True)
            else:
                st.info(texts("export.unanswered"))
    keeping.show_keepers(chat, conversation, "shared", texts)
    st.link_button(texts("sharing.ask"), addresses.here(), type="primary")


def _show_link(store: Conversations, id: str, texts: Texts) -> None:
    days = st.radio(
        texts("sharing.days"),
        _DAYS,
        format_func=lambda days: texts("sharing.number_of_days", number=days),
        horizontal=True,
        key="share-days",
    )
    if st.button(texts("sharing.make"), icon=":material/link:", key="share"):
        token = store.share(id, now() + datetime.timedelta(days=days))
        st.code(f"{addresses.here()}?{urlencode({'s': token})}", language=None, wrap_lines=True)
    if until := store.shared_until(id):
        st.html(facts_html(texts("sharing.until", date=texts.date(until.date()))))
        if st.button(texts("sharing.stop"), icon=":material/link_off:", key="unshare"):
            store.unshare(id)
            st.rerun(scope="fragment")


def _ask(question: str, *, alone: bool = False, scope: Scope | None = None) -> None:
    """Asks in a conversation of the reader's own."""
    query = question_address(question, scope or Scope())
    st.query_params.from_dict(parse_qs(query.removeprefix("?")))
