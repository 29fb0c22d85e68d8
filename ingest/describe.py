"""What is known about a document: its metadata, and which of it was only guessed.

What the file states (front matter) comes first, then the file's name, then what its text and
properties tell.
"""

import hashlib
import re
import unicodedata
from functools import cache
from pathlib import Path

from py3langid.langid import MODEL_FILE, LanguageIdentifier

from core.names import printable
from core.types import DocumentInfo
from ingest.formats.blocks import Parsed

_EU_LANGUAGES = "bg cs da de el en es et fi fr ga hr hu it lt lv mt nl pl pt ro sk sl sv"
LANGUAGES = tuple(_EU_LANGUAGES.split())

_LANGUAGE_SUFFIX = re.compile(r"[._](?P<language>[a-z]{2})$", re.IGNORECASE)


def describe(path: Path, parsed: Parsed) -> tuple[DocumentInfo, tuple[str, ...]]:
    """The metadata of a document, and the names of the fields that are guesses."""
    stem = printable(path.stem)
    suffix = _LANGUAGE_SUFFIX.search(stem)
    language = suffix["language"].lower() if suffix else ""
    if suffix and language in LANGUAGES:
        stem = stem[: suffix.start()]
    else:
        language = ""
    named = {"id": _slug(stem), "language": language}
    told = {
        "title": parsed.title or stem,
        "language": parsed.language if parsed.language in LANGUAGES else "",
        "date": parsed.date,
        "url": parsed.url,
        "reference": parsed.reference,
        "celex": parsed.celex,
    }
    known = {name: value for name, value in {**named, **parsed.stated}.items() if value}
    guesses = {name: value for name, value in told.items() if value and name not in known}
    if "language" not in known and "language" not in guesses:
        guesses["language"] = _detect(parsed.text)
    return DocumentInfo.model_validate({**guesses, **known}), tuple(guesses)


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
