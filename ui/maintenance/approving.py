"""Approves answers: who would be given them, and the decisions on them.

Each decision is on record before it counts, and only what was done is; what is approved is taken
into the index by an ingest of its documents alone.
"""

import datetime
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

from rapidfuzz import fuzz, process

from core.errors import DecidedError, LockedError
from core.prepared import Approval, PreparedQuestion
from core.settings import Settings
from core.source import Passage
from ingest.publishing.own_questions import OwnQuestions
from ingest.reading.question_file import PreparedAnswer, prepared_questions
from ui import jobs
from ui.access import User, on_record
from ui.maintenance.question_groups import QuestionGroup, nearby
from ui.shared_assistant import assistant
from userdata.asked_questions import dismiss, remove
from userdata.audit import AnswerDecision, Decided, keep_decision
from userdata.database import database
from userdata.feedback import handle
from vectorstore.store import Snapshot

_BY = "maintainer"  # in files and with readers: who it was says the audit record
_ALIKE = 50.0  # percent of a unit that was approved, to be taken for what it has become


class Reach(NamedTuple):
    """The questions that are given answers."""

    given: tuple[str, ...]  # of their own wordings
    not_given: tuple[str, ...]  # of their own wordings
    others: tuple[str, ...]  # of all others that are known here, asked or prepared


def reach(
    settings: Settings,
    answers: Mapping[str, PreparedAnswer],
    index: Snapshot,
    instead_of: tuple[str, PreparedAnswer] | None = None,
) -> Reach:
    """Who would be given answers if they were approved: arguments as of `approve`."""
    approval = Approval(by=_BY, on=datetime.datetime.now(datetime.UTC).date())
    made: list[PreparedQuestion] = []
    for key, answer in answers.items():
        approved = answer.model_copy(update={"approved": approval})
        made += prepared_questions([approved], index.passages([key]))[0]
    questions = (question for answer in answers.values() for question in answer.questions)
    own = dict.fromkeys(question.text for question in questions)
    if not made:  # another generation is in use by now, without these sentences
        return Reach((), tuple(own), ())
    gone = [
        f"{key}:{question.id}"
        for key, before in filter(None, [instead_of])
        for question in before.questions
    ]
    tried, ids = index.trying(made, gone), {question.id for question in made}

    def is_given(question: str) -> bool:
        found = assistant().approved_for(tried, question)
        return found is not None and found.id in ids

    given = tuple(filter(is_given, own))
    others = tuple(filter(is_given, nearby(settings, made, index)))
    return Reach(given, tuple(text for text in own if text not in given), others)


class ChangedUnit(NamedTuple):
    """A unit as it was approved, and what it has become; empty: nothing there is like it."""

    approved: str
    now: str


class StaleAnswer(NamedTuple):
    """An approved answer that is out of use, as its source has changed; `key` names the document
    version."""

    key: str
    answer: PreparedAnswer
    units: tuple[ChangedUnit, ...]


def approve(
    settings: Settings,
    user: User,
    answers: Mapping[str, PreparedAnswer],
    organisation: str,
    instead_of: tuple[str, PreparedAnswer] | None = None,
) -> None:
    """Approves answers.

    Args:
        settings: say where.
        user: who approves.
        answers: by document version (key), each with its units in whole.
        organisation: who checked them, as readers see it.
        instead_of: an answer, and its document version, that they replace.

    Raises:
        StrategiewijzerError: nothing was done: it cannot be recorded or written.
    """
    today = datetime.datetime.now(datetime.UTC).date()
    approval = Approval(by=_BY, organisation=organisation, on=today)
    with OwnQuestions(settings).together() as own:
        made = {
            key: answer.model_copy(update={"by": _BY, "approved": approval})
            for key, answer in answers.items()
        }
        for key, answer in made.items():
            own.add(key, [answer])
        if instead_of:
            key, before = instead_of
            kept = {question.id for answer in made.values() for question in answer.questions}
            if before.id not in kept:
                own.remove(key, before.id)
        for key, answer in made.items():
            _record(settings, user, "approved", key, answer)


