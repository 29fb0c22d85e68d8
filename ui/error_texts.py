"""What went wrong, in the language of the page; paths and English stand in folded details."""

from pathlib import PurePath
from typing import Protocol

import streamlit as st

from core.errors import DocumentError, Fault, StrategiewijzerError
from core.names import printable
from ui.markup import escape
from ui.texts import Texts


class Faulty(Protocol):
    """A `DocumentError`, or what a report tells of one."""

    @property
    def path(self) -> str: ...
    @property
    def problem(self) -> str: ...
    @property
    def remedy(self) -> str: ...
    @property
    def fault(self) -> Fault: ...
    @property
    def field(self) -> str: ...


def show(error: StrategiewijzerError, texts: Texts) -> None:
    """Shows an error of ours; what it says itself stands in the details."""
    if isinstance(error, DocumentError):
        st.error(reason(error, texts))
    else:
        kind = type(error).__name__
        st.error(texts.values.get(f"maintenance.errors.{kind}", texts("maintenance.errors.other")))
    details(str(error), texts)


def unexpected(error: StrategiewijzerError, texts: Texts) -> None:
    """Shows that something did not work; why stands in the details, whatever the page is for."""
    st.error(texts("maintenance.errors.other"))
    details(str(error), texts)


def details(told: str, texts: Texts) -> None:
    """What is for whoever runs the program, folded."""
    if told.strip():
        st.html(fold(told, texts))


def reason(one: Faulty, texts: Texts) -> str:
    """Why a document cannot be taken, and what to do; holds nothing of the file but our names."""
    field = texts.label("maintenance.fields", one.field) if one.field else ""
    known = f"maintenance.fields.{one.field}" in texts.values
    fault = "front_matter" if one.fault == "value" and not known else one.fault
    return texts(f"maintenance.faults.{fault}", field=field)


def name(path: str) -> str:
    """The name of a file, to be shown."""
    return printable(PurePath(path).name)


def failure_html(one: Faulty, texts: Texts, *, more: str = "") -> str:
    """A document that cannot be taken: its name, why, what to do, and the details.

    Args:
        one: what is told of it.
        texts: the strings of the interface language.
        more: said behind it.
    """
    said = " ".join(filter(None, (reason(one, texts), more)))
    told = f"{printable(one.path)}: {one.problem}. {one.remedy}"
    return f"<strong>{escape(name(one.path))}</strong>: {escape(said)}{fold(told, texts)}"


def fold(told: str, texts: Texts) -> str:
    """As `details`, as HTML."""
    lines = "".join(f"<p><code>{escape(line)}</code></p>" for line in told.strip().splitlines())
    title = escape(texts("maintenance.details"))
    return (
        f'<details class="sw-details"><summary>{title}</summary><div lang="en">{lines}</div>'
        "</details>"
    )
