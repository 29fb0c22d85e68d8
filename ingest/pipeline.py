"""Syncs the index with the source texts.

    folders -> files -> documents -> plan -> new generation (vectors reused or embedded) -> check
            -> publish

Readers see nothing of a run until its last step. A crash at any point leaves the index in use as it
was, and the next run removes what the crash left behind.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from watchfiles import Change, watch
from watchfiles._rust_notify import WatchfilesRustInternalError

from core import telemetry
from core.errors import DocumentError, IndexMismatchError, StoreError, StrategiewijzerError
from core.file_names import as_path, as_text, printable
from core.settings import Settings
from core.source import SourceDocument
from ingest.publishing import own_questions
from ingest.publishing.build import compose, copy_unchanged, embed, embed_questions
from ingest.publishing.changes import document_changes
from ingest.publishing.ingest_report import (
    Embedded,
    Guesses,
    Planned,
    PreparedChange,
    Published,
    Report,
    StoppedError,
    Tell,
    Unused,
    nobody,
    reason_to_stop,
)
from ingest.publishing.lock import writing
from ingest.publishing.prepare import Work, prepare
from ingest.publishing.verify import check
from ingest.reading import question_file
from ingest.reading.files import HIDDEN, FoundFiles, find
from vectorstore.chroma import DocumentRefused
from vectorstore.embeddings import Embedder, Vectors, make_embedder
from vectorstore.generation import Generation
from vectorstore.generations import Generations
from vectorstore.keyword_index import carry_keyword
from vectorstore.store import tidy


@telemetry.ingest()
def ingest(
    settings: Settings,
    folders: Sequence[Path] = (),
    *,
    dry_run: bool = False,
    trial: bool = False,
    strict: bool = False,
    rebuild: bool = False,
    keep_missing: bool = False,
    only: Sequence[str] = (),
    allow_shrink: bool = False,
    compare: bool = False,
    planned: str = "",
    note: str = "",
    tell: Tell = nobody,
    before_publishing: Callable[[], None] = lambda: None,
    embedder: Embedder | None = None,
) -> Report:
    """Makes the index hold the documents in `folders` (default: `corpus_dirs`).

    A file that fails, or whose document the store refuses, is in the report, and its document stays
    as it was in the index.

    Args:
        settings: where the index is.
        folders: folders and files with source texts.
        dry_run: only say what would be done.
        trial: build the new generation and leave it as a trial; the next run with the same plan
            publishes it as it is.
        strict: publish nothing when a file fails.
        rebuild: make everything anew and reuse nothing of earlier generations. The document of a
            file that fails would be lost, so this implies `strict`.
        keep_missing: keep the documents whose files are gone.
        only: the keys of documents in use: their files alone are looked at, in place of `folders`,
            and all other documents stay as they are.
        allow_shrink: allow more than half of the documents to be removed.
        compare: also report which passages change in each document.
        planned: the fingerprint of the approved plan; any other plan is not published.
        note: what to keep with the new generation once it is published, for whoever goes back.
        tell: called with progress events.
        before_publishing: called just before a new generation replaces an old one.
        embedder: used in place of that of the settings, by whose tokens texts are cut all the same
            (a benchmark has one with known vectors).

    Raises:
        DocumentError: there are no source texts.
        StoppedError: the run refused to publish; the error has the report.
        LockedError: another run is busy.
        StoreError: the new generation did not pass its check; the index stays as it was.
    """
    started = time.perf_counter()
    found = _find(settings, _files(settings, only) if only else folders)
    embedder = embedder or make_embedder(settings)

    def planned_without(refused: Mapping[str, DocumentError]) -> tuple[Work, Report]:
        work = prepare(
            settings,
            found,
            embedder,
            rebuild=rebuild,
            keep_missing=keep_missing or bool(only),
            tell=tell,
            refused=refused,
        )
        stop = reason_to_stop(
            work.plan,
            work.gathered.failures,
            work.before,
            as_planned=planned in ("", work.fingerprint),
            strict=strict or rebuild,
            allow_shrink=allow_shrink,
        )
        report = _report(work, found, stop, dry_run=dry_run, compare=compare)
        if only:  # nobody has looked whether the files of the others are there
            report = report.model_copy(update={"missing": ()})
        tell(Planned(plan=work.plan, to_embed=report.embedded))
        if stop and not dry_run:
            raise StoppedError(report)
        return work, report

    published = tried = ""
    with writing(settings, unless=dry_run) as lease:
        refused: Mapping[str, DocumentError] = {}
        work, report = planned_without(refused)
        if not dry_run:
            generations, new = Generations(settings, lease), None
            while new is None and not work.plan.is_empty:
                try:
                    new = None if rebuild else _tried_out(work, generations, settings)
                    new = new or _build(work, generations, settings, embedder, tell)
                except DocumentRefused as error:
                    refused = _refused(refused, work, error)
                    work, report = planned_without(refused)
            if new is None:
                generations.discard()
            elif trial:
                generations.try_out(new.id, work.fingerprint)
                tried = new.id
            else:
                if work.current:
                    before_publishing()
                if note:
                    generations.annotate(new.id, note)
                generations.publish(new.id)
                published = new.id
                tell(Published(generation=published))
            tidy(settings, generations)
    seconds = time.perf_counter() - started
    done = {"seconds": seconds, "generation": published, "trial": tried}
    return report.model_copy(update=done)


def _find(settings: Settings, folders: Sequence[Path]) -> FoundFiles:
    for folder in folders:
        if not folder.exists():
            raise DocumentError(folder, None, "there is no such file or folder", "Check the path.")
    found = find(folders or settings.corpus_dirs)
    if not found.files:
        where = ", ".join(as_text(folder) for folder in folders or settings.corpus_dirs)
        raise DocumentError(where, None, "there are no documents here", "Name a folder that has.")
    return found


def _files(settings: Settings, keys: Sequence[str]) -> list[Path]:
    """The files of documents in use."""
    known = {entry.key: entry for entry in Generations(settings).current().manifest.documents}
    for key in keys:
        if key not in known:
            remedy = f"Choose from: {', '.join(sorted(known))}"
            raise DocumentError(key, None, "there is no such document in the index", remedy)
    return [as_path(known[key].path) for key in keys]


def _report(work: Work, found: FoundFiles, stop: str, *, dry_run: bool, compare: bool) -> Report:
    """The report of the run, if the rest succeeds."""
    plan, documents = work.plan, work.gathered.documents
    loaded = [one for one in documents if isinstance(one, SourceDocument)]
    entries = work.before.documents if work.before else ()
    unchanged = frozenset(plan.unchanged)
    untouched = sum(entry.passages for entry in entries if entry.key in unchanged)
    old = work.current.all_passages(plan.gone) if work.current and compare else ()
    return Report(
        plan=plan,
        fingerprint=work.fingerprint,
        embedded=len(work.fresh) - len(work.known),
        reused=len(work.known) + untouched,
        dry_run=dry_run,
        failures=work.gathered.failures,
        missing=work.gathered.missing,
        left_out=found.left_out,
        guesses=tuple(Guesses.of(one) for one in loaded if one.guessed),
        unconfirmed=tuple(path for path, one in work.gathered.loaded.items() if one.unconfirmed),
        unused=tuple(Unused(path=one.path, names=one.unused) for one in loaded if one.unused),
        questions=tuple(_questions(work)),
        stop=stop,
        changes=document_changes(plan, documents, work.before, old, work.fresh) if compare else (),
    )


def _questions(work: Work) -> Iterator[PreparedChange]:
    """Plans the prepared questions of the documents that are written."""
    entries = {entry.key: entry for entry in (work.before.documents if work.before else ())}
    for path, loaded in work.gathered.loaded.items():
        key = loaded.document.key
        former = entries[key].questions if key in entries else 0
        if key in work.plan.written and (former or loaded.questions or loaded.stale):
            yield PreparedChange(
                key=key,
                path=path,
                before=former,
                after=len(loaded.questions),
                stale=loaded.stale,
            )


def _kept(work: Work, embedder: Embedder) -> dict[str, Vectors]:
    """The vectors that are kept beside files with prepared questions, by the questions' ids."""
    found: dict[str, Vectors] = {}
    for path, loaded in work.gathered.loaded.items():
        file = question_file.find(as_path(path)) if loaded.questions else None
        beside = own_questions.file_beside(file, embedder.fingerprint) if file else None
        if beside and beside.is_file():
            width = len(embedder.query(loaded.questions[0].question))
            found |= own_questions.kept(beside, loaded.questions, width)
    return found


