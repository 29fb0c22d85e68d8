"""Questions that want a prepared answer: those that ask the same together, worst first.

what was asked, verdicts -> wordings -> near, with the same facts: a group -> wrong, refused or
                                                                              asked by several
"""

import datetime
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from chain.understanding.follow_ups import standalone
from chain.understanding.intent import classify
from core.settings import Settings
from core.source import Frozen
from language.demands import demands_of, differ
from language.escaping import visible
from userdata import feedback
from userdata.asked_questions import CountedQuestion, Outcome, question_id, read
from userdata.database import database
from userdata.feedback import Feedback
from vectorstore.embeddings import Vectors, local_embedder

_SAME = 0.93  # least cosine of two questions that ask the same (docs/decisions/0016)
_COMPARED = 2000  # wordings, and verdicts, the newest
_NEAREST = 24  # wordings whose groups one is compared with
_MOST = 500  # groups
_SEVERAL = 2  # people


class Wording(NamedTuple):
    """How a question was asked."""

    text: str
    language: str  # ISO 639-1
    times: int  # by how many people
    outcome: Outcome | None  # the last time; None: no answer, and only a verdict tells of it


class QuestionGroup(Frozen):
    """A question in all its wordings."""

    wordings: tuple[Wording, ...]  # the most frequent first
    verdicts: tuple[Feedback, ...]  # that found its answer wrong, oldest first
    asked: int  # by how many people; who asked in two wordings counts as two
    refused: bool  # one of the wordings was, the last time
    last: datetime.date  # day (UTC) of the last question or verdict


class _Asked(NamedTuple):
    """A wording, with its verdicts and the last day of either."""

    wording: Wording
    verdicts: tuple[Feedback, ...]
    last: datetime.date


def question_groups(settings: Settings) -> tuple[QuestionGroup, ...]:
    """Groups all kept questions as `grouped` does."""
    return grouped(read(settings), feedback.read(database(settings)))


def grouped(
    questions: Iterable[CountedQuestion], verdicts: Iterable[Feedback]
) -> tuple[QuestionGroup, ...]:
    """The groups that somebody should look at, worst first: of which readers found an answer wrong
    and nobody has dealt with that, which were refused, or which several people asked."""
    groups = map(_group, _together(_newest(questions, verdicts)))
    wanted = (
        group for group in groups if group.verdicts or group.refused or group.asked >= _SEVERAL
    )
    return tuple(sorted(wanted, key=_badness))[:_MOST]


def _badness(group: QuestionGroup) -> tuple[int, int, int, Wording]:
    """Sorts first what left most people without a good answer, then what most asked, and lately."""
    refused = sum(wording.times for wording in group.wordings if wording.outcome == "refused")
    bad = len(group.verdicts) + refused
    return -bad, -group.asked, -group.last.toordinal(), group.wordings[0]


def _newest(questions: Iterable[CountedQuestion], verdicts: Iterable[Feedback]) -> list[_Asked]:
    """The wordings, each once, the newest first; of those of a day the most frequent."""
    known = {question_id(row.question, row.language): row for row in questions}
    wrong: dict[str, list[Feedback]] = {}
    unhandled = (verdict for verdict in verdicts if verdict.found_wrong and not verdict.handled)
    for verdict in sorted(unhandled, key=_by_date)[-_COMPARED:]:
        if not _is_talk(verdict.question, verdict.language):
            id = question_id(_alone(verdict), verdict.language)
            wrong.setdefault(id, []).append(verdict)
    found = [_asked(known.get(id), wrong.get(id, [])) for id in {**known, **wrong}]
    found.sort(key=lambda asked: (-asked.last.toordinal(), -asked.wording.times, asked.wording))
    return found[:_COMPARED]


def _asked(row: CountedQuestion | None, given: Sequence[Feedback]) -> _Asked:
    """A wording of which there is a count, or verdicts, or both."""
    days = [verdict.date.date() for verdict in given]
    if row is not None:
        times = max(len(given), row.times)
        wording = Wording(row.question, row.language, times, row.outcome)
        days.append(row.last)
    else:
        outcome: Outcome | None = "answer" if given[-1].answered else None
        wording = Wording(_alone(given[0]), given[0].language, len(given), outcome)
    return _Asked(wording, tuple(given), max(days))


def _by_date(verdict: Feedback) -> tuple[datetime.datetime, str]:
    return verdict.date, verdict.id


def _alone(verdict: Feedback) -> str:
    """The question of a verdict in one line, understandable without the conversation before it, as
    it is when asked."""
    before = [turn for turn in verdict.history if not turn.message]
    return " ".join(visible(standalone(verdict.question, verdict.language, before)).split())


@lru_cache(maxsize=_COMPARED)
def _is_talk(message: str, language: str) -> bool:
    """Whether a message asks the sources nothing, or for a task on an earlier answer."""
    return classify(message, language).kind is not None


def _together(dated: Sequence[_Asked]) -> list[list[_Asked]]:
    """Wordings in groups, of which any two are near and agree in their facts: of "how many in
    2019", "how many in 2021" and "how many" the first two are never in one."""
    if not dated:
        return []
    wordings = [mention.wording for mention in dated]
    vectors = _vectors([wording.text for wording in wordings])
    near = vectors @ vectors.T
    facts = [demands_of(wording.text, wording.language) for wording in wordings]
    groups: list[list[int]] = []
    place: dict[int, int] = {}
    for number in range(len(dated)):
        before = np.flatnonzero(near[number, :number] >= _SAME)
        nearest = before[np.argsort(-near[number, before], kind="stable")][:_NEAREST]
        for group in dict.fromkeys(place[int(other)] for other in nearest):
            members = groups[group]
            if near[number, members].min() >= _SAME and not any(
                differ(facts[number], facts[member]) for member in members
            ):
                break
        else:
            group = len(groups)
            groups.append([])
        groups[group].append(number)
        place[number] = group
    return [[dated[number] for number in group] for group in groups]


def _group(dated: Sequence[_Asked]) -> QuestionGroup:
    wordings = [mention.wording for mention in dated]
    wordings.sort(key=lambda wording: (-wording.times, wording))
    verdicts = (verdict for mention in dated for verdict in mention.verdicts)
    return QuestionGroup(
        wordings=tuple(wordings),
        verdicts=tuple(sorted(verdicts, key=_by_date)),
        asked=sum(wording.times for wording in wordings),
        refused=any(wording.outcome == "refused" for wording in wordings),
        last=max(mention.last for mention in dated),
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
