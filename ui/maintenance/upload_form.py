"""The form that takes files: each is looked at before it is added."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from core.files import as_text, printable
from ingest.passages.isolated import Loader
from ingest.reading.formats import CONVERT, FORMATS
from ui import error_messages, uploads
from ui.maintenance import document_files
from ui.maintenance import job_list as work
from ui.maintenance.file_preview import FilePreview, preview_uploaded
from ui.maintenance.page_context import PageContext
from ui.markup import code, facts_html
from ui.texts import Texts
from vectorstore.generation import DocumentEntry

DONE = "maintenance-done"  # what was just added, in words

_ROUND = "maintenance-round"  # counts what was uploaded: a new field is an empty one
_CURABLE = ("value",)  # faults that the form of a document cures

Chosen = tuple[str, UploadedFile, bool]
"""The name to keep a file under, the file, and whether it takes another's place."""


def show_upload(context: PageContext, entries: Sequence[DocumentEntry], loader: Loader) -> None:
    """Shows the form; `entries` are the documents in use."""
    settings, texts = context.settings, context.texts
    given = uploads.uploader(
        texts("maintenance.upload.choose"),
        "maintainer",
        settings.max_file_size,
        accept_multiple_files=True,
        help=texts("maintenance.upload.help"),
        key=f"maintenance-upload-{st.session_state.setdefault(_ROUND, 0)}",
    )
    limits = texts(
        "maintenance.upload.formats", formats=" ".join(FORMATS), size=settings.max_file_size
    )
    st.html(facts_html(limits))
    keys = {entry.key: entry for entry in entries}
    chosen = []
    for number, file in enumerate(given):
        name = document_files.safe_name(file.name)
        if _can_be_read(file, name, context, loader, keys):
            chosen += _choice(file, name, number, context)
    if given:
        st.button(
            texts("maintenance.upload.add", number=len(chosen)),
            key="maintenance-add",
            type="primary",
            disabled=not chosen,
            on_click=work.attempt,
            args=(_add, chosen, context),
        )


def _can_be_read(
    file: UploadedFile,
    name: str,
    context: PageContext,
    loader: Loader,
    keys: Mapping[str, DocumentEntry],
) -> bool:
    """Whether a file is worth keeping under a name; shows why not, and what needs a look."""
    settings, texts = context.settings, context.texts
    shown = code(printable(file.name))
    reason = document_files.rejection_reason(name, file.size, settings)
    if reason is not None:
        message = texts(
            f"maintenance.refused.{reason}",
            formats=" ".join(FORMATS),
            better=CONVERT.get(Path(name).suffix.lower(), ""),
            size=settings.max_file_size,
        )
        st.error(f"{shown} {message}")
        return False
    with st.spinner(texts("maintenance.upload.reading")):
        preview = preview_uploaded(name, file.getvalue(), loader)
    if failure := preview.failure:
        can = failure.fault in _CURABLE
        message = error_messages.reason(failure.fault, failure.field, texts)
        (st.warning if can else st.error)(f"{shown} {message}")
        error_messages.details(f"{failure.problem}. {failure.remedy}", texts)
        return can
    path = str(document_files.folder(settings) / name)
    upload_notes(preview, path, keys, texts, name=f"{shown} ")
    return True


def upload_notes(
    preview: FilePreview,
    path: str,
    keys: Mapping[str, DocumentEntry],
    texts: Texts,
    *,
    name: str = "",
) -> None:
    """Notes on a file that can be taken; `name` stands before them, as Markdown."""
    if preview.unused:
        st.info(f"{name}{texts('maintenance.upload.unused')} {code(', '.join(preview.unused))}")
    if preview.unconfirmed:
        st.warning(f"{name}{texts('maintenance.about.unconfirmed')}")
    other = keys.get(preview.info.key) if preview.info else None
    if other is not None and other.path != as_text(Path(os.path.abspath(path))):
        st.warning(f"{name}{texts('maintenance.upload.double')} {code(other.info.short_title)}")


def _choice(file: UploadedFile, name: str, number: int, context: PageContext) -> list[Chosen]:
    """What is done with a file; empty when it is skipped."""
    texts = context.texts
    if name != file.name:
        st.info(f"{texts('maintenance.upload.renamed')} {code(name)}")
    if document_files.taken(context.settings, name) is None:
        return [(name, file, False)]
    choice = st.radio(
        f"{texts('maintenance.upload.collision')} {code(name)}",
        ("replace", "both", "skip"),
        format_func=lambda choice: texts(f"maintenance.upload.{choice}"),
        help=texts("maintenance.upload.collision_help"),
        horizontal=True,
        key=f"maintenance-collision-{st.session_state[_ROUND]}-{number}",
    )
    return [] if choice == "skip" else [(name, file, choice == "replace")]


def _add(chosen: Sequence[Chosen], context: PageContext) -> None:
    for name, file, replace in chosen:
        document_files.add_file(context.settings, name, file.getvalue(), replace=replace)
    st.session_state[_ROUND] += 1
    st.session_state[DONE] = context.texts("maintenance.upload.added", number=len(chosen))
