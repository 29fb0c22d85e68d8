"""Traces what an answer says to the passages, by code apart from the chain's."""

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Literal

from core.answer import Answer
from core.answer_blocks import AnswerBlock, Blocks, numbers
from core.answer_blocks import AnswerSentence as Said
from core.source import Frozen, Passage, Unit
from core.yaml_files import read_yaml
from language.figures import figures
from language.matching import fold
from language.sentences import sentences
from language.words import words as words_of

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
        return tuple(dict.fromkeys(n for one in self.stretches for n in one.numbers))

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


def words(blocks: Blocks) -> int:
    """Number of words, without labels."""
    return sum(len(line.text.split()) for line in answer_lines(blocks) if line.kind != "label")


def cited(blocks: Blocks) -> frozenset[int]:
    """Numbers of all citations in blocks."""
    return frozenset(n for line in answer_lines(blocks) for n in line.numbers)


def _lines(block: AnswerBlock) -> Iterator[AnswerLine]:
    if block.kind == "list":
        numbers = tuple(dict.fromkeys(one.number for one in block.evidence))
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
    more = any(one.isdecimal() and int(one) > shown for one in counted)
    return shown > 0 and len(note.split()) <= _LONGEST_NOTE and str(shown) in counted and more


def _stretches(said: Sequence[Said], of_list: Numbers = ()) -> Iterator[Stretch]:
    """What is quoted in one piece has the marker of its end."""
    for place, one in enumerate(said):
        if re.search(r"\w", one.text) and not one.stand_in:
            behind = (other.numbers for other in said[place:] if one.status == "quoted")
            yield Stretch(plain(one.text), one.numbers or next(filter(None, behind), of_list))


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


# Detects sentences that refer back (anaphora), and so cannot be read alone.


_FILE = Path(__file__).with_name("pointers.yaml")
_OPENING = "\"'«»([ "


class _Words(Frozen):
    """Words of one language; the file explains them."""

    opens: tuple[str, ...]
    prepositions: str
    after: str
    before: Mapping[str, str] = {}
    except_: tuple[str, ...] = ()
    itself: tuple[str, ...] = ()

    @property
    def pointing(self) -> re.Pattern[str]:
        openings = (
            *self.opens,
            rf"(?:{self.prepositions}) (?:{self.after})",
            *(rf"{word} (?:{verbs})" for word, verbs in self.before.items()),
        )
        return re.compile("|".join(rf"(?:{opening})(?:(?<=')|(?!\w))" for opening in openings))

    @property
    def not_pointing(self) -> re.Pattern[str]:
        exceptions = "|".join(rf"(?:{one})(?!\w)" for one in self.except_) or r"(?!)"
        return re.compile(rf"(?:(?:{self.prepositions}) )?(?:{exceptions})")

    @property
    def about_itself(self) -> re.Pattern[str]:
        return re.compile("|".join(rf"(?<!\w)(?:{one})(?!\w)" for one in self.itself) or r"(?!)")


def points_back(sentence: str, language: str) -> bool:
    """Whether a sentence opens with a word that refers back; False for languages not in the file.

    >>> points_back("This strategy has four parts.", "en")
    True
    >>> points_back("There are four parts.", "en")
    False
    """
    patterns = _patterns().get(language)
    if patterns is None:
        return False
    pointing, not_pointing, _ = patterns
    text = fold(sentence).lstrip(_OPENING)
    return pointing.match(text) is not None and not_pointing.match(text) is None


def about_itself(sentence: str, language: str) -> bool:
    """Whether a summary talks about itself: "this brief does not list"."""
    patterns = _patterns().get(language)
    return patterns is not None and patterns[2].search(fold(sentence)) is not None


_Patterns = tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]


@cache
def _patterns() -> dict[str, _Patterns]:
    """Language -> patterns for references back, their exceptions, and talk about itself."""
    found = {}
    for language, entry in read_yaml(_FILE.read_text("utf-8")).items():
        entry["except_"] = entry.pop("except")
        words = _Words.model_validate(entry)
        found[language] = words.pointing, words.not_pointing, words.about_itself
    return found


# The lists of a passage: which of its units belong together.


Place = tuple[str, int]  # passage id, number of a unit in it


@dataclass(frozen=True)
class ListedPassage:
    """A passage with its lists: number of the first unit -> numbers of the items."""

    passage: Passage
    units: tuple[str, ...] = field(init=False)  # folded
    lists: Mapping[int, tuple[int, ...]] = field(init=False)
    list_of: Mapping[int, int] = field(init=False)  # unit -> first unit of its list

    def __post_init__(self) -> None:
        text, units = self.passage.text, self.passage.units
        object.__setattr__(self, "units", tuple(fold(text[u.start : u.end]) for u in units))
        object.__setattr__(self, "list_of", dict(self._roots()))
        lists: dict[int, list[int]] = {}
        for number, root in self.list_of.items():
            lists.setdefault(root, [])
            if number != root or units[number].kind == "item":
                lists[root].append(number)
        object.__setattr__(self, "lists", {root: tuple(items) for root, items in lists.items()})

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

    def is_row(self, number: int) -> bool:
        return self.passage.units[number].kind == "item" and "|" in self.units[number]

    def introduced(self, root: int) -> bool:
        """Whether the list has an introductory sentence."""
        return self.passage.units[root].kind == "sentence"

    def place(self, number: int) -> Place:
        return self.passage.id, number


