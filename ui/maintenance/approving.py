"""Approves answers: questions that ask the same, grouped, and what is written to files.

what was asked, verdicts -> wordings -> near, with the same facts: a group -> wrong, refused or
                                                                              asked by several
sentences, wordings -> tried on what is in use: who is given them -> approved
"""

import datetime
import secrets
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from rapidfuzz import fuzz, process

from chain.understanding.follow_ups import standalone
from chain.understanding.intent import classify
from core.errors import DecidedError, LockedError, NotAllowedError
from core.prepared import Approval, PreparedQuestion
from core.settings import Settings
from core.source import Frozen, Passage
from ingest.publishing.own_questions import OwnQuestions
from ingest.reading.question_file import PreparedAnswer, prepared_questions
from language.demands import demands_of, differ
from language.escaping import visible
from ui import jobs
from ui.access import User, on_record
from ui.shared_assistant import assistant
from userdata import feedback
from userdata.asked_questions import CountedQuestion, Outcome, dismiss, question_id, read, remove
from userdata.audit import AnswerDecision, Decided, asker_hash, keep_decision
from userdata.database import database
from userdata.feedback import Feedback, handle
from vectorstore.embeddings import Vectors, local_embedder
from vectorstore.store import Snapshot

# The questions that want a prepared answer: those that ask the same together, worst first.


_SAME = 0.93  # least cosine of two questions that ask the same (docs/decisions/0016)
_COMPARED = 2000  # wordings, and verdicts, the newest
_NEAREST = 24  # wordings whose groups one is compared with
_MOST = 500  # groups
_SEVERAL = 2  # people


class Wording(NamedTuple):
    """How a question was asked, by how many, and what became of it the last time; None: it was no
    answer, and only a verdict tells of it."""

    text: str
    language: str  # ISO 639-1
    times: int
    outcome: Outcome | None


class QuestionGroup(Frozen):
    """A question in all its wordings, the most frequent first, with the verdicts that found its
    answer wrong, oldest first.

    `asked` is by how many; who asked in two wordings counts as two. `refused`: one of the wordings
    was, the last time. `last` is the last day (UTC) of a question or verdict.
    """

    wordings: tuple[Wording, ...]
    verdicts: tuple[Feedback, ...]
    asked: int
    refused: bool
    last: datetime.date


class _DatedWording(NamedTuple):
    """A wording, with its verdicts and the last day of either."""

    wording: Wording
    verdicts: tuple[Feedback, ...]
    last: datetime.date


def question_groups(settings: Settings) -> tuple[QuestionGroup, ...]:
    """Groups all kept questions as `grouped` does.

    Raises:
        StrategiewijzerError: it cannot be read.
    """
    return grouped(read(settings), feedback.read(database(settings)))


def grouped(
    questions: Iterable[CountedQuestion], verdicts: Iterable[Feedback]
) -> tuple[QuestionGroup, ...]:
    """The groups that somebody should look at, worst first: of which readers found an answer wrong,
    which were refused, or which several people asked.

    Args:
        questions: what was asked.
        verdicts: of which those count that found something wrong and are not handled.
    """
    groups = map(_group, _together(_newest(questions, verdicts)))
    wanted = (one for one in groups if one.verdicts or one.refused or one.asked >= _SEVERAL)
    return tuple(sorted(wanted, key=_badness))[:_MOST]


def _badness(one: QuestionGroup) -> tuple[int, int, int, Wording]:
    """Sorts first what left most people without a good answer, then what most asked, and lately."""
    refused = sum(wording.times for wording in one.wordings if wording.outcome == "refused")
    return -len(one.verdicts) - refused, -one.asked, -one.last.toordinal(), one.wordings[0]


def _newest(
    questions: Iterable[CountedQuestion], verdicts: Iterable[Feedback]
) -> list[_DatedWording]:
    told = sorted(_mentions(questions, verdicts), key=lambda one: (one.wording, one.last))
    told.sort(key=lambda one: (one.last, one.wording.times), reverse=True)
    return told[:_COMPARED]


def _mentions(
    questions: Iterable[CountedQuestion], verdicts: Iterable[Feedback]
) -> Iterator[_DatedWording]:
    """The wordings, each once."""
    known = {question_id(one.question, one.language): one for one in questions}
    wrong: dict[str, list[Feedback]] = {}
    open_ones = (one for one in verdicts if one.found_wrong and one.handled is None)
    for one in sorted(open_ones, key=lambda one: (one.date, one.id))[-_COMPARED:]:
        if not _is_talk(one.question, one.language):
            wrong.setdefault(question_id(_alone(one), one.language), []).append(one)
    for id in dict.fromkeys((*known, *wrong)):
        row, given = known.get(id), wrong.get(id, [])
        days = [*(one.date.date() for one in given), *([row.last] if row else ())]
        outcome: Outcome | None = "answer" if given and given[-1].answered else None
        yield _DatedWording(
            Wording(
                row.question if row else _alone(given[0]),
                row.language if row else given[0].language,
                max(len(given), row.times if row else 0),
                row.outcome if row else outcome,
            ),
            tuple(given),
            max(days),
        )


