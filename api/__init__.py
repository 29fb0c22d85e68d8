"""The HTTP API: the assistant for other programs, in the same process as the pages."""
