"""Outline of an index, to resolve the labels of questions: documents, sections and text."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from core.source import Passage
from eval.dataset import Question
from language.words import fold

Place = tuple[str, int]  # document id, section number; the same for all language versions


@dataclass(frozen=True)
class Outline:
    """Documents, sections and units of an index. All text is folded."""

    languages: Mapping[str, frozenset[str]]  # document id -> its languages
    labels: Mapping[str, frozenset[str]]  # label -> ids of the documents that it names
    headings: Mapping[Place, frozenset[str]]  # section -> its last headings, in all languages
    texts: Mapping[Place, str]  # section -> its text with headings, in all languages
    units: tuple[str, ...]  # all units

    @classmethod
    def of(cls, passages: Iterable[Passage]) -> "Outline":
        languages: dict[str, set[str]] = {}
        labels: dict[str, set[str]] = {}
        about: dict[str, str] = {}  # id of a brief -> CELEX number of its official text
        headings: dict[Place, set[str]] = {}
        texts: dict[Place, list[str]] = {}
        units: list[str] = []
        for passage in passages:
            document, place = passage.document, (passage.document.id, passage.section)
            languages.setdefault(document.id, set()).add(passage.language)
            labels.setdefault(fold(document.id), set()).add(document.id)
            if document.kind == "brief":  # has the CELEX number of its official text
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
        """The documents in the index that the question names; all if it names none."""
        if not question.documents:
            return frozenset(self.languages)
        return frozenset(name for label in question.documents for name in self.called(label))

    def called(self, label: str) -> frozenset[str]:
        """The documents that a label names: by id; official texts also by CELEX number, or by the
        id of their brief, which they supersede in search (`core.source.standings`)."""
        return self.labels.get(fold(label), frozenset())

    def relevant_sections(self, question: Question) -> frozenset[Place]:
        """The sections that the question names, in its documents if it names some; in a named
        document without such a section, the sections with the answer."""
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
        """Sections of a document that have one of the question's answers, else all its facts."""
        texts = {place: text for place, text in self.texts.items() if place[0] == document}
        answers = [fold(answer) for answer in question.answers]
        return {
            place for place, text in texts.items() if any(answer in text for answer in answers)
        } or {place for place, text in texts.items() if question.facts_in(text)}


def last_heading(headings: Sequence[str]) -> str:
    """The innermost heading, folded; empty without headings."""
    return fold(headings[-1]) if headings else ""
