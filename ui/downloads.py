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

# A page may be drawn again, and its scripts with it; a file is saved once.
_SAVE = """<script>
{{ // a block, since all scripts of a page share their names
  const {{token, content, type, name}} = {file};
  const saved = (window.swSaved ??= new Set());
  if (!saved.has(token)) {{
    saved.add(token);
    const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([bytes], {{type}}));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  }}
}}
</script>"""


# Where a page has no secure address, browsers only copy what is selected.
_COPY = """<p class="sw-facts sw-copied" role="status" id="sw-copied-{token}"></p><script>
{{
  const {{token, text, done, failed}} = {given};
  const copied = (window.swSaved ??= new Set());
  const tell = (said, place = document.getElementById("sw-copied-" + token)) => {{
    if (place) place.textContent = said;
    if (place && said) setTimeout(tell, 4000, "", place);
  }};
  const select = () => {{
    const area = Object.assign(document.createElement("textarea"), {{value: text, readOnly: true}});
    const before = document.activeElement;
    area.style.position = "fixed";
    area.style.opacity = "0";
    document.body.append(area);
    area.select();
    const worked = document.execCommand("copy");
    area.remove();
    before?.focus({{preventScroll: true}});
    tell(worked ? done : failed);
  }};
  if (!copied.has(token)) {{
    copied.add(token);
    if (navigator.clipboard) navigator.clipboard.writeText(text).then(() => tell(done), select);
    else select();
  }}
}}
</script>"""


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
    file = {
        "token": uuid.uuid4().hex,
        "content": base64.b64encode(whole).decode(),
        "type": mime,
        "name": name,
    }
    st.html(_SAVE.format(file=_json(file)), unsafe_allow_javascript=True)


# The page is shown nowhere: only the browser's own dialogue is, which also saves as PDF.
_PRINT = """<script>
{{
  const {{token, page}} = {given};
  const printed = (window.swSaved ??= new Set());
  if (!printed.has(token)) {{
    printed.add(token);
    document.querySelector("iframe.sw-print")?.remove();
    const frame = Object.assign(document.createElement("iframe"), {{srcdoc: page, tabIndex: -1}});
    frame.className = "sw-print";
    frame.ariaHidden = "true";
    frame.onload = () => frame.contentWindow.print();
    document.body.append(frame);
  }}
}}
</script>"""


def print_page(page: str) -> None:
    """Opens the browser's dialogue that prints a page, or saves it as PDF.

    Args:
        page: HTML that runs no script.
    """
    given = _json({"token": uuid.uuid4().hex, "page": page})
    st.html(_PRINT.format(given=given), unsafe_allow_javascript=True)


def file_name(title: str, ending: str) -> str:
    """What a file with this title is called.

    >>> file_name("Hoeveel is de drugsmarkt in België waard?", "docx")
    'hoeveel-is-de-drugsmarkt-in-belgie-waard.docx'
    """
    name = re.sub(r"[^a-z0-9]+", "-", without_accents(title.lower()))[:60].strip("-")
    return f"{name or 'strategiewijzer'}.{ending}"


def copy(text: str, texts: Texts) -> None:
    """Puts a text on the reader's clipboard, and tells so for a moment."""
    given = {
        "token": uuid.uuid4().hex,
        "text": text,
        "done": texts("copying.done"),
        "failed": texts("copying.failed"),
    }
    script = _COPY.format(token=given["token"], given=_json(given))
    st.html(script, unsafe_allow_javascript=True, width="content")


def _json(values: dict[str, str]) -> str:
    """As a script can have it: nothing in it ends the script."""
    return json.dumps(values).replace("<", "\\u003c")
