"""The documents of a report: what changes in each, how readers will see it, a way to correct it."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import streamlit as st

from core.names import as_path
from core.settings import Settings
from ingest.passages.isolated import Loader
from ingest.publishing.ingest_report import DocumentChange, Report
from ui.maintenance import document_files, file_preview, upload_form
from ui.maintenance.about import about, problem
from ui.maintenance.change_html import document_html, info_html
from ui.markup import code
from ui.pagination import page_of
from ui.texts import Texts
from vectorstore.manifest import DocumentEntry

_PAGE = 20  # documents shown at once; all of a first run would be sent at every click
_ORDER = ("removed", "changed", "added", "renamed")  # what asks for a look comes first


def show(report: Report, key: str, texts: Texts) -> None:
    """What was published, a page of documents at a time."""
    place, shown = _page(report, key)
    for change in shown:
        place.html(document_html(change, texts))


def show_to_correct(
    report: Report,
    key: str,
    settings: Settings,
    entries: Sequence[DocumentEntry],
    saved: Callable[[], None],
    texts: Texts,
) -> None:
    """What would be published: with each document how readers will see it, to be corrected.

    Args:
        report: of the preview.
        key: of the widget for pages.
        settings: say where documents are.
        entries: the documents in use.
        saved: called once something was corrected.
        texts: the strings of the interface language.
    """
    place, shown = _page(report, key)
    with place, Loader(settings) as loader:
        for change in shown:
            st.html(document_html(change, texts) + info_html(change, texts))
            file = as_path(change.path)
            if change.info and file.is_file() and document_files.is_read(settings, file):
                _correct(change, file, settings, entries, loader, saved, texts)


def _page(
    report: Report, key: str
) -> tuple[st.delta_generator.DeltaGenerator, Sequence[DocumentChange]]:
    changes = sorted(report.changes, key=lambda change: _ORDER.index(change.kind))
    return page_of(changes, _PAGE, key=f"{key}-page")


def _correct(
    change: DocumentChange,
    file: Path,
    settings: Settings,
    entries: Sequence[DocumentEntry],
    loader: Loader,
    saved: Callable[[], None],
    texts: Texts,
) -> None:
    name = hashlib.sha256(f"preview {change.path}".encode()).hexdigest()[:12]
    label = f"{texts('maintenance.report.correct')} {code(change.title)}"
    place = st.expander(label, key=f"plain-preview-{name}", on_change="rerun")
    if not place.open:
        return
    with place:
        with st.spinner(texts("maintenance.upload.reading")):
            said = file_preview.kept(file, settings, loader)
        if said.failure is not None:
            st.error(problem(said.failure.fault, said.failure.field, texts))
        upload_form.notes(said, change.path, {entry.key: entry for entry in entries}, texts)
        about(settings, file, name, said, entries, texts, saved)
