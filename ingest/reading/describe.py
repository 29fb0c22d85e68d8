"""The metadata of a document, and which fields are guesses.

Sources by precedence: its sidecar, its front matter, its name, its first lines and properties.
"""

import hashlib
import re
import unicodedata
from pathlib import Path

from core.names import printable
from core.source import DocumentInfo
from ingest.reading import clues, sidecar
from ingest.reading.formats.blocks import Parsed, Value
from ingest.reading.formats.encoding import without_control
from language.official import OFFICIAL, most_likely

_LANGUAGE_SUFFIX = re.compile(r"[._](?P<language>[a-z]{2})$", re.IGNORECASE)


def describe(path: Path, parsed: Parsed) -> tuple[DocumentInfo, tuple[str, ...]]:
    """The metadata of a document, and the names of the fields that are guesses.

    Raises:
        DocumentError: its sidecar is wrong, or a value in its front matter that the sidecar does
            not override.
    """
    stem = printable(path.stem)
    suffix = _LANGUAGE_SUFFIX.search(stem)
    language = suffix["language"].lower() if suffix else ""
    if suffix and language in OFFICIAL:
        stem = stem[: suffix.start()]
    else:
        language = ""
    named = {"id": _slug(stem), "language": language}
    beside = sidecar.read(path)
    for name, error in parsed.wrong.items():
        if name not in beside:
            raise error
    stated = {**named, **parsed.stated, **beside}
    known = {name: value for name, value in stated.items() if value}
    told = parsed.language if parsed.language in OFFICIAL else ""
    language = str(known.get("language") or told or most_likely(parsed.text)[0])
    found = {
        "title": parsed.title or stem,
        "language": language,
        "date": clues.date(parsed, language) or parsed.date,
        "url": parsed.url or clues.eli(parsed),
        "reference": parsed.reference or clues.reference(parsed),
        "celex": parsed.celex or clues.celex(parsed),
    }
    guesses = {name: value for name, value in found.items() if value and name not in known}
    shown = {name: _shown(value) for name, value in {**guesses, **known}.items()}
    return DocumentInfo.model_validate(shown), tuple(guesses)


def _shown(value: Value) -> Value:
    """A value without invisible characters, which a YAML escape or a property can bring in."""
    return " ".join(without_control(value).split()) if isinstance(value, str) else value


def _slug(name: str) -> str:
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", ascii_name.lower()).strip("-")
    return slug or f"document-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