_REFUSED = 20  # files; where the store refuses more, it is not they that are wrong


def _refused(
    before: Mapping[str, DocumentError], work: Work, error: DocumentRefused
) -> Mapping[str, DocumentError]:
    """The files that fail as the store refuses their documents, with that of one more.

    Raises:
        DocumentRefused: there are too many, or leaving it out did not help.
    """
    path = next(one.path for one in work.gathered.documents if one.key == error.key)
    if path in before or len(before) == _REFUSED:
        raise error
    remedy = "Check the embedder with: ./strategiewijzer doctor. Else save its text in a new file."
    return {
        **before,
        path: DocumentError(path, None, f"the vector store refuses it: {error.told}", remedy),
    }


def _tried_out(work: Work, generations: Generations, settings: Settings) -> Generation | None:
    """The trial of this same work, if it is complete."""
    try:
        trial = generations.trial(work.method, work.fingerprint)
        check(trial, settings)
    except (StoreError, IndexMismatchError):
        return None
    return trial


def _build(
    work: Work, generations: Generations, settings: Settings, embedder: Embedder, tell: Tell
) -> Generation:
    """A new generation, complete, checked and not published."""
    manifest = compose(
        work.gathered.documents,
        work.plan,
        work.fresh,
        work.questions,
        work.before,
        work.method,
    )
    new = generations.create(manifest)
    if work.current:
        copy_unchanged(work.current, new, work.plan)
    embed(
        work.fresh,
        work.known,
        embedder,
        new,
        lambda done, total: tell(Embedded(done=done, total=total)),
    )
    embed_questions(
        work.questions,
        work.sources,
        work.twins,
        _kept(work, embedder),
        embedder,
        new,
        lambda done, total: tell(Embedded(what="questions", done=done, total=total)),
    )
    if work.current and not work.plan.gone:
        carry_keyword(settings, work.current, new, work.fresh)
    check(new, settings)
    return new


