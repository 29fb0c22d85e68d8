"""Checks the labels of a question set against the documents in the index."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal

from core.source import Frozen
from eval.dataset import Question, dialogues
from eval.outline import Outline
from language.words import fold, in_folded


class LabelProblem(Frozen):
    """A problem of a question: wrong ("error"), or to be looked at ("warning")."""

    question: str
    key: str
    message: str
    severity: Literal["error", "warning"] = "error"


def check(
    questions: Sequence[Question], outline: Outline, *, fitted_on: Iterable[Question] = ()
) -> tuple[LabelProblem, ...]:
    """Problems of these questions, in their order.

    Args:
        questions: the set.
        outline: of the index.
        fitted_on: questions that weights were fitted on; they may not be in the set.
    """
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
        found = [
            *_places(question, outline),
            *_facts(question, outline),
            *_answers(question, outline),
            *_unanswerable(question, outline),
        ]
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


_Found = tuple[str, str, Literal["error", "warning"]]


def _asked(question: Question, earlier: Sequence[Question] = ()) -> tuple[str, ...]:
    """Folded questions of the conversation up to this one; `earlier` are its earlier turns."""
    before = [turn.question for turn in question.history] + [turn.question for turn in earlier]
    return (*map(fold, before), fold(question.question))


def _places(question: Question, outline: Outline) -> Iterable[_Found]:
    """Documents and sections that are not in the index."""
    absent = _absent(question, outline)
    for name in absent:
        severity = _severity(len(absent) < len(question.documents))
        yield "documents", f"there is no document {name!r}", severity
    named = outline.documents(question)
    headings = {
        heading
        for (document, _), found in outline.headings.items()
        if document in named
        for heading in found
    }
    for section in question.sections:
        if fold(section) not in headings:
            message = f"no section of its documents is called {section!r}"
            yield "sections", message, _severity(bool(absent))


def _absent(question: Question, outline: Outline) -> list[str]:
    """Named documents that are not in the index, such as official texts not fetched."""
    return [name for name in question.documents if not outline.called(name)]


def _severity(excused: bool) -> Literal["error", "warning"]:
    """Severity of a missing label; `excused`: it may be in a document that is not in the index."""
    return "warning" if excused else "error"


def _facts(question: Question, outline: Outline) -> Iterable[_Found]:
    """Facts that the named documents lack, and spellings that no document has."""
    everywhere = "\n".join(outline.texts.values())
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
            if not in_folded(everywhere, spelling):
                yield "facts", f"no document has the spelling {spelling!r}", "warning"


def _answers(question: Question, outline: Outline) -> Iterable[_Found]:
    """Answers that no unit has, and an answerable question without answers."""
    excused = bool(_absent(question, outline))
    for answer in question.answers:
        text = fold(answer)
        if not any(text in unit for unit in outline.units):
            message = f"no sentence or item of a document has {answer!r}"
            yield "answers", message, _severity(excused)
    if question.answerable and not question.answers:
        yield "answers", "say which sentences or items answer it", "warning"


def _unanswerable(question: Question, outline: Outline) -> Iterable[_Found]:
    """Forbidden answers that the documents do have, and a missing note or challenge."""
    if question.kind != "unanswerable":
        return
    everywhere = "\n".join(outline.texts.values())
    for text in question.forbidden:
        if fold(text) in everywhere:
            yield "forbidden", f"the documents do say {text!r}", "error"
    if not question.note:
        yield "note", "say in a note why the documents hold no answer", "warning"
    if question.challenge is None:
        yield "challenge", "say whether it is near-topic, far-topic or adversarial", "warning"
