"""The questions that want a prepared answer: those that ask the same together, worst first.

what was asked, verdicts -> wordings -> near, with the same facts: a group -> wrong, refused or
                                                                              asked by several
"""

import datetime
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from chain.understanding.followup import standalone
from chain.understanding.manners import classify
from core.frozen import Frozen
from core.settings import Settings
from language.characters import visible
from language.same_question import asked, differ
from people import feedback
from people.asked_questions import CountedQuestion, Outcome, question_id, read
from people.database import database
from people.feedback import Feedback
from vectorstore.embeddings import Vectors, local_embedder

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


class _Told(NamedTuple):
    """A wording, with its verdicts and the last day of either."""

    wording: Wording
    verdicts: tuple[Feedback, ...]
    last: datetime.date


def question_groups(settings: Settings) -> tuple[QuestionGroup, ...]:
    """As `grouped`, of all that is kept.

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
    told = sorted(_told(questions, verdicts), key=lambda one: (one.wording, one.last))
    told.sort(key=lambda one: (one.last, one.wording.times), reverse=True)
    groups = map(_group, _together(told[:_COMPARED]))
    wanted = (one for one in groups if one.verdicts or one.refused or one.asked >= _SEVERAL)
    return tuple(sorted(wanted, key=_badness))[:_MOST]


def _badness(one: QuestionGroup) -> tuple[int, int, int, Wording]:
    """Sorts first what left most people without a good answer, then what most asked, and lately."""
    refused = sum(wording.times for wording in one.wordings if wording.outcome == "refused")
    return -len(one.verdicts) - refused, -one.asked, -one.last.toordinal(), one.wordings[0]


def _told(questions: Iterable[CountedQuestion], verdicts: Iterable[Feedback]) -> Iterator[_Told]:
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
        yield _Told(
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
    return classify(message, language, local_embedder()) is not None


def _together(told: Sequence[_Told]) -> list[list[_Told]]:
    """Wordings in groups, of which any two are near and agree in their facts: of "how many in
    2019", "how many in 2021" and "how many" the first two are never in one."""
    if not told:
        return []
    vectors = _vectors([one.wording.text for one in told])
    near = vectors @ vectors.T
    facts = [asked(one.wording.text, one.wording.language) for one in told]
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


def _group(told: Sequence[_Told]) -> QuestionGroup:
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
