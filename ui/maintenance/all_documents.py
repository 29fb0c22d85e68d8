"""All documents: the list, adding by upload or from the Publications Office, removing."""

import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from core.errors import NoIndexError, as_text, printable
from core.settings import Settings
from ingest.official.client import LANGUAGES, chosen, listed
from ingest.passages.isolated import Loader
from ingest.reading.formats import CONVERT, FORMATS
from ui import access, error_messages, markup, uploads
from ui.maintenance import about, document_files, generation_list
from ui.maintenance import job_list as work
from ui.maintenance.about import SAVED, problem, show_about
from ui.maintenance.document_files import FilePreview
from ui.markup import code, escape, facts_html
from ui.paging import page_of
from ui.texts import Texts
from vectorstore.generations import Generations, store_exists
from vectorstore.segments import DocumentEntry, Manifest

# The form that takes files: each is looked at before it is added.


_ROUND = "maintenance-round"  # counts what was uploaded: a new field is an empty one
DONE = "maintenance-done"  # what was just added, in words

_CURABLE = ("value",)  # faults that the form of a document cures

Chosen = tuple[str, UploadedFile, bool]
"""The name to keep a file under, the file, and whether it takes another's place."""


def show_upload(
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
        said = document_files.preview_uploaded(name, file.getvalue(), loader)
    if said.failure is not None:
        can = said.failure.fault in _CURABLE
        (st.warning if can else st.error)(
            f"{shown} {error_messages.reason(said.failure.fault, said.failure.field, texts)}"
        )
        error_messages.details(f"{said.failure.problem}. {said.failure.remedy}", texts)
        return can
    upload_notes(said, str(document_files.folder(settings) / name), keys, texts, name=f"{shown} ")
    return True


def upload_notes(
    said: FilePreview, path: str, keys: Mapping[str, DocumentEntry], texts: Texts, *, name: str = ""
) -> None:
    """Notes on a file that can be taken; `name` stands before them, as Markdown."""
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
    """Decides what is done with a file; nothing when it is skipped."""
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
            about.add_file(settings, name, file.getvalue(), replace=replace)
        st.session_state[_ROUND] += 1
        st.session_state[DONE] = texts("maintenance.upload.added", number=len(chosen))


# Official texts from the Publications Office, fetched in the background.


_NUMBERS, _LANGUAGES = "maintenance-celex", "maintenance-languages"


def show_fetch(settings: Settings, texts: Texts, *, busy: bool) -> None:
    """Shows what can be fetched, and the result of the last fetch; `busy`: a job runs."""
    st.header(texts("maintenance.fetch.heading"), anchor=False)
    st.markdown(texts("maintenance.fetch.explained"))
    st.text_input(
        texts("maintenance.fetch.numbers"),
        placeholder=" ".join(source.celex for source in listed()),
        help=texts("maintenance.fetch.numbers_help", number=len(listed())),
        key=_NUMBERS,
    )
    st.multiselect(
        texts("maintenance.fetch.languages"),
        sorted(LANGUAGES),
        default=["nl", "en"],
        format_func=lambda language: texts.label("languages", language),
        key=_LANGUAGES,
    )
    st.button(
        texts("maintenance.fetch.start"),
        key="maintenance-fetch",
        disabled=busy or not st.session_state[_LANGUAGES],
        on_click=_fetch,
    )
    job = work.latest(settings, "fetch")
    outcomes = [one for one in (job.events() if job else []) if one.get("event") == "fetched"]
    if job is not None and outcomes:
        rows = "".join(f"<li>{_outcome(one, texts)}</li>" for one in outcomes)
        st.html(f"{facts_html(work.since(job, texts))}<ul>{rows}</ul>")


def _outcome(one: Mapping[str, str], texts: Texts) -> str:
    """The outcome for one text, as HTML."""
    status = escape(texts(f"maintenance.fetched.{one['status']}"))
    name = escape(f"{one['celex']} ({texts.label('languages', one['language'])})")
    told = escape(one["file"]) or error_messages.fold(one["problem"], texts)
    return f"<strong>{status}</strong> {name} {told}"


def _fetch() -> None:
    """Starts it, with numbers that are numbers and no options of the command."""
    with work.attempt():
        numbers = re.split(r"[\s,;]+", st.session_state[_NUMBERS].strip())
        sources = chosen(numbers) if any(numbers) else ()
        languages = ",".join(st.session_state[_LANGUAGES])
        work.start("fetch", "--json", "--languages", languages, *(one.celex for one in sources))


# All documents: add, describe, remove, put back. What is done here is used once published.


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
        name = markup.name(self.path)
        return (
            f"{self.entry.info.short_title} ({self.entry.info.language}, {name})"
            if self.entry
            else name
        )


def show_documents(settings: Settings, texts: Texts, *, busy: bool) -> None:
    """Shows the documents in use and to come, and where to add to them; `busy`: a job runs.

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
            show_upload(settings, entries, loader, texts)
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
    """The manifest of the generation in use, where there is one."""
    try:
        return Generations(settings).current().manifest if store_exists(settings) else None
    except NoIndexError:
        return None


def _rows(settings: Settings, entries: Sequence[DocumentEntry]) -> list[_Row]:
    """The documents that were added here and all else that is in use; what is new comes first."""
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
    """Shows one document, and the way to remove it."""
    if row.file is None:
        st.info(texts("maintenance.own.gone_help"))
        return
    if row.entry is not None and row.state == "published":
        said = FilePreview(info=row.entry.info)
    else:
        with st.spinner(texts("maintenance.upload.reading")):
            said = document_files.preview_kept(row.file, settings, loader)
    if said.failure is not None:
        st.error(problem(said.failure.fault, said.failure.field, texts))
        error_messages.details(f"{said.failure.problem}. {said.failure.remedy}", texts)
        said = FilePreview(info=row.entry.info if row.entry else None, failure=said.failure)
    upload_notes(said, row.path, {entry.key: entry for entry in entries}, texts)
    show_about(settings, row.file, name, said, entries, texts)
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
        document_files.remove(settings, file)


def _removed(gone: Sequence[document_files.Removed], settings: Settings, texts: Texts) -> None:
    """Shows what was removed or replaced since the last publication, to be put back."""
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


def _restore(settings: Settings, one: document_files.Removed) -> None:
    with work.attempt():
        access.require("maintainer")
        document_files.restore(settings, one)
