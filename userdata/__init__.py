"""Data of people: conversations, notes, feedback, what was asked; all in one database."""
