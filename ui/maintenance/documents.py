"""A maintainer's own documents: add, describe, remove, put back. They are used once published."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from core.errors import NoIndexError, StrategiewijzerError
from core.names import as_text, printable
from core.settings import Settings
from ingest.formats import CONVERT, FORMATS
from ui import access, uploads
from ui.maintenance import files
from ui.maintenance import jobs as work
from ui.maintenance.about import about
from ui.markup import code, escape
from ui.texts import Texts
from vectorstore.generations import Generations, store_exists
from vectorstore.manifest import DocumentEntry, Manifest

_PAGE = 20  # files shown at once
_ROUND = "maintenance-round"  # counts what was uploaded: a new field is an empty one
_DONE = "maintenance-done"

Chosen = tuple[str, UploadedFile, bool]
"""The name to keep a file under, the file, and whether it takes another's place."""


def show(settings: Settings, texts: Texts) -> None:
    """What a maintainer put here, and where to add to it.

    Raises:
        StrategiewijzerError: the index or the folder cannot be used.
    """
    st.header(texts("maintenance.upload.heading"), anchor=False)
    if not files.is_read(settings):
        st.error(texts("maintenance.upload.not_read"))
        st.markdown(code(f"{files.folder(settings)}\nSTRATEGIEWIJZER_CORPUS_DIRS"))
        return
    st.markdown(texts("maintenance.upload.explained"))
    _upload(settings, texts)
    if done := st.session_state.pop(_DONE, ""):
        st.success(done)
    manifest = _manifest(settings)
    if manifest is not None:
        files.forget(settings, manifest)
    _own(settings, manifest.documents if manifest else (), texts)
    _removed(settings, texts)


def _manifest(settings: Settings) -> Manifest | None:
    """Of the generation in use, where there is one."""
    try:
        return Generations(settings).current().manifest if store_exists(settings) else None
    except NoIndexError:
        return None


def _upload(settings: Settings, texts: Texts) -> None:
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
    st.html(f'<p class="sw-facts">{escape(limits)}</p>')
    chosen = [
        one
        for number, file in enumerate(given)
        if (one := _look_at(file, number, settings, texts)) is not None
    ]
    if given:
        st.button(
            texts("maintenance.upload.add", number=len(chosen)),
            key="maintenance-add",
            type="primary",
            disabled=not chosen,
            on_click=_add,
            args=(chosen, settings, texts),
        )


def _look_at(file: UploadedFile, number: int, settings: Settings, texts: Texts) -> Chosen | None:
    """What is to be done with a file; None when it is refused or skipped."""
    name = files.safe_name(file.name)
    refused = files.refusal(name, file.size, settings)
    if refused is not None:
        why = texts(
            f"maintenance.refused.{refused}",
            formats=" ".join(FORMATS),
            better=CONVERT.get(Path(name).suffix.lower(), ""),
            size=settings.max_file_size,
        )
        st.error(f"{code(printable(file.name))} {why}")
        return None
    if name != file.name:
        st.info(f"{texts('maintenance.upload.renamed')} {code(name)}")
    if files.taken(settings, name) is None:
        return name, file, False
    wish = st.radio(
        f"{texts('maintenance.upload.collision')} {code(name)}",
        ("replace", "both", "skip"),
        format_func=lambda one: texts(f"maintenance.upload.{one}"),
        help=texts("maintenance.upload.collision_help"),
        horizontal=True,
        key=f"maintenance-collision-{st.session_state[_ROUND]}-{number}",
    )
    return None if wish == "skip" else (name, file, wish == "replace")


def _add(chosen: Sequence[Chosen], settings: Settings, texts: Texts) -> None:
    try:
        access.require("maintainer")
        for name, file, replace in chosen:
            files.add(settings, name, file.getvalue(), replace=replace)
    except StrategiewijzerError as error:
        work.tell(error)
        return
    st.session_state[_ROUND] += 1
    st.session_state[_DONE] = texts("maintenance.upload.added", number=len(chosen))


def _own(settings: Settings, entries: Sequence[DocumentEntry], texts: Texts) -> None:
    """The files that are there, a page at a time; one that is opened can be described."""
    own = files.listed(settings)
    st.header(texts("maintenance.own.heading", number=len(own)), anchor=False)
    if not own:
        st.info(texts("maintenance.own.none"))
        return
    by_path = {entry.path: entry for entry in entries}
    shown, first = st.container(), 0
    if len(own) > _PAGE:
        first = (st.pagination(-(-len(own) // _PAGE), key="maintenance-own-page") - 1) * _PAGE
    guesses = _guesses(settings)
    for file in own[first : first + _PAGE]:
        name = hashlib.sha256(as_text(file.name).encode()).hexdigest()[:12]
        standing = texts(f"maintenance.own.{files.state(file, by_path)}")
        row = shown.expander(
            f"{code(printable(file.name))} · {standing}",
            key=f"plain-own-{name}",
            on_change="rerun",
        )
        if row.open:
            with row:
                entry = by_path.get(as_text(file))
                about(file, name, entry, guesses.get(as_text(file), {}), entries, texts)
                st.button(
                    texts("maintenance.own.remove"),
                    key=f"maintenance-remove-{name}",
                    help=texts("maintenance.own.remove_help"),
                    on_click=_remove,
                    args=(settings, file),
                )


def _guesses(settings: Settings) -> Mapping[str, Mapping[str, str]]:
    """What the last plan told about files from their text, by path."""
    plan = work.latest(settings, "plan")
    report = work.report(plan) if plan else None
    return {one.path: one.fields for one in report.guesses} if report else {}


def _remove(settings: Settings, file: Path) -> None:
    try:
        access.require("maintainer")
        files.remove(settings, file)
    except StrategiewijzerError as error:
        work.tell(error)


def _removed(settings: Settings, texts: Texts) -> None:
    """What was removed or replaced since the last publication, to be put back."""
    gone = files.removed(settings)
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


def _restore(settings: Settings, one: files.Removed) -> None:
    try:
        access.require("maintainer")
        files.restore(settings, one)
    except StrategiewijzerError as error:
        work.tell(error)
