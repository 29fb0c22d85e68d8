"""Shared by the readers: files, distinct paragraphs, and occurrences of an answer."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import ValidationError

from core.errors import QuestionSetError
from research.public.shapes import PublicDocument

_PROBLEMS_SHOWN = 3


def read_text(file: Path) -> str:
    """Text of a UTF-8 file.

    Raises:
        QuestionSetError: it cannot be read, or is not UTF-8; the message names the line.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise QuestionSetError(
            f"{file}: cannot be read ({error.strerror}). Check the path and --format."
        ) from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise QuestionSetError(f"{file}:{line}: is not UTF-8. Save the file as UTF-8.") from None


def lines(file: Path) -> Iterator[tuple[int, str]]:
    """(1-based number, line) of every line that is not blank; errors as in `read_text`."""
    for number, line in enumerate(read_text(file).split("\n"), start=1):
        if line.strip():
            yield number, line.removesuffix("\r")


def out_of_form(place: str, error: ValidationError, remedy: str) -> QuestionSetError:
    """Error for a malformed record: its first problems, each with the path of its key."""
    problems = error.errors(include_url=False, include_input=False)
    told = [
        f"{place}: {'.'.join(map(str, problem['loc']))}: {problem['msg']}"
        for problem in problems[:_PROBLEMS_SHOWN]
    ]
    if len(problems) > _PROBLEMS_SHOWN:
        told.append(f"... and {len(problems) - _PROBLEMS_SHOWN} more.")
    return QuestionSetError("\n".join([*told, remedy]))


def has_words(text: str) -> bool:
    return any(char.isalnum() for char in text)


class Paragraphs:
    """Paragraphs as documents, in order. Equal texts are one document, because no search can
    distinguish them."""

    def __init__(self) -> None:
        self._by_text: dict[str, PublicDocument] = {}
        self.repeated = 0

    def add(self, text: str, article: int | None = None) -> PublicDocument:
        """Document of a paragraph; its title gives away nothing of the topic.

        Args:
            text: the paragraph.
            article: position of its article; None if the format has no articles.
        """
        known = self._by_text.get(text)
        if known is not None:
            self.repeated += 1
            return known
        number = len(self._by_text)
        self._by_text[text] = PublicDocument(
            id=f"paragraph-{number + 1}",
            title=f"Paragraph {number + 1}",
            text=text,
            article=number if article is None else article,
        )
        return self._by_text[text]

    @property
    def documents(self) -> tuple[PublicDocument, ...]:
        return tuple(self._by_text.values())


def occurrences(text: str, answer: str) -> list[tuple[int, int]]:
    """Spans of an answer in a text, ignoring case and spacing: those of whole words, else any."""
    pattern = r"\s+".join(map(re.escape, answer.split()))
    if not pattern:
        return []
    for bounded in (rf"(?<!\w){pattern}(?!\w)", pattern):
        found = [match.span() for match in re.finditer(bounded, text, re.IGNORECASE)]
        if found:
            return found
    return []


def notes(counts: Mapping[str, int]) -> tuple[str, ...]:
    """Counts other than 0 as text: "impossible questions, not asked: 3"."""
    return tuple(f"{what}: {count}" for what, count in counts.items() if count)
