"""Metadata of a document in YAML: between --- lines above its text, or in a file beside it.

All YAML of ours beside documents is read node by node, so that every error names file and line.
"""

import datetime
import re
import stat
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

import yaml

from core.errors import DocumentError, Fault
from core.source import DocumentInfo, DocumentKind, Summarised
from core.yaml_files import LOADER
from ingest.reading.blocks import Parsed, Value
from ingest.reading.formats.encoding import decode

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

_LARGEST = 20_000_000  # bytes of a file
_SHOWN = 80  # characters of what is wrong
SIDECAR_SUFFIX = ".meta.yaml"


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


def is_empty(node: yaml.Node) -> bool:
    """Whether a value is left open, as in "title:"."""
    return node.tag == _CORE_TAG + "null"


@dataclass(frozen=True)
class MarkedYaml:
    """Reads the YAML of a file; every method raises DocumentError with the line and a remedy."""

    file: Path
    name: str  # in messages, such as "the front matter"
    fault: Fault
    first_line: int = 1  # of the YAML in its file

    def error(
        self, node: yaml.Node | None, problem: str, remedy: str, field: str = ""
    ) -> DocumentError:
        """An error in the value of a field of `DocumentInfo`, or of another kind."""
        line = node.start_mark.line if node else 0
        fault: Fault = "value" if field else self.fault
        return DocumentError(self.file, line + self.first_line, problem, remedy, fault, field)

    def content(self) -> str:
        """The text of the file, where all of it is YAML."""
        try:
            if self.file.stat().st_size > _LARGEST:
                problem = f"is larger than {_LARGEST:,} bytes"
                raise self.error(None, problem, "Keep fewer entries in it.")
            return decode(self.file, self.file.read_bytes()).text
        except OSError as error:
            problem = f"cannot be read ({error.strerror})"
            remedy = "Check your rights."
            raise DocumentError(self.file, None, problem, remedy, "unreadable") from error

    def root(self, content: str) -> yaml.Node | None:
        """The outermost node; None where there is only white space or comments."""
        line, remedy = 0, "Take the character out."
        try:
            found: yaml.Node | None = yaml.compose(content, Loader=LOADER)
            return found
        except yaml.MarkedYAMLError as error:
            mark, reason = error.problem_mark or error.context_mark, str(error.problem)
            line = mark.line if mark else 0
            remedy = "Put words with a colon between double quotes; indent lists with two spaces."
        except yaml.YAMLError as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
        except RecursionError:
            reason, remedy = "nested too deep", "Write it as documented."
        problem = f"{self.name} is not valid YAML ({reason})"
        raise DocumentError(self.file, line + self.first_line, problem, remedy, self.fault)

    def pairs(
        self, node: yaml.Node, name: str, known: Collection[str] = ()
    ) -> Iterator[tuple[yaml.ScalarNode, yaml.Node]]:
        """The keys and values of a mapping, which has no other keys than `known`, if that is
        given."""
        if not isinstance(node, yaml.MappingNode):
            problem = f"{name} is not a list of fields"
            raise self.error(node, problem, 'Write "name: value" on each line.')
        names: set[str] = set()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):  # written out, one of aliases has no end
                raise self.error(key, f"a name of {name} is not text", "Write one word.")
            shown = repr(key.value[:_SHOWN])
            if key.value in names:
                raise self.error(key, f"{shown} is given twice", "Keep one of the two.")
            if known and key.value not in known:
                remedy = f"The fields are: {', '.join(known)}."
                raise self.error(key, f"unknown field {shown}", remedy)
            names.add(key.value)
            yield key, value

    def items(self, node: yaml.Node, name: str) -> list[yaml.Node]:
        """The entries of a list."""
        if not isinstance(node, yaml.SequenceNode):
            raise self.error(node, f"{name} is not a list", 'Begin each entry with "- ".')
        return list(node.value)


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
