"""The lines of an answer, without Markdown, with the numbers of their citations."""

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from core.answer_blocks import AnswerBlock, AnswerSentence, Blocks, numbers
from language.figures import figures

Numbers = tuple[int, ...]

_LONGEST_NOTE = 12  # words, of "12 of 23" and why; a longer one says something itself
_EMPHASIS = re.compile(r"\\(?=[^\w\s])|\*{1,3}|`")


@dataclass(frozen=True)
class Stretch:
    """Text without Markdown, and the numbers of its citations."""

    text: str
    numbers: Numbers


@dataclass(frozen=True)
class AnswerLine:
    """One line of an answer. A label or note has one stretch without numbers."""

    kind: Literal["label", "paragraph", "item", "note", "own"]
    stretches: tuple[Stretch, ...]

    @property
    def text(self) -> str:
        return " ".join(stretch.text for stretch in self.stretches)

    @property
    def numbers(self) -> Numbers:
        return tuple(dict.fromkeys(n for stretch in self.stretches for n in stretch.numbers))

    @property
    def introduces(self) -> bool:
        """Whether it introduces a list: it ends with a colon."""
        return self.kind == "paragraph" and self.text.endswith(":")


def answer_lines(blocks: Blocks) -> tuple[AnswerLine, ...]:
    """Lines of the answer proper, or of what is unfolded together, in order.

    An item without a marker gets the citations of the paragraph before its list, an introduction
    without one those of its items. What stands above the first label are own words, unless it has
    a marker: then there are none.
    """
    found: list[AnswerLine] = []
    results = next((place for place, block in enumerate(blocks) if block.kind == "label"), 0)
    if numbers(blocks[:results]):
        results = 0
    above = (AnswerLine("own", tuple(_stretches(block.sentences))) for block in blocks[:results])
    lines = (line for block in blocks[results:] for line in _lines(block))
    found += (line for line in above if line.stretches)
    for line in (line for line in lines if line.stretches):
        is_other = line.kind == "note" and not _counts(line.text, found)
        found.append(replace(line, kind="paragraph") if is_other else line)
    return _items_covered(_introductions_covered(found))


def own_words(blocks: Blocks) -> str:
    """Text without labels, which are in a document's language."""
    lines = (line for line in answer_lines(blocks) if line.kind != "label")
    return "\n".join(line.text for line in lines)


def cited(blocks: Blocks) -> frozenset[int]:
    """Numbers of all citations in blocks."""
    return frozenset(n for line in answer_lines(blocks) for n in line.numbers)


def _lines(block: AnswerBlock) -> Iterator[AnswerLine]:
    if block.kind == "list":
        numbers = tuple(dict.fromkeys(citation.number for citation in block.evidence))
        for item in block.items:
            yield AnswerLine("item", tuple(_stretches(item, numbers)))
    else:
        yield AnswerLine(block.kind, tuple(_stretches(block.sentences)))
    if block.note:
        yield AnswerLine("note", (Stretch(plain(block.note), ()),))


def _counts(note: str, before: Sequence[AnswerLine]) -> bool:
    """Whether a note says how many of the items before it are shown ("12 of 23")."""
    shown = len(list(itertools.takewhile(lambda line: line.kind == "item", reversed(before))))
    counted = figures(note)
    more = any(figure.isdecimal() and int(figure) > shown for figure in counted)
    return shown > 0 and len(note.split()) <= _LONGEST_NOTE and str(shown) in counted and more


def _stretches(sentences: Sequence[AnswerSentence], of_list: Numbers = ()) -> Iterator[Stretch]:
    """What is quoted in one piece has the marker of its end."""
    for place, sentence in enumerate(sentences):
        if re.search(r"\w", sentence.text) and not sentence.stand_in:
            behind = (other.numbers for other in sentences[place:] if sentence.status == "quoted")
            yield Stretch(
                plain(sentence.text), sentence.numbers or next(filter(None, behind), of_list)
            )


def plain(text: str) -> str:
    """Strips emphasis and escapes."""
    return _EMPHASIS.sub("", text).strip()


def _introductions_covered(found: Sequence[AnswerLine]) -> list[AnswerLine]:
    """Gives introductions without a marker the numbers of what they introduce."""
    covered: list[AnswerLine] = []
    following: Numbers = ()
    for block in reversed(found):
        if block.introduces and not block.numbers:
            block = _with_numbers(block, following)
        elif block.kind in ("paragraph", "item"):
            following = block.numbers or following
        covered.append(block)
    return covered[::-1]


def _items_covered(found: Sequence[AnswerLine]) -> tuple[AnswerLine, ...]:
    """Gives items without a marker the last numbers of the paragraph before their list."""
    covered: list[AnswerLine] = []
    leading: Numbers = ()
    for block in found:
        if block.kind == "item" and not block.numbers:
            block = _with_numbers(block, leading)
        elif block.kind != "item":
            leading = block.stretches[-1].numbers
        covered.append(block)
    return tuple(covered)


def _with_numbers(block: AnswerLine, numbers: Numbers) -> AnswerLine:
    return replace(block, stretches=tuple(replace(s, numbers=numbers) for s in block.stretches))
