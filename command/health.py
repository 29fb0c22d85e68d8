"""What `strategiewijzer doctor` looks at, one function a check; they publish nothing.

A check imports what it looks at itself, so that a package that is not there fails no other.
"""

import shutil
import sys
from collections.abc import Callable
from typing import Literal, NamedTuple

from core.disk import existing, obstacle
from core.errors import NoIndexError, SettingsError, StrategiewijzerError
from core.names import as_text
from core.settings import ROOT, Settings
from core.types import Frozen

Level = Literal["ok", "warning", "failure"]

PYTHONS = ((3, 11), (3, 14))
"""The first version of Python that will do, and the first that will not."""
INSTALL = "Install the packages again: rm -r .venv && make chat"

_ROOM = 1_000_000_000  # bytes; the index of some hundred documents, kept versions and runs
_SAME_LENGTH = 1e-3
_VERIFY = "Look closer: python -m ingest verify"


class Finding(Frozen):
    """What a check found, and what to do about it."""

    check: str
    level: Level = "ok"
    found: str
    remedy: str = ""


class Check(NamedTuple):
    """One check. `look` gives None where there is nothing to look at; `remedy` is for what nobody
    foresaw; `late` is what it means when it takes longer than `seconds`."""

    name: str
    look: Callable[[Settings], Finding | None]
    remedy: str
    seconds: Callable[[Settings], float] = lambda _: 60.0
    late: Level = "failure"

    def finding(self, level: Level, found: str, remedy: str) -> Finding:
        return Finding(check=self.name, level=level, found=found, remedy=remedy)


def of_error(check: str, error: StrategiewijzerError) -> Finding:
    """A failure: our messages say in a sentence what is wrong, and then what to do."""
    found, _, remedy = str(error).partition(". ")
    return Finding(check=check, level="failure", found=found.rstrip("."), remedy=remedy)


def python() -> Finding:
    (least, above), version = PYTHONS, sys.version_info[:3]
    found = ".".join(map(str, version))
    if least <= version[:2] < above:
        return Finding(check="Python", found=found)
    remedy = "Install Python 3.11, 3.12 or 3.13, then: rm -r .venv && make chat"
    return Finding(check="Python", level="failure", found=found, remedy=remedy)


def settings_of() -> Settings | Finding:
    """The settings, or what is wrong with them."""
    try:
        return Settings()
    except SettingsError as error:
        found = " ".join(str(error).split())
        remedy = "Correct it, then run this again: nothing else was looked at."
    except (OSError, UnicodeDecodeError) as error:  # its text may hold a value
        found = f"{ROOT / '.env'} cannot be read ({type(error).__name__})"
        remedy = "Give yourself the right to read it, and write it as UTF-8; then run this again."
    return Finding(check="settings", level="failure", found=found, remedy=remedy)


def _data_folder(settings: Settings) -> Finding:
    folder = settings.data_dir
    if blocked := obstacle(folder):
        return of_error("data folder", StrategiewijzerError(blocked))
    place = existing(folder)
    disk = shutil.disk_usage(place)
    found = f"{folder} can be written to, {disk.free / 1e9:.1f} GB free"
    if disk.total and disk.free < _ROOM:
        remedy = f"Make room on the disk of {place}."
        return Finding(check="data folder", level="warning", found=found, remedy=remedy)
    return Finding(check="data folder", found=found)


def _source_texts(settings: Settings) -> Finding:
    from ingest.reading.find import find

    found = find(settings.corpus_dirs)
    if found.unreadable:
        return of_error("source texts", found.unreadable[0])
    folders = ", ".join(as_text(folder) for folder in settings.corpus_dirs)
    if not found.files:
        return Finding(
            check="source texts",
            level="failure",
            found=f"there are none in {folders}",
            remedy="Put files there, or set STRATEGIEWIJZER_CORPUS_DIRS.",
        )
    return Finding(check="source texts", found=f"{len(found.files)} files in {folders}")


def _embedder(settings: Settings) -> Finding:
    import numpy as np

    from vectorstore.embeddings import make_embedder

    embedder = make_embedder(settings)
    vector = embedder.query("Hoeveel is de drugsmarkt waard?")
    length = float(np.linalg.norm(vector))
    if abs(length - 1) > _SAME_LENGTH:
        return Finding(
            check="embedder",
            level="failure",
            found=f"{embedder.fingerprint} gives a vector of length {length:.3f}, not 1",
            remedy=INSTALL,
        )
    where = f" at {settings.embeddings_url}" if settings.embeddings_url else " in this process"
    found = f"{embedder.fingerprint}{where}, {len(vector)} dimensions"
    return Finding(check="embedder", found=found)


