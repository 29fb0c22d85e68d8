"""Says how everything is, and what to do where it is not well."""

import json
import shutil
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

INSTALL = "Install the packages again: rm -r .venv && make chat"

_ROOM = 1_000_000_000  # bytes; the index of some hundred documents, kept versions and runs
_SAME_LENGTH = 1e-3  # more than rounding to 32 bits changes a length
_VERIFY = "Look closer: python -m ingest verify"

_COPIES = (
    "Let people look whether their conversations and notes are there, then remove these copies; or "
    "leave it to ./strategiewijzer people forget, and to the app when it starts."
)

Severity = Literal["ok", "warning", "failure"]


class Finding(Frozen):
    """The finding of a check, and the remedy; an error's own message says both."""

    check: str = ""
    level: Severity = "ok"
    found: str
    remedy: str = ""


class Check(NamedTuple):
    name: str
    look: Callable[[Settings], Finding | str | None]  # text: well; None: nothing to look at
    remedy: str  # for errors that nobody foresaw
    seconds: Callable[[Settings], float] = lambda _: 60.0  # that it may take


def _warning(found: str, remedy: str) -> Finding:
    return Finding(level="warning", found=found, remedy=remedy)


def _failure(found: str, remedy: str = "") -> Finding:
    return Finding(level="failure", found=found, remedy=remedy)


def _data_folder(settings: Settings) -> Finding | str:
    folder = settings.data_dir
    if blocked := obstacle(folder):
        raise StoreError(blocked)
    place = existing(folder)
    disk = shutil.disk_usage(place)
    found = f"{folder} can be written to, {disk.free / 1e9:.1f} GB free"
    if disk.total and disk.free < _ROOM:
        return _warning(found, f"Make room on the disk of {place}.")
    return found


def _database(settings: Settings) -> Finding | str:
    from userdata import earlier_version
    from userdata.database import database, versions, was_copied

    kept_in = database(settings)
    found = kept_in.version()
    described = f"{kept_in.place}, tables {found or 'not made yet'}"
    if was_copied(kept_in):
        return _warning(
            f"{described}: it was copied to a server and is in use again, without what is kept "
            "there",
            "Set STRATEGIEWIJZER_DATABASE_URL to the server, for a command by hand as the service "
            "has it (docs/operations.md), and remove the file.",
        )
    waiting = kept_in.earlier_files()
    if waiting:
        described += f"; not taken over yet: {', '.join(map(str, waiting))} of version 0.1.0"
    elif found == versions()[-1]:
        copies = earlier_version.describe_copies(settings, kept_in)
        return _warning(f"{described}; {copies}", _COPIES) if copies else described
    if not kept_in.is_there:
        return described
    remedy = "The next use brings it up to date, or now: ./strategiewijzer database upgrade"
    return _warning(described, remedy)


def _source_texts(settings: Settings) -> Finding | str:
    from ingest.reading.files import find

    found = find(settings.corpus_dirs)
    if found.unreadable:
        raise found.unreadable[0]
    folders = ", ".join(as_text(folder) for folder in settings.corpus_dirs)
    if not found.files:
        remedy = "Put files there, or set STRATEGIEWIJZER_CORPUS_DIRS."
        return _failure(f"there are none in {folders}", remedy)
    return f"{len(found.files)} files in {folders}"


def _embedder(settings: Settings) -> Finding | str:
    import numpy as np

    from vectorstore.embeddings import make_embedder

    embedder = make_embedder(settings)
    vector = embedder.query("Hoeveel is de drugsmarkt waard?")
    length = float(np.linalg.norm(vector))
    if abs(length - 1) > _SAME_LENGTH:
        found = f"{embedder.fingerprint} gives a vector of length {length:.3f}, not 1"
        return _failure(found, INSTALL)
    where = f" at {settings.embeddings_url}" if settings.embeddings_url else " in this process"
    return f"{embedder.fingerprint}{where}, {len(vector)} dimensions"


