"""Accuracy of the verifier on the replies in tests/replies/.

replies -> outcomes: a verdict on every sentence, twin and rider -> a share per reply -> figures

Figures with a checker, which reads what the verifier lets pass, are computed, not measured: a true
sentence that passes is shown with the probability that the checker is right, a false one with the
probability that it is wrong, independently.
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal, get_args

from chain.answerer import Draft, Request, Verdict
from core.frozen import Frozen
from core.passage import Passage
from eval.metrics import Interval, Share, balanced, interval, rate
from eval.replies import Reply, TwinChange

Verify = Callable[[Request], Callable[[Draft], Verdict]]
SentenceKind = Literal["true", "false", "rider"]
CHANGES: tuple[TwinChange, ...] = get_args(TwinChange)


class Judged(Frozen):
    """A text of a reply, and the verifier's verdict; `type` is that of a false twin."""

    text: str
    kind: SentenceKind
    type: TwinChange | None
    state: Literal["supported", "uncertain", "contradicted"]
    doubt: str
    seconds: float

    def shown(self, checker: float | None) -> float:
        """Probability that it is shown as supported, with a checker of this accuracy."""
        if self.state != "supported":
            return 0.0
        if checker is None:
            return 1.0
        return checker if self.kind == "true" else 1 - checker


class ReplyVerdicts(Frozen):
    """A reply, and the verdicts on all its texts."""

    reply: Reply
    judged: tuple[Judged, ...]

    def of(self, kind: SentenceKind, change: TwinChange | None = None) -> list[Judged]:
        """Verdicts on texts of this kind, and of this type if one is given."""
        return [one for one in self.judged if one.kind == kind and change in (None, one.type)]


class VerifierFigure(Frozen):
    """A rate over replies with its 95% interval, None without data; `n` is the number of texts (or
    replies) in it."""

    value: float | None
    interval: Interval | None
    n: int


def outcome(reply: Reply, passages: Mapping[str, Passage], verify: Verify) -> ReplyVerdicts:
    """Verifies every text of a reply; `passages` are by id.

    Raises:
        StrategiewijzerError: a passage of the reply is not among `passages`.
    """
    verdict_on = verify(reply.request(passages))

    def judged(draft: Draft, kind: SentenceKind, change: TwinChange | None) -> Judged:
        start = time.perf_counter()
        verdict = verdict_on(draft)
        return Judged(
            text=draft.text,
            kind=kind,
            type=change,
            state=verdict.state,
            doubt=verdict.doubt,
            seconds=time.perf_counter() - start,
        )

    return ReplyVerdicts(reply=reply, judged=tuple(judged(*one) for one in _drafts(reply)))


def _drafts(reply: Reply) -> Iterator[tuple[Draft, SentenceKind, TwinChange | None]]:
    for sentence in reply.sentences:
        yield sentence.draft(), "true", None
        for twin in sentence.twins:
            yield sentence.draft(twin.text), "false", twin.type
    for rider in reply.riders:
        yield reply.rider(rider), "rider", None


ReplyShare = Callable[[ReplyVerdicts, float | None], Share]
"""A reply's share in a rate, without a checker (None) or with one of this accuracy."""


def _shown(kind: SentenceKind, change: TwinChange | None = None) -> ReplyShare:
    def share(outcome: ReplyVerdicts, checker: float | None) -> Share:
        judged = outcome.of(kind, change)
        return sum(one.shown(checker) for one in judged), len(judged)

    return share


def _withheld(outcome: ReplyVerdicts, checker: float | None) -> Share:
    shown, n = _shown("true")(outcome, checker)
    return n - shown, n


def _left_in(state: str) -> ReplyShare:
    """Share of true sentences with this verdict, before any checker."""

    def share(outcome: ReplyVerdicts, checker: float | None) -> Share:
        true = outcome.of("true")
        return sum(one.state == state for one in true), len(true)

    return share


def _whole(outcome: ReplyVerdicts, checker: float | None) -> Share:
    """Probability that all sentences are shown; replies without sentences do not count."""
    true = outcome.of("true")
    return (math.prod(one.shown(checker) for one in true), 1) if true else (0, 0)


RATES: Mapping[str, ReplyShare] = {
    "true_withheld": _withheld,
    "true_uncertain": _left_in("uncertain"),
    "true_contradicted": _left_in("contradicted"),
    "whole_replies": _whole,
    "false_passed": _shown("false"),
    **{f"false_passed.{change}": _shown("false", change) for change in CHANGES},
    "riders_passed": _shown("rider"),
}
BALANCED = "balanced_accuracy"
FIGURES = (*RATES, BALANCED)
"""Names of all figures, as in the gate's rules."""


def figures(
    outcomes: Sequence[ReplyVerdicts], checker: float | None = None
) -> Mapping[str, VerifierFigure]:
    """All figures by name, without a checker or with one of this accuracy.

    Balanced accuracy is the mean of the shares of true sentences shown and false twins not shown.
    """
    found = {}
    for name, share_of in RATES.items():
        shares = [share_of(one, checker) for one in outcomes]
        found[name] = VerifierFigure(
            value=rate(shares),
            interval=interval(shares),
            n=int(sum(whole for _, whole in shares)),
        )
    true = [_shown("true")(one, checker) for one in outcomes]
    false = [_shown("false")(one, checker) for one in outcomes]
    both = balanced(true, [(n - shown, n) for shown, n in false])
    found[BALANCED] = VerifierFigure(
        value=both[0] if both else None,
        interval=both[1] if both else None,
        n=found["true_withheld"].n + found["false_passed"].n,
    )
    return found
