"""From a file to a `SourceDocument`: its text, its metadata and its sections.

Metadata comes from the front matter; what that does not say comes from the file's name, then from
the text. All offsets of a document count in its text, which is the file's own text for Markdown and
plain text, so that a quote is found in the file as it is.
"""

import hashlib
import logging
import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from py3langid.langid import MODEL_FILE, LanguageIdentifier

from core.errors import DocumentError
from core.types import DocumentInfo, SourceDocument
from ingest.formats import FORMATS, front_matter, html
from ingest.formats.blocks import Parsed, sections

log = logging.getLogger(__name__)

_EU_LANGUAGES = "bg cs da de el en es et fi fr ga hr hu it lt lv mt nl pl pt ro sk sl sv"
LANGUAGES = tuple(_EU_LANGUAGES.split())

# A NUL would end the text of the embedder; none of these is ever shown.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_LANGUAGE_SUFFIX = re.compile(r"[._](?P<language>[a-z]{2})$", re.IGNORECASE)


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
    parser = FORMATS.get(path.suffix.lower())
    if parser is None:
        raise DocumentError(
            path, None, "not a format that can be read", f"Use one of: {' '.join(FORMATS)}."
        )
    data = _read(path)
    content = _CONTROL.sub("", _decode(path, data).replace("\r\n", "\n").replace("\r", "\n"))
    fields: dict[str, front_matter.Value] | None = None
    if parser is not html:
        fields, content = front_matter.split(path, content)
    parsed: Parsed = parser.parse(content)
    info = _info(path, parsed, fields or {})
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


def _decode(path: Path, data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DocumentError(path, line, "is not UTF-8", "Save the file as UTF-8.") from None


def _info(path: Path, parsed: Parsed, fields: dict[str, front_matter.Value]) -> DocumentInfo:
    stem = path.stem
    suffix = _LANGUAGE_SUFFIX.search(stem)
    language = suffix["language"].lower() if suffix else ""
    if suffix and language in LANGUAGES:
        stem = stem[: suffix.start()]
    found = {
        "id": _slug(stem),
        "title": parsed.title or stem,
        "language": next((code for code in (language, parsed.language) if code in LANGUAGES), ""),
        "date": parsed.date,
        "url": parsed.url,
    }
    values = {**found, **fields}
    values["language"] = values["language"] or _detect(parsed.text)
    return DocumentInfo.model_validate(values)


def _slug(name: str) -> str:
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", ascii_name.lower()).strip("-")
    return slug or f"document-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


@cache
def _identifier() -> LanguageIdentifier:
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(list(LANGUAGES))
    return identifier


def _detect(text: str) -> str:
    language, _ = _identifier().classify(text)
    return str(language)


def _report_noise(path: Path, parsed: Parsed) -> None:
    for block in parsed.blocks:
        if block.kind == "noise":
            line = parsed.text.count("\n", 0, block.begin) + 1
            log.info("%s: line %d of the text is page noise: left out", path, line)
