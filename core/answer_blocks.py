"""What an answer is made of: labels, paragraphs and lists, of sentences with what they rest on, and
their text with the places of its markers."""

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

from core.source import Frozen

SentenceStatus = Literal["own", "quoted", "pending", "confirmed", "not_confirmed", "differs"]
"""What is known of a sentence, in this order: it is the assistant's own and claims nothing; it is a
source's, word for word; a model is writing it, or it is still being checked; a model wrote it and
the sources say it; they may not; they lack a detail of it."""

Doubt = Literal["absent", "elsewhere", "distant", "doubted", "states_nothing", "unchecked"]
"""Why a model's sentence is not confirmed, in this order: no passage found has some details of it,
such as a name, or the words that it names as its source; its evidence lacks some details; its
evidence is not close to it in meaning; the checker does not find all of it in the passages; it
repeats the question or the prompt; it was found in the sources, and no model has checked that."""


class Marker(Frozen):
    """A citation marker in a text. A number in brackets without one is a source's own text."""

    start: int  # from here to the end the text reads "[1]"
    end: int
    number: int  # of its citations


class Marked(NamedTuple):
    """A text and its markers, in order."""

    text: str
    markers: tuple[Marker, ...] = ()

    @classmethod
    def joined(cls, parts: Iterable["Marked"], between: str = "") -> "Marked":
        """These texts as one, with `between` between them."""
        text, markers = "", []
        for number, part in enumerate(parts):
            text += between if number else ""
            markers += [_moved(marker, len(text)) for marker in part.markers]
            text += part.text
        return cls(text, tuple(markers))

    @classmethod
    def citing(cls, numbers: Iterable[int]) -> "Marked":
        """Markers alone: "[1][3]"."""
        texts = [(f"[{number}]", number) for number in numbers]
        return cls.joined(
            cls(text, (Marker(start=0, end=len(text), number=number),)) for text, number in texts
        )

    @property
    def numbers(self) -> tuple[int, ...]:
        """The distinct numbers of its markers."""
        return tuple(dict.fromkeys(marker.number for marker in self.markers))

    @property
    def plain(self) -> str:
        """The text without its markers and the spaces before them."""
        ends = (0, *(marker.end for marker in self.markers))
        starts = (*(marker.start for marker in self.markers), len(self.text))
        stretches = [self.text[end:start] for end, start in zip(ends, starts, strict=True)]
        return "".join((*(stretch.rstrip(" ") for stretch in stretches[:-1]), stretches[-1]))

    @property
    def lines(self) -> tuple["Marked", ...]:
        ends = [found.start() for found in re.finditer("\n|$", self.text)]
        starts = (0, *(end + 1 for end in ends))
        return tuple(self.cut(start, end) for start, end in zip(starts, ends, strict=False))

    def cut(self, start: int, end: int | None = None) -> "Marked":
        """A stretch of it, with the markers inside."""
        end = len(self.text) if end is None else end
        inside = (marker for marker in self.markers if start <= marker.start and marker.end <= end)
        return Marked(self.text[start:end], tuple(_moved(marker, -start) for marker in inside))

    def renumbered(self, numbers: Mapping[int, int]) -> "Marked":
        """A copy with other numbers in its markers."""
        pieces, last = [], 0
        for marker in self.markers:
            pieces += [
                Marked(self.text[last : marker.start]),
                Marked.citing([numbers[marker.number]]),
            ]
            last = marker.end
        return Marked.joined((*pieces, Marked(self.text[last:])))


def _moved(marker: Marker, by: int) -> Marker:
    return Marker(start=marker.start + by, end=marker.end + by, number=marker.number)


LABEL, ITEM = "### ", "- "  # what such lines begin with in a text


class QuotedSpan(Frozen):
    """A stretch of a passage: the number of its citations, and offsets in the passage's text."""

    number: int
    start: int
    end: int


class PassageSpan(Frozen):
    """A stretch of one of the `passages` of an answer: its id, and offsets in its text."""

    passage_id: str
    start: int
    end: int


