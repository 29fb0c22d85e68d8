"""What a reader takes along: a file, which the browser makes from what its own page is told, or a
text on the clipboard.

Streamlit's own download button serves a file at an address that anybody may open who learns of it;
what is saved here has none.
"""

import base64
import json
import re
import uuid
from collections.abc import Callable

import streamlit as st

from core.matching import without_accents
from ui.texts import Texts

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

# A page may be drawn again, and its scripts with it; what they do is done once.
_ONCE = """<script>
{{ // a block, since all scripts of a page share their names
  const {{token, ...given}} = {given};
  const done = (window.swDone ??= new Set());
  if (!done.has(token)) {{
    done.add(token);
    ({act})(given, token);
  }}
}}
</script>"""

_SAVE = """({content, type, name}) => {
  const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([bytes], {type}));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}"""

# Where a page has no secure address, browsers only copy what is selected.
_COPY = """({text, copied, failed}, token) => {
  const tell = (said, place = document.getElementById("sw-copied-" + token)) => {
    if (place) place.textContent = said;
    if (place && said) setTimeout(tell, 4000, "", place);
  };
  const select = () => {
    const area = Object.assign(document.createElement("textarea"), {value: text, readOnly: true});
    const before = document.activeElement;
    area.style.position = "fixed";
    area.style.opacity = "0";
    document.body.append(area);
    area.select();
    const worked = document.execCommand("copy");
    area.remove();
    before?.focus({preventScroll: true});
    tell(worked ? copied : failed);
  };
  if (navigator.clipboard) navigator.clipboard.writeText(text).then(() => tell(copied), select);
  else select();
}"""

# The page is shown nowhere: only the browser's own dialogue is, which also saves as PDF.
_PRINT = """({page}) => {
  document.querySelector("iframe.sw-print")?.remove();
  const frame = Object.assign(document.createElement("iframe"), {srcdoc: page, tabIndex: -1});
  frame.className = "sw-print";
  frame.ariaHidden = "true";
  frame.onload = () => frame.contentWindow.print();
  document.body.append(frame);
}"""


@st.fragment  # saving neither runs the whole page nor interrupts an answer in the making
def offer(label: str, made: Callable[[], str | bytes], *, name: str, mime: str, key: str) -> None:
    """A button that saves a file.

    Args:
        label: of the button.
        made: makes what is in the file, once it is asked for.
        name: of the file, as the browser proposes it.
        mime: its type, such as "text/csv".
        key: of the button.
    """
    if st.button(label, key=key):
        save(made(), name=name, mime=mime)


def save(content: str | bytes, *, name: str, mime: str) -> None:
    """Saves a file in the browser; arguments as in `offer`."""
    whole = content.encode() if isinstance(content, str) else content
    coded = base64.b64encode(whole).decode()
    st.html(_once(_SAVE, content=coded, type=mime, name=name), unsafe_allow_javascript=True)


def print_page(page: str) -> None:
    """Opens the browser's dialogue that prints a page, or saves it as PDF.

    Args:
        page: HTML that runs no script.
    """
    st.html(_once(_PRINT, page=page), unsafe_allow_javascript=True)


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
    script = _once(_COPY, token, text=text, **told)
    st.html(place + script, unsafe_allow_javascript=True, width="content")


def _once(act: str, token: str = "", **given: str) -> str:
    """A script that does something once with what it is given, which it cannot be ended by."""
    known = json.dumps({"token": token or uuid.uuid4().hex, **given}).replace("<", "\\u003c")
    return _ONCE.format(act=act, given=known)
