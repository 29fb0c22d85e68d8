"""Editor of a document's description: its fields and the file beside it."""

import datetime
import hashlib
import os
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import streamlit as st
import yaml

from core.errors import DocumentError, Fault, StrategiewijzerError, writing_to
from core.settings import Settings
from core.source import DocumentKind
from ingest.publishing.ingest_run import Failure
from ingest.reading import files
from ingest.reading.blocks import Value
from ingest.reading.files import sha256
from ingest.reading.formats import front_matter
from language.identify import OFFICIAL
from ui import access, error_messages
from ui.maintenance.document_files import folder
from ui.maintenance.job_list import PageContext
from ui.maintenance.upload_form import FilePreview
from ui.texts import Texts
from userdata.audit import OfficialDecision, keep_decision
from vectorstore.manifest import DocumentEntry

# Streamlit allows ten years around the value only, if nothing is said.
_FIRST, _LAST = datetime.date(1900, 1, 1), datetime.date(2199, 12, 31)
_DATES = ("date", "effective_from", "effective_until")
_ROWS = (
    *(("title",), ("known_as",), ("kind", "publisher"), ("id", "language"), ("reference", "area")),
    *(("url",), _DATES, ("superseded_by",), ("successor", "successor_url")),
)
"""The fields that stand side by side, in the order of the keyboard too."""
_LONGEST = 500  # characters of a field: titles of acts have several lines, more is text by mistake
SAVED = "maintenance-saved"  # of which document the details were just saved


def _describe(settings: Settings, file: Path, fields: Mapping[str, Value]) -> None:
    """Writes the sidecar of a file; without a field that has a value there is none. Where a value
    is wrong (DocumentError), what was there before stays."""
    stated = {name: value for name, value in fields.items() if value}
    beside = file.with_name(file.name + front_matter.SIDECAR_SUFFIX)
    text = yaml.safe_dump(stated, sort_keys=False, allow_unicode=True, width=1000)
    front_matter.read(beside, text)
    unfinished = file.with_name(f".unfinished-{secrets.token_hex(4)}")
    with writing_to(file.parent):
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
) -> None:
    """A form with all that is known of a document, from `preview`; saving it states what was
    checked or corrected. `name` stands in the keys of its fields; `entries` are all documents in
    use, of which areas and ids can be chosen."""
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
    infos = [entry.info for entry in entries]
    with st.form(f"maintenance-about-{name}-{version}"):
        fields = _Fields(
            key=f"{name}-{version}",
            known=known,
            guessed={*preview.guessed, *proposed},
            choices={
                "language": (OFFICIAL, "languages"),
                "area": ({info.area for info in infos}, "areas"),
                "superseded_by": ({info.id for info in infos}, ""),
            },
            is_fetched=_is_fetched(file, context.settings),
            texts=texts,
        )
        given: dict[str, Value] = {}
        for row in _ROWS:
            with st.container(horizontal=True):  # below each other on a phone
                given |= {field: fields.show(field) for field in row}
        pressed = st.form_submit_button(texts("maintenance.about.save"))
    if pressed:
        confirms = {*stated, *preview.guessed, *proposed}
        if preview.unconfirmed:
            confirms.add("kind")
        new = {
            field: value
            for field, value in given.items()
            if value and (field in confirms or value != known.get(field))
        }
        stands = {**stated, **dict.fromkeys(given), **new}
        if _save(context, file, stands, given):
            st.session_state[SAVED] = name
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
        _describe(settings, file, stated)
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
        _show_problem(error.fault, error.field, str(error), texts)
    except StrategiewijzerError as error:
        error_messages.show(error, texts)
    else:
        return True
    return False


def show_failure(failure: Failure, texts: Texts) -> None:
    """Shows why a file cannot be taken as it is, above its details."""
    _show_problem(failure.fault, failure.field, f"{failure.problem}. {failure.remedy}", texts)


def _show_problem(fault: Fault, field: str, details: str, texts: Texts) -> None:
    """Shows why a document cannot be taken; of a value, what can be."""
    rule = texts.values.get(f"maintenance.about.{field}", "") if fault == "value" else ""
    label = texts.label("maintenance.fields", field)
    why = error_messages.reason(fault, field, texts)
    st.error(texts("maintenance.about.wrong", field=label, rule=rule) if rule else why)
    error_messages.details(details, texts)


def _is_fetched(file: Path, settings: Settings) -> bool:
    try:
        return files.is_fetched(file, settings.documents_dir)
    except DocumentError:
        return False


@dataclass(frozen=True)
class _Fields:
    """The fields of one form, with what is known in them; what was guessed says so."""

    key: str
    known: Mapping[str, Value]
    guessed: Collection[str]
    choices: Mapping[str, tuple[Collection[str], str]]  # options, and the texts that name them
    is_fetched: bool  # what a text that our own fetch brought is, is no choice
    texts: Texts

    def show(self, field: str) -> Value:
        """Shows a field; returns its value."""
        texts, known = self.texts, self.known.get(field)
        label = texts(f"maintenance.fields.{field}")
        if field in self.guessed:
            label = texts("maintenance.about.check", field=label)
        help, key = texts(f"maintenance.about.{field}"), f"maintenance-{field}-{self.key}"
        if field == "kind":
            kinds: Sequence[str] = ("official",) if self.is_fetched else get_args(DocumentKind)
            return st.selectbox(
                label,
                kinds,
                index=kinds.index(str(known)) if known in kinds else 0,
                format_func=lambda kind: texts.label("kinds", kind),
                disabled=self.is_fetched,
                help=help,
                key=key,
            )
        if field in _DATES:
            return st.date_input(
                label,
                value=known if isinstance(known, datetime.date) else None,
                min_value=_FIRST,
                max_value=_LAST,
                format=texts.date_field,
                help=help,
                key=key,
            )
        value = str(known or "")
        if field not in self.choices:
            typed = st.text_input(label, value=value, max_chars=_LONGEST, help=help, key=key)
            return typed.strip()
        options, named = self.choices[field]
        choices = sorted({*options, value} - {""})
        chosen = st.selectbox(
            label,
            choices,
            index=choices.index(value) if value else None,
            format_func=lambda option: texts.label(named, option),
            placeholder=texts("maintenance.about.choose"),
            accept_new_options=True,
            help=help,
            key=key,
        )
        return (chosen or "").strip()