class AnswerSentence(Frozen):
    """A sentence, or several that a source says in one go; without markers."""

    text: str
    status: SentenceStatus = "own"
    reason: Doubt | Literal[""] = ""  # why it is not confirmed
    details: tuple[str, ...] = ()  # what its evidence lacks ("2027"), or the checker's reason
    evidence: tuple[QuotedSpan, ...] = ()  # where it was found, also where that is "unchecked"
    nearest: tuple[PassageSpan, ...] = ()  # what comes nearest to it, where it was not found
    stand_in: str = ""  # shown in place of a sentence that differs, which readers can unfold
    is_hit: bool = False  # the sentence of a result that comes nearest to the question

    @property
    def shown(self) -> str:
        """The text that stands in its place."""
        return self.stand_in or self.text

    @property
    def is_doubted(self) -> bool:
        """Whether it is shown, and was not confirmed."""
        return self.status == "not_confirmed" and not self.stand_in

    @property
    def is_unchecked(self) -> bool:
        """Whether it is shown, and was found and not checked."""
        return self.is_doubted and self.reason == "unchecked"

    @property
    def is_claim(self) -> bool:
        """Whether a model wrote it."""
        return self.status in ("pending", "confirmed", "not_confirmed", "differs")

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of its citations, each once."""
        return tuple(dict.fromkeys(span.number for span in self.evidence))


class AnswerBlock(Frozen):
    """A label (document, section) of what follows, a paragraph, or a list.

    A list whose items have no evidence of their own rests on its `evidence`; without that, on what
    the paragraph before it, which introduces it, rests on last.
    """

    kind: Literal["label", "paragraph", "list"]
    sentences: tuple[AnswerSentence, ...] = ()  # of a label or a paragraph
    items: tuple[tuple[AnswerSentence, ...], ...] = ()  # the sentences of each item of a list
    marks: tuple[str, ...] = ()  # of each item: "6." where its text lacks it, "" for a bullet
    evidence: tuple[QuotedSpan, ...] = ()
    note: str = ""  # a remark of ours, shown below

    @property
    def lines(self) -> tuple[tuple[AnswerSentence, ...], ...]:
        """The sentences of each line, an item of a list or all; evidence of a whole list stands
        behind its last."""
        if self.kind != "list":
            return (self.sentences,)
        if not self.evidence:
            return self.items
        *others, last = self.items[-1]
        last = last.model_copy(update={"evidence": (*last.evidence, *self.evidence)})
        return (*self.items[:-1], (*others, last))

    @property
    def begins(self) -> tuple[str, ...]:
        """What each line begins with for a reader: the number of an item, or "- "."""
        if self.kind != "list":
            return ("",)
        marks = itertools.zip_longest(self.items, self.marks, fillvalue="")
        return tuple(f"{mark} " if mark else ITEM for _, mark in marks)

    @property
    def is_bare(self) -> bool:
        """Whether it is a list without any evidence of its own."""
        cited = any(sentence.evidence for sentence in itertools.chain(*self.items))
        return self.kind == "list" and not self.evidence and not cited


class DoubtWords(NamedTuple):
    """What stands behind sentences that are not confirmed."""

    unconfirmed: str = ""
    unchecked: str = ""  # behind those that were found and not checked

    def behind(self, sentence: AnswerSentence) -> str:
        """The words behind a sentence, with a space before them; empty where there are none."""
        words = self.unchecked if sentence.is_unchecked else self.unconfirmed
        return f" {words}" if words and sentence.is_doubted else ""


_NO_WORDS = DoubtWords()

Blocks = tuple[AnswerBlock, ...]
Mark = tuple[int, str]  # the number of a citation, and the words that its marker covers, in lines
MarkedLine = list[tuple[AnswerSentence, list[Mark]]]  # of each sentence the markers behind it


def own(text: str) -> AnswerBlock:
    """A paragraph of the assistant's own words."""
    return AnswerBlock(kind="paragraph", sentences=(AnswerSentence(text=text),))


