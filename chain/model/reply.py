"""A model's reply in JSON: the schema that is asked for, and how the reply is read.

No server is bound to the schema that it is asked to follow. So what has another type, is there
twice with different values, or is nested too deeply is as if it were not there.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from core.errors import ModelError
from language.escaping import visible

Schema = Mapping[str, Any]
TEXT: Schema = {"type": "string"}

_DEEPEST = 8  # levels of nesting; what is asked for has five
_LONGEST_NUMBER = 9  # digits; a number counts passages or sentences
_MOST_BEFORE = 40_000  # characters before a list: thoughts that no tag marks
_PIECE = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[\]{}]|[^"\[\]{}]+', re.DOTALL)
_NAME = 40  # characters that a list's name and its bracket take

_Kind = TypeVar("_Kind")


def object_of(**fields: Schema) -> Schema:
    """Schema of an object with all of these fields and no other, as OpenAI's strict mode wants."""
    return {
        "type": "object",
        "properties": fields,
        "required": list(fields),
        "additionalProperties": False,
    }


def list_of(entry: Schema) -> Schema:
    return {"type": "array", "items": entry}


def out_of_form() -> ModelError:
    return ModelError(
        "The model's reply is not in the form that was asked for, which is JSON. Choose a larger "
        "model, or a server that takes a JSON schema (docs/models.md).",
        "protocol",
    )


@dataclass(frozen=True)
class Fields:
    """The fields of a JSON object: name -> all values that it is there with."""

    values: dict[str, list[object]]

    def text(self, name: str) -> str:
        """A text without invisible characters; empty where there is none."""
        return visible(self._only(name, str) or "")

    def number(self, name: str) -> int:
        """A whole number; 0 where there is none."""
        return self._only(name, int) or 0

    def fields(self, name: str) -> "Fields":
        return self._only(name, Fields) or Fields({})

    def texts(self, name: str) -> list[str]:
        return [visible(text) for text in self._listed(name, str)]

    def numbers(self, name: str) -> list[int]:
        return self._listed(name, int)

    def objects(self, name: str) -> list["Fields"]:
        return self._listed(name, Fields)

    def _listed(self, name: str, kind: type[_Kind]) -> list[_Kind]:
        return _of_type(self._only(name, list) or (), kind)

    def _only(self, name: str, kind: type[_Kind]) -> _Kind | None:
        found = _of_type(self.values.get(name, ()), kind)
        return found[0] if found and all(value == found[0] for value in found) else None


class EntryReader:
    """Reads the entries of a list while the reply arrives, each as soon as it is closed.

    It reads character by character, so the sizes of the pieces make no difference.

    Args:
        name: of the list, in the reply's JSON object.
        longest: characters of an entry; a longer one never ends.
    """

    def __init__(self, name: str, longest: int) -> None:
        self.entry = ""
        """What has arrived of the current entry."""
        self.around = ""
        """The reply without the entries."""
        self.is_endless = False
        """Whether an entry, or what precedes the list, is too long; nothing more is read then."""
        self.is_empty = True
        """Whether the list has had no entry."""
        self.has_ended = False
        """Whether the list is closed."""
        self._longest = longest
        self._begins = re.compile(rf'"{name}"\s*:\s*\[$')
        self._has_begun = False
        self._depth = 0  # of open brackets in the entry
        self._is_quoted = False
        self._is_escaped = False

    def feed(self, piece: str) -> Iterator[object]:
        """Yields the values of the entries that a further piece completes; None for one that is no
        JSON."""
        for character in piece:
            if self.is_endless:
                return
            if not self._has_begun or self.has_ended:
                self._beside(character)
            elif self.entry or character in '{["':
                self.entry += character
                self.is_empty = False
                self.is_endless = len(self.entry) > self._longest
                if self._completes(character):
                    entry, self.entry = self.entry, ""
                    yield read_json(entry)
            elif character == "]":
                self.has_ended = True
                self.around += character
            else:
                self.is_empty &= character == "," or character.isspace()

    def _beside(self, character: str) -> None:
        """Takes a character before or behind the list."""
        if len(self.around) < _MOST_BEFORE:
            self.around += character
            if character == "[" and not self.has_ended:
                self._has_begun = bool(self._begins.search(self.around[-_NAME:]))
        else:
            self.is_endless = not self.has_ended

    def _completes(self, character: str) -> bool:
        """Whether a character closes the entry; brackets within strings do not count."""
        if self._is_escaped:
            self._is_escaped = False
        elif self._is_quoted and character == "\\":
            self._is_escaped = True
        elif character == '"':
            self._is_quoted = not self._is_quoted
        elif not self._is_quoted:
            self._depth += (character in "{[") - (character in "}]")
        return not self._depth and not self._is_quoted


def read_json(text: str) -> object:
    """The JSON value that a text begins with, its objects as `Fields`; None where there is none."""
    try:
        return _DECODER.raw_decode(_shallow(text.lstrip()))[0]
    except ValueError:
        return None


def read_object(text: str) -> Fields:
    """The first JSON object in a text; without fields where there is none."""
    reply = text.rpartition("</think>")[2]  # some servers omit the opening tag of the thoughts
    found = read_json(reply[reply.find("{") :]) if "{" in reply else None
    return found if isinstance(found, Fields) else Fields({})


def _of_type(values: Iterable[object], kind: type[_Kind]) -> list[_Kind]:
    """The values of exactly this type: `true` is no number."""
    return [value for value in values if type(value) is kind]


def _fields(pairs: Iterable[tuple[str, object]]) -> Fields:
    made = Fields({})
    for name, value in pairs:
        made.values.setdefault(name, []).append(value)
    return made


def _whole(digits: str) -> int | None:
    return int(digits) if len(digits) <= _LONGEST_NUMBER else None


def _shallow(text: str) -> str:
    """JSON with null in place of what is nested more deeply than a reply is: Python refuses all of
    a text that is nested too deeply for it."""
    depth, kept = 0, list[str]()
    for piece in _PIECE.findall(text):
        depth += piece in ("[", "{")
        if depth <= _DEEPEST:
            kept.append(piece)
        elif depth == _DEEPEST + 1 and piece in ("[", "{"):
            kept.append("null")
        depth -= piece in ("]", "}")
    return "".join(kept)


# Models do not escape line ends.
_DECODER = json.JSONDecoder(strict=False, object_pairs_hook=_fields, parse_int=_whole)