# Rows of the Markdown tables that an answer cites, with the headings of their columns.


_CELLS = re.compile(r"(?<!\\)\|")
_END = " .;:,"


@dataclass(frozen=True)
class CitedRow:
    """Pairs of heading and cell, folded; a column may have no heading, a cell no text."""

    columns: tuple[tuple[str, str], ...]

    def is_read(self, said: str) -> bool:
        """Whether a folded text is cells of this row in their order, each under its heading."""
        for heading, cell in self.columns:
            told = f"{heading}: {cell}" if heading else cell
            if cell and said.rstrip(_END) == told.rstrip(_END):
                return True
            if cell and said.startswith(f"{told}; "):
                said = said.removeprefix(f"{told}; ")
        return False

    def is_meant(self, said: str) -> bool:
        """Whether a folded text names two headings as a row does, or the only one."""
        headings = {heading for heading, _ in self.columns if heading}
        named = sum(f"; {heading}: " in f"; {said}" for heading in headings)
        return bool(headings) and named >= min(2, len(headings))


def is_right_row(text: str, rows: Iterable[CitedRow]) -> bool | None:
    """Whether a text is one of these rows as their table has it; None if it is no row of theirs."""
    said, rows = fold(text), tuple(rows)
    if any(row.is_read(said) for row in rows):
        return True
    return False if any(row.is_meant(said) for row in rows) else None


def cited_rows(answer: Answer, numbers: Iterable[int]) -> tuple[CitedRow, ...]:
    """The rows that the citations with these numbers quote."""
    passages, wanted = {one.id: one for one in answer.passages}, frozenset(numbers)
    return tuple(
        row
        for one in answer.citations
        if one.number in wanted and one.passage_id in passages
        for row in rows_within(passages[one.passage_id], one.start, one.end)
    )


def rows_within(passage: Passage, start: int, end: int) -> Iterator[CitedRow]:
    """The rows that a stretch of a passage touches, without headings and what no headings are
    above, in it or in what introduces it."""
    for unit in passage.units:
        if unit.kind == "item" and start < unit.end and unit.start < end:
            headers = [one for one in passage.lead_ins(unit) if one.startswith("|")]
            if headers:
                names = _column_names([_cells(one) for one in headers])
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


# Traces the text of an answer, word for word, to the units of the passages that it cites.


@dataclass(frozen=True)
class Shown:
    """A sentence or item of an answer.

    block: number of its line.
    place: the unit with the same text, if any.
    rests_on: its evidence: that unit, or the units that a model's sentence quotes.
    """

    text: str
    is_item: bool
    language: str
    block: int
    place: Place | None = None
    rests_on: frozenset[Place] = frozenset()

    def follows(self, other: "Shown") -> bool:
        """Whether its unit directly follows the other's in the passage; for a model's sentence,
        whether both are in one line."""
        if self.place is None or other.place is None:
            return self.block == other.block
        return (other.place[0], other.place[1] + 1) == self.place

    @property
    def points_back(self) -> bool:
        return not self.is_item and points_back(self.text, self.language)


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
                        return [source.place(one) for one in range(first, number + 1)]
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
        last = before[-1].place if before else None
        listed = self.list_of(last) if last else None
        shown = {one.place for one in before}

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
        said = content_words(sentence)
        common = {place: len(said & content_words(self._text(place))) for place in quoted}
        most = max(common.values(), default=0)
        return frozenset(place for place in quoted if common[place] == most)

    def _unit(self, place: Place) -> Unit:
        return self.sources[place[0]].passage.units[place[1]]

    def _text(self, place: Place) -> str:
        unit = self._unit(place)
        return self.sources[place[0]].passage.text[unit.start : unit.end]

    def list_of(self, place: Place) -> Place | None:
        """First unit of the list that a unit belongs to; None if it is in no list."""
        root = self.sources[place[0]].list_of.get(place[1])
        return None if root is None else (place[0], root)

    def items(self, listed: Place) -> tuple[int, ...]:
        return self.sources[listed[0]].lists[listed[1]]


def _is_row_of(text: str, source: ListedPassage, number: int) -> bool:
    """Whether a text is this table row with its headings: "Weapon: revolver; number: 102"."""
    unit = source.passage.units[number]
    rows = rows_within(source.passage, unit.start, unit.end)
    return source.is_row(number) and is_right_row(text, rows) is True


def content_words(text: str) -> frozenset[str]:
    """Figures and words of more than three letters, to compare sentences by."""
    return figures(text) | {word for word in words_of(text) if len(word) > 3}
