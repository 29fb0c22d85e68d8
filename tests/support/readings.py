"""What is read of files of every format, as digests, with the versions that gave it.

    .venv/bin/python -m tests.support.readings      records them in tests/readings.json

A file is recorded by a hash of the file, the versions of its format and of what all formats share,
and a digest of its description, sections, passages and prepared questions. What comes out
differently under the same versions is not recorded: documents of this kind would not be read anew
where they are in use.
"""

import json
import sys
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from core.settings import ROOT
from ingest.passages.isolated import Loaded
from ingest.passages.split import split
from ingest.publishing import plan
from ingest.reading import formats, question_file
from ingest.reading.load import load
from ingest.reading.question_file import prepared_questions

RECORDED = ROOT / "tests" / "readings.json"
RAISE = (
    "Raise that of the format in READERS (ingest/reading/formats/__init__.py); or, where what all "
    "formats share gives something else, VERSION in ingest/publishing/plan.py. Then record it "
    "with: .venv/bin/python -m tests.support.readings"
)
_FOLDERS = ("corpus", "eval/documents/texts", "tests/data")
_LENGTH = 16  # hexadecimal digits of a hash: none is secret


class Reading(NamedTuple):
    """A file, the versions of what read it, and the digest of what came out."""

    file: str
    version: int
    shared: int
    digest: str


def files() -> dict[str, Path]:
    """The files that are read, by their path from the root; those of documentation are none."""
    found = (path for name in _FOLDERS for path in sorted((ROOT / name).rglob("*")))
    return {
        path.relative_to(ROOT).as_posix(): path
        for path in found
        if path.suffix in formats.FORMATS and path.name != "README.md"
    }


def reading(path: Path) -> Reading:
    """What a file gives now; a field that it leaves open is no part of it, so that there can be new
    ones. Tokens are estimated: the embedder is no part of reading."""
    document = load(path)
    passages = split(document, lambda text: len(text) // 4 + 2)
    questions, stale = prepared_questions(question_file.read(path, None), passages)
    given = Loaded(document=document, passages=passages, questions=questions, stale=stale)
    places = {"document": {"path", "sha256"}, "stale": {"__all__": {"file"}}}
    whole = given.model_dump_json(exclude=places, exclude_defaults=True)
    version = formats.READERS[formats.FORMATS[path.suffix]].version
    digest = sha256(whole.encode()).hexdigest()[:_LENGTH]
    return Reading(document.sha256[:_LENGTH], version, plan.VERSION, digest)


def recorded() -> dict[str, Reading]:
    return {
        name: Reading(*entry) for name, entry in json.loads(RECORDED.read_text("utf-8")).items()
    }


def main() -> int:
    """Records what is read now; 1 if something is read differently under the same versions."""
    now, before = {name: reading(path) for name, path in files().items()}, recorded()
    wrong = [
        name
        for name in sorted(now.keys() & before.keys())
        if now[name][:3] == before[name][:3] and now[name] != before[name]
    ]
    for name in wrong:
        sys.stderr.write(f"{name} is read differently, and no version was raised. {RAISE}\n")
    if not wrong:
        lines = (f"{json.dumps(name)}: {json.dumps(entry)}" for name, entry in sorted(now.items()))
        RECORDED.write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
