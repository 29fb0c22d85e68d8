"""The lists of a passage: which of its units belong together."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from core.passage import Passage
from language.matching import fold

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
