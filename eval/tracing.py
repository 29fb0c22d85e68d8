"""Traces the text of an answer, word for word, to the units and table rows that it cites."""

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from core.answer import Answer
from core.answer_blocks import Blocks
from core.source import Passage, Unit
from eval.answer_lines import AnswerLine, Stretch, answer_lines, plain
from language.figures import figures
from language.sentences import sentences
from language.words import fold
from language.words import words as words_of

Place = tuple[str, int]  # passage id, number of a unit in it

_CELLS = re.compile(r"(?<!\\)\|")
_END = " .;:,"


class ListedPassage:
    """A passage, and which of its units make up lists."""

    def __init__(self, passage: Passage) -> None:
        self.passage = passage
        text = passage.text
        self.units = tuple(fold(text[unit.start : unit.end]) for unit in passage.units)
        self.list_of = dict(self._roots())  # unit of a list -> first unit of the list
        self.lists: dict[int, list[int]] = {}  # first unit of a list -> its items
        for number, root in self.list_of.items():
            items = self.lists.setdefault(root, [])
            if number != root or passage.units[number].kind == "item":
                items.append(number)

    def _roots(self) -> Iterator[tuple[int, int]]:
        """Pairs of each unit of a list and the first unit of that list.

        A nested list belongs to the outer one. Items without an introduction form a list from the
        first. Table rows are no list: each is shown with its headings.
        """
        units = self.passage.units
        numbers = {(unit.start, unit.end): number for number, unit in enumerate(units)}
        introducing = {numbers[unit.lead_in] for unit in units if unit.lead_in in numbers}
        before: int | None = None  # the list of the unit before this one
        for number, unit in enumerate(units):
            root = number
            while (lead_in := units[root].lead_in) in numbers:
                root = numbers[lead_in]
            if "|" in self.units[number] or (unit.kind != "item" and number not in introducing):
                before = None
                continue
            if units[root].kind == "item" and before is not None:
                root = before if units[before].kind == "item" else root
            before = root
            yield number, root

    def introduced(self, root: int) -> bool:
        """Whether the list has an introductory sentence."""
        return self.passage.units[root].kind == "sentence"

    def place(self, number: int) -> Place:
        return self.passage.id, number


@dataclass(frozen=True)
class Shown:
    """A sentence or item of an answer."""

    text: str
    is_item: bool
    language: str
    block: int  # number of its line
    place: Place | None = None  # the unit with the same text, if any
    rests_on: frozenset[Place] = frozenset()  # that unit, or those that a model's sentence quotes

    def follows(self, other: "Shown") -> bool:
        """Whether its unit directly follows the other's in the passage; for a model's sentence,
        whether both are in one line."""
        if self.place is None or other.place is None:
            return self.block == other.block
        return (other.place[0], other.place[1] + 1) == self.place


@dataclass(frozen=True)
class ShownPart:
    """The answer proper, or one folded block below it."""

    lines: tuple[AnswerLine, ...]
    shown: tuple[Shown, ...]

    def cut_short(self) -> bool:
        """Whether a note says that some items are not shown."""
        return any(line.kind == "note" for line in self.lines)


