"""`python -m ingest verify`: is the generation in use whole?"""

from collections.abc import Sequence

from core.errors import printable
from core.settings import Settings
from ingest.commands.parser import command_parser
from ingest.publishing.verify import verify


def main(arguments: Sequence[str]) -> int:
    """Runs the command; returns its exit code: 1 when there is a problem."""
    parser = command_parser("verify")
    parser.add_argument("--json", action="store_true", help="print what was found as JSON")
    options = parser.parse_args(arguments)
    found = verify(Settings())
    if options.json:
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
