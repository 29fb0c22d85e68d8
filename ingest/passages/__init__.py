"""From a `SourceDocument` to passages."""
