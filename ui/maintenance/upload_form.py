"""The form that takes files: each is looked at before it is added."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from core.names import as_text, printable
from core.settings import Settings
from ingest.passages.isolated import Loader
from ingest.reading.formats import CONVERT, FORMATS
from ui import access, error_texts, uploads
from ui.maintenance import added_files, document_files, file_preview
from ui.maintenance import job_list as work
from ui.maintenance.file_preview import Said
from ui.markup import code, facts_html
from ui.texts import Texts
from vectorstore.manifest import DocumentEntry

_ROUND = "maintenance-round"  # counts what was uploaded: a new field is an empty one
DONE = "maintenance-done"  # what was just added, in words

_CURABLE = ("value",)  # faults that the form of a document cures

Chosen = tuple[str, UploadedFile, bool]
"""The name to keep a file under, the file, and whether it takes another's place."""


def show(
    settings: Settings, entries: Sequence[DocumentEntry], loader: Loader, texts: Texts
) -> None:
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
        if _can_be_read(file, name, settings, loader, keys, texts):
            chosen += _look_at(file, name, number, settings, texts)
    if given:
        st.button(
            texts("maintenance.upload.add", number=len(chosen)),
            key="maintenance-add",
            type="primary",
            disabled=not chosen,
            on_click=_add,
            args=(chosen, settings, texts),
        )


def _can_be_read(
    file: UploadedFile,
    name: str,
    settings: Settings,
    loader: Loader,
    keys: Mapping[str, DocumentEntry],
    texts: Texts,
) -> bool:
    """Whether a file is worth keeping under a name; says why not, and what will ask for a look."""
    shown = code(printable(file.name))
    refused = document_files.refusal(name, file.size, settings)
    if refused is not None:
        why = texts(
            f"maintenance.refused.{refused}",
            formats=" ".join(FORMATS),
            better=CONVERT.get(Path(name).suffix.lower(), ""),
            size=settings.max_file_size,
        )
        st.error(f"{shown} {why}")
        return False
    with st.spinner(texts("maintenance.upload.reading")):
        said = file_preview.uploaded(name, file.getvalue(), loader)
    if said.failure is not None:
        can = said.failure.fault in _CURABLE
        (st.warning if can else st.error)(
            f"{shown} {error_texts.reason(said.failure.fault, said.failure.field, texts)}"
        )
        error_texts.details(f"{said.failure.problem}. {said.failure.remedy}", texts)
        return can
    notes(said, str(document_files.folder(settings) / name), keys, texts, name=f"{shown} ")
    return True


def notes(
    said: Said, path: str, keys: Mapping[str, DocumentEntry], texts: Texts, *, name: str = ""
) -> None:
    """What to know of a file that can be taken; `name` stands before it, as Markdown."""
    if said.unused:
        st.info(f"{name}{texts('maintenance.upload.unused')} {code(', '.join(said.unused))}")
    if said.unconfirmed:
        st.warning(f"{name}{texts('maintenance.about.unconfirmed')}")
    other = keys.get(said.info.key) if said.info else None
    if other is not None and other.path != as_text(Path(os.path.abspath(path))):
        st.warning(f"{name}{texts('maintenance.upload.double')} {code(other.info.short_title)}")


def _look_at(
    file: UploadedFile, name: str, number: int, settings: Settings, texts: Texts
) -> list[Chosen]:
    """What is to be done with a file; nothing when it is skipped."""
    if name != file.name:
        st.info(f"{texts('maintenance.upload.renamed')} {code(name)}")
    if document_files.taken(settings, name) is None:
        return [(name, file, False)]
    wish = st.radio(
        f"{texts('maintenance.upload.collision')} {code(name)}",
        ("replace", "both", "skip"),
        format_func=lambda one: texts(f"maintenance.upload.{one}"),
        help=texts("maintenance.upload.collision_help"),
        horizontal=True,
        key=f"maintenance-collision-{st.session_state[_ROUND]}-{number}",
    )
    return [] if wish == "skip" else [(name, file, wish == "replace")]


def _add(chosen: Sequence[Chosen], settings: Settings, texts: Texts) -> None:
    with work.attempt():
        access.require("maintainer")
        for name, file, replace in chosen:
            added_files.add(settings, name, file.getvalue(), replace=replace)
        st.session_state[_ROUND] += 1
        st.session_state[DONE] = texts("maintenance.upload.added", number=len(chosen))
