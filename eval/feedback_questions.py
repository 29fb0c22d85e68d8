"""Turns readers' feedback into entries of a question set, for a person to complete.

verdicts in data_dir -> those not asked yet -> entries at the end of a file -> python -m eval check
"""

import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import yaml

from chain.understanding.follow_ups import standalone
from core.errors import QuestionSetError
from core.source import Scope
from core.yaml_files import read_yaml
from eval.dataset import QUESTIONS, Question, load
from language.words import fold
from userdata.feedback import Feedback

FILE = "feedback-questions.yaml"
_ANSWER_IN_NOTE = 300  # characters: to know the answer again, not to read it here
_ANSWER = {True: "the answer useful", False: "the answer not useful"}
_EVIDENCE = {True: "the evidence good", False: "the evidence not good"}
_HEADER = """\
# Questions from readers' feedback, added by: python -m eval feedback
# To do for each: replace TODO with the facts that a good answer holds, as in
#     facts: [["30 miljard", "30 billion"]]
# set kind, and add documents and sections. If nothing in the documents answers it: answerable:
# false, kind: unanswerable, and no facts. An entry that is no good question gets # before its
# lines; deleted, it would come back. Complete entries can move to eval/questions/, with their id.
# The format is described in docs/evaluation.md.
"""


class Added(NamedTuple):
    """Counts of verdicts: `added` to the set, `known` from an earlier run, or already `asked` by
    another question."""

    added: int
    known: int
    asked: int


def add(verdicts: Sequence[Feedback], file: Path) -> Added:
    """Appends the questions of these verdicts to a question set.

    Raises:
        QuestionSetError: the file is no question set, or cannot be read or written.
    """
    there, elsewhere = _questions_in(file), load(QUESTIONS)
    added_before = {question.id for question in elsewhere}
    content = _content(file).decode("utf-8", "replace")
    waiting = [  # an id in a comment belongs to an entry that somebody rejected
        given for given in verdicts if _id(given) not in content and _id(given) not in added_before
    ]
    new = _not_asked_yet(waiting, questions=[*there, *elsewhere])
    if new:
        append(file, [entry(given) for given in new], _HEADER)
    return Added(len(new), len(verdicts) - len(waiting), len(waiting) - len(new))


def entry(given: Feedback) -> Question:
    """Draft entry of a question set, for a person to correct.

    It is unanswerable if the reader agreed with a refusal; else facts are to be filled in.
    """
    answerable = given.answered or not given.helpful
    return Question(
        id=_id(given),
        question=given.question,
        language=given.language,
        answerable=answerable,
        kind="definition" if answerable else "unanswerable",
        facts=(("TODO",),) if answerable else (),
        history=given.history,
        note=_note(given),
    )


def append(file: Path, questions: Sequence[Question], header: str) -> None:
    """Appends questions to a file; creates it if needed, with comment lines at its beginning.

    Raises:
        QuestionSetError: it cannot be written, or is no YAML list that can be appended to.
    """
    entries = [question.model_dump(mode="json", exclude_defaults=True) for question in questions]
    before = _content(file)
    text = "" if before else header
    text += "" if before.endswith(b"\n") or not before else "\n"
    for values in entries:
        text += "\n" + yaml.safe_dump([values], allow_unicode=True, sort_keys=False, width=100)
    added = text.encode("utf-8")
    if _list_in(before + added) != _list_in(before) + entries:
        raise QuestionSetError(
            f"{file}: nothing can be added to it. Write its list as lines that begin with "
            '"- id: ...", or name another file with --out.'
        )
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("ab") as end:
            end.write(added)
    except OSError as error:
        raise _unusable(file, error) from error


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes() if file.exists() else b""
    except OSError as error:
        raise _unusable(file, error) from error


def _unusable(file: Path, error: OSError) -> QuestionSetError:
    return QuestionSetError(f"{file}: {error.strerror}. Name another file with --out.")


def _list_in(content: bytes) -> list[object]:
    """Entries of a question set; none if it has only comments or is no list."""
    try:
        entries = read_yaml(content)
    except yaml.YAMLError:
        return []
    return entries if isinstance(entries, list) else []


def _questions_in(file: Path) -> tuple[Question, ...]:
    """Questions of a file; none if it does not exist or has only comments.

    Raises:
        QuestionSetError: it is not a question set.
    """
    lines = (line.strip() for line in _content(file).splitlines())
    return load(file) if any(line and not line.startswith(b"#") for line in lines) else ()


def _id(given: Feedback) -> str:
    return f"feedback-{given.id[:8]}"


def _not_asked_yet(
    verdicts: Iterable[Feedback], *, questions: Iterable[Question]
) -> list[Feedback]:
    """The first verdict on each question that is not among `questions`."""
    known = {_search(question) for question in questions}
    new = []
    for given in verdicts:
        if _search(given) not in known:
            known.add(_search(given))
            new.append(given)
    return new


def _search(question: Feedback | Question) -> str:
    """Key of a question: its folded standalone form, as a follow-up depends on its history."""
    return fold(standalone(question.question, question.language, question.history))


def _note(given: Feedback) -> str:
    """Note for the person who completes the entry: the verdict, and the answer."""
    index = f"index {given.generation}" if given.generation else ""
    made_by = ", ".join(part for part in (given.mode, given.model, index) if part)
    done = "Answered" if given.answered else "Refused"
    found = " and ".join(
        words[good]
        for good, words in ((given.helpful, _ANSWER), (given.evidence, _EVIDENCE))
        if good is not None
    )
    answer = textwrap.shorten(given.answer_text, _ANSWER_IN_NOTE, placeholder=" …")
    parts = [
        f"A reader found {found} on {given.date:%Y-%m-%d}.",
        f'Comment: "{" ".join(given.comment.split())}".' if given.comment else "",
        f"Searched within: {limits}." if (limits := _limits(given.scope)) else "",
        f"{done} ({made_by}, confidence {given.confidence:.2f}): {answer}",
        f"Cited: {'; '.join(given.sections)}." if given.sections else "",
    ]
    return " ".join(part for part in parts if part)


def _limits(scope: Scope) -> str:
    """Limits of the search in words; empty if there were none."""
    limits = (
        ", ".join(scope.areas),
        ", ".join(scope.documents),
        f"sources in {scope.language}" if scope.language else "",
        f"as of {scope.as_of}" if scope.as_of else "",
    )
    return "; ".join(limit for limit in limits if limit)
