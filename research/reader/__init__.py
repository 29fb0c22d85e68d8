"""Trains the reader on questions over official documents (docs/grounds.md)."""
