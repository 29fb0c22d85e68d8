"""Editor of a document's description: its fields and the file beside it."""

import datetime
import hashlib
import os
import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import cast, get_args

import streamlit as st
import yaml
from streamlit.delta_generator import DeltaGenerator

from core.errors import DocumentError, Fault, StrategiewijzerError
from core.settings import Settings
from core.source import DocumentKind
from ingest.reading import files
from ingest.reading.clean import Value
from ingest.reading.files import sha256
from ingest.reading.formats import front_matter
from language.official import OFFICIAL
from ui import access, error_messages, formats
from ui.maintenance.document_files import FilePreview, folder, free, remove, taken, writing
from ui.texts import Texts
from userdata.audit import OfficialDecision, keep_decision
from vectorstore.segments import DocumentEntry

# Adds the file of a document, and states what is known about one.


def add_file(settings: Settings, name: str, content: bytes, *, replace: bool) -> str:
    """Keeps a file; where its name is taken, in place of that file or under another name.

    Args:
        settings: say where.
        name: a safe one.
        content: of the file.
        replace: the file that has the name now is removed, else both are kept.

    Returns:
        The name under which it is there.

    Raises:
        StoreError: it cannot be written; what was there before stays.
    """
    place = folder(settings)
    with writing(place):
        place.mkdir(parents=True, exist_ok=True)
        there = taken(settings, name)
        if there is not None and not replace:
            name = free(settings, name)
        unfinished = place / f".unfinished-{secrets.token_hex(4)}"
        try:
            unfinished.write_bytes(content)
            if there is not None and replace:
                known = front_matter.find_sidecar(there)
                remove(settings, there, keep_description=True)
                if known is not None and known.name == there.name + front_matter.SIDECAR_SUFFIX:
                    known.rename(place / (name + front_matter.SIDECAR_SUFFIX))
            unfinished.replace(place / name)
        finally:
            unfinished.unlink(missing_ok=True)
    return name


def describe(settings: Settings, file: Path, fields: Mapping[str, Value]) -> None:
    """Writes the sidecar of a file; without a field that has a value there is none.

    Args:
        settings: say where uploads go.
        file: what is described.
        fields: those of `DocumentInfo` that are stated.

    Raises:
        DocumentError: a value is wrong; what was there before stays.
        StoreError: it cannot be written.
    """
    stated = {name: value for name, value in fields.items() if value}
    beside = file.with_name(file.name + front_matter.SIDECAR_SUFFIX)
    text = yaml.safe_dump(stated, sort_keys=False, allow_unicode=True, width=1000)
    front_matter.read(beside, text)
    unfinished = file.with_name(f".unfinished-{secrets.token_hex(4)}")
    with writing(file.parent):
        if stated:
            unfinished.write_text(text, "utf-8")
            unfinished.replace(beside)
        else:
            beside.unlink(missing_ok=True)
    if folder(settings).is_dir():
        os.utime(folder(settings))  # a plan that was made before is out of date


# What is known about a document, to be given or corrected.


# Streamlit allows ten years around the value only, if nothing is said.
_FIRST, _LAST = datetime.date(1900, 1, 1), datetime.date(2199, 12, 31)
_LONGEST = 500  # characters of a field: titles of acts have several lines, more is text by mistake
SAVED = "maintenance-saved"  # of which document the details were just saved


def show_about(
    settings: Settings,
    file: Path,
    name: str,
    said: FilePreview,
    entries: Sequence[DocumentEntry],
    texts: Texts,
    saved: Callable[[], None] = lambda: None,
) -> None:
    """A form with all that is known of a document; saving it states what was checked or corrected.

    Args:
        settings: say where uploads go.
        file: of the document.
        name: of its own among the page's keys; no data.
        said: what the file says, or the generation in use knows.
        entries: all documents in use, of which areas and ids can be chosen.
        texts: the strings of the interface language.
        saved: called once the details are kept.
    """
    try:
        stated = front_matter.read_sidecar(file)
    except DocumentError:  # its form is told above; what is saved takes its place
        stated = {}
    info, proposed = said.info, {}
    if info and info.short_title not in (info.known_as, info.title):
        proposed["known_as"] = info.short_title
    known: dict[str, Value] = {**(dict(info) if info else {}), **stated, **proposed}
    known["kind"] = info.kind if info else "upload"  # what the file says of it counts for nothing
    version = hashlib.sha256(repr((known, said.guessed)).encode()).hexdigest()[:8]
    if said.guessed:
        names = ", ".join(texts(f"maintenance.fields.{field}") for field in said.guessed)
        st.warning(texts("maintenance.about.guessed", fields=names))
    with st.form(f"maintenance-about-{name}-{version}"):
        fields = _Fields(f"{name}-{version}", known, {*said.guessed, *proposed}, texts)
        areas, ids = {one.info.area for one in entries}, {one.info.id for one in entries}
        given: dict[str, Value] = {"title": fields.text("title")}
        given["known_as"] = fields.text("known_as")
        with _row():
            given["kind"] = fields.kind(fetched=_is_fetched(file, settings))
            given["publisher"] = fields.text("publisher")
        with _row():
            given["id"] = fields.text("id")
            given["language"] = fields.choice("language", OFFICIAL, label="languages")
        with _row():
            given["reference"] = fields.text("reference")
            given["area"] = fields.choice("area", areas, label="areas")
        given["url"] = fields.text("url")
        with _row():
            given["date"] = fields.date("date")
            given["effective_from"] = fields.date("effective_from")
            given["effective_until"] = fields.date("effective_until")
        given["superseded_by"] = fields.choice("superseded_by", ids)
        with _row():
            given["successor"] = fields.text("successor")
            given["successor_url"] = fields.text("successor_url")
        pressed = st.form_submit_button(texts("maintenance.about.save"))
    if pressed:
        confirms = {*stated, *said.guessed, *proposed, *(["kind"] if said.unconfirmed else [])}
        new = {
            field: value
            for field, value in given.items()
            if value and (field in confirms or value != known.get(field))
        }
        stands = {**stated, **dict.fromkeys(given), **new}
        if _save(settings, file, stands, given, texts):
            st.session_state[SAVED] = name
            saved()
            st.rerun()
    if st.session_state.get(SAVED) == name:
        st.success(texts("maintenance.about.saved"))
        del st.session_state[SAVED]


