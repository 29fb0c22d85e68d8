"""The arguments of MCP tools: their types, and errors in words that a model can act on."""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError, UnexpectedToolError
from mcp.server.mcpserver.tools import Tool
from mcp_types import CallToolResult, InputRequiredResult, ToolAnnotations
from pydantic import Field, ValidationError, create_model

from api.request_shapes import WHOLE, Day, LanguageCode, Name, unknown
from chain.request import MAX_QUESTION

FAR = 10_000_000  # characters or documents: more than any section or list has
_NAMED = 5  # of the arguments that are wrong: more are no slip

ToolQuestion = Annotated[
    str,
    Field(
        min_length=1,
        max_length=MAX_QUESTION,
        description="A question in any official language of the EU, which stands alone.",
    ),
]
DocumentId = Annotated[
    str, Field(min_length=1, max_length=200, description="As list_documents and search give it.")
]
Documents = Annotated[
    list[DocumentId],
    Field(default_factory=list, max_length=50, description="Only these documents; empty: all."),
]
Areas = Annotated[
    list[Name],
    Field(
        default_factory=list,
        max_length=50,
        description="Only these policy areas, as list_documents gives them; empty: all.",
    ),
]
AsOf = Annotated[Day | None, Field(description="As of this day: later documents are left out.")]
Language = Annotated[
    LanguageCode | None,
    Field(description="ISO 639-1; told from the question, or English, if not given."),
]
Start = Annotated[int, Field(ge=0, le=FAR, description="Where to go on: next_start."), WHOLE]


def tool_of(function: Callable[..., Any], title: str, annotations: ToolAnnotations) -> Tool:
    """A tool whose schema, and whose calls, allow no other arguments than its function's."""
    tool = Tool.from_function(function, title=title, annotations=annotations)
    lenient = tool.fn_metadata.arg_model
    strict = create_model(lenient.__name__, __base__=lenient, __cls_kwargs__={"extra": "forbid"})
    metadata = tool.fn_metadata.model_copy(update={"arg_model": strict})
    schema = strict.model_json_schema(by_alias=True)
    return tool.model_copy(update={"fn_metadata": metadata, "parameters": schema})


class ToolServer(MCPServer[Any]):
    """A server whose errors say how to call a tool that was called wrongly."""

    def __init__(self, name: str, *, tools: Sequence[Tool], **options: Any) -> None:
        super().__init__(name, tools=[*tools], **options)
        self._schemas = {tool.name: tool.parameters for tool in tools}

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[Any, Any] | None = None
    ) -> CallToolResult | InputRequiredResult:
        schema = self._schemas.get(name)
        if schema is None:
            raise ToolError(unknown("tool", name, self._schemas))
        try:
            return await super().call_tool(name, arguments, context)
        except UnexpectedToolError:
            raise
        except ToolError as error:
            cause = error.__cause__
            if not isinstance(cause, ValidationError):
                raise
            raise ToolError(format_validation_error(cause, schema)) from cause


def format_validation_error(error: ValidationError, schema: Mapping[str, Any]) -> str:
    """Says what is wrong with the arguments of a tool with this schema, and what it takes."""
    expected = schema["properties"]
    wrong: dict[str, str] = {}
    for problem in error.errors(include_url=False, include_input=False):
        name = str(problem["loc"][0])
        if problem["type"] == "extra_forbidden":
            wrong[name] = unknown("argument", name, expected)
        elif problem["type"] == "missing":
            wrong[name] = f"The argument {name!r} is missing: {_description(expected[name])}."
        else:
            wrong[name] = f"The argument {name!r} has to be {_description(expected[name])}."
    return " ".join([*wrong.values()][:_NAMED])


def _description(schema: Mapping[str, Any]) -> str:
    """Describes the values that a schema allows."""
    if "anyOf" in schema:
        return " or ".join(map(_description, schema["anyOf"]))
    match schema:
        case {"enum": values}:
            return f"one of {', '.join(values)}"
        case {"type": "integer", "minimum": least, "maximum": most}:
            return f"a whole number from {least} to {most}"
        case {"type": "array", "maxItems": most, "items": items}:
            return f"a list, in brackets, of at most {most}, each {_description(items)}"
        case {"type": "string", "format": "date"}:
            return "a day, written as 2026-12-31"
        case {"type": "string", "minLength": least, "maxLength": most}:
            return f"text of {least} to {most} characters"
        case _:
            return str(schema["type"])
