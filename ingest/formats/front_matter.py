"""Front matter: the metadata of a document, in YAML between two --- lines above its text."""

import datetime
import re
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import yaml

from core.errors import DocumentError
from core.types import DocumentInfo, Kind
from ingest.formats.blocks import Value

_DATES = ("date", "effective_from")
_FENCE = re.compile(r"---[ \t]*\n")
_CLOSING = re.compile(r"^---[ \t]*(?:\n|\Z)", re.MULTILINE)
_CORE_TAG = "tag:yaml.org,2002:"

_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")

# What a value must look like, and what to write instead where it does not.
_RULES: dict[str, tuple[Callable[[str], object], str]] = {
    "id": (
        _ID.fullmatch,
        "Use lower-case letters, digits and hyphens, such as drugs-agenda",
    ),
    "superseded_by": (_ID.fullmatch, "Give the id of the other document"),
    "language": (re.compile("[a-z]{2}").fullmatch, "Use two lower-case letters, such as nl"),
    "kind": (lambda kind: kind in get_args(Kind), f"Use one of: {', '.join(get_args(Kind))}"),
    "url": (re.compile(r"https?://\S+").fullmatch, "Begin it with https:// or http://"),
}


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
    return _fields(path, content[opening.end() : closing.start()]), content[closing.end() :]


def _fields(path: Path, block: str) -> dict[str, Value]:
    try:
        root = yaml.compose(block, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 2 if mark else 1
        raise DocumentError(
            path,
            line,
            f"the front matter is not valid YAML ({error.problem})",
            'Write one "key: value" on each line, with quotes around a value that has a colon.',
        ) from None
    if not isinstance(root, yaml.MappingNode | None):
        raise DocumentError(
            path, 2, "the front matter is not a list of fields", 'Write "key: value" on each line.'
        )
    fields: dict[str, Value] = {}
    for key, value in root.value if root else []:
        line = key.start_mark.line + 2  # marks count from 0, and the first line is ---
        name = str(key.value)
        if name not in DocumentInfo.model_fields:
            known = ", ".join(DocumentInfo.model_fields)
            raise DocumentError(path, line, f"unknown field {name!r}", f"The fields are: {known}.")
        if name in fields:
            raise DocumentError(path, line, f"{name} is given twice", "Keep one of the two.")
        fields[name] = _value(path, line, name, value)
    if not fields.get("id"):
        raise DocumentError(
            path,
            1,
            "the front matter has no id",
            "Add a line such as id: drugs-agenda, the same for every language version.",
        )
    return {name: value for name, value in fields.items() if value}


def _value(path: Path, line: int, name: str, node: yaml.Node) -> Value:
    """A checked value; None where it is empty."""
    if not isinstance(node, yaml.ScalarNode):
        raise DocumentError(path, line, f"{name} is not a single value", "Write it on one line.")
    text = str(node.value).strip()
    if not text or node.tag == _CORE_TAG + "null":
        return None
    if name in _DATES:
        try:
            return datetime.date.fromisoformat(text)
        except ValueError:
            raise DocumentError(
                path,
                line,
                f"{name} {text!r} is not a date",
                "Write year-month-day, such as 2020-07-24.",
            ) from None
    if node.tag != _CORE_TAG + "str":
        raise DocumentError(
            path, line, f"{name} is not text but {node.tag.removeprefix(_CORE_TAG)}",
            f'Put it between quotes: {name}: "{text}".',
        )  # fmt: skip
    is_right, remedy = _RULES.get(name, (bool, ""))
    if not is_right(text):
        raise DocumentError(path, line, f"{name} has a wrong value {text!r}", f"{remedy}.")
    return text
