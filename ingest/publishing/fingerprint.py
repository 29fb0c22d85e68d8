"""The fingerprint of what turns a file into passages: versions of our code and of libraries."""

import sys
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

from ingest.reading.formats import FORMATS, READERS, Reader

# Raised by whoever changes what a document of any format is described by and cut into: cleaning,
# front matter, Markdown, sentences, units, passages, prepared questions. What only one format gives
# has its own version, in READERS.
VERSION = 1
# Distributions that all formats are read with. None is missing: tests/policy/test_fingerprint.py.
LIBRARIES = ("babel", "markdown-it-py", "mdit-py-plugins", "py3langid", "pyyaml", "sentencex")


def reading_fingerprint(path: str) -> str:
    """Fingerprint of what reads and cuts a file of this name; when it changes, its document is
    "changed".

    It covers our versions, those of the libraries for its format, and that of Python. Passages that
    come out the same keep their vectors.
    """
    name = FORMATS.get(Path(path).suffix.lower())
    return _fingerprint(name, READERS[name], VERSION) if name else ""


@cache
def _fingerprint(name: str, reader: Reader, shared: int) -> str:
    libraries = [f"{one} {version(one)}" for one in (*LIBRARIES, *reader.libraries)]
    whole = (name, reader.version, shared, sys.version_info[:2], libraries)
    return sha256(repr(whole).encode()).hexdigest()[:12]
