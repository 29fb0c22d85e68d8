"""Leaves out what some models think before they reply, where their server does not take it out."""

from collections.abc import Iterable, Iterator

_ENDS = {
    tag: f"{tag[0]}/{tag[1:]}"
    for tag in ("<think>", "<thinking>", "<thought>", "<reasoning>", "[think]")
}


class Thoughts:
    """Parts a reply, as it arrives, from the thoughts between tags with which it begins."""

    def __init__(self) -> None:
        self._blank = ""  # white space before what may become a tag
        self._begun = ""
        self._end = ""  # the tag that ends the thoughts, while they last
        self._are_over = False

    def without(self, piece: str) -> str:
        """What has been said, as far as this piece tells."""
        return piece if self._are_over else "".join(map(self._take, piece))

    def rest(self) -> str:
        """What turns out to be no tag, as nothing follows."""
        return "" if self._end or self._are_over else self._blank + self._begun

    def _take(self, character: str) -> str:
        if self._are_over:
            return character
        if self._end:
            self._begun = f"{self._begun}{character.lower()}"[-len(self._end) :]
            if self._begun == self._end:
                self._blank = self._begun = self._end = ""
        elif not self._begun and character.isspace():
            self._blank += character
        else:
            self._begun += character
            begun = self._begun.lower()
            self._end = _ENDS.get(begun, "")
            self._are_over = not any(tag.startswith(begun) for tag in _ENDS)
        return self._blank + self._begun if self._are_over else ""


def without_thoughts(pieces: Iterable[str]) -> Iterator[str]:
    """The pieces of a reply without the thoughts with which it begins."""
    thoughts = Thoughts()
    for piece in pieces:
        if said := thoughts.without(piece):
            yield said
    if rest := thoughts.rest():
        yield rest
