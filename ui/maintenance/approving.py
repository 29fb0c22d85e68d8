"""Decides on prepared answers. Each decision goes on record first; what is approved is taken into
the index by an ingest of its documents alone.

ticked sentences, questions -> approved ----------------------------> in use
                            -> proposed -> confirmed by another one -> in use
    a model's proposal                  -> accepted, or refused
                                           in use, no longer wanted -> withdrawn
    in use, its source has changed         -> stale: out of use until it is approved anew
"""

import datetime
import secrets
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from rapidfuzz import fuzz, process

from core.errors import LockedError, NotAllowedError
from core.passage import Passage
from core.prepared import Approval
from core.settings import Settings
from ingest.passages.answering_units import prepared_questions
from ingest.publishing.own_questions import OwnQuestions
from ingest.reading.question_file import PreparedAnswer
from people.asked_questions import dismiss, remove
from people.audit_form import AnswerDecision, Decided, asker_hash
from people.audit_record import keep_decision
from people.database import database
from people.feedback import handle
from ui import jobs
from ui.access import User
from ui.maintenance.question_groups import QuestionGroup
from ui.pseudonyms import on_record
from vectorstore.snapshot import Snapshot

# Who approved stands in files and with readers as this: who it was says the audit record.
_ONE, _TWO = "maintainer", "two maintainers"
_SALT = 16  # bytes
_ALIKE = 50.0  # percent of a unit that was approved, to be taken for what it has become


class ChangedUnit(NamedTuple):
    """A unit as it was approved, and what it has become; empty: nothing there is like it."""

    approved: str
    now: str

    @property
    def is_same(self) -> bool:
        return self.approved == self.now


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
    """Approves answers; with `approve_by_two` they wait until another maintainer confirms them.

    Args:
        settings: say where, and whether one is enough.
        user: who approves.
        answers: by document version (key), each with its units in whole.
        organisation: by whom readers are told that they were checked.
        instead_of: an answer, and its document version, that they replace.

    Raises:
        StrategiewijzerError: nothing was done: it cannot be recorded or written.
    """
    own, needs_two = OwnQuestions(settings), settings.approve_by_two
    today = datetime.datetime.now(datetime.UTC).date()
    approval = Approval(by=_ONE, organisation=organisation, on=today)
    for key, answer in answers.items():
        made = answer.model_copy(
            update={"by": _mark(user) if needs_two else _ONE, "approved": approval}
        )
        _record(settings, user, "proposed" if needs_two else "approved", key, made)
        (own.propose if needs_two else own.add)(key, [made])
    if instead_of and not needs_two:
        key, before = instead_of
        if before.id not in {question.id for one in answers.values() for question in one.questions}:
            own.remove(key, before.id)


def confirm(settings: Settings, user: User, key: str, answer: PreparedAnswer) -> None:
    """Confirms what another maintainer approved; errors as of `approve`.

    Raises:
        NotAllowedError: it was this user.
    """
    if is_by(answer, user):
        raise NotAllowedError("You approved this answer. Another maintainer must confirm it.")
    assert answer.approved is not None  # noqa: S101 - it is no model's proposal
    today = datetime.datetime.now(datetime.UTC).date()
    approval = answer.approved.model_copy(update={"by": _TWO, "on": today})
    _record(settings, user, "confirmed", key, answer)
    own = OwnQuestions(settings)
    own.add(key, [answer.model_copy(update={"by": _ONE, "approved": approval})])
    own.refuse(key, {answer.id})


def accept(settings: Settings, user: User, key: str, answers: Sequence[PreparedAnswer]) -> None:
    """Takes proposals of a model; errors as of `approve`."""
    for one in answers:
        _record(settings, user, "accepted", key, one)
    OwnQuestions(settings).accept(key, {one.id for one in answers})


