"""Files that are added: uploaded, each read as ingest would and looked at before, or fetched from
the Publications Office in the background."""

import hashlib
import os
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from core.errors import DocumentError
from core.files import as_text, printable
from core.settings import Settings
from core.source import DocumentInfo, Frozen
from ingest.official import cellar
from ingest.passages.isolated import Loader
from ingest.publishing.ingest_run import Failure
from ingest.reading.files import is_official
from ingest.reading.formats import CONVERT, FORMATS
from ingest.reading.load import fingerprint
from ui import error_messages, uploads
from ui.maintenance import document_files
from ui.maintenance import job_list as work
from ui.maintenance.job_list import PageContext
from ui.markup import code, escape, facts_html
from ui.texts import Texts
from vectorstore.manifest import DocumentEntry

DONE = "maintenance-done"  # what was just added, in words

_ROUND = "maintenance-round"  # counts what was uploaded: a new field is an empty one

Chosen = tuple[str, UploadedFile, bool]
"""The name to keep a file under, the file, and whether it takes another's place."""
_KEPT = 1000  # files, a few kilobytes each: reading one anew takes long, all take memory
_NUMBERS, _LANGUAGES = "maintenance-celex", "maintenance-languages"


class FilePreview(Frozen):
    """The result of reading a file."""

    info: DocumentInfo | None = None  # None: it cannot be taken as it is
    guessed: tuple[str, ...] = ()  # fields that were filled in by the program
    unused: tuple[str, ...] = ()  # names in its front matter that are no fields
    encoding: str = ""  # as detected; empty: the file says it, or it is UTF-8
    unconfirmed: bool = False  # it calls itself an official text, which nobody has confirmed
    failure: Failure | None = None  # why it cannot be taken


def preview_uploaded(name: str, content: bytes, loader: Loader) -> FilePreview:
    """Reads a file that is not kept yet, under a safe name."""

    def load() -> FilePreview:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / name
            file.write_bytes(content)
            return _load(file, loader)

    return _previewed(name, hashlib.sha256(content).hexdigest(), load)


def preview_kept(file: Path, settings: Settings, loader: Loader) -> FilePreview:
    """Reads a kept file with the files beside it."""
    try:
        mark = f"{fingerprint(file)} {is_official(file, settings.documents_dir)}"
    except DocumentError as error:
        return FilePreview(failure=Failure.of(error))
    return _previewed(str(file), mark, lambda: _load(file, loader))


@st.cache_resource(show_spinner=False, max_entries=_KEPT)
def _previewed(name: str, mark: str, _load: Callable[[], FilePreview]) -> FilePreview:
    """Reads a file as `_load` does, once for each file and each of its contents."""
    return _load()


def _load(file: Path, loader: Loader) -> FilePreview:
    try:
        loaded = loader.load(file)
    except DocumentError as error:
        return FilePreview(failure=Failure.of(error))
    document = loaded.document
    return FilePreview(
        info=document.info,
        guessed=document.guessed,
        unused=document.unused,
        encoding=document.encoding,
        unconfirmed=loaded.unconfirmed,
    )


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
        can = failure.fault == "value"  # which the form of a document cures
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
    if preview.encoding:
        st.info(f"{name}{texts('maintenance.upload.detected')} {code(preview.encoding)}")
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


def show_fetch(context: PageContext) -> None:
    """Shows what can be fetched, and the result of the last fetch."""
    texts = context.texts
    st.header(texts("maintenance.fetch.heading"), anchor=False)
    st.markdown(texts("maintenance.fetch.explained"))
    st.text_input(
        texts("maintenance.fetch.numbers"),
        placeholder=" ".join(source.celex for source in cellar.listed()),
        help=texts("maintenance.fetch.numbers_help", number=len(cellar.listed())),
        key=_NUMBERS,
    )
    st.multiselect(
        texts("maintenance.fetch.languages"),
        sorted(cellar.LANGUAGES),
        default=["nl", "en"],
        format_func=lambda language: texts.label("languages", language),
        key=_LANGUAGES,
    )
    disabled = context.busy or not st.session_state[_LANGUAGES]
    context.button("maintenance.fetch.start", "maintenance-fetch", _fetch, disabled=disabled)
    job = work.latest(context.settings, "fetch")
    outcomes = [event for event in (job.events() if job else []) if event.get("event") == "fetched"]
    if job is not None and outcomes:
        rows = "".join(f"<li>{_outcome(outcome, texts)}</li>" for outcome in outcomes)
        st.html(f"{facts_html(work.since(job, texts))}<ul>{rows}</ul>")


def _outcome(outcome: Mapping[str, str], texts: Texts) -> str:
    """The outcome for one text, as HTML."""
    status = escape(texts(f"maintenance.fetched.{outcome['status']}"))
    name = escape(f"{outcome['celex']} ({texts.label('languages', outcome['language'])})")
    result = escape(outcome["file"]) or error_messages.fold(outcome["problem"], texts)
    return f"<strong>{status}</strong> {name} {result}"


def _fetch() -> None:
    """Starts it, with numbers that are numbers and no options of the command."""
    numbers = re.split(r"[\s,;]+", st.session_state[_NUMBERS].strip())
    sources = cellar.chosen(numbers) if any(numbers) else ()
    languages = ",".join(st.session_state[_LANGUAGES])
    work.start("fetch", "--json", "--languages", languages, *(source.celex for source in sources))
