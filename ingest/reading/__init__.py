"""From a file to a `SourceDocument`: text, sections, metadata."""
