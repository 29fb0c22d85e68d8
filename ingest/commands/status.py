"""`python -m ingest status`: the documents of the generation in use."""

import datetime
import json
from collections.abc import Sequence

from core.errors import printable
from core.settings import Settings
from core.source import DocumentInfo
from ingest.commands.parser import command_parser
from vectorstore.generations import Generations
from vectorstore.segments import DocumentEntry


def main(arguments: Sequence[str]) -> int:
    """Runs the command; returns its exit code."""
    parser = command_parser("status")
    parser.add_argument("--json", action="store_true", help="print the documents as JSON")
    options = parser.parse_args(arguments)
    manifest = Generations(Settings()).current().manifest
    today = datetime.datetime.now(datetime.UTC).date()
    if options.json:
        documents = [
            {**entry.model_dump(mode="json"), "standing": standing(entry.info, today)}
            for entry in manifest.documents
        ]
        about = manifest.model_dump(mode="json", include={"id", "created", "method"})
        print(json.dumps({**about, "documents": documents}, ensure_ascii=False, indent=2))
        return 0
    print(f"Generation {manifest.id}, made {moment(manifest.created)} (UTC)")
    for entry in manifest.documents:
        print("", *map(printable, _lines(entry, today)), sep="\n")
    return 0


def _lines(entry: DocumentEntry, today: datetime.date) -> tuple[str, ...]:
    info = entry.info
    facts = {
        "version": info.version,
        "dated": info.date,
        "language": info.language,
        "pages": entry.pages,
        "passages": entry.passages,
        "last change": moment(entry.changed),
    }
    told = [f"{name} {value}" for name, value in facts.items() if value]
    return (
        f"{info.key}  {info.title}",
        f"  {', '.join([*told, standing(info, today)])}",
        f"  {info.kind}: {entry.path}",
    )


def standing(info: DocumentInfo, today: datetime.date) -> str:
    """Whether a document is in force on a day, in words."""
    if info.superseded_by:
        return f"superseded by {info.superseded_by}"
    if info.effective_from and info.effective_from > today:
        return f"in force from {info.effective_from}"
    return "in force"


def moment(iso: str) -> str:
    """A date-time of a manifest (UTC, ISO 8601), for reading; empty stays empty."""
    return iso[:19].replace("T", " ")