class Tracer:
    """Traces one answer."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.sources = {passage.id: ListedPassage(passage) for passage in answer.passages}

    def part(self, blocks: Blocks) -> ShownPart:
        lines = answer_lines(blocks)
        shown: list[Shown] = []
        for number, line in enumerate(lines):
            if line.kind in ("paragraph", "item"):
                for stretch in line.stretches:
                    shown += self._traced(stretch, line.kind == "item", number, shown)
        return ShownPart(lines, tuple(shown))

    def _traced(
        self, stretch: Stretch, is_item: bool, block: int, before: Sequence[Shown]
    ) -> list[Shown]:
        """The units with this text, else its sentences with their evidence."""
        sources = self._cited(stretch.numbers)
        places = self._item(stretch.text, sources, before) if is_item else []
        places = places or self._run(stretch.text, sources)
        if places:
            return [
                Shown(
                    text=self._text(place),
                    is_item=is_item and self._unit(place).kind == "item",
                    language=self.sources[place[0]].passage.language,
                    block=block,
                    place=place,
                    rests_on=frozenset({place}),
                )
                for place in places
            ]
        spans = sentences(stretch.text, self._answer.language)
        return [
            Shown(
                text=stretch.text[start:end],
                is_item=is_item,
                language=self._answer.language,
                block=block,
                rests_on=self._rests_on(stretch.text[start:end], stretch.numbers),
            )
            for start, end in spans
        ]

    def _cited(self, numbers: Sequence[int]) -> list[ListedPassage]:
        """The passages with these citation numbers; without numbers, all cited passages."""
        ids = dict.fromkeys(
            citation.passage_id
            for citation in self._answer.citations
            if not numbers or citation.number in numbers
        )
        return [self.sources[name] for name in ids if name in self.sources]

    def _run(self, text: str, sources: Sequence[ListedPassage]) -> list[Place]:
        """Adjacent units that have this text when joined; empty if none do."""
        wanted = fold(text).rstrip(_END)
        for source in sources:
            for first in range(len(source.units)):
                joined = ""
                for number in range(first, len(source.units)):
                    joined = f"{joined} {source.units[number]}".lstrip()
                    if joined.rstrip(_END) == wanted:
                        return [source.place(unit) for unit in range(first, number + 1)]
                    if not wanted.startswith(joined):
                        break
        return []

    def _item(
        self, text: str, sources: Sequence[ListedPassage], before: Sequence[Shown]
    ) -> list[Place]:
        """The unit with the text of an item, preferably of the list before it; empty if none."""
        wanted = fold(text).rstrip(_END)
        found = [
            source.place(number)
            for source in sources
            for number, unit in enumerate(source.units)
            if unit.rstrip(_END) == wanted or _is_row_of(text, source, number)
        ]
        listed = self.list_of(before[-1].place) if before else None
        shown = {sentence.place for sentence in before}

        def fit(place: Place) -> tuple[bool, bool, bool]:
            of_list = listed is not None and self.list_of(place) == listed
            return of_list, place not in shown, self._unit(place).kind == "item"

        return [max(found, key=fit)] if found else []

    def _rests_on(self, sentence: str, numbers: Sequence[int]) -> frozenset[Place]:
        """Evidence of a model's sentence: the quoted units with its numbers and most of its words.

        Several quotes can share a number, so shared words and figures decide. All units if none
        are shared, as across languages.
        """
        quoted = {
            source.place(number)
            for citation in self._answer.citations
            if citation.number in numbers and citation.passage_id in self.sources
            for source in [self.sources[citation.passage_id]]
            for number, unit in enumerate(source.passage.units)
            if unit.start < citation.end and citation.start < unit.end
        }
        words = content_words(sentence)
        common = {place: len(words & content_words(self._text(place))) for place in quoted}
        most = max(common.values(), default=0)
        return frozenset(place for place in quoted if common[place] == most)

    def _unit(self, place: Place) -> Unit:
        return self.sources[place[0]].passage.units[place[1]]

    def _text(self, place: Place) -> str:
        unit = self._unit(place)
        return self.sources[place[0]].passage.text[unit.start : unit.end]

    def list_of(self, place: Place | None) -> Place | None:
        """First unit of the list that a unit belongs to; None if it is in no list."""
        if place is None:
            return None
        root = self.sources[place[0]].list_of.get(place[1])
        return None if root is None else (place[0], root)


def _is_row_of(text: str, source: ListedPassage, number: int) -> bool:
    """Whether a text is this table row with its headings: "Weapon: revolver; number: 102"."""
    unit = source.passage.units[number]
    is_row = unit.kind == "item" and "|" in source.units[number]
    return is_row and is_right_row(text, rows_within(source.passage, unit.start, unit.end)) is True


def content_words(text: str) -> frozenset[str]:
    """Figures and words of more than three letters, to compare sentences by."""
    return figures(text) | {word for word in words_of(text) if len(word) > 3}


@dataclass(frozen=True)
class CitedRow:
    """Pairs of heading and cell, folded; a column may have no heading, a cell no text."""

    columns: tuple[tuple[str, str], ...]

    def is_read(self, text: str) -> bool:
        """Whether a folded text is cells of this row in their order, each under its heading."""
        for heading, cell in self.columns:
            read_cell = f"{heading}: {cell}" if heading else cell
            if cell and text.rstrip(_END) == read_cell.rstrip(_END):
                return True
            if cell and text.startswith(f"{read_cell}; "):
                text = text.removeprefix(f"{read_cell}; ")
        return False

    def is_meant(self, text: str) -> bool:
        """Whether a folded text names two headings as a row does, or the only one."""
        headings = {heading for heading, _ in self.columns if heading}
        named = sum(f"; {heading}: " in f"; {text}" for heading in headings)
        return bool(headings) and named >= min(2, len(headings))


def is_right_row(text: str, rows: Iterable[CitedRow]) -> bool | None:
    """Whether a text is one of these rows as their table has it; None if it is no row of theirs."""
    folded, rows = fold(text), tuple(rows)
    if any(row.is_read(folded) for row in rows):
        return True
    return False if any(row.is_meant(folded) for row in rows) else None


def cited_rows(answer: Answer, numbers: Iterable[int]) -> tuple[CitedRow, ...]:
    """The rows that the citations with these numbers quote."""
    passages, wanted = {passage.id: passage for passage in answer.passages}, frozenset(numbers)
    return tuple(
        row
        for citation in answer.citations
        if citation.number in wanted and citation.passage_id in passages
        for row in rows_within(passages[citation.passage_id], citation.start, citation.end)
    )


def rows_within(passage: Passage, start: int, end: int) -> Iterator[CitedRow]:
    """The rows that a stretch of a passage touches, without headings and what no headings are
    above, in it or in what introduces it."""
    for unit in passage.units:
        if unit.kind == "item" and start < unit.end and unit.start < end:
            headers = [line for line in passage.lead_ins(unit) if line.startswith("|")]
            if headers:
                names = _column_names([_cells(header) for header in headers])
                line = passage.text[passage.text.rfind("\n", 0, unit.start) + 1 : unit.end]
                yield CitedRow(tuple(itertools.zip_longest(names, _cells(line), fillvalue="")))


def _column_names(headers: Sequence[Sequence[str]]) -> list[str]:
    """The names of the columns: those of the last header row, behind the group they are in."""
    *groups, own = headers
    names = list(own)
    for row in reversed(groups):
        over = ""
        for number, name in enumerate(names):
            over = row[number] if number < len(row) and row[number] else over
            names[number] = name if over == name else f"{over} {name}".strip()
    return names


def _cells(line: str) -> list[str]:
    cells = _CELLS.split(line.strip().removeprefix("|").removesuffix("|"))
    return [fold(plain(cell)) for cell in cells]
