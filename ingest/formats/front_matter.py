"""The metadata of a document in YAML: between --- lines above its text, or in a file beside it."""

import datetime
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import yaml

from core.errors import DocumentError
from core.types import DocumentInfo, Form, Kind
from ingest.formats.blocks import Value

_DATES = ("date", "effective_from")
_FENCE = re.compile(r"---[ \t]*\n")
_CLOSING = re.compile(r"^---[ \t]*(?:\n|\Z)", re.MULTILINE)
_CORE_TAG = "tag:yaml.org,2002:"
_LONGEST = 50_000  # characters of metadata

_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_ADDRESS = re.compile(r"https?://\S+")

# What a value must look like, and what to write instead where it does not.
_RULES: dict[str, tuple[Callable[[str], object], str]] = {
    "id": (
        _ID.fullmatch,
        "Use lower-case letters, digits and hyphens, such as drugs-agenda",
    ),
    "superseded_by": (
        _ID.fullmatch,
        "Use the id of the document that took its place, such as drugs-agenda-2026",
    ),
    "language": (re.compile("[a-z]{2}").fullmatch, "Use two lower-case letters, such as nl"),
    "kind": (lambda kind: kind in get_args(Kind), f"Use one of: {', '.join(get_args(Kind))}"),
    "url": (_ADDRESS.fullmatch, "Begin it with https:// or http://"),
    "about_form": (lambda form: form in get_args(Form), f"Use one of: {', '.join(get_args(Form))}"),
    "questions_url": (_ADDRESS.fullmatch, "Begin it with https:// or http://"),
}


@dataclass(frozen=True)
class _Place:
    """Where metadata stands: for messages. Lines count from `first_line`."""

    path: Path
    name: str
    first_line: int

    def error(self, mark: yaml.Mark | None, problem: str, remedy: str) -> DocumentError:
        line = mark.line + self.first_line if mark else 1
        return DocumentError(self.path, line, problem, remedy)


def read(path: Path, content: str) -> dict[str, Value]:
    """The metadata in a file of its own (a sidecar); its `id` may be left out.

    Raises:
        DocumentError: names the line of what is wrong.
    """
    return _fields(_Place(path, "the sidecar", 1), content)


def split(path: Path, content: str) -> tuple[dict[str, Value], str]:
    """The metadata that a file begins with, and the text below it.

    Returns:
        The fields of `DocumentInfo` that have a value (without front matter none) and the text.

    Raises:
        DocumentError: names the line of what is wrong.
    """
    opening = _FENCE.match(content)
    if opening is None:
        return {}, content
    closing = _CLOSING.search(content, opening.end())
    if closing is None:
        raise DocumentError(
            path, 1, "the front matter is not closed", "Add a line --- below its last field."
        )
    place = _Place(path, "the front matter", 2)  # the first line is ---
    fields = _fields(place, content[opening.end() : closing.start()])
    if not fields.get("id"):
        raise place.error(
            None,
            f"{place.name} has no id",
            "Add a line such as id: drugs-agenda, the same for every language version.",
        )
    return fields, content[closing.end() :]


def _fields(place: _Place, block: str) -> dict[str, Value]:
    """The fields that have a value."""
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
    fields: dict[str, Value] = {}
    for key, value in root.value if root else []:
        name = str(key.value)
        if name not in DocumentInfo.model_fields:
            known = ", ".join(DocumentInfo.model_fields)
            raise place.error(
                key.start_mark, f"unknown field {name!r}", f"The fields are: {known}."
            )
        if name in fields:
            raise place.error(key.start_mark, f"{name} is given twice", "Keep one of the two.")
        fields[name] = _value(place, key.start_mark, name, value)
    return {name: value for name, value in fields.items() if value}


def _value(place: _Place, mark: yaml.Mark, name: str, node: yaml.Node) -> Value:
    """A checked value; None where it is empty."""
    if not isinstance(node, yaml.ScalarNode):
        raise place.error(mark, f"{name} is not a single value", "Write it on one line.")
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
            ) from None
    if node.tag != _CORE_TAG + "str":
        raise place.error(
            mark,
            f"{name} is not text but {node.tag.removeprefix(_CORE_TAG)}",
            f'Put it between quotes: {name}: "{text}".',
        )
    is_right, remedy = _RULES.get(name, (bool, ""))
    if not is_right(text):
        raise place.error(mark, f"{name} has a wrong value {text!r}", f"{remedy}.")
    return text
