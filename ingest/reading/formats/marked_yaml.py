"""YAML in or beside a document, read node by node, so that every error names file and line."""

import stat
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from core.errors import DocumentError, Fault
from core.yaml_files import LOADER
from ingest.reading.formats.encoding import decode

_LARGEST = 20_000_000  # bytes of a file
_SHOWN = 80  # characters of what is wrong
_NULL = "tag:yaml.org,2002:null"


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
    return node.tag == _NULL


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
            return decode(self.file, self.file.read_bytes())
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
