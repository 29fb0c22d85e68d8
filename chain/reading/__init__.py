"""Statements in the passages found, and how surely they answer a question."""