def _index(settings: Settings) -> Finding | str:
    from ingest.commands.generations import moment
    from ingest.publishing.verify import problems_at_once
    from vectorstore.embeddings import make_embedder
    from vectorstore.generations import Generations, store_exists
    from vectorstore.manifest import method_of

    if not store_exists(settings):  # to connect would make its folder
        raise NoIndexError
    generations = Generations(settings)
    current = generations.current()
    used = generations.made_by(method_of(make_embedder(settings)))
    if used.id != current.id:
        return _warning(
            f"{current.manifest.method} made the generation in use, so questions are answered from "
            f"an earlier one, {used.id}",
            "Take over the settings of the last ingest, or: make ingest",
        )
    if wrong := next(problems_at_once(used, settings), None):
        return _failure(wrong.problem, wrong.remedy)
    made = used.manifest
    return (
        f"generation {made.id} of {moment(made.created)} (UTC), {len(made.documents)} documents, "
        f"{made.passages} passages, made by {made.method}"
    )


def _model(settings: Settings) -> str:
    if not settings.generative:
        return "no model configured: answers are quoted from the sources"
    from chain.answer.model_run import check

    return "; ".join(check(settings))


CHECKS = (
    Check("data folder", _data_folder, "Set STRATEGIEWIJZER_DATA_DIR to another folder."),
    Check("database", _database, "Look into the log of the database."),
    Check("source texts", _source_texts, "Check the folders of STRATEGIEWIJZER_CORPUS_DIRS."),
    Check("embedder", _embedder, INSTALL),
    Check("index", _index, _VERIFY),
    Check(
        "model",
        _model,
        "See the log, and docs/models.md.",
        seconds=lambda settings: 2 * settings.answer_timeout + 30,  # answering model and checker
    ),
)


def run(*, as_json: bool) -> int:
    """Prints every finding; returns the exit code: 1 when one is a failure."""
    findings = []
    for finding in examine():
        findings.append(finding)
        if not as_json:
            typer.echo(visible(f"{finding.level:<8} {finding.check}: {finding.found}"))
            if finding.remedy:
                typer.echo(visible(f"         {finding.remedy}"))
    if as_json:
        found = [finding.model_dump(mode="json") for finding in findings]
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
    return int(any(finding.level == "failure" for finding in findings))


def examine() -> Iterator[Finding]:
    """Runs all checks; without settings it only says that they are wrong."""
    try:
        settings = Settings()
    except (SettingsError, OSError, UnicodeDecodeError) as error:
        found = " ".join(str(error).split())
        remedy = "Correct it, then run this again: nothing else was looked at."
        if not isinstance(error, SettingsError):  # the error's text may hold a value
            found = f"{ROOT / '.env'} cannot be read ({type(error).__name__})"
            remedy = (
                "Give yourself the right to read it, and write it as UTF-8; then run this again."
            )
        yield _failure(found, remedy).model_copy(update={"check": "settings"})
        return
    yield Finding(check="settings", found="known and valid")
    for check in CHECKS:
        if finding := examined(check, settings):
            yield finding


def examined(check: Check, settings: Settings) -> Finding | None:
    """Runs one check; a failure when it raises or takes too long."""
    found: list[Finding | str | None] = []

    def look() -> None:
        try:
            found.append(check.look(settings))
        except StrategiewijzerError as error:
            found.append(_failure(str(error)))
        except ImportError as error:
            found.append(_failure(str(error), INSTALL))
        except Exception as error:  # noqa: BLE001 - the other checks are made all the same
            # The kind of error only: a library's text may repeat a secret.
            found.append(_failure(kind_and_place(error), check.remedy))

    seconds = check.seconds(settings)
    # What never ends keeps nobody waiting: neither the other checks nor the end of the process.
    begin(look, "doctor-check", threading.Event()).join(seconds)
    if not found:
        found = [_failure(f"not done within {seconds:.0f} seconds", check.remedy)]
    finding = Finding(found=found[0]) if isinstance(found[0], str) else found[0]
    return finding.model_copy(update={"check": check.name}) if finding else None
