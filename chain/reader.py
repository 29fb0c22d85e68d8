"""Reads a model's reply, while it arrives, as drafts: sentences and the passages they cite.

The reply itself shows its form, whatever was asked for: a JSON object is the list of sentences of
`SCHEMA`, anything else is text with [n] markers.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from langchain_core.utils.json import parse_partial_json

from chain.answerer import Draft
from core.errors import ModelError

SCHEMA: Mapping[str, Any] = {
    "title": "answer",
    "description": "The sentences of the answer, each with the numbers of its passages.",
    "type": "object",
    "properties": {
        "sentences": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "text": {"type": "string"},
                    "passages": {"type": "array", "items": {"type": "integer"}},
                },
                "required": ["text", "passages"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["sentences"],
    "additionalProperties": False,
}
"""JSON Schema of a structured answer, within what OpenAI's strict mode takes."""

_MARKER = re.compile(r"\s*\[(\d{1,3}(?:\s*,\s*\d{1,3})*)\]")
# A sentence ends at its markers, at a line end, or at a full stop before a capital.
_SENTENCE = re.compile(
    r".+?(?:(?:\s*\[\d{1,3}(?:\s*,\s*\d{1,3})*\])+[.;]?|[.!?](?=\s+[A-ZÀ-Þ])|\n|$)", re.S
)
# At the end of a reply anything else was cut, such as by the limit on an answer's tokens.
_WHOLE = re.compile(r"[.!?:\]]\W*$")
_NO_ANSWER = "NO ANSWER"
_JSON = re.compile(r"\s*(?:```(?:json)?\s*)?(?=\{)")  # models like to fence what they return
_MAY_BECOME_JSON = re.compile(r"\s*(?:`{0,3}|```j?s?o?n?\s*)$")


def read(pieces: Iterable[str]) -> Iterator[Draft]:
    """The drafts of a whole reply, each as soon as it is complete.

    Raises:
        ModelError: the reply is empty, or JSON that is not as `SCHEMA` says.
    """
    reader = Reader()
    for piece in pieces:
        yield from reader.feed(piece)
    yield from reader.close()


class Reader:
    """Gathers one reply; every draft is given once, as soon as its sentence is complete."""

    def __init__(self) -> None:
        self._text = ""
        self._form: _Marked | _Listed | None = None

    def feed(self, piece: str) -> Iterator[Draft]:
        """The drafts that a further piece of the reply completes."""
        self._text += piece
        if self._form is None:
            if _MAY_BECOME_JSON.match(self._text):
                return
            start = _JSON.match(self._text)
            self._form = _Listed() if start else _Marked()
            piece = self._text[start.end() :] if start else self._text
        yield from self._form.feed(piece)

    def close(self) -> Iterator[Draft]:
        """The drafts that the end of the reply completes.

        Raises:
            ModelError: the reply is empty, or JSON that is not as `SCHEMA` says.
        """
        if self._form is None:
            raise ModelError("The model's answer is empty.")
        yield from self._form.close()


class _Marked:
    """Text with [n] markers. A marker that is still arriving is never part of a draft."""

    def __init__(self) -> None:
        self._waiting = ""

    def feed(self, piece: str) -> Iterator[Draft]:
        self._waiting += piece
        *whole, self._waiting = _sentences(self._waiting)
        yield from (draft for text in whole if (draft := _draft(text)))

    def close(self) -> Iterator[Draft]:
        if _WHOLE.search(self._waiting) and (last := _draft(self._waiting)) is not None:
            yield last


class _Listed:
    """The growing JSON of `SCHEMA`. A sentence is complete when its entry is closed."""

    def __init__(self) -> None:
        self._json = ""
        self._given = 0

    def feed(self, piece: str) -> Iterator[Draft]:
        self._json += piece
        if "}" in piece:  # only then can a sentence have ended
            yield from self._new()

    def close(self) -> Iterator[Draft]:
        if _entries(_value(parse_partial_json, self._json.partition("```")[0])) is None:
            raise ModelError("The model's answer is not in the form that was asked for.")
        yield from self._new()

    def _new(self) -> Iterator[Draft]:
        entries = self._complete()
        for entry in entries[self._given :]:
            yield from _entry_drafts(entry)
        self._given = max(self._given, len(entries))

    def _complete(self) -> list[Any]:
        """The entries whose closing brace has arrived; a brace may also stand in a sentence."""
        end = self._json.rfind("}") + 1
        while end:
            for ending in ("]}", ""):
                entries = _entries(_value(json.loads, self._json[:end] + ending))
                if entries is not None:
                    return entries
            end = self._json.rfind("}", 0, end - 1) + 1
        return []


def _value(parse: Callable[[str], Any], text: str) -> Any:
    try:
        return parse(text)
    except ValueError:
        return None


def _entries(value: Any) -> list[Any] | None:
    entries = value.get("sentences") if isinstance(value, dict) else None
    return entries if isinstance(entries, list) else None


def _entry_drafts(entry: Any) -> Iterator[Draft]:
    """The sentences of one entry; each claims the entry's passages. One out of form is left out."""
    if not isinstance(entry, dict) or not isinstance(entry.get("text"), str):
        return
    numbers = entry.get("passages")
    cites = tuple(
        number - 1
        for number in (numbers if isinstance(numbers, list) else ())
        if isinstance(number, int) and number > 0
    )
    for match in _SENTENCE.finditer(entry["text"]):
        draft = _draft(match.group())
        if draft is not None:
            yield Draft(text=draft.text, cites=cites or draft.cites, form=draft.form)


def _sentences(text: str) -> list[str]:
    """The whole sentences of a growing text, and last the part that may still grow.

    A marker that is still arriving, or that may be followed by another, stays in the last part.
    """
    found = [match.group() for match in _SENTENCE.finditer(text)]
    may_end = len(found) > 1 and any(character.isalpha() for character in found[-1])
    return found if may_end else [text]


def _draft(text: str) -> Draft | None:
    numbers = re.findall(r"\d+", " ".join(_MARKER.findall(text)))
    sentence = " ".join(_MARKER.sub("", text).split())
    is_item = sentence.startswith(("- ", "* ", "• "))
    sentence = sentence.lstrip("-*• ").strip()
    if not any(character.isalpha() for character in sentence) or _NO_ANSWER in sentence:
        return None
    return Draft(
        text=sentence,
        cites=tuple(int(number) - 1 for number in numbers if int(number) > 0),
        form="item" if is_item else "sentence",
    )
