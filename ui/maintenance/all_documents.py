"""All documents: add, describe, remove, put back. What is done here is used once published."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import streamlit as st

from core.errors import NoIndexError
from core.names import as_text, printable
from core.settings import Settings
from ingest.passages.isolated import Loader
from ui import access, error_texts
from ui.maintenance import (
    document_files,
    file_preview,
    generation_list,
    removed_files,
    upload_form,
)
from ui.maintenance import job_list as work
from ui.maintenance.about import SAVED, about, problem
from ui.maintenance.file_preview import Said
from ui.markup import code, facts_html
from ui.pagination import page_of
from ui.texts import Texts
from vectorstore.generations import Generations, store_exists
from vectorstore.manifest import DocumentEntry, Manifest

_PAGE = 20  # documents shown at once; all of them would be sent to the browser at every click


@dataclass(frozen=True)
class _Row:
    """A document: its file, if that is there, what the generation in use knows of it, and whether
    another that is kept has it."""

    path: str
    file: Path | None
    entry: DocumentEntry | None
    state: document_files.FileState
    elsewhere: bool = False

    @property
    def standing(self) -> str:
        """The key of the text for its state."""
        return f"maintenance.own.{'elsewhere' if self.elsewhere else self.state}"

    @property
    def label(self) -> str:
        """Its title, where it has been published, and the name of its file."""
        name = error_texts.name(self.path)
        return (
            f"{self.entry.info.short_title} ({self.entry.info.language}, {name})"
            if self.entry
            else name
        )


def show(settings: Settings, texts: Texts, *, busy: bool) -> None:
    """What is in use and what will be, and where to add to it; `busy`: a job runs.

    Raises:
        StrategiewijzerError: the index or the folder cannot be used.
    """
    manifest = manifest_in_use(settings)
    entries = manifest.documents if manifest else ()
    can_add = document_files.is_read(settings)
    st.header(texts("maintenance.upload.heading"), anchor=False)
    with Loader(settings) as loader:
        if can_add:
            st.markdown(texts("maintenance.upload.explained"))
            upload_form.show(settings, entries, loader, texts)
        else:
            st.error(texts("maintenance.upload.not_read"))
            where = f"{document_files.folder(settings)}\nSTRATEGIEWIJZER_CORPUS_DIRS"
            error_texts.details(where, texts)
        if done := st.session_state.pop(upload_form.DONE, ""):
            st.success(done)
        if manifest is not None:
            removed_files.forget(settings, manifest, work.published(settings))
        rows, gone = _rows(settings, entries), removed_files.removed(settings)
        if gone or any(row.state in ("new", "changed") for row in rows):
            _preview(settings, texts, busy=busy)
        _removed(gone, settings, texts)
        _documents(rows, entries, settings, loader, texts)


def _preview(settings: Settings, texts: Texts, *, busy: bool) -> None:
    """The way on from what was done here: what it changes for readers."""
    if not generation_list.brought_back(settings, texts):
        st.info(texts("maintenance.own.waiting"))
    st.button(
        texts("maintenance.plan.make"),
        key="maintenance-preview",
        type="primary",
        help=texts("maintenance.plan.make_help"),
        disabled=busy,
        on_click=_start_preview,
        args=(texts,),
    )


def _start_preview(texts: Texts) -> None:
    work.start("--dry-run", "--json")
    st.session_state[work.TAB] = texts("maintenance.tabs.plan")


def manifest_in_use(settings: Settings) -> Manifest | None:
    """Of the generation in use, where there is one."""
    try:
        return Generations(settings).current().manifest if store_exists(settings) else None
    except NoIndexError:
        return None


def _rows(settings: Settings, entries: Sequence[DocumentEntry]) -> list[_Row]:
    """What was added here and all else that is in use; what is new comes first."""
    by_path = {entry.path: entry for entry in entries}
    found = {as_text(file): file for file in document_files.listed(settings)}
    places = {**{path: document_files.of(settings, one) for path, one in by_path.items()}, **found}
    rows = [
        _Row(
            path,
            file,
            by_path.get(path),
            document_files.state(file, by_path, settings) if file else "gone",
        )
        for path, file in places.items()
    ]
    new = {row.path for row in rows if row.state == "new"}
    known = _published_once(settings) if new else frozenset()
    rows = [replace(row, elsewhere=row.path in new & known) for row in rows]
    return sorted(rows, key=lambda row: (row.state != "new", row.label.casefold()))


def _published_once(settings: Settings) -> frozenset[str]:
    """The paths of all documents of the generations that are kept."""
    kept = Generations(settings).kept() if store_exists(settings) else ()
    return frozenset(entry.path for one in kept for entry in one.manifest.documents)


def _documents(
    rows: Sequence[_Row],
    entries: Sequence[DocumentEntry],
    settings: Settings,
    loader: Loader,
    texts: Texts,
) -> None:
    """All documents, a page at a time; one that is opened can be described and removed."""
    documents = len({row.entry.info.id if row.entry else row.path for row in rows})
    st.header(texts("maintenance.own.heading", number=documents), anchor=False)
    st.html(facts_html(texts("maintenance.own.versions", number=len(rows))))
    if not rows:
        st.info(texts("maintenance.own.none"))
        return
    if len(rows) > _PAGE:
        asked = st.text_input(texts("maintenance.own.search"), key="maintenance-own-search")
        rows = [row for row in rows if asked.strip().casefold() in row.label.casefold()]
    shown, rows = page_of(rows, _PAGE, key="maintenance-own-page")
    for row in rows:
        name = hashlib.sha256(row.path.encode()).hexdigest()[:12]
        key, standing = f"plain-own-{name}", texts(row.standing)
        if st.session_state.get(SAVED) == name:  # with another label Streamlit would fold it
            st.session_state[key] = True
        place = shown.expander(
            f"{code(printable(row.label))} · {standing}",
            key=key,
            on_change="rerun",
        )
        if place.open:
            with place:
                _document(row, name, entries, settings, loader, texts)


def _document(
    row: _Row,
    name: str,
    entries: Sequence[DocumentEntry],
    settings: Settings,
    loader: Loader,
    texts: Texts,
) -> None:
    """What is known of one document, and the way to take it away."""
    if row.file is None:
        st.info(texts("maintenance.own.gone_help"))
        return
    if row.entry is not None and row.state == "published":
        said = Said(info=row.entry.info)
    else:
        with st.spinner(texts("maintenance.upload.reading")):
            said = file_preview.kept(row.file, settings, loader)
    if said.failure is not None:
        st.error(problem(said.failure.fault, said.failure.field, texts))
        error_texts.details(f"{said.failure.problem}. {said.failure.remedy}", texts)
        said = Said(info=row.entry.info if row.entry else None, failure=said.failure)
    upload_form.notes(said, row.path, {entry.key: entry for entry in entries}, texts)
    about(settings, row.file, name, said, entries, texts)
    st.button(
        texts("maintenance.own.remove"),
        key=f"maintenance-remove-{name}",
        help=texts("maintenance.own.remove_help"),
        on_click=_remove,
        args=(settings, row.file),
    )


def _remove(settings: Settings, file: Path) -> None:
    with work.attempt():
        access.require("maintainer")
        removed_files.remove(settings, file)


def _removed(gone: Sequence[removed_files.Removed], settings: Settings, texts: Texts) -> None:
    """What was removed or replaced since the last publication, to be put back."""
    if not gone:
        return
    st.header(texts("maintenance.removed.heading"), anchor=False)
    st.markdown(texts("maintenance.removed.explained"))
    for one in gone:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(code(printable(one.name)))
            st.button(
                texts("maintenance.removed.restore"),
                key=f"maintenance-restore-{one.id}",
                on_click=_restore,
                args=(settings, one),
            )


def _restore(settings: Settings, one: removed_files.Removed) -> None:
    with work.attempt():
        access.require("maintainer")
        removed_files.restore(settings, one)
