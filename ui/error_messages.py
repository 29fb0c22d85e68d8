"""Messages about what went wrong, in the language of the page; paths and English are folded."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import streamlit as st

from core.errors import DocumentError, Fault, NoIndexError, StrategiewijzerError
from ui.markup import escape, folded_html
from ui.texts import Texts


def show(error: StrategiewijzerError, texts: Texts) -> None:
    """Shows an error of ours; its own message stands in the details."""
    if isinstance(error, DocumentError):
        lead = reason(error.fault, error.field, texts)
    else:
        other = texts("maintenance.errors.other")
        lead = texts.values.get(f"maintenance.errors.{type(error).__name__}", other)
    show_with_details(lead, str(error), texts)


def no_sources(error: StrategiewijzerError, texts: Texts) -> None:
    """Shows why nothing can be searched."""
    lead = "no_index" if isinstance(error, NoIndexError) else "store"
    show_with_details(texts(f"errors.{lead}"), str(error), texts)


@contextmanager
def showing(
    texts: Texts, lead: str = "", box: Callable[[str], object] = st.error
) -> Iterator[None]:
    """Shows why the block could not do what was asked: arguments as of `show_with_details`."""
    try:
        yield
    except StrategiewijzerError as error:
        lead = lead or texts("maintenance.errors.other")
        show_with_details(lead, str(error), texts, box)


def show_with_details(
    lead: str, message: str, texts: Texts, box: Callable[[str], object] = st.error
) -> None:
    """Shows in a box what did not work, in the reader's language; the program's own message, in
    English, stands in the details."""
    box(lead)
    details(message, texts)


def details(message: str, texts: Texts) -> None:
    """Shows what `fold` makes."""
    if message.strip():
        st.html(fold(message, texts))


def fold(message: str, texts: Texts) -> str:
    """HTML of details for whoever runs the program, folded."""
    lines = "".join(f"<p><code>{escape(line)}</code></p>" for line in message.strip().splitlines())
    title = escape(texts("maintenance.details"))
    return folded_html("sw-details", title, f'<div lang="en">{lines}</div>')


def reason(fault: Fault, field: str, texts: Texts) -> str:
    """Why a document cannot be taken, and what to do; holds nothing of the file but our names."""
    known = f"maintenance.fields.{field}" in texts.values
    key = "front_matter" if fault == "value" and not known else fault
    label = texts.label("maintenance.fields", field) if field else ""
    return texts(f"maintenance.faults.{key}", field=label)
