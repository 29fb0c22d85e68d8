"""What the index holds, as far as questions refer to it: documents, languages, sections, text."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from core.matching import fold
from core.types import Passage
from eval.dataset import Question

Place = tuple[str, int]  # document id and section number, which language versions share


@dataclass(frozen=True)
class Outline:
    """The `languages` of each document; for each section its folded last `headings` and its folded
    `texts` with headings, both in all these languages; and all folded `units`."""

    languages: Mapping[str, frozenset[str]]
    headings: Mapping[Place, frozenset[str]]
    texts: Mapping[Place, str]
    units: tuple[str, ...]

    @classmethod
    def of(cls, passages: Iterable[Passage]) -> "Outline":
        languages: dict[str, set[str]] = {}
        headings: dict[Place, set[str]] = {}
        texts: dict[Place, list[str]] = {}
        units: list[str] = []
        for passage in passages:
            name, place = passage.document.id, (passage.document.id, passage.section)
            languages.setdefault(name, set()).add(passage.language)
            headings.setdefault(place, set()).add(last_heading(passage.headings))
            texts.setdefault(place, []).append(passage.context())
            units += (fold(passage.text[unit.start : unit.end]) for unit in passage.units)
        return cls(
            languages={name: frozenset(found) for name, found in languages.items()},
            headings={place: frozenset(found) for place, found in headings.items()},
            texts={place: fold("\n".join(found)) for place, found in texts.items()},
            units=tuple(units),
        )

    def relevant_sections(self, question: Question) -> frozenset[Place]:
        """The sections that the question names, of its documents if it names some."""
        wanted = {fold(heading) for heading in question.sections}
        return frozenset(
            (document, section)
            for (document, section), headings in self.headings.items()
            if headings & wanted and (not question.documents or document in question.documents)
        )


def last_heading(headings: Sequence[str]) -> str:
    """The innermost heading, folded; "" without one."""
    return fold(headings[-1]) if headings else ""
