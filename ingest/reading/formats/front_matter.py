"""Metadata of a document in YAML: between --- lines above its text, or in a file beside it."""

import datetime
import re
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

import yaml

from core.errors import DocumentError, Fault
from core.source import DocumentInfo, DocumentKind, Summarised
from ingest.reading.blocks import Parsed, Value
from ingest.reading.formats.encoding import decode

_DATES = ("date", "effective_from", "effective_until")
_FENCE = re.compile(r"---[ \t]*\n")
_CLOSING = re.compile(r"^---[ \t]*(?:\n|\Z)", re.MULTILINE)
_CORE_TAG = "tag:yaml.org,2002:"
_LONGEST = 50_000  # characters of metadata: YAML is slow to parse, and more is text by mistake

_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_ADDRESS = re.compile(r"https?://\S+")

# The check of a value, and what to write instead when it fails.
_RULES: dict[str, tuple[Callable[[str], object], str]] = {
    "id": (_ID.fullmatch, "Use lower-case letters, digits and hyphens, such as drugs-agenda"),
    "superseded_by": (
        _ID.fullmatch,
        "Use the id of the document that took its place, such as drugs-agenda-2026",
    ),
    "language": (re.compile("[a-z]{2}").fullmatch, "Use two lower-case letters, such as nl"),
    "kind": (
        lambda kind: kind in get_args(DocumentKind),
        f"Use one of: {', '.join(get_args(DocumentKind))}",
    ),
    "url": (_ADDRESS.fullmatch, "Begin it with https:// or http://"),
    "successor_url": (_ADDRESS.fullmatch, "Begin it with https:// or http://"),
    "about_form": (
        lambda form: form in get_args(Summarised),
        f"Use one of: {', '.join(get_args(Summarised))}",
    ),
    "noise": (lambda value: value == "keep", "Use: keep, or leave it out"),
    "questions_url": (_ADDRESS.fullmatch, "Begin it with https:// or http://"),
}

SIDECAR_SUFFIX = ".meta.yaml"


@dataclass(frozen=True)
class _Place:
    """The place of metadata, for messages. Lines count from `first_line`."""

    path: Path
    name: str
    first_line: int

    def error(
        self, mark: yaml.Mark | None, problem: str, remedy: str, field: str = ""
    ) -> DocumentError:
        """An error in the value of a field, or, without one, in the metadata as a whole."""
        line = mark.line + self.first_line if mark else 1
        fault: Fault = "value" if field else "front_matter"
        return DocumentError(self.path, line, problem, remedy, fault, field)


def read(path: Path, content: str) -> dict[str, Value]:
    """The metadata in a sidecar, where every key is a field of ours.

    Raises:
        DocumentError: names the line of what is wrong.
    """
    place = _Place(path, "the sidecar", 1)
    fields: dict[str, Value] = {}
    for name, key, value in _pairs(place, content):
        if name not in DocumentInfo.model_fields:
            known = ", ".join(DocumentInfo.model_fields)
            raise place.error(
                key.start_mark, f"unknown field {name!r}", f"The fields are: {known}.", name
            )
        fields[name] = _value(place, key.start_mark, name, value)
    return {name: value for name, value in fields.items() if value}


def read_below(path: Path, content: str, reader: Callable[[str], Parsed]) -> Parsed:
    """The text below the front matter of a file, as `reader` reads it, with its metadata.

    Fields of other programs (tags, author) are no error; neither is a wrong value, which a sidecar
    may override.

    Raises:
        DocumentError: it is no list of fields; names the line.
    """
    opening = _FENCE.match(content)
    if opening is None:
        return reader(content)
    closing = _CLOSING.search(content, opening.end())
    if closing is None:
        remedy = "Add a line --- below its last field."
        raise DocumentError(path, 1, "the front matter is not closed", remedy, "front_matter")
    place = _Place(path, "the front matter", 2)  # the first line is ---
    stated: dict[str, Value] = {}
    wrong: dict[str, DocumentError] = {}
    unused: list[str] = []
    for name, key, value in _pairs(place, content[opening.end() : closing.start()]):
        if name not in DocumentInfo.model_fields:
            unused.append(name)
            continue
        try:
            stated[name] = _value(place, key.start_mark, name, value)
        except DocumentError as error:
            wrong[name] = error
    stated = {name: value for name, value in stated.items() if value}
    parsed = reader(content[closing.end() :])
    return replace(parsed, stated=stated, wrong=wrong, unused=tuple(unused))


