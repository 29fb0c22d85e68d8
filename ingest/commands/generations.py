"""Commands over the generations of the index: show, go back, drop the trial, verify."""

import json

import typer

from core.files import printable
from core.settings import Settings
from core.source import standings, today
from ingest.commands import AsJson, app
from ingest.publishing import history as kept_generations
from ingest.publishing import verify as verification
from ingest.publishing.ingest_run import describe_failure
from ingest.publishing.lock import writing
from ingest.publishing.not_taken import last_failures
from vectorstore.generations import Generations
from vectorstore.manifest import DocumentEntry
from vectorstore.store import tidy


@app.command()
def status(as_json: AsJson = False) -> None:
    """Show the documents in use, and what the last run could not take."""
    settings = Settings()
    manifest = Generations(settings).current().manifest
    failures = last_failures(settings)
    not_in_force = standings([entry.info for entry in manifest.documents], today())
    if as_json:
        documents = [
            {**entry.model_dump(mode="json"), "standing": not_in_force.get(entry.key, "in_force")}
            for entry in manifest.documents
        ]
        about = manifest.model_dump(mode="json", include={"id", "created", "method"})
        not_taken = [failure.model_dump(mode="json") for failure in failures]
        shown = {**about, "documents": documents, "not_taken": not_taken}
        print(json.dumps(shown, ensure_ascii=False, indent=2))
        return
    print(f"Generation {manifest.id}, made {moment(manifest.created)} (UTC)")
    for entry in manifest.documents:
        standing = not_in_force.get(entry.key, "in force")
        print("", *map(printable, _lines(entry, standing)), sep="\n")
    if failures:
        print("\nNot taken by the last run:")
    for failure in failures:
        print(f"  {printable(describe_failure(failure))}")


def _lines(entry: DocumentEntry, standing: str) -> tuple[str, ...]:
    info = entry.info
    facts = {
        "version": info.version,
        "dated": info.date,
        "language": info.language,
        "pages": entry.pages,
        "passages": entry.passages,
        "last change": moment(entry.changed),
    }
    shown = [f"{name} {value}" for name, value in facts.items() if value]
    return (
        f"{info.key}  {info.title}",
        f"  {', '.join([*shown, standing])}",
        f"  {info.kind}: {entry.path}",
    )


def moment(iso: str) -> str:
    """A date-time of a manifest (UTC, ISO 8601), for reading; empty stays empty."""
    return iso[:19].replace("T", " ")


@app.command()
def history(as_json: AsJson = False) -> None:
    """Show the kept generations, and what each changed."""
    kept = kept_generations.history(Settings())
    if as_json:
        print(json.dumps([generation.model_dump(mode="json") for generation in kept], indent=2))
        return
    for generation in reversed(kept):
        print(f"{generation.id}{'  in use' if generation.in_use else ''}")
        print(
            f"  made {moment(generation.created)} (UTC) by {generation.method}: "
            f"{generation.documents} documents in {generation.versions} language versions, "
            f"{generation.passages} passages"
        )
        if generation.added is not None:
            names = ("added", "changed", "removed")
            counts = (f"{len(getattr(generation, name) or ())} {name}" for name in names)
            print(f"  against the one before: {', '.join(counts)}")
        if generation.note:
            print(f"  note: {printable(generation.note)}")


@app.command()
def rollback(
    generation: str | None = typer.Argument(None, help="Default: the one before the one in use."),
) -> None:
    """Put an earlier generation in use."""
    settings = Settings()
    with writing(settings) as lease:
        now = Generations(settings, lease).rollback(generation)
    print(f"Generation {now} is in use. The next ingest follows the source texts again.")


@app.command()
def discard() -> None:
    """Remove the trial; users never saw it."""
    settings = Settings()
    with writing(settings) as lease:
        generations = Generations(settings, lease)
        trial = generations.pointer().trial
        generations.discard()
        tidy(settings, generations)
    print(f"Discarded {trial}." if trial else "There was no trial to discard.")


@app.command()
def verify(as_json: AsJson = False) -> int:
    """Check the generation in use thoroughly; exit with 1 when there is a problem."""
    found = verification.verify(Settings())
    if as_json:
        print(found.model_dump_json())
        return 1 if found.problems else 0
    for line in (*found.problems, *found.notes):
        print(printable(str(line)))
    if found.problems:
        print(f"Generation {found.generation} is damaged: {len(found.problems)} problems.")
        return 1
    print(
        f"Generation {found.generation} is whole: {found.documents} documents, "
        f"{found.passages} passages, {found.units} units."
    )
    return 0
