"""The notes page, and keeping quotes for it."""