def _alone(one: Feedback) -> str:
    """The question of a verdict in one line, understandable without the conversation before it, as
    it is when asked."""
    before = [turn for turn in one.history if not turn.message]
    return " ".join(visible(standalone(one.question, one.language, before)).split())


@lru_cache(maxsize=_COMPARED)
def _is_talk(message: str, language: str) -> bool:
    """Whether a message asks the sources nothing, or for a task on an earlier answer."""
    return classify(message, language, local_embedder()).kind is not None


def _together(told: Sequence[_DatedWording]) -> list[list[_DatedWording]]:
    """Wordings in groups, of which any two are near and agree in their facts: of "how many in
    2019", "how many in 2021" and "how many" the first two are never in one."""
    if not told:
        return []
    vectors = _vectors([one.wording.text for one in told])
    near = vectors @ vectors.T
    facts = [demands_of(one.wording.text, one.wording.language) for one in told]
    groups: list[list[int]] = []
    place: dict[int, int] = {}
    for number in range(len(told)):
        before = np.flatnonzero(near[number, :number] >= _SAME)
        nearest = before[np.argsort(-near[number, before], kind="stable")][:_NEAREST]
        for group in dict.fromkeys(place[int(other)] for other in nearest):
            if near[number, groups[group]].min() >= _SAME and not any(
                differ(facts[number], other) for other in {facts[one] for one in groups[group]}
            ):
                break
        else:
            group = len(groups)
            groups.append([])
        groups[group].append(number)
        place[number] = group
    return [[told[number] for number in group] for group in groups]


def _group(told: Sequence[_DatedWording]) -> QuestionGroup:
    wordings = sorted((one.wording for one in told), key=lambda one: (-one.times, one))
    verdicts = (verdict for one in told for verdict in one.verdicts)
    return QuestionGroup(
        wordings=tuple(wordings),
        verdicts=tuple(sorted(verdicts, key=lambda one: (one.date, one.id))),
        asked=sum(one.times for one in wordings),
        refused=any(one.outcome == "refused" for one in wordings),
        last=max(one.last for one in told),
    )


class _QuestionVectors:
    """Vectors of the questions last looked at, so that a page is drawn again without delay."""

    def __init__(self) -> None:
        self._known: dict[str, Vectors] = {}

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """n questions -> shape (n, dimensions)."""
        known = self._known
        new = [text for text in dict.fromkeys(texts) if text not in known]
        if new:
            known = known | dict(zip(new, local_embedder().queries(new), strict=True))
        self._known = {text: known[text] for text in texts}
        return np.stack([known[text] for text in texts])


_vectors = _QuestionVectors()


# Tries answers before they are approved: who would be given them.


class Reach(NamedTuple):
    """The questions that are given answers: of their own wordings those that are, and are not; and
    of the others that are known here, asked or prepared, those that are too."""

    given: tuple[str, ...]
    not_given: tuple[str, ...]
    others: tuple[str, ...]


def reach(
    settings: Settings,
    answers: Mapping[str, PreparedAnswer],
    index: Snapshot,
    instead_of: tuple[str, PreparedAnswer] | None = None,
) -> Reach:
    """Who would be given answers if they were approved: arguments as of `approve`."""
    approval = Approval(by=_ONE, on=datetime.datetime.now(datetime.UTC).date())
    made: list[PreparedQuestion] = []
    for key, answer in answers.items():
        trial = answer.model_copy(update={"approved": approval})
        made += prepared_questions([trial], index.passages([key]))[0]
    own = dict.fromkeys(one.text for answer in answers.values() for one in answer.questions)
    if not made:  # another generation is in use by now, without these sentences
        return Reach((), tuple(own), ())
    gone = [
        f"{key}:{one.id}" for key, before in filter(None, [instead_of]) for one in before.questions
    ]
    tried, ids = index.trying(made, gone), {one.id for one in made}

    def is_given(question: str) -> bool:
        found = assistant().approved_for(tried, question)
        return found is not None and found.id in ids

    given = tuple(filter(is_given, own))
    others = tuple(filter(is_given, _near(settings, made, index)))
    return Reach(given, tuple(one for one in own if one not in given), others)


