"""`python -m ingest status`: generations, documents, what is in use."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from core.settings import Settings
from ingest.commands.parser import command_parser
from vectorstore.generations import Generations


def main(arguments: Sequence[str]) -> int:
    """Runs the command; returns its exit code."""
    parser = command_parser("status")
    parser.add_argument("--json", action="store_true", help="print the manifests as JSON")
    options = parser.parse_args(arguments)
    generations = Generations(Settings())
    current = generations.current()
    manifests = [generations.open(name).manifest for name in generations.pointer().kept]
    if options.json:
        print("[" + ",\n".join(m.model_dump_json() for m in manifests) + "]")
        return 0
    table = Table("generation", "made (UTC)", "documents", "passages", "method", "")
    for manifest in manifests:
        table.add_row(
            manifest.id,
            manifest.created[:19].replace("T", " "),
            str(len(manifest.documents)),
            str(manifest.passages),
            manifest.method,
            "in use" if manifest.id == current.id else "",
        )
    console = Console()
    console.print(table)
    for entry in current.manifest.documents:
        line = f"  {entry.info.key}  {entry.passages} passages  {entry.info.title}"
        console.print(line, markup=False, highlight=False)
    return 0
