"""What went wrong, in the language of the page; paths and English stand in folded details."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import PurePath

import streamlit as st

from core.errors import DocumentError, Fault, NoIndexError, StrategiewijzerError, printable
from ui.markup import escape, folded_html
from ui.texts import Texts


def show(error: StrategiewijzerError, texts: Texts) -> None:
    """Shows an error of ours; what it says itself stands in the details."""
    if isinstance(error, DocumentError):
        lead = reason(error.fault, error.field, texts)
    else:
        other = texts("maintenance.errors.other")
        lead = texts.values.get(f"maintenance.errors.{type(error).__name__}", other)
    show_with_details(lead, str(error), texts)


def unexpected(error: StrategiewijzerError, texts: Texts) -> None:
    """Shows that something did not work; why stands in the details, whatever the page is for."""
    show_with_details(texts("maintenance.errors.other"), str(error), texts)


def no_sources(error: StrategiewijzerError, texts: Texts) -> None:
    """Shows why nothing can be searched."""
    lead = "no_index" if isinstance(error, NoIndexError) else "store"
    show_with_details(texts(f"errors.{lead}"), str(error), texts)


@contextmanager
def showing(texts: Texts) -> Iterator[None]:
    """Shows why the block could not do what was asked, as `unexpected`."""
    try:
        yield
    except StrategiewijzerError as error:
        unexpected(error, texts)


def show_with_details(
    lead: str, said: str, texts: Texts, box: Callable[[str], object] = st.error
) -> None:
    """Shows in the reader's language what did not work; the program's own words, which are English,
    stand in the details."""
    box(lead)
    details(said, texts)


def details(told: str, texts: Texts) -> None:
    """What is for whoever runs the program, folded."""
    if told.strip():
        st.html(fold(told, texts))


def reason(fault: Fault, field: str, texts: Texts) -> str:
    """Why a document cannot be taken, and what to do; holds nothing of the file but our names."""
    known = f"maintenance.fields.{field}" in texts.values
    key = "front_matter" if fault == "value" and not known else fault
    label = texts.label("maintenance.fields", field) if field else ""
    return texts(f"maintenance.faults.{key}", field=label)


def name(path: str) -> str:
    """The name of a file, to be shown."""
    return printable(PurePath(path).name)


def fold(told: str, texts: Texts) -> str:
    """As `details`, as HTML."""
    lines = "".join(f"<p><code>{escape(line)}</code></p>" for line in told.strip().splitlines())
    title = escape(texts("maintenance.details"))
    return folded_html("sw-details", title, f'<div lang="en">{lines}</div>')