# Runs a function at once, and again after every change of source texts, until interrupted.


_QUIET = 1000  # milliseconds without a change before a run: programs save in several steps
_AT_MOST = 10_000  # milliseconds of changes before a run anyway, as some folders never rest
_PATIENCE = 5  # failures in a row; one may pass, and one that lasts would repeat for ever


def on_changes(paths: Sequence[Path], run: Callable[[], None]) -> None:
    """Calls `run` now and after every change below the paths; returns never.

    The watch begins before the first run, so that a change during a run causes another run.

    Args:
        paths: folders and files; missing ones are not watched.
        run: must handle our own errors itself.

    Raises:
        StrategiewijzerError: there is nothing to watch, or the system cannot watch it.
        KeyboardInterrupt: the only way out.
    """
    present = [path.resolve() for path in paths if path.exists()]
    if not present:
        raise StrategiewijzerError(
            f"There is nothing to watch: {', '.join(map(printable, paths))} is not there. "
            "Make the folder, or name another."
        )
    # An editor that replaces a file by a new one would end a watch on the file itself.
    folders = {path if path.is_dir() else path.parent for path in present}

    def is_ours(_: Change, changed: str) -> bool:
        path = Path(changed)
        below = (path.relative_to(root) for root in present if path.is_relative_to(root))
        return any(not any(part.startswith(HIDDEN) for part in way.parts) for way in below)

    failed = 0
    while True:
        try:
            for _ in _signals(folders, is_ours):
                failed = 0
                run()
        except WatchfilesRustInternalError as error:  # also a change to a name that is not UTF-8
            failed += 1
            if failed == _PATIENCE:
                raise StrategiewijzerError(
                    f"The folders cannot be watched ({error}). Run python -m ingest yourself."
                ) from error


def _signals(folders: Iterable[Path], is_ours: Callable[[Change, str], bool]) -> Iterator[None]:
    """Yields once when the watch has begun, and once for every group of changes."""
    begun = False
    for changes in watch(
        *folders,
        watch_filter=is_ours,
        debounce=_AT_MOST,
        step=_QUIET,
        rust_timeout=2 * _QUIET,
        yield_on_timeout=True,
    ):
        if changes or not begun:
            begun = True
            yield
