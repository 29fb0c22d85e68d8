"""Names of files and titles, which others chose: as text that can be kept, and as text to show."""


def as_text(path: object) -> str:
    """A path as text that can be stored: bytes that are not UTF-8 become codes such as \\xff."""
    return str(path).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def printable(name: object) -> str:
    """A path or title in one line, with all that cannot be seen as codes: newlines, control
    characters, marks that turn the direction of writing, bytes that are not UTF-8."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode()
        for char in as_text(name)
    )