def _pairs(place: _Place, block: str) -> Iterator[tuple[str, yaml.Node, yaml.Node]]:
    """The name of every field, its key and its value."""
    if len(block) > _LONGEST:
        raise place.error(
            None,
            f"{place.name} is longer than {_LONGEST:,} characters",
            "Keep the fields of the document in it, and put the rest into its text.",
        )
    try:
        root = yaml.compose(block, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        raise place.error(
            error.problem_mark or error.context_mark,
            f"{place.name} is not valid YAML ({error.problem})",
            'Write one "key: value" on each line, with quotes around a value that has a colon.',
        ) from None
    except yaml.reader.ReaderError as error:
        raise DocumentError(
            place.path,
            block.count("\n", 0, error.position) + place.first_line,
            f"{place.name} is not valid YAML (the character U+{ord(block[error.position]):04X})",
            "Take the character out.",
            "front_matter",
        ) from None
    except RecursionError:
        raise place.error(
            None, f"{place.name} is nested too deep", 'Write one "key: value" on each line.'
        ) from None
    if not isinstance(root, yaml.MappingNode | None):
        raise place.error(
            root.start_mark,
            f"{place.name} is not a list of fields",
            'Write "key: value" on each line.',
        )
    names: set[str] = set()
    for key, value in root.value if root else []:
        name = str(key.value)
        if name in names:
            raise place.error(
                key.start_mark, f"{name} is given twice", "Keep one of the two.", name
            )
        names.add(name)
        yield name, key, value


def _value(place: _Place, mark: yaml.Mark, name: str, node: yaml.Node) -> Value:
    """A checked value; None where it is empty."""
    if not isinstance(node, yaml.ScalarNode):
        raise place.error(mark, f"{name} is not a single value", "Write it on one line.", name)
    text = str(node.value).strip()
    if not text or node.tag == _CORE_TAG + "null":
        return None
    if name in _DATES:
        try:
            return datetime.date.fromisoformat(text)
        except ValueError:
            raise place.error(
                mark,
                f"{name} {text!r} is not a date",
                "Write year-month-day, such as 2020-07-24.",
                name,
            ) from None
    if node.tag != _CORE_TAG + "str":
        raise place.error(
            mark,
            f"{name} is not text but {node.tag.removeprefix(_CORE_TAG)}",
            f'Put it between quotes: {name}: "{text}".',
            name,
        )
    is_right, remedy = _RULES.get(name, (bool, ""))
    if not is_right(text):
        raise place.error(mark, f"{name} has a wrong value {text!r}", f"{remedy}.", name)
    return text


def find_sidecar(path: Path) -> Path | None:
    """The sidecar of a file."""
    return beside(path, SIDECAR_SUFFIX)


def beside(path: Path, suffix: str) -> Path | None:
    """The file beside another that has its name and this suffix; of two, the one with the full
    name, as in plan.pdf.meta.yaml.

    A link does not count: its target was not put there to be published.
    """
    names = (path.with_name(path.name + suffix), path.with_name(path.stem + suffix))
    return next((file for file in names if _is_there(file)), None)


def _is_there(file: Path) -> bool:
    try:
        return stat.S_ISREG(file.lstat().st_mode)
    except OSError:  # also a name that is too long for a file
        return False


def read_sidecar(path: Path) -> dict[str, Value]:
    """The metadata in the sidecar of a file; empty without a sidecar.

    Raises:
        DocumentError: names the sidecar and the line of what is wrong in it.
    """
    file = find_sidecar(path)
    if file is None:
        return {}
    try:
        data = file.read_bytes()
    except OSError as error:
        raise DocumentError(
            file, None, f"cannot be read ({error.strerror})", "Check your rights.", "unreadable"
        ) from error
    return read(file, decode(file, data))
