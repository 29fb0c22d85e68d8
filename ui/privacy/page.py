"""The privacy page: where questions go, and what is kept of the reader, to take along or erase."""

import io
import zipfile

import streamlit as st

from core.errors import StrategiewijzerError
from core.settings import Settings, current, destinations, leaves_this_machine
from ui import access, markup, navigation
from ui.chat.session import Chat, chat
from ui.markup import code, definitions_html, escape
from ui.privacy import erasing
from ui.privacy.erasing import host, kept
from ui.texts import Texts
from userdata.personal_data import collect


def page() -> None:
    """Tells whoever uses this session what becomes of what he or she asks."""
    settings = current()
    texts = navigation.interface_texts(settings)
    session = chat(settings)
    st.title(texts("privacy.title"), anchor=False)
    _show_where_questions_go(settings, texts)
    st.header(texts("privacy.kept_heading"), anchor=False)
    told = kept(settings, texts, lasting=session.conversations.lasting)
    st.html(definitions_html("sw-kept-facts", ((name, escape(about)) for name, about in told)))
    st.header(texts("privacy.yours"), anchor=False)
    erasing.show_erased(texts)
    st.markdown(f"{texts('privacy.identifier')} {code(session.conversations.user)}")
    _show_download(session, texts)
    erasing.show(session, texts, "erase")


def _show_where_questions_go(settings: Settings, texts: Texts) -> None:
    st.header(texts("privacy.goes"), anchor=False)
    found = destinations(settings)
    if not found:
        st.html(f"<p>{escape(texts('privacy.nowhere'))}</p>")
    else:
        where = "privacy.leaves" if leaves_this_machine(found) else "privacy.here"
        items = "".join(
            f"<li><strong>{escape(host(one, texts))}</strong> – "
            f"{escape(texts(f'privacy.to.{one.purpose}'))}</li>"
            for one in found
        )
        st.html(f"<p>{escape(texts(where))}</p><ul>{items}</ul>")
    if provider := access.provider():
        st.html(f"<p>{escape(texts('privacy.sign_in', host=provider))}</p>")


@st.fragment  # saving does not run the whole page
def _show_download(session: Chat, texts: Texts) -> None:
    label, told = texts("privacy.download"), texts("privacy.download_help")
    if not st.button(label, help=told, icon=":material/download:", key="personal-data"):
        return
    try:
        data = collect(current(), session.store)
    except StrategiewijzerError as error:
        markup.show_with_details(texts("privacy.problem"), str(error), texts, st.warning)
        return
    name = markup.file_name(texts("privacy.yours"), "zip")
    markup.save_file(_zipped(data.as_json()), name=name)


def _zipped(text: str) -> bytes:
    """A ZIP file with this as data.json: it is sent to the browser in one message."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("data.json", text)
    return made.getvalue()
