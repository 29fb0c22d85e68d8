"""What a reader takes along: a file, which the browser makes from what its own page is told, or a
text on the clipboard.

Streamlit's own download button serves a file at an address that anybody may open who learns of it;
what is saved here has none.
"""

import base64
import re
import uuid
from collections.abc import Callable
from pathlib import PurePath

import streamlit as st

from language.matching import without_accents
from ui.scripts import script
from ui.texts import Texts

_TYPES = {
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".md": "text/markdown",
    ".html": "text/html",
    ".json": "application/json",
    ".csv": "text/csv",
    ".zip": "application/zip",
}


@st.fragment  # saving neither runs the whole page nor interrupts an answer in the making
def offer(label: str, made: Callable[[], str | bytes], *, name: str, key: str) -> None:
    """A button that saves a file.

    Args:
        label: of the button.
        made: makes what is in the file, once it is asked for.
        name: of the file, as the browser proposes it; its ending says its type.
        key: of the button.
    """
    if st.button(label, key=key):
        save(made(), name=name)


def save(content: str | bytes, *, name: str) -> None:
    """Saves a file in the browser; arguments as in `offer`."""
    whole = content.encode() if isinstance(content, str) else content
    coded = base64.b64encode(whole).decode()
    st.html(
        _once("save", content=coded, type=_TYPES[PurePath(name).suffix], name=name),
        unsafe_allow_javascript=True,
    )


def print_page(page: str) -> None:
    """Opens the browser's dialogue that prints a page, or saves it as PDF.

    Args:
        page: HTML that runs no script.
    """
    st.html(_once("print", page=page), unsafe_allow_javascript=True)


def file_name(title: str, ending: str) -> str:
    """What a file with this title is called.

    >>> file_name("Hoeveel is de drugsmarkt in België waard?", "docx")
    'hoeveel-is-de-drugsmarkt-in-belgie-waard.docx'
    """
    name = re.sub(r"[^a-z0-9]+", "-", without_accents(title.lower()))[:60].strip("-")
    return f"{name or 'strategiewijzer'}.{ending}"


def copy(text: str, texts: Texts) -> None:
    """Puts a text on the reader's clipboard, and tells so for a moment."""
    token = uuid.uuid4().hex
    told = {"copied": texts("copying.done"), "failed": texts("copying.failed")}
    place = f'<p class="sw-facts sw-copied" role="status" id="sw-copied-{token}"></p>'
    shown = place + _once("copy", token, text=text, **told)
    st.html(shown, unsafe_allow_javascript=True, width="content")


def _once(name: str, token: str = "", /, **given: str) -> str:
    """A script that does something once: a page may be drawn again, and its scripts with it."""
    return script("once") + script(name, token=token or uuid.uuid4().hex, **given)
