"""Strips a model's thoughts before its reply, if the server does not."""

from collections.abc import Iterable, Iterator

_ENDS = {
    tag: f"{tag[0]}/{tag[1:]}"
    for tag in ("<think>", "<thinking>", "<thought>", "<reasoning>", "[think]")
}


class Thoughts:
    """Strips tagged thoughts from the beginning of a reply as it arrives."""

    def __init__(self) -> None:
        self._blank = ""  # white space before a possible tag
        self._begun = ""  # the possible tag; within thoughts, their last characters
        self._end = ""  # the closing tag, within thoughts
        self._are_over = False

    def without(self, piece: str) -> str:
        """The part of the reply that this piece adds."""
        return piece if self._are_over else "".join(map(self._take, piece))

    def rest(self) -> str:
        """At the end of the reply: an incomplete tag, which is text."""
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
    """The pieces of a reply, without its thoughts."""
    thoughts = Thoughts()
    for piece in pieces:
        if said := thoughts.without(piece):
            yield said
    if rest := thoughts.rest():
        yield rest
