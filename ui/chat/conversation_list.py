"""Conversations: the list, their address, and sharing.

?c=ID          one of the user's conversations
?s=NAME        one that somebody has shared, to read (ui/chat/conversation_list.py)
?q=QUESTION    asks this question in a new conversation, once; then the address becomes ?c=ID
?document=ID   a new conversation about this document; may be given several times, as may area;
               language and as_of limit it further, and all of these go together with q
"""

import contextlib
import datetime
import functools
import itertools
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import parse_qs, urlencode

import streamlit as st

from core.errors import StrategiewijzerError
from core.settings import Settings, current
from core.source import Scope
from ui import addresses, formats, markup
from ui.answers import answer_view as answers
from ui.answers.copying import conversation_docx, conversation_markdown, conversation_page
from ui.chat.session import FIELD, Chat
from ui.markup import code, escape, facts_html, script
from ui.notes import keeping
from ui.privacy import page
from ui.shared_assistant import assistant
from ui.texts import Texts
from userdata.conversation import MAX_NAME, Conversation, Exchange, ListedConversation, now
from userdata.conversations import Conversations

# What the address of the chat page says, and what it shows of the conversation.


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
            chat.show(Conversation())
            chat.scope = scope_of(params)
            chat.ask(question)
            if chat.too_long:
                st.session_state[FIELD] = question
            chat.addressed[address] = chat.conversation.id
            return chat.scope
        if question and chat.addressed[address] != chat.conversation.id:
            chat.open(chat.addressed[address])
    elif id and id not in {chat.conversation.id, *chat.told}:
        chat.open(id)
        if chat.conversation.exchanges:
            return chat.conversation.exchanges[-1].scope
    return None


def set_address(chat: Chat) -> None:
    """Lets the address name the conversation, so that a reload shows it."""
    named = bool(chat.conversation.exchanges) and chat.conversations.lasting
    now = st.query_params.to_dict()
    if named:
        chat.told.add(chat.conversation.id)
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


# A conversation that others may read: its user makes the link, and can take it back.


_DAYS = (7, 30, 90)  # a week, a month, a quarter: no link is for ever


def show_sharing(chat: Chat, shared: ListedConversation, texts: Texts) -> None:
    """What makes the link and what takes it back."""
    st.write(texts("sharing.help"))
    try:
        _show_link(chat.store, shared.id, texts)
    except StrategiewijzerError as error:
        markup.show_with_details(texts("history.problem"), str(error), texts, st.warning)


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


def show_shared(token: str, chat: Chat, texts: Texts) -> None:
    """The conversation that was shared under this name, to read; or that there is none."""
    try:
        conversation = chat.store.find_shared(token)
        index = assistant().index.snapshot()
    except StrategiewijzerError as error:
        markup.show_with_details(texts("errors.other"), str(error), texts)
        return
    if conversation is None:
        st.warning(texts("sharing.none"))
        st.link_button(texts("sharing.ask"), addresses.here(), type="primary")
        return
    st.html(f'<h1 class="sw-title">{escape(conversation.title)}</h1>')
    st.html(facts_html(texts("sharing.shared")))
    for number, one in enumerate(conversation.exchanges):
        with st.chat_message("user", avatar=":material/person:"):
            st.html(f'<h2 class="sw-question">{escape(one.question)}</h2>')
        with st.chat_message("assistant", avatar=":material/menu_book:"):
            if one.answer is None:
                st.info(texts("export.unanswered"))
            else:
                spoken = answers.in_its_language(one.answer, texts)
                answers.show(one.answer, f"shared-{number}", spoken, _ask, index, alone=True)
    keeping.show(chat, conversation, "shared", texts)
    st.link_button(texts("sharing.ask"), addresses.here(), type="primary")


def _ask(question: str, *, alone: bool = False, scope: Scope | None = None) -> None:
    """Asks in a conversation of the reader's own."""
    query = question_address(question, scope or Scope())
    st.query_params.from_dict(parse_qs(query.removeprefix("?")))


# The user's conversations in the sidebar: a line each, with a menu of what can be done with it.


_Written = Callable[[str, Sequence[Exchange], Texts], str | bytes]

_SHOWN = 15  # conversations, until the reader asks for more; in longer lists one searches


@st.fragment  # searching neither runs the whole page nor interrupts an answer in the making
def show(chat: Chat, settings: Settings, texts: Texts) -> None:
    """The list, last changed first; below it how long it is kept."""
    st.html(f'<h2 class="sw-small">{escape(texts("history.heading"))}</h2>')
    page.show_erased(texts)
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
        markup.show_with_details(texts("history.problem"), str(error), texts, st.warning)
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
        page.show(chat, texts, "delete-all")


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
        markup.offer_download(
            texts(f"history.export_{ending}"),
            functools.partial(_file, chat, one, write, texts),
            name=markup.file_name(one.title, ending),
            key=f"export-{ending}",
        )
    if st.button(texts("history.print"), key="export-print"):
        markup.print_page(conversation_page(one.title, chat.find(one.id).exchanges, texts))


def _file(chat: Chat, one: ListedConversation, write: _Written, texts: Texts) -> str | bytes:
    return write(one.title, chat.find(one.id).exchanges, texts)


_DIALOGS: dict[str, Callable[[Chat, ListedConversation, Texts], None]] = {
    "rename": _show_renaming,
    "export": _show_export,
    "share": show_sharing,
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
