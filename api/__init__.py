"""The interfaces for other programs: HTTP, OpenAI-compatible and MCP."""
