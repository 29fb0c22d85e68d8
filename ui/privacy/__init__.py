"""The privacy page: where questions go, what is kept, and the reader's own data."""
