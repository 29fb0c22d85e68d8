"""Says how everything is, and what to do where it is not well."""

import json
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple

import typer

from core.background import begin
from core.errors import (
    NoIndexError,
    SettingsError,
    StoreError,
    StrategiewijzerError,
    kind_and_place,
)
from core.files import as_text, existing, obstacle
from core.settings import ROOT, Settings
from core.source import Frozen
from language.escaping import visible

PYTHONS = ((3, 11), (3, 14))
"""The first version of Python that will do, and the first that will not."""
INSTALL = "Install the packages again: rm -r .venv && make chat"

_ROOM = 1_000_000_000  # bytes; the index of some hundred documents, kept versions and runs
_SAME_LENGTH = 1e-3  # more than rounding to 32 bits changes a length
_VERIFY = "Look closer: python -m ingest verify"

Severity = Literal["ok", "warning", "failure"]


class Finding(Frozen):
    """The finding of a check, and the remedy; an error's own message says both."""

    check: str
    level: Severity = "ok"
    found: str
    remedy: str = ""


class Shortcoming(NamedTuple):
    """A shortcoming, and the remedy."""

    found: str
    remedy: str
    level: Severity = "failure"


class Check(NamedTuple):
    """One check."""

    name: str
    look: Callable[[Settings], Shortcoming | str | None]  # text: well; None: nothing to look at
    remedy: str  # for errors that nobody foresaw
    seconds: Callable[[Settings], float] = lambda _: 60.0  # that it may take
    late: Severity = "failure"  # what it means when it takes longer

    def finding(self, found: str, remedy: str = "", level: Severity = "ok") -> Finding:
        return Finding(check=self.name, level=level, found=found, remedy=remedy)


def _data_folder(settings: Settings) -> Shortcoming | str:
    folder = settings.data_dir
    if blocked := obstacle(folder):
        raise StoreError(blocked)
    place = existing(folder)
    disk = shutil.disk_usage(place)
    found = f"{folder} can be written to, {disk.free / 1e9:.1f} GB free"
    if disk.total and disk.free < _ROOM:
        return Shortcoming(found, f"Make room on the disk of {place}.", "warning")
    return found


def _database(settings: Settings) -> Shortcoming | str:
    from userdata.database import database, was_copied
    from userdata.tables import versions

    kept_in = database(settings)
    found = kept_in.version()
    described = f"{kept_in.place}, tables {found or 'not made yet'}"
    if was_copied(kept_in):
        return Shortcoming(
            f"{described}: it was copied to a server and is in use again, without what is kept "
            "there",
            "Set STRATEGIEWIJZER_DATABASE_URL to the server, for a command by hand as the service "
            "has it (docs/operations.md), and remove the file.",
            "warning",
        )
    if found == versions()[-1] or not kept_in.is_there:
        return described
    remedy = "The next use brings it up to date, or now: ./strategiewijzer database upgrade"
    return Shortcoming(described, remedy, "warning")


def _source_texts(settings: Settings) -> Shortcoming | str:
    from ingest.reading.files import find

    found = find(settings.corpus_dirs)
    if found.unreadable:
        raise found.unreadable[0]
    folders = ", ".join(as_text(folder) for folder in settings.corpus_dirs)
    if not found.files:
        remedy = "Put files there, or set STRATEGIEWIJZER_CORPUS_DIRS."
        return Shortcoming(f"there are none in {folders}", remedy)
    return f"{len(found.files)} files in {folders}"


def _embedder(settings: Settings) -> Shortcoming | str:
    import numpy as np

    from vectorstore.embeddings import make_embedder

    embedder = make_embedder(settings)
    vector = embedder.query("Hoeveel is de drugsmarkt waard?")
    length = float(np.linalg.norm(vector))
    if abs(length - 1) > _SAME_LENGTH:
        found = f"{embedder.fingerprint} gives a vector of length {length:.3f}, not 1"
        return Shortcoming(found, INSTALL)
    where = f" at {settings.embeddings_url}" if settings.embeddings_url else " in this process"
    return f"{embedder.fingerprint}{where}, {len(vector)} dimensions"


def _index(settings: Settings) -> Shortcoming | str:
    from ingest.commands.generations import moment
    from vectorstore.embeddings import make_embedder
    from vectorstore.generations import Generations, store_exists
    from vectorstore.manifest import method_of

    if not store_exists(settings):  # to connect would make its folder
        raise NoIndexError
    generations = Generations(settings)
    manifest = generations.current().manifest
    used = generations.made_by(method_of(make_embedder(settings))).manifest
    if used.id != manifest.id:
        return Shortcoming(
            f"{manifest.method} made the generation in use, so questions are answered from an "
            f"earlier one, {used.id}",
            "Take over the settings of the last ingest, or: make ingest",
            "warning",
        )
    return (
        f"generation {used.id} of {moment(used.created)} (UTC), {len(used.documents)} documents, "
        f"{used.passages} passages, made by {used.method}"
    )


def _whole(settings: Settings) -> Shortcoming | str | None:
    from ingest.publishing.check import problems_at_once
    from vectorstore.generations import Generations

    if not _is_published(settings):
        return None
    generation = Generations(settings).current()
    if wrong := next(problems_at_once(generation, settings), None):
        return Shortcoming(wrong.problem, wrong.remedy)
    return "it has what its manifest counts, and a sample of passages is found"


