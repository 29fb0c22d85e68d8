"""Names of files and documents as a terminal may show them."""


def printable(text: str) -> str:
    """The text with what cannot be seen, such as a newline or a mark of direction, as its code."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )
