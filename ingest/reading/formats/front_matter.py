"""Metadata of a document in YAML: between --- lines above its text, or in a file beside it."""

import datetime
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import get_args

import yaml

from core.errors import DocumentError
from core.source import DocumentInfo, DocumentKind, Summarised
from ingest.reading.blocks import Parsed, Value
from ingest.reading.formats.marked_yaml import MarkedYaml, beside, is_empty

_DATES = ("date", "effective_from", "effective_until")
_FENCE = re.compile(r"---[ \t]*\n")
_CLOSING = re.compile(r"^---[ \t]*(?:\n|\Z)", re.MULTILINE)
_CORE_TAG = "tag:yaml.org,2002:"
_LONGEST = 50_000  # characters of metadata; more is text by mistake

_ID, _ADDRESS = r"[a-z0-9]+(?:-[a-z0-9]+)*", r"https?://\S+"
_KINDS, _FORMS = get_args(DocumentKind), get_args(Summarised)
_BEGIN = "Begin it with https:// or http://"

# The pattern of a value, and what to write instead of another one.
_RULES = {
    "id": (_ID, "Use lower-case letters, digits and hyphens, such as drugs-agenda"),
    "superseded_by": (_ID, "Use the id of the document that took its place"),
    "language": ("[a-z]{2}", "Use two lower-case letters, such as nl"),
    "kind": ("|".join(_KINDS), f"Use one of: {', '.join(_KINDS)}"),
    "about_form": ("|".join(_FORMS), f"Use one of: {', '.join(_FORMS)}"),
    "noise": ("keep", "Use: keep, or leave it out"),
    "url": (_ADDRESS, _BEGIN),
    "successor_url": (_ADDRESS, _BEGIN),
    "questions_url": (_ADDRESS, _BEGIN),
}

SIDECAR_SUFFIX = ".meta.yaml"


def find_sidecar(path: Path) -> Path | None:
    """The sidecar of a file."""
    return beside(path, SIDECAR_SUFFIX)


def read_sidecar(path: Path) -> dict[str, Value]:
    """The metadata in the sidecar of a file; empty without a sidecar. Raises DocumentError: names
    the sidecar and the line of what is wrong in it."""
    file = find_sidecar(path)
    return read(file, _sidecar(file).content()) if file else {}


def read(path: Path, content: str) -> dict[str, Value]:
    """The metadata in a sidecar, where every key is a field of ours; raises as `read_sidecar`."""
    source = _sidecar(path)
    fields = {
        key.value: _value(source, key, value)
        for key, value in _pairs(source, content, known=tuple(DocumentInfo.model_fields))
    }
    return {name: value for name, value in fields.items() if value}


def _sidecar(path: Path) -> MarkedYaml:
    return MarkedYaml(path, "the sidecar", "front_matter")


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
    source = MarkedYaml(path, "the front matter", "front_matter", 2)  # the first line is ---
    stated: dict[str, Value] = {}
    wrong: dict[str, DocumentError] = {}
    unused: list[str] = []
    for key, value in _pairs(source, content[opening.end() : closing.start()]):
        if key.value not in DocumentInfo.model_fields:
            unused.append(key.value)
            continue
        try:
            stated[key.value] = _value(source, key, value)
        except DocumentError as error:
            wrong[key.value] = error
    stated = {name: value for name, value in stated.items() if value}
    parsed = reader(content[closing.end() :])
    return replace(parsed, stated=stated, wrong=wrong, unused=tuple(unused))


def _pairs(
    source: MarkedYaml, content: str, known: Collection[str] = ()
) -> Iterator[tuple[yaml.ScalarNode, yaml.Node]]:
    """The key and the value of every field."""
    if len(content) > _LONGEST:
        problem = f"{source.name} is longer than {_LONGEST:,} characters"
        remedy = "Keep the fields of the document in it, and put the rest into its text."
        raise source.error(None, problem, remedy)
    root = source.root(content)
    if root is not None:
        yield from source.pairs(root, source.name, known)


def _value(source: MarkedYaml, key: yaml.ScalarNode, node: yaml.Node) -> Value:
    """A checked value; None where it is empty."""
    name = key.value

    def error(problem: str, remedy: str) -> DocumentError:
        return source.error(key, f"{name} {problem}", remedy, name)

    if not isinstance(node, yaml.ScalarNode):
        raise error("is not a single value", "Write it on one line.")
    text = str(node.value).strip()
    if not text or is_empty(node):
        return None
    if name in _DATES:
        try:
            return datetime.date.fromisoformat(text)
        except ValueError:
            remedy = "Write year-month-day, such as 2020-07-24."
            raise error(f"{text!r} is not a date", remedy) from None
    if node.tag != _CORE_TAG + "str":
        problem = f"is not text but {node.tag.removeprefix(_CORE_TAG)}"
        raise error(problem, f'Put it between quotes: {name}: "{text}".')
    pattern, remedy = _RULES.get(name, (".*", ""))
    if not re.fullmatch(pattern, text, re.DOTALL):
        raise error(f"has a wrong value {text!r}", f"{remedy}.")
    return text
