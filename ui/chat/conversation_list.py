"""The user's conversations in the sidebar: a line each, with a menu of what can be done with it."""

import datetime
import functools
import itertools
from collections.abc import Callable, Sequence

import streamlit as st

from core.errors import StrategiewijzerError
from core.settings import Settings, current
from people.conversation import MAX_NAME, Conversation, Exchange, ListedConversation
from ui import downloads, error_texts, formats
from ui.answers.conversation_export import conversation_markdown, conversation_page
from ui.answers.word import conversation_docx
from ui.chat import sharing
from ui.chat.session import FIELD, Chat
from ui.markup import code, escape, facts_html
from ui.privacy import erasing
from ui.scripts import script
from ui.texts import Texts

_Written = Callable[[str, Sequence[Exchange], Texts], str | bytes]

_SHOWN = 15  # conversations, until the reader asks for more; in longer lists one searches


@st.fragment  # searching neither runs the whole page nor interrupts an answer in the making
def show(chat: Chat, settings: Settings, texts: Texts) -> None:
    """The list, last changed first; below it how long it is kept."""
    st.html(f'<h2 class="sw-small">{escape(texts("history.heading"))}</h2>')
    erasing.show_erased(texts)
    search = st.text_input(
        texts("history.search"),
        key="search",
        placeholder=texts("history.search"),
        icon=":material/search:",
        max_chars=200,
        label_visibility="collapsed",
    )
    try:
        listed = chat.store.listed(search or "")
    except StrategiewijzerError as error:
        error_texts.told(texts("history.problem"), str(error), texts, st.warning)
        return
    if not listed:
        told = texts("history.not_found" if search else "history.none")
        st.html(facts_html(told, role="status"))
    shown = _SHOWN if not st.session_state.get("all-conversations") else len(listed)
    today = datetime.datetime.now(formats.zone()).date()
    with st.container(gap=None, key="conversations"):
        for period, group in itertools.groupby(listed[:shown], lambda one: _period(one, today)):
            st.html(f'<h3 class="sw-period">{escape(texts(f"history.{period}"))}</h3>')
            for one in group:
                _show_one(chat, one, texts)
        st.html(script("arrow_keys"), unsafe_allow_javascript=True)
    if len(listed) > shown:
        st.button(
            texts("history.more", number=len(listed) - shown),
            type="tertiary",
            on_click=_show_all,
        )
    if chat.conversations.lasting:
        kept = texts("history.kept", days=settings.keep_conversations)
    else:
        kept = texts("history.not_kept")
    st.html(facts_html(kept))
    if listed and not search:
        erasing.show(chat, texts, "delete-all")


def _show_one(chat: Chat, one: ListedConversation, texts: Texts) -> None:
    """A line that opens it, and a menu of what can be done with it."""
    is_open = one.id == chat.conversation.id
    choices = ["rename", "export", *(["share"] if chat.conversations.lasting else []), "delete"]
    with st.container(horizontal=True, gap=None, key=f"{'open' if is_open else 'other'}-{one.id}"):
        opened = st.button(
            code(one.title or texts("history.untitled")),
            type="tertiary",
            key=f"plain-open-{one.id}",
            width="stretch",
            wrap=False,
        )
        chosen = st.menu_button(
            texts("history.menu"),
            choices,
            format_func=lambda name: texts(f"history.{name}"),
            icon=":material/more_horiz:",
            type="tertiary",
            key=f"menu-{one.id}",
        )
    if opened or chosen == "delete":
        if chosen:
            chat.delete(one.id)
        elif not is_open:
            chat.open(one.id)
        st.rerun()
    elif chosen:
        st.dialog(texts(f"history.{chosen}"))(_DIALOGS[chosen])(chat, one, texts)


def _show_renaming(chat: Chat, one: ListedConversation, texts: Texts) -> None:
    with st.form("rename", border=False):
        name = st.text_input(texts("history.name"), one.title[:MAX_NAME], max_chars=MAX_NAME)
        if st.form_submit_button(texts("history.save"), type="primary"):
            chat.rename(one.id, name)
            st.rerun()


def _show_export(chat: Chat, one: ListedConversation, texts: Texts) -> None:
    """The conversation to keep, as it is by then; it is made when it is asked for."""
    written: dict[str, _Written] = {
        "docx": conversation_docx,
        "md": conversation_markdown,
        "html": conversation_page,
    }
    for ending, write in written.items():
        downloads.offer(
            texts(f"history.export_{ending}"),
            functools.partial(_file, chat, one, write, texts),
            name=downloads.file_name(one.title, ending),
            key=f"export-{ending}",
        )
    if st.button(texts("history.print"), key="export-print"):
        downloads.print_page(conversation_page(one.title, chat.find(one.id).exchanges, texts))


def _file(chat: Chat, one: ListedConversation, write: _Written, texts: Texts) -> str | bytes:
    return write(one.title, chat.find(one.id).exchanges, texts)


_DIALOGS: dict[str, Callable[[Chat, ListedConversation, Texts], None]] = {
    "rename": _show_renaming,
    "export": _show_export,
    "share": sharing.show,
}


def show_new(chat: Chat, texts: Texts) -> None:
    """A button to begin a conversation."""
    st.button(
        texts("history.new"),
        icon=":material/add_comment:",
        on_click=_begin,
        args=(chat,),
        shortcut="Mod+Shift+O",
        key="new",
        width="stretch",
    )


def show_undo(chat: Chat, texts: Texts) -> None:
    """What has just been taken from a conversation, and a way to put it back."""
    if chat.before is None:
        return
    deleted = chat.before.id != chat.conversation.id
    if deleted:
        told = texts("history.deleted", days=current().keep_feedback)
    else:
        told = texts("history.replaced")
    with st.container(horizontal=True, vertical_alignment="center", key="undo-bar"):
        st.html(facts_html(told, role="status"), width="content")
        st.button(texts("history.undo"), icon=":material/undo:", on_click=chat.undo, key="undo")


def _begin(chat: Chat) -> None:
    """A new conversation; a text that could not be asked goes as well, any other stays."""
    if chat.too_long:
        st.session_state[FIELD] = ""
    chat.show(Conversation())


def _show_all() -> None:
    st.session_state["all-conversations"] = True


def _period(one: ListedConversation, today: datetime.date) -> str:
    days = (today - one.changed.astimezone(formats.zone()).date()).days
    if days <= 0:
        return "today"
    if days == 1:
        return "yesterday"
    return "week" if days <= 7 else "older"
