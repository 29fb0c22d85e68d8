"""Interpretation of messages: their kind, what they ask for and name, and what they refer to."""
