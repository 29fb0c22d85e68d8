"""JSON schemas of replies, within what OpenAI's strict mode takes."""

from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]
TEXT: Schema = {"type": "string"}


def object_of(**fields: Schema) -> Schema:
    """An object that has all of these fields and no other."""
    return {
        "type": "object",
        "properties": fields,
        "required": list(fields),
        "additionalProperties": False,
    }


def list_of(entry: Schema) -> Schema:
    return {"type": "array", "items": entry}
