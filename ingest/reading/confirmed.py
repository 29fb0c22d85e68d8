"""Which files are official texts: those that our own fetch brought or a person confirmed.

What a file says of itself, or a sidecar of it, does not count: anybody may have written that. A
confirmation is for the content of a file: one that is moved keeps it, one that is changed needs
another.

documents_dir/
    official/52020dc0605.nl.xhtml              as `python -m ingest fetch` left it: the SHA-256 in
    official/52020dc0605.nl.xhtml.http.json    its record is that of the file
    confirmed/<SHA-256 of a file>.official     a confirmation; holds the name that the file had
"""

import json
from pathlib import Path

from core.disk import obstacle
from core.errors import StoreError
from core.names import printable
from ingest.reading.read import sha256

FETCHED = "official"  # where the fetch puts its texts
_FOLDER = "confirmed"
SUFFIX = ".official"


def is_official(file: Path, documents_dir: Path) -> bool:
    """Whether a file counts as an official text.

    Raises:
        DocumentError: it cannot be read.
    """
    if is_fetched(file, documents_dir):
        return True
    any_confirmed = (documents_dir / _FOLDER).is_dir()
    return any_confirmed and _confirmation(file, documents_dir).is_file()


def is_fetched(file: Path, documents_dir: Path) -> bool:
    """Whether a file is as our own fetch left it; raises as `is_official`."""
    if file.parent.resolve() != (documents_dir / FETCHED).resolve():
        return False
    try:
        record = json.loads(file.with_name(f"{file.name}.http.json").read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(record, dict) and record.get("sha256") == sha256(file)


def confirm(file: Path, documents_dir: Path, *, official: bool) -> None:
    """Remembers that a file is an official text, or that it is none after all.

    Raises:
        DocumentError: the file cannot be read.
        StoreError: nothing can be written in `documents_dir`.
    """
    kept = _confirmation(file, documents_dir)
    try:
        if official:
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_text(f"{printable(file.name)}\n", "utf-8")
        else:
            kept.unlink(missing_ok=True)
    except OSError as error:
        remedy = obstacle(documents_dir) or "Check your rights there."
        raise StoreError(
            f"Nothing can be written in {documents_dir}: {error.strerror}. {remedy}"
        ) from error


def _confirmation(file: Path, documents_dir: Path) -> Path:
    return documents_dir / _FOLDER / f"{sha256(file)}{SUFFIX}"
