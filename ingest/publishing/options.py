"""How a run of `ingest` is made."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class IngestOptions:
    """What a run looks at, and what it may do."""

    folders: Sequence[Path] = ()
    """Folders and files with source texts; without any, those of the setting `corpus_dirs`."""
    only: Sequence[str] = ()
    """Keys of documents in use: their files alone are looked at, in place of `folders`, and all
    other documents stay as they are."""
    dry_run: bool = False
    """Only report what would be done."""
    strict: bool = False
    """Publish nothing when a file fails."""
    rebuild: bool = False
    """Make everything anew and reuse nothing of earlier generations. The document of a file that
    fails would be lost, so this is strict too."""
    keep_missing: bool = False
    """Keep the documents whose files are gone."""
    allow_shrink: bool = False
    """Allow more than half of the documents to be removed."""
    compare: bool = False
    """Also report which passages change in each document."""
    planned: str = ""
    """The fingerprint of the approved plan; any other plan is not published."""
    note: str = ""
    """A note to keep with the new generation, for whoever goes back to it."""
