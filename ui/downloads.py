"""Files to take along, which the browser makes from what its own page is told.

Streamlit's own download button serves a file at an address that anybody may open who learns of it;
what is saved here has none.
"""

import base64
import json
import uuid
from collections.abc import Callable

import streamlit as st

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
        content = made()
        st.html(_script(content, name, mime), unsafe_allow_javascript=True)


def _script(content: str | bytes, name: str, mime: str) -> str:
    whole = content.encode() if isinstance(content, str) else content
    file = {
        "token": uuid.uuid4().hex,
        "content": base64.b64encode(whole).decode(),
        "type": mime,
        "name": name,
    }
    return _SAVE.format(file=json.dumps(file).replace("<", "\\u003c"))
