"""The words of an element: all of them, the first of them, and their places."""

from collections.abc import Iterator

from ingest.reading.formats.hypertext import NOTE
from ingest.reading.formats.table import Element


def words(element: Element) -> str:
    """The text of an element without its notes, in one line."""
    found = element.xpath(f".//text()[not(ancestor::{NOTE})] | .//br | .//p | .//td | .//div")
    return " ".join("".join(one if isinstance(one, str) else " " for one in found).split())


def texts(element: Element) -> Iterator[tuple[Element, str]]:
    """The places of text in an element, in order, as (element, attribute)."""
    yield element, "text"
    for child in element:
        yield from texts(child)
        yield child, "tail"


def prepend(element: Element, text: str) -> None:
    """Puts text before the first words of an element."""
    for owner, side in texts(element):
        own = getattr(owner, side) or ""
        if own.strip():
            setattr(owner, side, text + own.lstrip())
            return


def cut_letters(element: Element, letters: int) -> None:
    """Removes the first letters from the text of an element, and the white space around them."""
    for owner, side in texts(element):
        text = (getattr(owner, side) or "").lstrip()
        taken = min(letters, len(text))
        setattr(owner, side, text[taken:].lstrip())
        letters -= taken
        if text[taken:].strip():
            return
