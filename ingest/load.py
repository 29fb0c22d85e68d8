"""From a file to a `SourceDocument`: its text, its metadata and its sections.

All offsets of a document count in its text, which is the file's own text for Markdown and plain
text, so that a quote is found in the file as it is.
"""

import hashlib
import logging
from collections.abc import Iterable
from pathlib import Path

from core.errors import DocumentError
from core.types import SourceDocument
from ingest.describe import describe
from ingest.formats import CONVERT, FORMATS
from ingest.formats.blocks import Parsed, sections

log = logging.getLogger(__name__)


def load_all(folders: Iterable[Path]) -> list[SourceDocument]:
    """Load every text below the folders, as `find` finds them.

    Raises:
        DocumentError: a file is wrong, or two files are the same version of the same document.
    """
    documents = [load(file) for file in find(folders)]
    refuse_doubles((document.key, document.path) for document in documents)
    return documents


def find(folders: Iterable[Path]) -> list[Path]:
    """The files with source texts below the folders (a single file is fine), folder by folder,
    sorted by path.

    A folder that is not there, hidden files and files of another format are left out, the last
    with a warning.

    Raises:
        DocumentError: none of the folders is there.
    """
    paths = list(folders)
    present = [path for path in paths if path.exists()]
    for path in paths:
        if path not in present:
            log.info("%s is not there: left out", path)  # as documents/ is before its first file
    if paths and not present:
        raise DocumentError(
            ", ".join(map(str, paths)), None, "not found", "Name a folder or file that exists."
        )
    return list(dict.fromkeys(file for path in present for file in _files(path)))


def refuse_doubles(documents: Iterable[tuple[str, str]]) -> None:
    """Checks (key, path) of all documents.

    Raises:
        DocumentError: two files are the same version of the same document.
    """
    paths: dict[str, str] = {}
    for key, path in documents:
        if (other := paths.setdefault(key, path)) != path:
            name, _, language = key.rpartition(".")
            raise DocumentError(
                path,
                None,
                f"{other} also has id {name} and language {language}",
                "Remove one of the two files or change an id.",
            )


def fingerprint(path: Path) -> str:
    """The SHA-256 of a file, as its document bears it."""
    return hashlib.sha256(_read(path)).hexdigest()


def load(path: Path) -> SourceDocument:
    """Load one text file.

    Raises:
        DocumentError: the file cannot be taken as it is; says where and what to do.
    """
    form = FORMATS.get(path.suffix.lower())
    if form is None:
        better = CONVERT.get(path.suffix.lower())
        remedy = (
            f"Open it and save it as {better}." if better else f"Use one of: {' '.join(FORMATS)}."
        )
        raise DocumentError(path, None, "not a format that can be read", remedy)
    data = _read(path)
    parsed = form.parse(path, data)
    info, guessed = describe(path, parsed)
    found = sections(parsed.blocks, info.title)
    if not any(char.isalnum() for s in found for char in parsed.text[s.start : s.end]):
        raise DocumentError(path, None, "has no text", "Remove the file or add its text.")
    _report_noise(path, parsed)
    return SourceDocument(
        **dict(info),
        path=str(path),
        sha256=hashlib.sha256(data).hexdigest(),
        text=parsed.text,
        sections=found,
        page_starts=parsed.page_starts,
        guessed=guessed,
    )


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    files = []
    for file in sorted(path.rglob("*")):
        if not file.is_file() or any(part.startswith(".") for part in file.relative_to(path).parts):
            continue
        if file.suffix.lower() in FORMATS:
            files.append(file)
        else:
            log.warning("%s is not a format that can be read: left out", file)
    return files


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DocumentError(
            path, None, f"cannot be read ({error.strerror})", "Check the name and your rights."
        ) from error


def _report_noise(path: Path, parsed: Parsed) -> None:
    for block in parsed.blocks:
        if block.kind == "noise":
            line = parsed.text.count("\n", 0, block.begin) + 1
            log.info("%s: line %d of the text is page noise: left out", path, line)