def _index(settings: Settings) -> Finding:
    from ingest.commands.status import moment
    from vectorstore.embeddings import make_embedder
    from vectorstore.generations import Generations, store_exists
    from vectorstore.manifest import method_of

    if not store_exists(settings):  # to connect would make its folder
        raise NoIndexError
    generations = Generations(settings)
    manifest = generations.current().manifest
    used = generations.made_by(method_of(make_embedder(settings))).manifest
    if used.id != manifest.id:
        return Finding(
            check="index",
            level="warning",
            found=f"{manifest.method} made the generation in use, so questions are answered from "
            f"an earlier one, {used.id}",
            remedy="Take over the settings of the last ingest, or: make ingest",
        )
    return Finding(
        check="index",
        found=f"generation {used.id} of {moment(used.created)} (UTC), {len(used.documents)} "
        f"documents, {used.passages} passages, made by {used.method}",
    )


def _whole(settings: Settings) -> Finding | None:
    from ingest.publishing.completeness import problems_at_once
    from vectorstore.generations import Generations

    if not _is_published(settings):
        return None
    generation = Generations(settings).current()
    if wrong := next(problems_at_once(generation, settings), None):
        return Finding(
            check="index is whole", level="failure", found=wrong.problem, remedy=wrong.remedy
        )
    found = "it has what its manifest counts, and a sample of passages is found"
    return Finding(check="index is whole", found=found)


def _in_step(settings: Settings) -> Finding | None:
    from ingest.pipeline import ingest

    if not _is_published(settings):
        return None
    report = ingest(settings, dry_run=True)
    plan = report.plan
    kinds = {
        "added": plan.added,
        "changed": plan.changed,
        "renamed": plan.renamed,
        "removed": plan.removed,
    }
    found, remedy = [], ""
    if report.failures:
        first = report.failures[0]
        found = [f"files not taken: {len(report.failures)}, such as {first.place}: {first.problem}"]
        remedy = first.remedy
    if not plan.is_empty:
        pending = [f"{len(keys)} {kind}" for kind, keys in kinds.items() if keys]
        found.append(f"documents to take over: {', '.join(pending)}")
        look = "See what: python -m ingest --dry-run. Take it over: make ingest"
        remedy = f"{remedy} {report.stop or look}".strip()
    if found:
        told = "; ".join(found)
        return Finding(check="index in step", level="warning", found=told, remedy=remedy)
    return Finding(check="index in step", found=f"with all {len(plan.unchanged)} documents")


def _is_published(settings: Settings) -> bool:
    from vectorstore.generations import Generations, store_exists

    return store_exists(settings) and bool(Generations(settings).pointer().current)


def _reranker(settings: Settings) -> Finding | None:
    from vectorstore.rerank import make_reranker

    reranker = make_reranker(settings)
    if reranker is None:
        return None
    reranker.try_out()
    return Finding(check="reranker", found=f"{settings.rerank_url} judges passages")


def _model(settings: Settings) -> Finding:
    from chain.model_check import check

    if not settings.generative:
        found = "no model configured: answers are quoted from the sources"
        return Finding(check="model", found=found)
    works = []
    for seen in check(settings):
        if seen.error:
            return of_error("model", seen.error)
        told = dict(seen.lines)
        named = f"{told['model']} at {told['address']}"
        if not seen.works:
            return Finding(
                check="model",
                level="failure",
                found=f"{named} said {told['said']}",
                remedy="Set another STRATEGIEWIJZER_MODEL. More: python -m chain --check-model",
            )
        works.append(f"{named} answers ({told['reply']}; seconds: {told['seconds']})")
    return Finding(check="model", found="; ".join(works))


CHECKS = (
    Check("data folder", _data_folder, "Set STRATEGIEWIJZER_DATA_DIR to another folder."),
    Check("source texts", _source_texts, "Check the folders of STRATEGIEWIJZER_CORPUS_DIRS."),
    Check("embedder", _embedder, INSTALL),
    Check("index", _index, _VERIFY),
    Check("index is whole", _whole, _VERIFY),
    Check("index in step", _in_step, "Look closer: python -m ingest --dry-run", late="warning"),
    Check("reranker", _reranker, "Check STRATEGIEWIJZER_RERANK_URL."),
    Check(
        "model",
        _model,
        "Look closer: python -m chain --check-model",
        seconds=lambda settings: 2 * settings.answer_timeout + 30,  # answering model and checker
    ),
)
