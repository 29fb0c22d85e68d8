"""From a file to a `SourceDocument`: its text, its metadata and its sections.

All offsets of a document count in its text, which is the file's own text for Markdown and plain
text, so that a quote is found in the file as it is.
"""

import hashlib
import logging
from pathlib import Path

from core.errors import DocumentError
from core.names import as_text, printable
from core.source import SourceDocument
from ingest.reading import formats, question_file, sidecar
from ingest.reading.describe import describe
from ingest.reading.formats import CONVERT, FORMATS
from ingest.reading.formats.blocks import Parsed, sections
from ingest.reading.formats.limits import LimitError, check_blocks
from ingest.reading.read import read, sha256

log = logging.getLogger(__name__)

_NAMED = 20  # lines of page noise in the log; more would bury what it says of other files


def double(key: str, path: str, other: str) -> DocumentError:
    """The error for a file that is the same version of the same document as another file."""
    name, _, language = key.rpartition(".")
    return DocumentError(
        path,
        None,
        f"{printable(other)} also has id {name} and language {language}",
        "Remove one of the two files or change an id.",
        "double",
    )


def fingerprint(path: Path, own_questions: Path | None = None) -> str:
    """The SHA-256 of a file, its sidecar and its prepared questions, as in its document.

    Args:
        path: of the document.
        own_questions: of those that are not beside it, `question_file.own_file`.
    """
    return _fingerprint(path, sha256(path), own_questions)


def load(path: Path, documents_dir: Path | None = None) -> SourceDocument:
    """Load one text file.

    Args:
        path: of the file.
        documents_dir: where the organisation's own prepared questions are, which its hash counts.

    Raises:
        DocumentError: the file cannot be used as it is; says where, and the remedy.
    """
    if path.suffix.lower() not in FORMATS:
        better = CONVERT.get(path.suffix.lower())
        remedy = (
            f"Open it and save it as {better}." if better else f"Use one of: {' '.join(FORMATS)}."
        )
        raise DocumentError(path, None, "not a format that can be read", remedy, "format")
    data = read(path)
    try:
        parsed = formats.parse(path, data)
        check_blocks(parsed.text, parsed.blocks)
    except LimitError as error:
        raise over_limit(path, error) from error
    info, guessed = describe(path, parsed)
    found = sections(parsed.blocks, info.title)
    if not any(char.isalnum() for s in found for char in parsed.text[s.start : s.end]):
        raise DocumentError(
            path, None, "has no text", "Remove the file or add its text.", "no_text"
        )
    own = question_file.own_file(documents_dir, info.key) if documents_dir else None
    _report_noise(path, parsed)
    return SourceDocument(
        **dict(info),
        path=as_text(path),
        sha256=_fingerprint(path, hashlib.sha256(data).hexdigest(), own),
        text=parsed.text,
        sections=found,
        page_starts=parsed.page_starts,
        guessed=guessed,
        unused=tuple(map(printable, parsed.unused)),
    )


def over_limit(path: Path, error: LimitError) -> DocumentError:
    """The error for a document that exceeds a limit."""
    remedy = "Split it into several files, or take them out."
    return DocumentError(path, None, str(error), remedy, "limits")


def _fingerprint(path: Path, digest: str, own_questions: Path | None) -> str:
    for file in (sidecar.find(path), question_file.find(path), own_questions):
        if file is not None and file.is_file():
            digest = hashlib.sha256((digest + sha256(file)).encode()).hexdigest()
    return digest


def _report_noise(path: Path, parsed: Parsed) -> None:
    noise = [block for block in parsed.blocks if block.kind == "noise"]
    if noise:
        lines = [parsed.text.count("\n", 0, block.begin) + 1 for block in noise[:_NAMED]]
        more = f" and {len(noise) - _NAMED} more" if len(noise) > _NAMED else ""
        log.info(
            "%s: left out as page noise: what begins in lines %s%s of the text",
            printable(path),
            ", ".join(map(str, lines)),
            more,
        )