def refuse(settings: Settings, user: User, key: str, answers: Sequence[PreparedAnswer]) -> None:
    """Drops proposals; errors as of `approve`."""
    for one in answers:
        _record(settings, user, "refused", key, one)
    OwnQuestions(settings).refuse(key, {one.id for one in answers})


def withdraw(settings: Settings, user: User, key: str, answer: PreparedAnswer) -> None:
    """Takes an answer out of use; errors as of `approve`."""
    _record(settings, user, "withdrawn", key, answer)
    OwnQuestions(settings).remove(key, answer.id)


def close(settings: Settings, user: User, group: QuestionGroup) -> None:
    """Takes a question out of the queue: its verdicts are handled, and it comes back when somebody
    asks it on a later day. Errors as of `approve`."""
    for verdict in group.verdicts:
        handle(database(settings), verdict, on_record(user))
    for one in group.wordings:
        dismiss(settings, one.text, one.language)


def erase(settings: Settings, group: QuestionGroup) -> None:
    """Deletes what is kept of the questions of a group, such as one that names somebody; verdicts
    stay. Errors as of `approve`."""
    for one in group.wordings:
        remove(settings, one.text, one.language)


def publish(settings: Settings, user: User, keys: Iterable[str]) -> bool:
    """Starts taking the prepared questions of these document versions into the index.

    Returns:
        Whether that has begun; not while other work is being done, after which it can be published.
    """
    arguments = ("-m", "ingest", "--json", "--only", *sorted(set(keys)))
    try:
        jobs.start(settings.data_dir, "ingest", arguments, on_record(user))
    except LockedError:
        return False
    return True


def is_by(answer: PreparedAnswer, user: User) -> bool:
    """Whether it was this user who approved an answer that waits for another one."""
    salt, _, digest = answer.by.partition(" ")
    return digest == asker_hash(user.id, salt)


def proposed(settings: Settings) -> dict[str, tuple[PreparedAnswer, ...]]:
    """What waits for a decision, by document version (key).

    Raises:
        StrategiewijzerError: it cannot be read.
    """
    own = OwnQuestions(settings)
    found = {key: own.proposed(key) for key in own.documents()}
    return {key: answers for key, answers in found.items() if answers}


def stale(approved: Iterable[tuple[str, PreparedAnswer]], index: Snapshot) -> list[StaleAnswer]:
    """Those of approved answers, with their document versions (keys), whose units are not all in
    the index any more."""
    by_key: dict[str, list[PreparedAnswer]] = {}
    for key, answer in approved:
        by_key.setdefault(key, []).append(answer)
    return [one for key, answers in sorted(by_key.items()) for one in _stale(key, answers, index)]


def whole_units(
    chosen: Sequence[tuple[str, PreparedAnswer]], index: Snapshot
) -> list[tuple[str, ...]]:
    """The units of each answer in whole, with its document version (key); as they are named where
    they are not found."""
    found: dict[str, tuple[str, ...]] = {}
    for key in {key for key, _ in chosen}:
        passages = index.passages([key])
        names = (name for passage in passages for name in passage.unit_ids)
        texts = dict(zip(names, unit_texts(passages), strict=True))
        questions, _ = prepared_questions([one for at, one in chosen if at == key], passages)
        found |= {one.id: tuple(texts[name] for name in one.units) for one in questions}
    return [found.get(f"{key}:{one.questions[0].id}", one.units) for key, one in chosen]


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


def _mark(user: User) -> str:
    """What tells whether somebody else is another one, and nobody who it was."""
    salt = secrets.token_hex(_SALT)
    return f"{salt} {asker_hash(user.id, salt)}"


def _record(
    settings: Settings, user: User, decision: Decided, key: str, answer: PreparedAnswer
) -> None:
    approval = answer.approved
    made = AnswerDecision(
        decision=decision,
        document=key,
        questions=tuple(one.text for one in answer.questions),
        units=answer.units,
        organisation=approval.organisation if approval else "",
    )
    keep_decision(settings, made, user.id)
