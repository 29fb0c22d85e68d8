"""What the labels of questions name in an index, and whether they fit it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from core.source import Frozen, Passage
from eval.dataset import Question, dialogues
from language.words import fold, in_folded

Place = tuple[str, int]  # document id, section number; the same for all language versions
LabelSeverity = Literal["error", "warning"]
_Found = tuple[str, str, LabelSeverity]  # the key of a problem, what is wrong, and how bad that is


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
        languages, labels, headings = (defaultdict[Any, set[str]](set) for _ in range(3))
        texts = defaultdict[Place, list[str]](list)
        official: dict[str, str] = {}  # id of a brief -> CELEX number of its official text
        units: list[str] = []
        for passage in passages:
            document, place = passage.document, (passage.document.id, passage.section)
            languages[document.id].add(passage.language)
            labels[fold(document.id)].add(document.id)
            if document.kind == "brief":  # has the CELEX number of its official text
                official[document.id] = fold(document.celex)
            elif document.celex:
                labels[fold(document.celex)].add(document.id)
            headings[place].add(fold(passage.headings[-1]) if passage.headings else "")
            texts[place].append(passage.context())
            units += (fold(passage.text[unit.start : unit.end]) for unit in passage.units)
        for brief, celex in official.items():
            labels[fold(brief)] |= labels.get(celex, set())
        return cls(
            languages={name: frozenset(found) for name, found in languages.items()},
            labels={name: frozenset(found) for name, found in labels.items()},
            headings={place: frozenset(found) for place, found in headings.items()},
            texts={place: fold("\n".join(found)) for place, found in texts.items()},
            units=tuple(units),
        )

    @cached_property
    def everywhere(self) -> str:
        """The text of all sections."""
        return "\n".join(self.texts.values())

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


class LabelProblem(Frozen):
    """A problem of a question: wrong ("error"), or to be looked at ("warning")."""

    question: str
    key: str
    message: str
    severity: LabelSeverity


def check(
    questions: Sequence[Question], outline: Outline, *, fitted_on: Iterable[Question] = ()
) -> tuple[LabelProblem, ...]:
    """Problems of these questions, in their order; `fitted_on` may not be in the set."""
    earlier = {
        question.id: turns[:place]
        for turns in dialogues(questions)
        for place, question in enumerate(turns)
        if question.conversation
    }
    # Conversations may open alike, and a question may come up in one.
    texts = Counter(
        (question.part, _asked(question)) for question in questions if not question.conversation
    )
    known = {_asked(question) for question in fitted_on}
    problems: list[LabelProblem] = []
    for question in questions:
        found = [*_places(question, outline), *_facts(question, outline)]
        found += [*_answers(question, outline), *_unanswerable(question, outline)]
        if texts[question.part, _asked(question)] > 1:
            found.append(("question", "the set asks this more than once", "error"))
        if _asked(question, earlier.get(question.id, ())) in known:
            found.append(
                ("question", "weights were fitted on it: research/fitting has it", "error")
            )
        problems += [
            LabelProblem(question=question.id, key=key, message=message, severity=severity)
            for key, message, severity in found
        ]
    return tuple(problems)


def _asked(question: Question, earlier: Sequence[Question] = ()) -> tuple[str, ...]:
    """Folded questions of the conversation up to this one; `earlier` are its earlier turns."""
    before = [turn.question for turn in question.history] + [turn.question for turn in earlier]
    return (*map(fold, before), fold(question.question))


def _places(question: Question, outline: Outline) -> Iterator[_Found]:
    """Documents and sections that are not in the index."""
    absent = _absent(question, outline)
    for name in absent:
        partly: LabelSeverity = "warning" if len(absent) < len(question.documents) else "error"
        yield "documents", f"there is no document {name!r}", partly
    named = outline.documents(question)
    of_named = [found for (name, _), found in outline.headings.items() if name in named]
    headings = frozenset[str]().union(*of_named)
    for section in question.sections:
        if fold(section) not in headings:
            message = f"no section of its documents is called {section!r}"
            yield "sections", message, "warning" if absent else "error"


def _absent(question: Question, outline: Outline) -> list[str]:
    """Named documents that are not in the index, such as official texts not fetched; what else is
    not found may be in these."""
    return [name for name in question.documents if not outline.called(name)]


def _facts(question: Question, outline: Outline) -> Iterator[_Found]:
    """Facts that the named documents lack, and spellings that no document has."""
    documents = outline.documents(question)
    named = "\n".join(text for (name, _), text in outline.texts.items() if name in documents)
    sections = "\n".join(outline.texts[place] for place in outline.relevant_sections(question))
    for fact in question.facts:
        where = " / ".join(fact)
        if not any(in_folded(named, spelling) for spelling in fact):
            yield "facts", f"its documents do not say {where!r}", "error"
        elif question.sections and not any(in_folded(sections, spelling) for spelling in fact):
            yield "facts", f"the sections it names do not say {where!r}", "warning"
        for spelling in fact:
            if not in_folded(outline.everywhere, spelling):
                yield "facts", f"no document has the spelling {spelling!r}", "warning"


def _answers(question: Question, outline: Outline) -> Iterator[_Found]:
    """Answers that no unit has, and an answerable question without answers."""
    severity: LabelSeverity = "warning" if _absent(question, outline) else "error"
    for answer in question.answers:
        folded = fold(answer)
        if not any(folded in unit for unit in outline.units):
            yield "answers", f"no sentence or item of a document has {answer!r}", severity
    if question.answerable and not question.answers:
        yield "answers", "say which sentences or items answer it", "warning"


def _unanswerable(question: Question, outline: Outline) -> Iterator[_Found]:
    """Forbidden answers that the documents do have, and a missing note or challenge."""
    if question.kind != "unanswerable":
        return
    for text in question.forbidden:
        if fold(text) in outline.everywhere:
            yield "forbidden", f"the documents do say {text!r}", "error"
    if not question.note:
        yield "note", "say in a note why the documents hold no answer", "warning"
    if question.challenge is None:
        yield "challenge", "say whether it is near-topic, far-topic or adversarial", "warning"
