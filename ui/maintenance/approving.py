"""Approves answers: who would be given them, and the decisions on them.

Each decision is on record before it counts, and only what was done is; what is approved is taken
into the index by an ingest of its documents alone.
"""

import datetime
import functools
from collections.abc import Iterable
from typing import NamedTuple

from core.errors import DecidedError, LockedError
from core.settings import Settings
from core.source import Approval, Passage
from ingest.publishing.own_questions import OwnQuestions
from ingest.reading.question_file import PreparedAnswer, prepared_questions
from ui import access
from ui.access import on_record
from ui.maintenance import job_list
from ui.maintenance.question_groups import QuestionGroup
from ui.shared_assistant import assistant
from userdata.asked_questions import dismiss
from userdata.audit import AnswerDecision, Decided, keep_decision
from userdata.database import database
from userdata.feedback import handle
from vectorstore.store import Snapshot

_BY = "maintainer"  # in files and with readers: who it was says the audit record


class Reach(NamedTuple):
    """The wordings of an answer that are given it, and those that are not."""

    given: tuple[str, ...]
    not_given: tuple[str, ...]


def reach(
    key: str,
    answer: PreparedAnswer,
    index: Snapshot,
    instead_of: tuple[str, PreparedAnswer] | None = None,
) -> Reach:
    """Who would be given an answer if it were approved: arguments as of `approve`."""
    wordings = tuple(dict.fromkeys(question.text for question in answer.questions))
    made, _ = prepared_questions([_approved(answer, "")], index.passages([key]))
    if not made:  # another generation is in use by now, without these sentences
        return Reach((), wordings)
    replaced, before = instead_of or ("", None)
    gone = [f"{replaced}:{question.id}" for question in before.questions] if before else []
    tried, ids = index.trying(made, gone), {question.id for question in made}

    def is_given(question: str) -> bool:
        found = assistant().approved_for(tried, question)
        return found is not None and found.id in ids

    given = tuple(filter(is_given, wordings))
    return Reach(given, tuple(text for text in wordings if text not in given))


def approve(
    settings: Settings,
    key: str,
    answer: PreparedAnswer,
    organisation: str,
    instead_of: tuple[str, PreparedAnswer] | None = None,
) -> None:
    """Approves an answer of a document version (key) in the name of an organisation, in place of
    another answer with its document version. Where it cannot be recorded or written
    (StrategiewijzerError), nothing was done."""
    made = _approved(answer, organisation)
    with OwnQuestions(settings).together() as own:
        own.add(key, [made])
        if instead_of and instead_of[1].id not in {question.id for question in made.questions}:
            own.remove(instead_of[0], instead_of[1].id)
        _record(settings, "approved", key, made)


def _approved(answer: PreparedAnswer, organisation: str) -> PreparedAnswer:
    today = datetime.datetime.now(datetime.UTC).date()
    approval = Approval(by=_BY, organisation=organisation, on=today)
    return answer.model_copy(update={"by": _BY, "approved": approval})


def withdraw(settings: Settings, key: str, answer: PreparedAnswer) -> None:
    """Takes an answer out of use, unless it is not in use any more, or is another one now
    (DecidedError); other errors as of `approve`."""
    with OwnQuestions(settings).together() as own:
        if [_content(gone) for gone in own.remove(key, answer.id)] != [_content(answer)]:
            raise DecidedError(
                "Somebody else has decided on this meanwhile, or changed it. Nothing was done: "
                "look at the list as it is now."
            )
        _record(settings, "withdrawn", key, answer)


def close(settings: Settings, group: QuestionGroup) -> None:
    """Takes a question out of the queue: its verdicts are handled, and it comes back when somebody
    asks it on a later day. Errors as of `approve`."""
    for verdict in group.verdicts:
        handle(database(settings), verdict, on_record(access.user()))
    for wording in group.wordings:
        dismiss(settings, wording.text, wording.language)


def publish(keys: Iterable[str]) -> bool:
    """Starts taking the prepared questions of these document versions into the index; returns False
    while other work is being done, after which it can be published."""
    only = (part for key in sorted(set(keys)) for part in ("--only", key))
    try:
        job_list.start("--json", *only)
    except LockedError:
        return False
    return True


def stale(
    approved: Iterable[tuple[str, PreparedAnswer]], index: Snapshot
) -> list[tuple[str, PreparedAnswer]]:
    """The approved answers, with their document versions (keys), of which a unit is not in the
    index any more."""
    passages = functools.cache(lambda key: index.passages([key]))
    return [
        (key, answer)
        for key, answer in approved
        if not prepared_questions([answer], passages(key))[0]
    ]


def unit_texts(passage: Passage) -> list[str]:
    """The units of a passage, each in one line, as a file names it in whole."""
    return [" ".join(passage.text[unit.start : unit.end].split()) for unit in passage.units]


def _content(answer: PreparedAnswer) -> dict[str, object]:
    """An answer for comparing: all of its content, without its file and line numbers."""
    return answer.model_dump(
        exclude={"file": True, "line": True, "questions": {"__all__": {"line"}}}
    )


def _record(settings: Settings, decision: Decided, key: str, answer: PreparedAnswer) -> None:
    approval = answer.approved
    made = AnswerDecision(
        decision=decision,
        document=key,
        questions=tuple(question.text for question in answer.questions),
        units=answer.units,
        organisation=approval.organisation if approval else "",
    )
    keep_decision(settings, made, access.user().id)