def withdraw(settings: Settings, user: User, key: str, answer: PreparedAnswer) -> None:
    """Takes an answer out of use; errors as of `approve`.

    Raises:
        DecidedError: it is not in use any more, or is another one now.
    """
    with OwnQuestions(settings).together() as own:
        if [_content(gone) for gone in own.remove(key, answer.id)] != [_content(answer)]:
            raise DecidedError(
                "Somebody else has decided on this meanwhile, or changed it. Nothing was done: "
                "look at the list as it is now."
            )
        _record(settings, user, "withdrawn", key, answer)


def close(settings: Settings, user: User, group: QuestionGroup) -> None:
    """Takes a question out of the queue: its verdicts are handled, and it comes back when somebody
    asks it on a later day. Errors as of `approve`."""
    for verdict in group.verdicts:
        handle(database(settings), verdict, on_record(user))
    for wording in group.wordings:
        dismiss(settings, wording.text, wording.language)


def erase(settings: Settings, group: QuestionGroup) -> None:
    """Deletes what is kept of the questions of a group, such as one that names somebody; verdicts
    stay. Errors as of `approve`."""
    for wording in group.wordings:
        remove(settings, wording.text, wording.language)


def publish(settings: Settings, user: User, keys: Iterable[str]) -> bool:
    """Starts taking the prepared questions of these document versions into the index.

    Returns:
        Whether that has begun; not while other work is being done, after which it can be published.
    """
    only = (part for key in sorted(set(keys)) for part in ("--only", key))
    arguments = ("-m", "ingest", "--json", *only)
    try:
        jobs.start(settings.data_dir, "ingest", arguments, on_record(user))
    except LockedError:
        return False
    return True


def stale(approved: Iterable[tuple[str, PreparedAnswer]], index: Snapshot) -> list[StaleAnswer]:
    """The approved answers, with their document versions (keys), of which a unit is not in the
    index any more."""
    by_key: dict[str, list[PreparedAnswer]] = {}
    for key, answer in approved:
        by_key.setdefault(key, []).append(answer)
    found = (_stale(key, answers, index) for key, answers in sorted(by_key.items()))
    return list(chain.from_iterable(found))


def unit_texts(passages: Iterable[Passage]) -> list[str]:
    """The units of passages, each in one line, as a file names it in whole."""
    return [
        " ".join(passage.text[unit.start : unit.end].split())
        for passage in passages
        for unit in passage.units
    ]


def _stale(key: str, answers: Collection[PreparedAnswer], index: Snapshot) -> Iterator[StaleAnswer]:
    passages = index.passages([key])
    texts = unit_texts(passages)
    for answer in answers:
        found, _ = prepared_questions([answer], passages)
        if not found:
            yield StaleAnswer(key, answer, tuple(_changed(unit, texts) for unit in answer.units))


def _changed(unit: str, texts: Sequence[str]) -> ChangedUnit:
    if unit in texts:
        return ChangedUnit(unit, unit)
    nearest = process.extractOne(unit, texts, scorer=fuzz.ratio, score_cutoff=_ALIKE)
    return ChangedUnit(unit, nearest[0] if nearest else "")


def _content(answer: PreparedAnswer) -> dict[str, object]:
    """An answer for comparing: all of its content, without its file and line numbers."""
    return answer.model_dump(
        exclude={"file": True, "line": True, "questions": {"__all__": {"line"}}}
    )


def _record(
    settings: Settings, user: User, decision: Decided, key: str, answer: PreparedAnswer
) -> None:
    approval = answer.approved
    made = AnswerDecision(
        decision=decision,
        document=key,
        questions=tuple(question.text for question in answer.questions),
        units=answer.units,
        organisation=approval.organisation if approval else "",
    )
    keep_decision(settings, made, user.id)
