"""Scripts in pages, Streamlit's own words translated, and downloads.

So nothing is fetched for them, and Streamlit runs one whenever its element is drawn.
"""

import base64
import functools
import json
import re
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path, PurePath

import streamlit as st

from language.matching import without_accents
from ui.texts import Texts, languages, load

# The scripts of the pages: files in ui/static that are put into the page itself.


STATIC = Path(__file__).parent / "static"


def script(name: str, /, **given: object) -> str:
    """HTML that runs a script, for `st.html(..., unsafe_allow_javascript=True)`.

    Args:
        name: of the file, without its ending.
        given: what the script has as `given`, all of which JSON can say.
    """
    return _element((name,), given)


def into_view(name: str, /, **given: object) -> str:
    """As `script`, for one that keeps something in view (keep_in_view.js)."""
    return _element(("keep_in_view", name), given)


def _element(names: Iterable[str], given: Mapping[str, object]) -> str:
    """One element, since style.css hides what has no more than that."""
    # A "<" could end the script or begin a comment, and Streamlit leaves out a script with a tag.
    values = json.dumps(given).replace("<", "\\u003c")
    # A block, since all scripts of a page share their names.
    return f"<script>{{\nconst given = {values};\n{''.join(map(_code, names))}}}</script>"


@functools.cache
def _code(name: str) -> str:
    return (STATIC / f"{name}.js").read_text("utf-8")


# What Streamlit itself says, in the language of the page: it has its own words in English only.


def translated(texts: Texts) -> str:
    """Says all of it in the language of the page, now and whatever comes; also the page's own."""
    words, around = {}, []
    for key, value in _own(texts):
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


def _own(texts: Texts) -> Iterator[tuple[str, str]]:
    return ((key, text) for key, text in texts.values.items() if key.startswith("streamlit."))


# What a reader takes along: a file, which the browser makes from what its own page is told, or a
# text on the clipboard.


_TYPES = {
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".md": "text/markdown",
    ".html": "text/html",
    ".json": "application/json",
    ".csv": "text/csv",
    ".zip": "application/zip",
}


@st.fragment  # saving neither runs the whole page nor interrupts an answer in the making
def offer_download(label: str, made: Callable[[], str | bytes], *, name: str, key: str) -> None:
    """A button that saves a file.

    Args:
        label: of the button.
        made: makes what is in the file, once it is asked for.
        name: of the file, as the browser proposes it; its ending says its type.
        key: of the button.
    """
    if st.button(label, key=key):
        save_file(made(), name=name)


def save_file(content: str | bytes, *, name: str) -> None:
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
