"""The form in which a server takes a request: optional fields, and the system message.

Fields are sent only if a setting has them, except the schema and the request for token counts.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage

from core.settings import Settings

FORMS = frozenset({"response_format", "text"})
"""The schema of the reply, in either API."""

_LIMITS = ("max_completion_tokens", "max_tokens")  # OpenAI's name, and that of all others


def optional_fields(
    settings: Settings,
    schema: Mapping[str, Any] | None,
    tokens: int | None,
    *,
    refused: Collection[str],
    responses: bool,
    official: bool,
) -> dict[str, Any]:
    """The fields that are set and not refused, by their names in either of OpenAI's APIs.

    They go into the body unchanged: langchain-openai would rename or drop some, and it loses the
    token counts of a stream that it parses by a schema.

    Args:
        settings: temperature and reasoning effort.
        schema: JSON schema of the reply, with a title.
        tokens: limit of the reply; `answer_tokens` if not given.
        refused: fields that the server refuses.
        responses: the request goes to the Responses API.
        official: the server has OpenAI's own models.
    """
    tokens, effort = tokens or settings.answer_tokens, settings.reasoning_effort or None
    form: dict[str, Any] | None = None
    if schema is not None:
        form = {"name": schema["title"], "strict": True, "schema": schema}
    fields: dict[str, Any] = {"stream": True, "temperature": settings.temperature}
    if responses:
        fields["text"] = form and {"format": {"type": "json_schema", **form}}
        fields["max_output_tokens"] = tokens
        fields["reasoning"] = effort and {"effort": effort}
    else:
        fields["response_format"] = form and {"type": "json_schema", "json_schema": form}
        limits = _LIMITS if official else _LIMITS[::-1]
        fields |= dict.fromkeys([name for name in limits if name not in refused][:1], tokens)
        fields["reasoning_effort"] = effort
        if "stream" not in refused:  # servers refuse the options without it
            fields["stream_options"] = {"include_usage": True}
    return {key: value for key, value in fields.items() if value is not None and key not in refused}


def in_one(messages: Sequence[BaseMessage]) -> list[BaseMessage]:
    """Merges the system message into the question, for models without a system role."""
    if len(messages) < 2 or not isinstance(messages[0], SystemMessage):
        return list(messages)
    return [HumanMessage(f"{messages[0].text}\n\n{messages[1].text}"), *messages[2:]]
