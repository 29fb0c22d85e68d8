"""A model's reply in JSON, of which every field is read by its type.

No server is bound to the schema that it is asked to follow. So what has another type, is there
twice with different values, or is nested too deeply is as if it were not there.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from language.escaping import visible

_DEEPEST = 8  # levels of nesting; what is asked for has five
_LONGEST_NUMBER = 9  # digits; a number counts passages or sentences
_PIECE = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[\]{}]|[^"\[\]{}]+', re.DOTALL)

_Kind = TypeVar("_Kind")


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
        return [visible(one) for one in self._listed(name, str)]

    def numbers(self, name: str) -> list[int]:
        return self._listed(name, int)

    def objects(self, name: str) -> list["Fields"]:
        return self._listed(name, Fields)

    def _listed(self, name: str, kind: type[_Kind]) -> list[_Kind]:
        return _of_type(self._only(name, list) or (), kind)

    def _only(self, name: str, kind: type[_Kind]) -> _Kind | None:
        found = _of_type(self.values.get(name, ()), kind)
        return found[0] if found and all(one == found[0] for one in found) else None


def read_json(text: str) -> object:
    """The JSON value that a text begins with, its objects as `Fields`; None where there is none."""
    try:
        return _DECODER.raw_decode(_shallow(text.lstrip()))[0]
    except ValueError:
        return None


def read_object(text: str) -> Fields:
    """The first JSON object in a text; without fields where there is none."""
    found = read_json(text[text.find("{") :]) if "{" in text else None
    return found if isinstance(found, Fields) else Fields({})


def _of_type(values: Iterable[object], kind: type[_Kind]) -> list[_Kind]:
    """The values of exactly this type: `true` is no number."""
    return [one for one in values if type(one) is kind]


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
