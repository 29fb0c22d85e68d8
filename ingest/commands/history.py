"""`python -m ingest history`: the kept generations, and what each changed."""

import json
from collections.abc import Sequence

from rich.filesize import decimal

from core.errors import printable
from core.settings import Settings
from ingest.commands.parser import command_parser
from ingest.commands.status import moment
from ingest.publishing.changes import history


def main(arguments: Sequence[str]) -> int:
    """Runs the command; returns its exit code."""
    parser = command_parser("history")
    parser.add_argument("--json", action="store_true", help="print the generations as JSON")
    options = parser.parse_args(arguments)
    kept = history(Settings())
    if options.json:
        print(json.dumps([one.model_dump(mode="json") for one in kept], indent=2))
        return 0
    for one in reversed(kept):
        print(f"{one.id}{'  in use' if one.in_use else ''}")
        documents = f"{one.documents} documents in {one.versions} language versions"
        counts = f"{documents}, {one.passages} passages, {decimal(one.size)}"
        print(f"  made {moment(one.created)} (UTC) by {one.method}: {counts}")
        if one.added is not None:
            changes = {"added": one.added, "changed": one.changed, "removed": one.removed}
            told = (f"{len(keys or ())} {name}" for name, keys in changes.items())
            print(f"  against the one before: {', '.join(told)}")
        if one.note:
            print(f"  note: {printable(one.note)}")
    return 0