def _near(settings: Settings, made: Sequence[PreparedQuestion], index: Snapshot) -> list[str]:
    """The other known questions that may ask the same as one of these, nearest first."""
    told = _newest(read(settings), feedback.read(database(settings)))
    stored = (
        near.prepared.question
        for one in made
        for near in index.asked_nearby(one.question, one.language, _NEAREST)
    )
    known = dict.fromkeys((*(one.wording.text for one in told), *stored))
    others = [one for one in known if not any(mine.asks(one) for mine in made)]
    vectors = _vectors([*(one.question for one in made), *others])
    cosines = (vectors[len(made) :] @ vectors[: len(made)].T).max(axis=1)
    nearest = np.argsort(-cosines, kind="stable")[:_NEAREST]
    return [others[number] for number in nearest if cosines[number] >= _SAME]


# Decides on prepared answers. Each decision is on record before it counts, and only what was done
# is; what is approved is taken into the index by an ingest of its documents alone.


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
    needs_two = settings.approve_by_two
    today = datetime.datetime.now(datetime.UTC).date()
    approval = Approval(by=_ONE, organisation=organisation, on=today)
    with OwnQuestions(settings).together() as own:
        made = {}
        for key, answer in answers.items():
            by = _mark(user) if needs_two else _ONE
            made[key] = answer.model_copy(update={"by": by, "approved": approval})
            (own.propose if needs_two else own.add)(key, [made[key]])
        if instead_of and not needs_two:
            key, before = instead_of
            if before.id not in {one.id for answer in made.values() for one in answer.questions}:
                own.remove(key, before.id)
        for key, answer in made.items():
            _record(settings, user, "proposed" if needs_two else "approved", key, answer)


def confirm(settings: Settings, user: User, key: str, answer: PreparedAnswer) -> None:
    """Confirms what another maintainer approved; errors as of `approve`.

    Raises:
        NotAllowedError: it was this user.
        DecidedError: it does not wait any more, or is another one now.
    """
    if is_by(answer, user):
        raise NotAllowedError("You approved this answer. Another maintainer must confirm it.")
    assert answer.approved is not None  # noqa: S101 - it is no model's proposal
    today = datetime.datetime.now(datetime.UTC).date()
    approval = answer.approved.model_copy(update={"by": _TWO, "on": today})
    with OwnQuestions(settings).together() as own:
        _check_seen(own.refuse(key, {answer.id}), [answer])
        own.add(key, [answer.model_copy(update={"by": _ONE, "approved": approval})])
        _record(settings, user, "confirmed", key, answer)


def accept(settings: Settings, user: User, key: str, answers: Sequence[PreparedAnswer]) -> None:
    """Takes those proposals of a model that still wait; errors as of `approve`.

    Raises:
        DecidedError: none of them does, or one is another one now.
    """
    with OwnQuestions(settings).together() as own:
        _decide(settings, user, "accepted", key, answers, own.accept(key, _ids(answers)))


def refuse(settings: Settings, user: User, key: str, answers: Sequence[PreparedAnswer]) -> None:
    """Drops proposals; errors as of `accept`."""
    with OwnQuestions(settings).together() as own:
        _decide(settings, user, "refused", key, answers, own.refuse(key, _ids(answers)))


def withdraw(settings: Settings, user: User, key: str, answer: PreparedAnswer) -> None:
    """Takes an answer out of use; errors as of `accept`."""
    with OwnQuestions(settings).together() as own:
        _decide(settings, user, "withdrawn", key, [answer], own.remove(key, answer.id))


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


def stale(approved: Iterable[tuple[str, PreparedAnswer]], index: Snapshot) -> list[StaleAnswer]:
    """The approved answers, with their document versions (keys), of which a unit is not in the
    index any more."""
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


def _decide(
    settings: Settings,
    user: User,
    decision: Decided,
    key: str,
    seen: Sequence[PreparedAnswer],
    done: Sequence[PreparedAnswer],
) -> None:
    """Records what was done with answers, of those that the user saw."""
    _check_seen(done, seen)
    for one in done:
        _record(settings, user, decision, key, one)


def _check_seen(done: Sequence[PreparedAnswer], seen: Sequence[PreparedAnswer]) -> None:
    """Checks that something was done, and with nothing but what the user saw, before it counts."""
    known = {one.id: _content(one) for one in seen}
    if not done or any(_content(one) != known[one.id] for one in done):
        raise DecidedError(
            "Somebody else has decided on this meanwhile, or changed it. Nothing was done: look at "
            "the list as it is now."
        )


def _content(answer: PreparedAnswer) -> dict[str, object]:
    """An answer, wherever it stands in its file."""
    return answer.model_dump(
        exclude={"file": True, "line": True, "questions": {"__all__": {"line"}}}
    )


def _ids(answers: Iterable[PreparedAnswer]) -> set[str]:
    return {one.id for one in answers}


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
