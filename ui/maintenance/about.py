"""What is known about a maintainer's own document, to be given or corrected."""

import datetime
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.errors import DocumentError, StrategiewijzerError
from ingest import sidecar
from ingest.formats.blocks import Value
from ingest.language import LANGUAGES
from ui import access, formats
from ui.maintenance import files
from ui.markup import code
from ui.texts import Texts
from vectorstore.manifest import DocumentEntry

_FIRST, _LAST = datetime.date(1900, 1, 1), datetime.date(2199, 12, 31)
_LONGEST = 500  # characters of a field
_SAVED = "maintenance-saved"


def about(
    file: Path,
    name: str,
    entry: DocumentEntry | None,
    guessed: Mapping[str, str],
    entries: Sequence[DocumentEntry],
    texts: Texts,
) -> None:
    """A form with what the file's sidecar states; what is known otherwise stands in grey.

    Args:
        file: the document.
        name: of its own among the page's keys; no data.
        entry: what the generation in use knows of it.
        guessed: what the last plan told from its text.
        entries: all documents in use, of which areas and ids can be chosen.
        texts: the strings of the interface language.
    """
    try:
        stated = sidecar.read(file)
    except DocumentError as error:
        st.error(code(str(error)))
        stated = {}
    info = entry.info.model_dump(mode="json") if entry else {}
    known = {field: str(value) for field, value in {**info, **guessed}.items() if value}
    with st.form(f"maintenance-about-{name}"):
        fields = _Fields(name, stated, known, texts)
        areas, ids = {one.info.area for one in entries}, {one.info.id for one in entries}
        given: dict[str, Value] = {"title": fields.text("title")}
        with _row():
            given["id"] = fields.text("id")
            given["language"] = fields.choice("language", LANGUAGES, label="languages")
        with _row():
            given["reference"] = fields.text("reference")
            given["area"] = fields.choice("area", areas, label="areas")
        given["url"] = fields.text("url")
        with _row():
            given["date"] = fields.date("date")
            given["effective_from"] = fields.date("effective_from")
        given["superseded_by"] = fields.choice("superseded_by", ids)
        saved = st.form_submit_button(texts("maintenance.about.save"))
    if saved:
        try:
            access.require("maintainer")
            files.describe(file, {**stated, **given})
            st.session_state[_SAVED] = name
        except StrategiewijzerError as error:
            st.error(code(str(error)))
    if st.session_state.get(_SAVED) == name:
        st.success(texts("maintenance.about.saved"))
        del st.session_state[_SAVED]


def _row() -> DeltaGenerator:
    """Fields side by side, in the order of the keyboard too; below each other on a phone."""
    return st.container(horizontal=True)


class _Fields:
    """The fields of one form: labelled, with what is stated in it and what is known behind it."""

    def __init__(
        self, name: str, stated: Mapping[str, Value], known: Mapping[str, str], texts: Texts
    ) -> None:
        self._name, self._stated, self._known, self._texts = name, stated, known, texts

    def text(self, field: str) -> str:
        return st.text_input(
            self._label(field),
            value=str(self._stated.get(field) or ""),
            max_chars=_LONGEST,
            placeholder=self._known.get(field),
            help=self._help(field),
            key=self._key(field),
        ).strip()

    def date(self, field: str) -> datetime.date | None:
        stated = self._stated.get(field)
        return st.date_input(
            self._label(field),
            value=stated if isinstance(stated, datetime.date) else None,
            min_value=_FIRST,
            max_value=_LAST,
            format=formats.date_field(self._texts.language),
            help=self._help(field),
            key=self._key(field),
        )

    def choice(self, field: str, options: Sequence[str] | set[str], label: str = "") -> str:
        """One of these, or another that is typed; `label` names the texts that the options have."""
        stated = str(self._stated.get(field) or "")
        choices = sorted({*options, stated} - {""})
        chosen = st.selectbox(
            self._label(field),
            choices,
            index=choices.index(stated) if stated else None,
            format_func=lambda one: self._texts.label(label, one),
            placeholder=self._texts.label(label, self._known.get(field, "")),
            accept_new_options=True,
            help=self._help(field),
            key=self._key(field),
        )
        return cast(str, chosen or "").strip()

    def _label(self, field: str) -> str:
        return self._texts(f"maintenance.fields.{field}")

    def _help(self, field: str) -> str:
        return self._texts(f"maintenance.about.{field}")

    def _key(self, field: str) -> str:
        return f"maintenance-{field}-{self._name}"