def marked_lines(blocks: Blocks) -> Iterator[tuple[AnswerBlock, list[MarkedLine]]]:
    """Each block with its lines.

    The last marker of a paragraph that introduces a list covers its items too, and so does that of
    a list which nothing introduces.
    """
    for block, after in itertools.zip_longest(blocks, blocks[1:]):
        found = block.lines
        last, covered = found[-1][-1], list[str]()
        if block.evidence:
            covered = _texts(found[:-1])
        elif block.kind == "paragraph" and after and after.is_bare:
            covered = _texts(after.items)
        marked = [[(sentence, _marks(sentence)) for sentence in line] for line in found]
        marked[-1][-1] = last, _marks(last, covered)
        yield block, marked


def _marks(sentence: AnswerSentence, covered: Sequence[str] = ()) -> list[Mark]:
    numbers = sentence.numbers
    words = [sentence.shown] * len(numbers)
    if covered and numbers:
        words[-1] = "\n".join((*words[-1:], *covered))
    return list(zip(numbers, words, strict=True))


def _texts(found: Iterable[Sequence[AnswerSentence]]) -> list[str]:
    return [" ".join(sentence.shown for sentence in line) for line in found]


def sentences(blocks: Blocks) -> Iterator[AnswerSentence]:
    """All sentences of blocks, in order."""
    for block in blocks:
        yield from itertools.chain(block.sentences, *block.items)


def numbers(blocks: Blocks) -> tuple[int, ...]:
    """The numbers of the citations of blocks, each once."""
    lines = itertools.chain.from_iterable(block.lines for block in blocks)
    return tuple(dict.fromkeys(n for line in lines for sentence in line for n in sentence.numbers))


def marked_text(blocks: Blocks, *, as_read: bool = False, doubt: DoubtWords = _NO_WORDS) -> Marked:
    """Blocks as one text: Markdown, with the grammar of `core.answer.Answer`; or `as_read` by
    people, where labels have no mark, and items have that of their source."""
    begins = {"label": LABEL, "paragraph": "", "list": ITEM}
    parts = []
    for block in blocks:
        before = block.begins if as_read else itertools.repeat(begins[block.kind])
        lines = zip(before, block.lines, strict=False)
        texts = (Marked.joined((Marked(mark), line_text(line, doubt))) for mark, line in lines)
        parts.append(Marked.joined(texts, "\n"))
        if block.note:
            parts.append(Marked(block.note))
    return Marked.joined(parts, "\n\n")


def line_text(line: Iterable[AnswerSentence], doubt: DoubtWords = _NO_WORDS) -> Marked:
    """The sentences of a line with their markers."""
    texts = []
    for sentence in line:
        shown = f"{sentence.shown}{doubt.behind(sentence)}"
        cited = (Marked(" "), Marked.citing(sentence.numbers)) if sentence.evidence else ()
        texts.append(Marked.joined((Marked(shown), *cited)))
    return Marked.joined(texts, " ")


def parse(text: str) -> Blocks:
    """The blocks of a text as `marked_text` makes it, of which no part is a marker."""
    found: list[AnswerBlock] = []
    for kind, group in itertools.groupby(text.split("\n"), line_kind):
        lines = list(group)
        if kind == "label":
            labels = (AnswerSentence(text=line.removeprefix(LABEL).strip()) for line in lines)
            found += (AnswerBlock(kind="label", sentences=(label,)) for label in labels)
        elif kind == "list":
            items = (AnswerSentence(text=line.removeprefix(ITEM).strip()) for line in lines)
            found.append(AnswerBlock(kind="list", items=tuple((item,) for item in items)))
        elif kind == "paragraph":
            found.append(own("\n".join(lines).strip()))
    return tuple(found)


def line_kind(line: str) -> Literal["blank", "list", "label", "paragraph"]:
    """What a line of a text is."""
    if not line.strip():
        return "blank"
    if line.startswith(ITEM):
        return "list"
    return "label" if line.startswith(LABEL) else "paragraph"