def _save(
    settings: Settings,
    file: Path,
    stated: Mapping[str, Value],
    given: Mapping[str, Value],
    texts: Texts,
) -> bool:
    """Keeps what is stated, and whether it was given that this is an official text; says why not.

    What the file states comes first: as long as it is not confirmed, it is not called official.
    """
    try:
        user = access.require("maintainer")
        describe(settings, file, stated)
        official = given["kind"] == "official"
        if official != files.is_official(file, settings.documents_dir):
            made = OfficialDecision(
                decision="official" if official else "not_official",
                document=f"{given['id'] or file.stem}.{given['language'] or ''}".rstrip("."),
                file=sha256(file),
            )
            keep_decision(settings, made, user.id)
            files.confirm(file, settings.documents_dir, official=official)
    except DocumentError as error:
        st.error(problem(error.fault, error.field, texts))
        error_messages.details(str(error), texts)
        return False
    except StrategiewijzerError as error:
        error_messages.show(error, texts)
        return False
    return True


def problem(fault: Fault, field: str, texts: Texts) -> str:
    """Why a document cannot be taken, for above its details: of a value there, what can be."""
    rule = texts.values.get(f"maintenance.about.{field}", "") if fault == "value" else ""
    label = texts.label("maintenance.fields", field)
    if not rule:
        return error_messages.reason(fault, field, texts)
    return texts("maintenance.about.wrong", field=label, rule=rule)


def _is_fetched(file: Path, settings: Settings) -> bool:
    try:
        return files.is_fetched(file, settings.documents_dir)
    except DocumentError:
        return False


def _row() -> DeltaGenerator:
    """Fields side by side, in the order of the keyboard too; below each other on a phone."""
    return st.container(horizontal=True)


class _Fields:
    """The fields of one form, with what is known in them; what was guessed says so."""

    def __init__(
        self, name: str, known: Mapping[str, Value], guessed: Collection[str], texts: Texts
    ) -> None:
        self._name, self._known, self._guessed, self._texts = name, known, guessed, texts

    def text(self, field: str) -> str:
        return st.text_input(
            self._label(field),
            value=str(self._known.get(field) or ""),
            max_chars=_LONGEST,
            help=self._help(field),
            key=self._key(field),
        ).strip()

    def date(self, field: str) -> datetime.date | None:
        known = self._known.get(field)
        return st.date_input(
            self._label(field),
            value=known if isinstance(known, datetime.date) else None,
            min_value=_FIRST,
            max_value=_LAST,
            format=formats.date_field(self._texts.language),
            help=self._help(field),
            key=self._key(field),
        )

    def choice(self, field: str, options: Sequence[str] | set[str], label: str = "") -> str:
        """Shows a choice of these, or another value that is typed; `label` names the texts of the
        options."""
        known = str(self._known.get(field) or "")
        choices = sorted({*options, known} - {""})
        chosen = st.selectbox(
            self._label(field),
            choices,
            index=choices.index(known) if known else None,
            format_func=lambda one: self._texts.label(label, one),
            placeholder=self._texts("maintenance.about.choose"),
            accept_new_options=True,
            help=self._help(field),
            key=self._key(field),
        )
        return cast(str, chosen or "").strip()

    def kind(self, *, fetched: bool) -> str:
        """What a text that our own fetch brought is, is no choice."""
        kinds = ("official",) if fetched else get_args(DocumentKind)
        known = str(self._known["kind"])
        chosen = st.selectbox(
            self._label("kind"),
            kinds,
            index=kinds.index(known) if known in kinds else 0,
            format_func=lambda one: self._texts.label("kinds", one),
            help=self._help("kind"),
            key=self._key("kind"),
            disabled=fetched,
        )
        return str(chosen)

    def _label(self, field: str) -> str:
        label = self._texts(f"maintenance.fields.{field}")
        is_guessed = field in self._guessed
        return self._texts("maintenance.about.check", field=label) if is_guessed else label

    def _help(self, field: str) -> str:
        return self._texts(f"maintenance.about.{field}")

    def _key(self, field: str) -> str:
        return f"maintenance-{field}-{self._name}"
