"""JSON replies about numbered sentences: their schema, and reading them.

    {"verdicts": [{"number": 1, "reason": "...", "verdict": "supported"}, ...]}

The prompt asks for this form too, as some servers take no schema.
"""

import json
from collections.abc import Mapping
from typing import Any

from chain.model.json_schema import Schema, list_of, object_of
from core.errors import ModelError
from language.characters import visible

Entry = Mapping[str, Any]


def schema(title: str, fields: Mapping[str, Schema]) -> Schema:
    """JSON schema of a list with this title."""
    entry = object_of(number={"type": "integer"}, **fields)
    return {"title": title, **object_of(**{title: list_of(entry)})}


def entries(reply: str, title: str, count: int) -> Mapping[int, Entry]:
    """Entries of a reply by number (1 to `count`); others, and numbers that occur twice, are
    dropped.

    Raises:
        ModelError: the reply has no such JSON object.
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
