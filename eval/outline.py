"""What the index holds, as far as questions refer to it: documents, languages, sections, text."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from core.matching import fold, in_folded
from core.types import Passage
from eval.dataset import Question

Place = tuple[str, int]  # document id and section number, which language versions share


@dataclass(frozen=True)
class Outline:
    """The `languages` of each document; the ids of the documents that a label names, by folded
    label; for each section its folded last `headings` and its folded `texts` with headings, both in
    all these languages; and all folded `units`."""

    languages: Mapping[str, frozenset[str]]
    labels: Mapping[str, frozenset[str]]
    headings: Mapping[Place, frozenset[str]]
    texts: Mapping[Place, str]
    units: tuple[str, ...]

    @classmethod
    def of(cls, passages: Iterable[Passage]) -> "Outline":
        languages: dict[str, set[str]] = {}
        labels: dict[str, set[str]] = {}
        about: dict[str, str] = {}  # brief -> what it is about
        headings: dict[Place, set[str]] = {}
        texts: dict[Place, list[str]] = {}
        units: list[str] = []
        for passage in passages:
            document, place = passage.document, (passage.document.id, passage.section)
            languages.setdefault(document.id, set()).add(passage.language)
            labels.setdefault(fold(document.id), set()).add(document.id)
            if document.kind == "brief":  # its number is that of what it is about
                about[document.id] = fold(document.celex)
            else:
                labels.setdefault(fold(document.celex), set()).add(document.id)
            headings.setdefault(place, set()).add(last_heading(passage.headings))
            texts.setdefault(place, []).append(passage.context())
            units += (fold(passage.text[unit.start : unit.end]) for unit in passage.units)
        labels.pop("", None)
        for brief, official in about.items():
            labels[fold(brief)] |= labels.get(official, set())
        return cls(
            languages={name: frozenset(found) for name, found in languages.items()},
            labels={name: frozenset(found) for name, found in labels.items()},
            headings={place: frozenset(found) for place, found in headings.items()},
            texts={place: fold("\n".join(found)) for place, found in texts.items()},
            units=tuple(units),
        )

    def documents(self, question: Question) -> frozenset[str]:
        """The documents that the question names, as far as they are there; all if it names none."""
        if not question.documents:
            return frozenset(self.languages)
        return frozenset(name for label in question.documents for name in self.called(label))

    def called(self, label: str) -> frozenset[str]:
        """The documents that a label names: by id, official ones also by CELEX number or by the
        brief about them, which steps back for them (`core.versions.standings`)."""
        return self.labels.get(fold(label), frozenset())

    def relevant_sections(self, question: Question) -> frozenset[Place]:
        """The sections that the question names, of its documents if it names some.

        Of a document that it names and that has no section called so, those that say the answer.
        """
        named, wanted = self.documents(question), {fold(heading) for heading in question.sections}
        found = {
            place
            for place, headings in self.headings.items()
            if headings & wanted and place[0] in named
        }
        if question.answerable and question.documents:
            for document in named - {document for document, _ in found}:
                found |= self._saying(document, question)
        return frozenset(found)

    def _saying(self, document: str, question: Question) -> set[Place]:
        """The sections of a document with one of the question's answers, else with all facts."""
        texts = {place: text for place, text in self.texts.items() if place[0] == document}
        answers = [fold(answer) for answer in question.answers]
        return {place for place, text in texts.items() if any(one in text for one in answers)} or {
            place
            for place, text in texts.items()
            if all(any(in_folded(text, spelling) for spelling in fact) for fact in question.facts)
        }


def last_heading(headings: Sequence[str]) -> str:
    """The innermost heading, folded; "" without one."""
    return fold(headings[-1]) if headings else ""
