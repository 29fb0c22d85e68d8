"""A model's reply in JSON: the schema that is asked for, and how the reply is read.

No server is bound to the schema that it is asked to follow. So what has another type is as if it
were not there.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import ModelError
from language.escaping import visible

Schema = Mapping[str, Any]
TEXT: Schema = {"type": "string"}

_LONGEST_NUMBER = 9  # digits; a number counts passages or sentences
_MOST_BEFORE = 40_000  # characters before a list: thoughts that no tag marks
_NAME = 40  # characters that a list's name and its bracket take


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
    """The fields of a JSON object, each read by the type that it has to have."""

    values: Mapping[str, object]

    def text(self, name: str) -> str:
        """A text without invisible characters; empty where there is none."""
        value = self.values.get(name)
        return visible(value) if isinstance(value, str) else ""

    def number(self, name: str) -> int:
        """A whole number; 0 where there is none."""
        value = self.values.get(name)
        return value if type(value) is int else 0  # `true` is none

    def fields(self, name: str) -> "Fields":
        value = self.values.get(name)
        return value if isinstance(value, Fields) else Fields({})

    def texts(self, name: str) -> list[str]:
        return [visible(value) for value in self._listed(name) if isinstance(value, str)]

    def numbers(self, name: str) -> list[int]:
        return [value for value in self._listed(name) if type(value) is int]

    def objects(self, name: str) -> list["Fields"]:
        return [value for value in self._listed(name) if isinstance(value, Fields)]

    def _listed(self, name: str) -> list[object]:
        value = self.values.get(name)
        return value if isinstance(value, list) else []


class EntryReader:
    """Reads the entries of a list while the reply arrives, each as soon as it is closed; character
    by character, so that the sizes of the pieces make no difference.

    `entry` is what has arrived of the current entry, `around` the reply without the entries. The
    list `is_empty` until it has an entry, and `has_ended` when it is closed. It `is_endless`, and
    nothing more is read, when an entry, or what precedes the list, is too long.

    Args:
        name: of the list, in the reply's JSON object.
        longest: characters of an entry.
    """

    def __init__(self, name: str, longest: int) -> None:
        self.entry, self.around = "", ""
        self.is_endless, self.is_empty, self.has_ended = False, True, False
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
    """The JSON value that a text begins with, its objects as `Fields`; None where there is none, or
    it is nested more deeply than Python reads."""
    try:
        return _DECODER.raw_decode(text.lstrip())[0]
    except (ValueError, RecursionError):
        return None


def read_object(text: str) -> Fields:
    """The first JSON object in a text; without fields where there is none."""
    reply = text.rpartition("</think>")[2]  # some servers omit the opening tag of the thoughts
    found = read_json(reply[reply.find("{") :]) if "{" in reply else None
    return found if isinstance(found, Fields) else Fields({})


def _whole(digits: str) -> int | None:
    return int(digits) if len(digits) <= _LONGEST_NUMBER else None


# Models do not escape line ends.
_DECODER = json.JSONDecoder(strict=False, object_hook=Fields, parse_int=_whole)
