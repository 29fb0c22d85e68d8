"""The scripts of the pages, and what a page has the browser do with them: translate, save, copy."""

import base64
import functools
import json
import re
import uuid
from collections.abc import Callable
from pathlib import Path, PurePath

import streamlit as st

from language.words import without_accents
from ui.texts import Texts, languages, load

STATIC = Path(__file__).parent / "static"
_TYPES = {
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".md": "text/markdown",
    ".html": "text/html",
    ".json": "application/json",
    ".csv": "text/csv",
    ".zip": "application/zip",
}


def script(*names: str, **given: object) -> str:
    """HTML that runs scripts (files of ui/static), which have this as `given`, if JSON can express
    it; for `st.html(..., unsafe_allow_javascript=True)`. Style hides what has no other element."""
    # A "<" could end the script or begin a comment, and Streamlit leaves out a script with a tag.
    values = json.dumps(given).replace("<", "\\u003c")
    # A block, since all scripts of a page share their names.
    return f"<script>{{\nconst given = {values};\n{''.join(map(_code, names))}}}</script>"


def into_view(name: str, /, **given: object) -> str:
    """A script as `script` makes it, which keeps something in view (keep_in_view.js)."""
    return script("keep_in_view", name, **given)


def translated(texts: Texts) -> str:
    """A script that puts Streamlit's own words, which are English, into the language of the page,
    now and whenever they come; also the page's own language."""
    words, around = {}, []
    for key, value in texts.values.items():
        if not key.startswith("streamlit."):
            continue
        first, opens, rest = value.partition("{")
        for language in languages():
            former = load(language).values[key]
            if not opens:
                words[former] = value
                continue
            before, _, after = former.partition("{")
            around.append([before, after.partition("}")[2], first, rest.partition("}")[2]])
    return script(
        "streamlit_words",
        words=[*words.items()],
        around=around,
        language=texts.language,
        byte=texts("byte"),
    )


@st.fragment  # saving neither runs the whole page nor interrupts an answer in the making
def offer_download(label: str, made: Callable[[], str | bytes], *, name: str, key: str) -> None:
    """A button that makes and saves a file. It is not `st.download_button`, whose file anybody
    could fetch at its address."""
    if st.button(label, key=key):
        save_file(made(), name=name)


def save_file(content: str | bytes, *, name: str) -> None:
    """Saves a file in the browser, which proposes this name; its ending decides its type."""
    whole = content.encode() if isinstance(content, str) else content
    coded = base64.b64encode(whole).decode()
    given = {"content": coded, "type": _TYPES[PurePath(name).suffix], "name": name}
    st.html(script("once", "save", token=uuid.uuid4().hex, **given), unsafe_allow_javascript=True)


def copy(text: str, texts: Texts) -> None:
    """Puts a text on the reader's clipboard, and says so for a moment."""
    token = uuid.uuid4().hex
    done, failed = texts("copying.done"), texts("copying.failed")
    place = f'<p class="sw-facts sw-copied" role="status" id="sw-copied-{token}"></p>'
    run = script("once", "copy", token=token, text=text, copied=done, failed=failed)
    st.html(place + run, unsafe_allow_javascript=True, width="content")


def file_name(title: str, ending: str) -> str:
    """The file name for a title.

    >>> file_name("Hoeveel is de drugsmarkt in België waard?", "docx")
    'hoeveel-is-de-drugsmarkt-in-belgie-waard.docx'
    """
    name = re.sub(r"[^a-z0-9]+", "-", without_accents(title.lower()))[:60].strip("-")
    return f"{name or 'strategiewijzer'}.{ending}"


@functools.cache
def _code(name: str) -> str:
    return (STATIC / f"{name}.js").read_text("utf-8")
