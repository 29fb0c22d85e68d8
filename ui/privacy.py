"""The privacy page: where questions go, what is kept of a reader, to take along or erase."""

import io
import zipfile
from collections.abc import Iterator

import streamlit as st

from core.errors import StrategiewijzerError
from core.hosts import Destination, destinations, leaves_this_machine
from core.settings import Settings, current
from ui import access, error_messages, scripts
from ui.chat import sharing
from ui.chat.session import Chat, chat
from ui.markup import code, definitions_html, escape, facts_html
from ui.texts import Texts
from userdata.conversations import Conversation
from userdata.earlier_version import copies
from userdata.personal_data import PersonCounts, collect, erase

_ERASED = "erased"  # where the session has what came of erasing, until it is shown


def page(settings: Settings, texts: Texts) -> None:
    """Shows what becomes of the questions and data of whoever uses this session."""
    session = chat(settings)
    st.title(texts("privacy.title"), anchor=False)
    _show_where_questions_go(settings, texts)
    st.header(texts("privacy.kept_heading"), anchor=False)
    things = kept(settings, texts, lasting=session.conversations.lasting)
    st.html(definitions_html("sw-kept-facts", ((name, escape(about)) for name, about in things)))
    st.header(texts("privacy.yours"), anchor=False)
    show_erased(texts)
    st.markdown(f"{texts('privacy.identifier')} {code(session.conversations.user)}")
    _show_download(session, texts)
    sharing.show_own_links(session, settings, texts)
    show_erasing(session, texts, "erase")


def show_erasing(chat: Chat, texts: Texts, key: str) -> None:
    """A button that erases all data of the user, and asks first; `key` tells it from others."""
    with st.popover(texts("history.delete_all"), icon=":material/delete_sweep:", type="tertiary"):
        st.write(texts("history.delete_all_help"))
        if st.button(texts("history.delete_all_confirm"), type="primary", key=key):
            erase_all(chat)
            st.rerun()


def show_erased(texts: Texts) -> None:
    """Says once what has just been erased and what is left; or why not."""
    erased = st.session_state.pop(_ERASED, None)
    if isinstance(erased, PersonCounts):
        counts = texts("privacy.erased", **erased.model_dump())
        st.html(facts_html(counts, role="status"))
    elif isinstance(erased, str):
        error_messages.show_with_details(texts("privacy.problem"), erased, texts, st.warning)


def erase_all(chat: Chat) -> None:
    """Erases all data of the user, and of the session; `show_erased` shows what came of it."""
    try:
        store = chat.store
        st.session_state[_ERASED] = erase(current(), store)
    except StrategiewijzerError as error:
        st.session_state[_ERASED] = str(error)
        return
    access.forget_pseudonym(store.user)
    chat.turn_to(Conversation())
    chat.removed = None
    chat.kept_message = ("", "")
    chat.verdicts.clear()


def kept(settings: Settings, texts: Texts, *, lasting: bool) -> Iterator[tuple[str, str]]:
    """The kinds of data that are kept, each with its name; `lasting`, whether conversations and
    notes of this reader outlive the session."""
    questions = "questions" if settings.keep_questions else "questions_off"
    shares = "shares" if lasting and sharing.is_offered(settings) else "shares_off"
    audit = "audit_users" if settings.audit_users else "audit"
    for thing, about, days in (
        ("conversations", "conversations" if lasting else "not_kept", settings.keep_conversations),
        ("shares", shares, settings.max_share_days),
        ("notes", "notes" if lasting else "not_kept", settings.keep_conversations),
        ("feedback", "feedback", settings.keep_feedback),
        ("questions", questions, settings.keep_questions),
        ("work", "work", settings.keep_jobs),
        ("audit", audit if settings.audit else "audit_off", settings.keep_audit),
        ("browser", "browser", None),
        ("copies", "copies", None),
    ):
        yield texts(f"privacy.kept.{thing}"), texts(f"privacy.about.{about}", days=days)
    if lasting and copies(settings.data_dir):
        days = max(settings.keep_conversations, settings.keep_feedback)
        yield texts("privacy.kept.earlier"), texts("privacy.about.earlier", days=days)


def _show_where_questions_go(settings: Settings, texts: Texts) -> None:
    st.header(texts("privacy.goes"), anchor=False)
    found = destinations(settings)
    if not found:
        st.html(f"<p>{escape(texts('privacy.nowhere'))}</p>")
    else:
        where = "privacy.leaves" if leaves_this_machine(found) else "privacy.here"
        items = "".join(
            f"<li><strong>{escape(_host(server, texts))}</strong> – "
            f"{escape(texts(f'privacy.to.{server.purpose}'))}</li>"
            for server in found
        )
        st.html(f"<p>{escape(texts(where))}</p><ul>{items}</ul>")
    if provider := access.provider():
        st.html(f"<p>{escape(texts('privacy.sign_in', host=provider))}</p>")


def _host(server: Destination, texts: Texts) -> str:
    """A server's name, and whether it is on this machine."""
    return texts("privacy.on_this_machine", host=server.host) if server.is_here else server.host


@st.fragment  # saving does not run the whole page
def _show_download(session: Chat, texts: Texts) -> None:
    label, hint = texts("privacy.download"), texts("privacy.download_help")
    if not st.button(label, help=hint, icon=":material/download:", key="personal-data"):
        return
    with error_messages.showing(texts, texts("privacy.problem"), st.warning):
        data = collect(current(), session.store)
        name = scripts.file_name(texts("privacy.yours"), "zip")
        made = io.BytesIO()  # sent to the browser in one message
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
            file.writestr("data.json", data.as_json())
        scripts.save_file(made.getvalue(), name=name)
