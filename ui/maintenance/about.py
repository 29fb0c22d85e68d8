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
from ingest.publishing.ingest_run import Failure
from ingest.reading import files
from ingest.reading.blocks import Value
from ingest.reading.files import sha256
from ingest.reading.formats import front_matter
from language.identify import OFFICIAL
from ui import access, error_messages
from ui.maintenance.document_files import folder, writing
from ui.maintenance.file_preview import FilePreview
from ui.maintenance.page_context import PageContext
from ui.texts import Texts
from userdata.audit import OfficialDecision, keep_decision
from vectorstore.generation import DocumentEntry

# Streamlit allows ten years around the value only, if nothing is said.
_FIRST, _LAST = datetime.date(1900, 1, 1), datetime.date(2199, 12, 31)
_LONGEST = 500  # characters of a field: titles of acts have several lines, more is text by mistake
SAVED = "maintenance-saved"  # of which document the details were just saved


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


def show_about(
    context: PageContext,
    file: Path,
    name: str,
    preview: FilePreview,
    entries: Sequence[DocumentEntry],
    saved: Callable[[], None] = lambda: None,
) -> None:
    """A form with all that is known of a document; saving it states what was checked or corrected.

    Args:
        context: of the page.
        file: of the document.
        name: of its own among the page's keys; no data.
        preview: what the file says, or the generation in use knows.
        entries: all documents in use, of which areas and ids can be chosen.
        saved: called once the details are kept.
    """
    texts = context.texts
    try:
        stated = front_matter.read_sidecar(file)
    except DocumentError:  # the page reports its form above; what is saved takes its place
        stated = {}
    info, proposed = preview.info, {}
    if info and info.short_title not in (info.known_as, info.title):
        proposed["known_as"] = info.short_title
    known: dict[str, Value] = {**(dict(info) if info else {}), **stated, **proposed}
    known["kind"] = info.kind if info else "upload"  # what the file says of it counts for nothing
    version = hashlib.sha256(repr((known, preview.guessed)).encode()).hexdigest()[:8]
    if preview.guessed:
        names = ", ".join(texts(f"maintenance.fields.{field}") for field in preview.guessed)
        st.warning(texts("maintenance.about.guessed", fields=names))
    with st.form(f"maintenance-about-{name}-{version}"):
        fields = _Fields(f"{name}-{version}", known, {*preview.guessed, *proposed}, texts)
        infos = [entry.info for entry in entries]
        given: dict[str, Value] = {"title": fields.text("title")}
        given["known_as"] = fields.text("known_as")
        with _row():
            given["kind"] = fields.kind(fetched=_is_fetched(file, context.settings))
            given["publisher"] = fields.text("publisher")
        with _row():
            given["id"] = fields.text("id")
            given["language"] = fields.choice("language", OFFICIAL, label="languages")
        with _row():
            given["reference"] = fields.text("reference")
            given["area"] = fields.choice("area", {info.area for info in infos}, label="areas")
        given["url"] = fields.text("url")
        with _row():
            given["date"] = fields.date("date")
            given["effective_from"] = fields.date("effective_from")
            given["effective_until"] = fields.date("effective_until")
        given["superseded_by"] = fields.choice("superseded_by", {info.id for info in infos})
        with _row():
            given["successor"] = fields.text("successor")
            given["successor_url"] = fields.text("successor_url")
        pressed = st.form_submit_button(texts("maintenance.about.save"))
    if pressed:
        confirms = {
            *stated,
            *preview.guessed,
            *proposed,
            *(["kind"] if preview.unconfirmed else []),
        }
        new = {
            field: value
            for field, value in given.items()
            if value and (field in confirms or value != known.get(field))
        }
        stands = {**stated, **dict.fromkeys(given), **new}
        if _save(context, file, stands, given):
            st.session_state[SAVED] = name
            saved()
            st.rerun()
    if st.session_state.get(SAVED) == name:
        st.success(texts("maintenance.about.saved"))
        del st.session_state[SAVED]


def _save(
    context: PageContext, file: Path, stated: Mapping[str, Value], given: Mapping[str, Value]
) -> bool:
    """Keeps what is stated, and whether it was given that this is an official text; says why not.

    What the file states comes first: as long as it is not confirmed, it is not called official.
    """
    settings, texts = context.settings, context.texts
    try:
        user = access.require("maintainer")
        describe(settings, file, stated)
        official = given["kind"] == "official"
        if official != files.is_official(file, settings.documents_dir):
            decision = OfficialDecision(
                decision="official" if official else "not_official",
                document=f"{given['id'] or file.stem}.{given['language'] or ''}".rstrip("."),
                file=sha256(file),
            )
            keep_decision(settings, decision, user.id)
            files.confirm(file, settings.documents_dir, official=official)
    except DocumentError as error:
        st.error(problem(error.fault, error.field, texts))
        error_messages.details(str(error), texts)
        return False
    except StrategiewijzerError as error:
        error_messages.show(error, texts)
        return False
    return True


def show_failure(failure: Failure, texts: Texts) -> None:
    """Shows why a file cannot be taken as it is, above its details."""
    st.error(problem(failure.fault, failure.field, texts))
    error_messages.details(f"{failure.problem}. {failure.remedy}", texts)


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
            format=self._texts.date_field,
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
            format_func=lambda option: self._texts.label(label, option),
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
            format_func=lambda kind: self._texts.label("kinds", kind),
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
