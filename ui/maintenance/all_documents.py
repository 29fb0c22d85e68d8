"""All documents: described, removed and put back. What is done here is used once published."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from core.errors import NoIndexError
from core.files import as_text, printable
from core.settings import Settings
from ingest.passages.isolated import Loader
from ingest.publishing.not_taken import last_failures
from ui import error_messages, markup
from ui.maintenance import document_files, generation_list
from ui.maintenance import job_list as work
from ui.maintenance.about import SAVED, show_about, show_failure
from ui.maintenance.job_list import PageContext
from ui.maintenance.plan_and_publish import show_not_taken
from ui.maintenance.upload_form import (
    DONE,
    FilePreview,
    preview_kept,
    show_fetch,
    show_upload,
    upload_notes,
)
from ui.markup import code, facts_html
from ui.paging import page_of
from ui.texts import Texts
from vectorstore.generations import Generations, store_exists
from vectorstore.manifest import DocumentEntry, Manifest

_PAGE = 20  # documents shown at once; all of them would be sent to the browser at every click


@dataclass(frozen=True)
class _Row:
    """A document in the list."""

    path: str
    file: Path | None  # None: it is gone
    entry: DocumentEntry | None  # of the generation in use
    state: document_files.FileState

    @property
    def label(self) -> str:
        """Its title, where it has been published, and the name of its file."""
        name = markup.name(self.path)
        return (
            f"{self.entry.info.short_title} ({self.entry.info.language}, {name})"
            if self.entry
            else name
        )


def show_documents(context: PageContext) -> None:
    """Shows the documents in use and to come, and where to add to them."""
    settings, texts = context.settings, context.texts
    manifest = _manifest_in_use(settings)
    entries = manifest.documents if manifest else ()
    st.header(texts("maintenance.upload.heading"), anchor=False)
    with Loader(settings) as loader:
        if document_files.is_read(settings):
            st.markdown(texts("maintenance.upload.explained"))
            show_upload(context, entries, loader)
        else:
            st.error(texts("maintenance.upload.not_read"))
            where = f"{document_files.folder(settings)}\nSTRATEGIEWIJZER_CORPUS_DIRS"
            error_messages.details(where, texts)
        if done := st.session_state.pop(DONE, ""):
            st.success(done)
        if manifest is not None:
            document_files.forget(settings, manifest, work.published(settings))
        rows, gone = _rows(settings, entries), document_files.removed(settings)
        if gone or any(row.state in ("new", "changed") for row in rows):
            _preview(context)
        show_not_taken(last_failures(settings), texts)
        _removed(gone, context)
        _documents(rows, entries, context, loader)
    show_fetch(context)


def _preview(context: PageContext) -> None:
    """The way on from what was done here: what it changes for readers."""
    if not generation_list.brought_back(context.settings, context.texts):
        st.info(context.texts("maintenance.own.waiting"))
    context.button(
        "maintenance.plan.make",
        "maintenance-preview",
        _start_preview,
        context.texts,
        primary=True,
        disabled=context.busy,
    )


def _start_preview(texts: Texts) -> None:
    st.session_state[work.TAB] = texts("maintenance.tabs.plan")
    work.start("--dry-run", "--json")


def _manifest_in_use(settings: Settings) -> Manifest | None:
    """The manifest of the generation in use, where there is one."""
    try:
        return Generations(settings).current().manifest if store_exists(settings) else None
    except NoIndexError:
        return None


def _rows(settings: Settings, entries: Sequence[DocumentEntry]) -> list[_Row]:
    """The documents that were added here and all else that is in use; what is new comes first."""
    by_path = {entry.path: entry for entry in entries}
    found = {as_text(file): file for file in document_files.listed(settings)}
    used = {path: document_files.of(settings, entry) for path, entry in by_path.items()}
    rows = [
        _Row(
            path,
            file,
            by_path.get(path),
            document_files.state(file, by_path, settings) if file else "gone",
        )
        for path, file in {**used, **found}.items()
    ]
    return sorted(rows, key=lambda row: (row.state != "new", row.label.casefold()))


def _documents(
    rows: Sequence[_Row], entries: Sequence[DocumentEntry], context: PageContext, loader: Loader
) -> None:
    """All documents, a page at a time; one that is opened can be described and removed."""
    texts = context.texts
    documents = len({row.entry.info.id if row.entry else row.path for row in rows})
    st.header(texts("maintenance.own.heading", number=documents), anchor=False)
    st.html(facts_html(texts("maintenance.own.versions", number=len(rows))))
    if not rows:
        st.info(texts("maintenance.own.none"))
        return
    if len(rows) > _PAGE:
        words = st.text_input(texts("maintenance.own.search"), key="maintenance-own-search")
        rows = [row for row in rows if words.strip().casefold() in row.label.casefold()]
    shown, rows = page_of(rows, _PAGE, key="maintenance-own-page")
    for row in rows:
        name = hashlib.sha256(row.path.encode()).hexdigest()[:12]
        key = f"plain-own-{name}"
        if st.session_state.get(SAVED) == name:  # with another label Streamlit would fold it
            st.session_state[key] = True
        label = f"{code(printable(row.label))} · {texts(f'maintenance.own.{row.state}')}"
        place = shown.expander(label, key=key, on_change="rerun")
        if place.open:
            with place:
                _document(row, name, entries, context, loader)


def _document(
    row: _Row, name: str, entries: Sequence[DocumentEntry], context: PageContext, loader: Loader
) -> None:
    """Shows one document, and the way to remove it."""
    texts = context.texts
    if row.file is None:
        st.info(texts("maintenance.own.gone_help"))
        return
    if row.entry is not None and row.state == "published":
        preview = FilePreview(info=row.entry.info)
    else:
        with st.spinner(texts("maintenance.upload.reading")):
            preview = preview_kept(row.file, context.settings, loader)
    if preview.failure is not None:
        show_failure(preview.failure, texts)
        preview = FilePreview(info=row.entry.info if row.entry else None, failure=preview.failure)
    upload_notes(preview, row.path, {entry.key: entry for entry in entries}, texts)
    show_about(context, row.file, name, preview, entries)
    key, remove = f"maintenance-remove-{name}", document_files.remove
    context.button("maintenance.own.remove", key, remove, context.settings, row.file)


def _removed(gone: Sequence[document_files.Removed], context: PageContext) -> None:
    """Shows what was removed or replaced since the last publication, to be put back."""
    if not gone:
        return
    st.header(context.texts("maintenance.removed.heading"), anchor=False)
    st.markdown(context.texts("maintenance.removed.explained"))
    for file in gone:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(code(printable(file.name)))
            key, restore = f"maintenance-restore-{file.id}", document_files.restore
            context.button("maintenance.removed.restore", key, restore, context.settings, file)
