"""The user's conversations in the sidebar: a line each, with a menu of what can be done with it."""

import streamlit as st

from core.errors import StrategiewijzerError
from core.settings import Settings, current
from ui import error_messages, privacy, scripts
from ui.answers.export import conversation_docx
from ui.chat import sharing
from ui.chat.session import FIELD, Chat
from ui.markup import code, escape, facts_html
from ui.texts import Texts
from userdata.conversations import MAX_NAME, Conversation, ListedConversation

_SHOWN = 15  # conversations, until the reader asks for more; in longer lists one searches


@st.fragment  # searching neither runs the whole page nor interrupts an answer in the making
def show_list(chat: Chat, settings: Settings, texts: Texts) -> None:
    """The list, last changed first; below it how long it is kept."""
    st.html(f'<h2 class="sw-small">{escape(texts("history.heading"))}</h2>')
    privacy.show_erased(texts)
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
        error_messages.show_with_details(texts("history.problem"), str(error), texts, st.warning)
        return
    if not listed:
        none = texts("history.not_found" if search else "history.none")
        st.html(facts_html(none, role="status"))
    shown = _SHOWN if not st.session_state.get("all-conversations") else len(listed)
    with st.container(gap=None, key="conversations"):
        for each in listed[:shown]:
            _show_line(chat, each, texts)
        st.html(scripts.script("arrow_keys"), unsafe_allow_javascript=True)
    if len(listed) > shown:
        more = texts("history.more", number=len(listed) - shown)
        st.button(more, type="tertiary", on_click=_show_all)
    key = "kept" if chat.conversations.lasting else "not_kept"
    st.html(facts_html(texts(f"history.{key}", days=settings.keep_conversations)))
    if listed and not search:
        privacy.show_erasing(chat, texts, "delete-all")


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
    if chat.before.id != chat.conversation.id:
        done = texts("history.deleted", days=current().keep_feedback)
    else:
        done = texts("history.replaced")
    with st.container(horizontal=True, vertical_alignment="center", key="undo-bar"):
        st.html(facts_html(done, role="status"), width="content")
        st.button(texts("history.undo"), icon=":material/undo:", on_click=chat.undo, key="undo")


def _show_line(chat: Chat, listed: ListedConversation, texts: Texts) -> None:
    """A line that opens it, and a menu of what can be done with it."""
    shares = chat.conversations.lasting and sharing.is_offered(current())
    is_open = listed.id == chat.conversation.id
    key = f"{'open' if is_open else 'other'}-{listed.id}"
    with st.container(horizontal=True, gap=None, key=key):
        opened = st.button(
            code(listed.title or texts("history.untitled")),
            type="tertiary",
            key=f"plain-open-{listed.id}",
            width="stretch",
            wrap=False,
        )
        chosen = st.menu_button(
            texts("history.menu"),
            ("rename", "export", *(["share"] if shares else []), "delete"),
            format_func=lambda name: texts(f"history.{name}"),
            icon=":material/more_horiz:",
            type="tertiary",
            key=f"menu-{listed.id}",
        )
    if opened or chosen == "delete":
        if chosen:
            chat.delete(listed.id)
        elif not is_open:
            chat.open(listed.id)
        st.rerun()
    elif chosen == "rename":
        st.dialog(texts("history.rename"))(_show_renaming)(chat, listed, texts)
    elif chosen == "share":
        st.dialog(texts("history.share"))(sharing.show_sharing)(chat, listed, texts)
    elif chosen == "export":
        made = conversation_docx(listed.title, chat.find(listed.id).exchanges, texts)
        scripts.save_file(made, name=scripts.file_name(listed.title, "docx"))


def _show_renaming(chat: Chat, listed: ListedConversation, texts: Texts) -> None:
    with st.form("rename", border=False):
        name = st.text_input(texts("history.name"), listed.title[:MAX_NAME], max_chars=MAX_NAME)
        if st.form_submit_button(texts("history.save"), type="primary"):
            chat.rename(listed.id, name)
            st.rerun()


def _begin(chat: Chat) -> None:
    """A new conversation; a text that could not be asked goes as well, any other stays."""
    if chat.too_long:
        st.session_state[FIELD] = ""
    chat.turn_to(Conversation())


def _show_all() -> None:
    st.session_state["all-conversations"] = True
