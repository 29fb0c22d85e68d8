"""A model's reply about things that it was given by number, as one JSON object.

    {"verdicts": [{"number": 1, "reason": "...", "verdict": "supported"}, ...]}

The form is asked for as a schema where the server takes one, and by the prompt in any case.
"""

import json
from collections.abc import Mapping
from typing import Any

from core.characters import visible
from core.errors import ModelError

Entry = Mapping[str, Any]


def schema(title: str, fields: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    """A JSON schema, within what OpenAI's strict mode takes, of a list with this title."""
    of_entry = {"number": {"type": "integer"}, **fields}
    entry = {
        "type": "object",
        "properties": of_entry,
        "required": list(of_entry),
        "additionalProperties": False,
    }
    return {
        "title": title,
        "type": "object",
        "properties": {title: {"type": "array", "items": entry}},
        "required": [title],
        "additionalProperties": False,
    }


def entries(reply: str, title: str, count: int) -> Mapping[int, Entry]:
    """The entries of a reply by number, as far as they are about one of the `count` things that
    were given (from 1). What is said twice of one thing is not said of it.

    Raises:
        ModelError: the reply holds no such object.
    """
    try:
        told = json.loads(reply[reply.find("{") : reply.rfind("}") + 1], strict=False)
        listed = told[title]
    except (ValueError, KeyError, TypeError, RecursionError):
        listed = None
    if not isinstance(listed, list):
        raise ModelError("The model's reply is not in the form that was asked for.", "protocol")
    found: dict[int, Entry] = {}
    twice: set[int] = set()
    for entry in listed:
        number = entry.get("number") if isinstance(entry, dict) else None
        if type(number) is not int or not 1 <= number <= count:
            continue
        if number in found:
            twice.add(number)
        found[number] = {
            name: visible(value) if isinstance(value, str) else value
            for name, value in entry.items()
        }
    return {number: entry for number, entry in found.items() if number not in twice}
