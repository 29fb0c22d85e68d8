"""Readability of an answer: which of its units answer the question, cut lists, dangling references.

    answer -> blocks -> units shown -> those that the question set names (gold) -> Reading

A unit is a sentence, a list item, or a whole list. Text is aligned word for word with the units of
the passages that it cites; a model's sentence with the units it quotes. Labels and notes are no
units. This module shares no code with what writes answers, so that it notices errors there.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from core.types import Answer, Marked, Passage, Unit
from eval.answer_markdown import Block, Stretch, blocks
from eval.pointers import about_itself, points_back
from eval.results import Reading
from language.matching import fold
from language.quantities import figures
from language.sentences import sentences

LONGEST_LIST = 12
"""Items that suffice of a longer list, with a note that says how many there are."""

_PIPES = re.compile(r"^\s*\||\S\s+\|\s+\S")
_END = " .;:,"

Place = tuple[str, int]  # passage id, number of a unit in it


@dataclass(frozen=True)
class _Shown:
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

    def follows(self, other: "_Shown") -> bool:
        """Whether its unit directly follows the other's in the passage; for a model's sentence,
        whether both are in one line."""
        if self.place is None or other.place is None:
            return self.block == other.block
        return (other.place[0], other.place[1] + 1) == self.place

    @property
    def points_back(self) -> bool:
        return not self.is_item and points_back(self.text, self.language)


@dataclass(frozen=True)
class _Part:
    """The answer proper, or one folded block below it."""

    lines: tuple[Block, ...]
    shown: tuple[_Shown, ...]

    def cut_short(self) -> bool:
        """Whether a note says that some items are not shown."""
        return any(line.kind == "note" for line in self.lines)


@dataclass(frozen=True)
class _Source:
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


class Reader:
    """Judges one answer by the units that the question set names (gold).

    Args:
        answer: to judge.
        gold: parts of gold units; the lead-in of a list stands for the whole list.
    """

    def __init__(self, answer: Answer, gold: Sequence[str] = ()) -> None:
        self._answer = answer
        self._gold_texts = tuple(fold(text) for text in gold)
        self._sources = {passage.id: _Source(passage) for passage in answer.passages}

    def read(self) -> Reading:
        proper = self._part(self._answer.proper)
        parts = (proper, *map(self._part, self._answer.further))
        verdicts = self._verdicts(proper)
        lists = [one for part in parts for one in self._lists_shown(part)]
        paragraphs = [line for line in proper.lines if line.kind == "paragraph"]
        return Reading(
            judged=bool(self._gold_texts),
            units=len(verdicts),
            needed=sum(is_needed for _, is_needed in verdicts),
            direct=bool(verdicts) and verdicts[0][0],
            lists=len(lists),
            whole_lists=sum(lists),
            cut=tuple(text for part in parts for text in self._cut(part)),
            loose=tuple(text for part in parts for text in _loose(part)),
            words_prose=sum(len(line.text.split()) for line in paragraphs),
        )

    # Alignment of text with units

    def _part(self, markdown: Marked) -> _Part:
        lines = blocks(markdown)
        shown: list[_Shown] = []
        for number, line in enumerate(lines):
            if line.kind in ("paragraph", "item"):
                for stretch in line.stretches:
                    shown += self._traced(stretch, line.kind == "item", number, shown)
        return _Part(lines, tuple(shown))

    def _traced(
        self, stretch: Stretch, is_item: bool, block: int, before: Sequence[_Shown]
    ) -> list[_Shown]:
        """The units with this text, else its sentences with their evidence."""
        sources = self._cited(stretch.numbers)
        places = self._item(stretch.text, sources, before) if is_item else []
        places = places or self._run(stretch.text, sources)
        if places:
            return [
                _Shown(
                    text=self._text(place),
                    is_item=self._unit(place).kind == "item",
                    language=self._sources[place[0]].passage.language,
                    block=block,
                    place=place,
                    rests_on=frozenset({place}),
                )
                for place in places
            ]
        spans = sentences(stretch.text, self._answer.language)
        return [
            _Shown(
                text=stretch.text[start:end],
                is_item=is_item,
                language=self._answer.language,
                block=block,
                rests_on=self._rests_on(stretch.text[start:end], stretch.numbers),
            )
            for start, end in spans
        ]

    def _cited(self, numbers: Sequence[int]) -> list[_Source]:
        """The passages with these citation numbers; without numbers, all cited passages."""
        ids = dict.fromkeys(
            citation.passage_id
            for citation in self._answer.citations
            if not numbers or citation.number in numbers
        )
        return [self._sources[name] for name in ids if name in self._sources]

    def _run(self, text: str, sources: Sequence[_Source]) -> list[Place]:
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

    def _item(self, text: str, sources: Sequence[_Source], before: Sequence[_Shown]) -> list[Place]:
        """The unit with the text of an item, preferably of the list before it; empty if none."""
        wanted = fold(text).rstrip(_END)
        found = [
            source.place(number)
            for source in sources
            for number, unit in enumerate(source.units)
            if unit.rstrip(_END) == wanted or _is_row_of(text, source, number)
        ]
        last = before[-1].place if before else None
        listed = self._list(last) if last else None
        shown = {one.place for one in before}

        def fit(place: Place) -> tuple[bool, bool, bool]:
            of_list = listed is not None and self._list(place) == listed
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
            if citation.number in numbers and citation.passage_id in self._sources
            for source in [self._sources[citation.passage_id]]
            for number, unit in enumerate(source.passage.units)
            if unit.start < citation.end and citation.start < unit.end
        }
        said = _words(sentence)
        common = {place: len(said & _words(self._text(place))) for place in quoted}
        most = max(common.values(), default=0)
        return frozenset(place for place in quoted if common[place] == most)

    def _unit(self, place: Place) -> Unit:
        return self._sources[place[0]].passage.units[place[1]]

    def _text(self, place: Place) -> str:
        unit = self._unit(place)
        return self._sources[place[0]].passage.text[unit.start : unit.end]

    def _list(self, place: Place) -> Place | None:
        """First unit of the list that a unit belongs to; None if it is in no list."""
        root = self._sources[place[0]].list_of.get(place[1])
        return None if root is None else (place[0], root)

    def _items(self, listed: Place) -> tuple[int, ...]:
        return self._sources[listed[0]].lists[listed[1]]

    # Gold units

    @cached_property
    def _gold(self) -> frozenset[Place]:
        """The units with a gold text, and all items of a list whose lead-in has one."""
        found = set()
        for source in self._sources.values():
            for number, unit in enumerate(source.units):
                if any(text in unit for text in self._gold_texts):
                    found.add(source.place(number))
                    found |= {source.place(item) for item in source.lists.get(number, ())}
        return frozenset(found)

    def _verdicts(self, part: _Part) -> list[tuple[bool, bool]]:
        """For each unit shown, in order: whether it is gold, and whether it is needed: gold, or the
        context of a gold unit.

        A whole list is one unit, gold if a member is. In a cut list each member is a unit; those
        beside a gold member are needed. So is a sentence that a needed one refers back to.
        """
        whole = self._whole(part)
        units: list[list[_Shown]] = []
        lists: list[Place | None] = []
        for one in part.shown:
            listed = self._list(one.place) if one.place else None
            if lists and listed in whole and lists[-1] == listed:
                units[-1].append(one)
            else:
                units.append([one])
                lists.append(listed)
        gold = [any(one.rests_on & self._gold for one in unit) for unit in units]
        gold_lists = {
            listed
            for listed, is_gold in zip(lists, gold, strict=True)
            if is_gold and listed and self._sources[listed[0]].introduced(listed[1])
        }
        needed = [
            is_gold or listed in gold_lists for listed, is_gold in zip(lists, gold, strict=True)
        ]
        for place in range(len(units) - 2, -1, -1):
            last, following = units[place][-1], units[place + 1][0]
            if needed[place + 1] and following.points_back and following.follows(last):
                needed[place] = True
        return list(zip(gold, needed, strict=True))

    # Lists

    def _members(self, part: _Part) -> dict[Place, set[int]]:
        """Lists that are shown at least in part -> numbers of the units shown."""
        members: dict[Place, set[int]] = {}
        for one in part.shown:
            listed = self._list(one.place) if one.place else None
            if one.place and listed:
                members.setdefault(listed, set()).add(one.place[1])
        return members

    def _whole(self, part: _Part) -> frozenset[Place]:
        """Lists shown whole: lead-in and all items, or the first twelve and a note."""
        return frozenset(
            listed
            for listed, shown in self._members(part).items()
            if listed[1] in shown and self._enough(self._items(listed), shown, part)
        )

    @staticmethod
    def _enough(items: Sequence[int], shown: set[int], part: _Part) -> bool:
        there = [item for item in items if item in shown]
        if len(there) == len(items):
            return True
        return (
            len(there) >= LONGEST_LIST and there == list(items[: len(there)]) and part.cut_short()
        )

    def _lists_shown(self, part: _Part) -> list[bool]:
        """For each introduced list that is shown at least in part: whether it is whole."""
        whole = self._whole(part)
        return [
            listed in whole
            for listed in self._members(part)
            if self._sources[listed[0]].introduced(listed[1])
        ]

    def _cut(self, part: _Part) -> Iterator[str]:
        """Texts of cut lists: the first line of each, lead-ins without items, and items without
        lead-in."""
        whole, told = self._whole(part), set()
        for place, one in enumerate(part.shown):
            following = part.shown[place + 1] if place + 1 < len(part.shown) else None
            listed = self._list(one.place) if one.place else None
            if one.place and listed:
                introduced = self._sources[listed[0]].introduced(listed[1])
                if introduced and listed not in whole and listed not in told:
                    told.add(listed)
                    yield one.text
            elif one.text.rstrip(" *_").endswith(":") and not one.is_item:
                if following is None or not (following.is_item or following.follows(one)):
                    yield one.text
            elif one.is_item and one.place is None:
                before = part.shown[place - 1] if place else None
                if before is None or one.block - before.block > 1:
                    yield one.text


def read(answer: Answer, gold: Sequence[str] = ()) -> Reading:
    """Judges an answer; `gold` as in `Reader`."""
    return Reader(answer, gold).read()


def _loose(part: _Part) -> Iterator[str]:
    """Lines that cannot be understood in place: dangling references, a summary's talk about itself,
    and raw table markup."""
    for place, one in enumerate(part.shown):
        before = part.shown[place - 1] if place else None
        if (one.points_back and (before is None or not one.follows(before))) or about_itself(
            one.text, one.language
        ):
            yield one.text
    for line in part.lines:
        if _PIPES.search(line.text):
            yield line.text


def _is_row_of(text: str, source: _Source, number: int) -> bool:
    """Whether a text is this table row with its headings: "Weapon: revolver; number: 102"."""
    if not source.is_row(number):
        return False
    unit = source.passage.units[number]
    header = source.passage.text[slice(*unit.lead_in)] if unit.lead_in else ""
    said, row = Counter(_sequence(text)), Counter(_sequence(source.units[number]))
    return row <= said <= row + Counter(_sequence(header))


def _sequence(text: str) -> list[str]:
    return re.findall(r"\w+", fold(text))


def _words(text: str) -> frozenset[str]:
    """Figures and words of more than three letters, to compare sentences by."""
    return figures(text) | {word for word in _sequence(text) if len(word) > 3}