def _in_step(settings: Settings) -> Shortcoming | str | None:
    from ingest.pipeline import ingest
    from ingest.publishing.options import IngestOptions

    if not _is_published(settings):
        return None
    report = ingest(settings, IngestOptions(dry_run=True))
    plan = report.plan
    found, remedies = [], []
    if report.failures:
        first = report.failures[0]
        found.append(
            f"files not taken: {len(report.failures)}, such as {first.place}: {first.problem}"
        )
        remedies.append(first.remedy)
    if not plan.is_empty:
        kinds = ("added", "changed", "renamed", "removed")
        counts = [f"{len(getattr(plan, kind))} {kind}" for kind in kinds if getattr(plan, kind)]
        found.append(f"documents to take over: {', '.join(counts)}")
        look = "See what: python -m ingest --dry-run. Take it over: make ingest"
        remedies.append(report.stop or look)
    if found:
        return Shortcoming("; ".join(found), " ".join(remedies), "warning")
    return f"with all {len(plan.unchanged)} documents"


def _is_published(settings: Settings) -> bool:
    from vectorstore.generations import Generations, store_exists

    return store_exists(settings) and bool(Generations(settings).pointer().current)


def _model(settings: Settings) -> Shortcoming | str:
    from chain.with_model import check

    if not settings.generative:
        return "no model configured: answers are quoted from the sources"
    works = []
    for seen in check(settings):
        if seen.error:
            raise seen.error
        facts = dict(seen.lines)
        named = f"{facts['model']} at {facts['address']}"
        if not seen.works:
            remedy = "Set another STRATEGIEWIJZER_MODEL. More: python -m chain --check-model"
            return Shortcoming(f"{named} said {facts['said']}", remedy)
        works.append(f"{named} answers ({facts['reply']}; seconds: {facts['seconds']})")
    return "; ".join(works)


CHECKS = (
    Check("data folder", _data_folder, "Set STRATEGIEWIJZER_DATA_DIR to another folder."),
    Check("database", _database, "Look closer: ./strategiewijzer database check"),
    Check("source texts", _source_texts, "Check the folders of STRATEGIEWIJZER_CORPUS_DIRS."),
    Check("embedder", _embedder, INSTALL),
    Check("index", _index, _VERIFY),
    Check("index is whole", _whole, _VERIFY),
    Check("index in step", _in_step, "Look closer: python -m ingest --dry-run", late="warning"),
    Check(
        "model",
        _model,
        "Look closer: python -m chain --check-model",
        seconds=lambda settings: 2 * settings.answer_timeout + 30,  # answering model and checker
    ),
)


def run(*, as_json: bool) -> int:
    """Prints every finding; returns the exit code: 1 when one is a failure."""
    findings = []
    for finding in examine():
        findings.append(finding)
        if not as_json:
            _print(finding)
    if as_json:
        found = [finding.model_dump(mode="json") for finding in findings]
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
    return int(any(finding.level == "failure" for finding in findings))


def examine() -> Iterator[Finding]:
    """Runs all checks; without settings it only says that they are wrong."""
    yield _python()
    settings = _settings()
    if isinstance(settings, Finding):
        yield settings
        return
    yield Finding(check="settings", found="known and valid")
    failed: dict[str, str] = {}  # what fails -> the check that told it first
    for check in CHECKS:
        finding = examined(check, settings)
        if finding is None:
            continue
        if finding.level == "failure":
            first = failed.setdefault(finding.found, check.name)
            if first != check.name:
                remedy = f"First mend what fails above: {first}."
                finding = check.finding("not looked at", remedy, "warning")
        yield finding


def _python() -> Finding:
    (least, above), version = PYTHONS, sys.version_info[:3]
    found = ".".join(map(str, version))
    if least <= version[:2] < above:
        return Finding(check="Python", found=found)
    remedy = "Install Python 3.11, 3.12 or 3.13, then: rm -r .venv && make chat"
    return Finding(check="Python", level="failure", found=found, remedy=remedy)


def _settings() -> Settings | Finding:
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


def examined(check: Check, settings: Settings) -> Finding | None:
    """Runs one check; a failure when it raises or takes too long."""
    found: list[Finding | None] = []

    def look() -> None:
        try:
            result = check.look(settings)
        except StrategiewijzerError as error:
            result = Shortcoming(str(error), "")
        except ImportError as error:
            result = Shortcoming(str(error), INSTALL)
        except Exception as error:  # noqa: BLE001 - the other checks are made all the same
            # The kind of error only: a library's text may repeat a secret.
            result = Shortcoming(kind_and_place(error), check.remedy)
        if isinstance(result, str):
            result = Shortcoming(result, "", "ok")
        found.append(check.finding(*result) if result else None)

    seconds = check.seconds(settings)
    # What never ends keeps nobody waiting: neither the other checks nor the end of the process.
    begin(look, "doctor-check", threading.Event()).join(seconds)
    if not found:
        return check.finding(f"not done within {seconds:.0f} seconds", check.remedy, check.late)
    return found[0]


def _print(finding: Finding) -> None:
    typer.echo(visible(f"{finding.level:<8} {finding.check}: {finding.found}"))
    if finding.remedy:
        typer.echo(visible(f"         {finding.remedy}"))
