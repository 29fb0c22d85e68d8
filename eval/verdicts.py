"""What becomes of a model's sentences: the replies in tests/replies/, verified and checked.

replies -> a verdict on every sentence, twin and rider -> a share per reply -> figures

With a checker, figures are measured where the set has what careful readers said of each sentence,
else computed: the checker confirms a true sentence with the probability that it is right, a false
one with the probability that it is wrong, independently.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal, get_args

from chain.answer.drafting import Writing, with_opinion
from chain.answerer import Draft, Request, Verdict
from chain.checking.checker import Opinion
from chain.checking.verification import Similarities, Verifier
from core.answer import Mode
from core.answer_blocks import Doubt, SentenceStatus, sentences
from core.frozen import Frozen
from eval.metrics import Interval, Share, interval, rate
from eval.replies import GivenReply, Reply, TwinChange

SentenceKind = Literal["true", "false", "rider"]
CHANGES: tuple[TwinChange, ...] = get_args(TwinChange)
Readers = Mapping[tuple[str, str], bool]
"""What readers said, as `eval.replies.opinions` gives it."""
Checking = float | Readers | None
"""With a checker that is right with this probability, that says what readers said, or without."""


class Judged(Frozen):
    """A text of a reply, and the verifier's verdict; `change` is that of a false twin."""

    sentence: str
    text: str
    kind: SentenceKind
    change: TwinChange | None
    status: SentenceStatus
    reason: Doubt | Literal[""]
    details: tuple[str, ...]
    is_firm: bool
    seconds: float

    def confirmed(self, checking: Checking) -> float:
        """Probability that it is confirmed."""
        local = Verdict(self.status, (), self.reason, self.details, self.is_firm)
        if checking is None:
            return float(local.is_confirmed)
        if not with_opinion(local, Opinion(True, "")).is_confirmed:
            return 0.0
        if isinstance(checking, float):
            return checking if self.kind == "true" else 1 - checking
        return float(checking[self.sentence, self.change or self.kind])


class ReplyVerdicts(Frozen):
    """A reply, and the verdicts on all its texts.

    shown: whether each sentence of the reply stands in the answer, in its order.
    stretches: whether each stretch that it names was found.
    given: whether each was in the passages that a model is given, where these are searched for.
    """

    reply: Reply
    judged: tuple[Judged, ...]
    shown: tuple[bool, ...]
    stretches: tuple[bool, ...]
    given: tuple[bool, ...] = ()

    def of(self, kind: SentenceKind, change: TwinChange | None = None) -> list[Judged]:
        """Verdicts on texts of this kind, and with this change if one is given."""
        return [one for one in self.judged if one.kind == kind and change in (None, one.change)]


class VerifierFigure(Frozen):
    """A rate over replies with its 95% interval, None without data; `n` is the number of texts (or
    replies) in it."""

    value: float | None
    interval: Interval | None
    n: int


class _Replayed:
    """An answerer that says a reply."""

    mode: Mode = "generative"
    model = "replayed"

    def __init__(self, given: GivenReply) -> None:
        self._given = given

    def draft(self, request: Request, config: object) -> Iterator[Draft]:
        del request, config
        yield from map(self._given.draft, range(len(self._given.reply.sentences)))


def outcome(given: GivenReply, similarities: Similarities) -> ReplyVerdicts:
    """Verifies every text of a reply, and writes the answer that it makes."""
    reply, verifier = given.reply, Verifier(given.request, similarities)

    def judged(
        number: int, draft: Draft, kind: SentenceKind, change: TwinChange | None = None
    ) -> Judged:
        start = time.perf_counter()
        verdict = verifier.verdict(draft)
        return Judged(
            sentence=f"{reply.id}.{number + 1}",
            text=draft.text,
            kind=kind,
            change=change,
            status=verdict.status,
            reason=verdict.reason,
            details=verdict.details,
            is_firm=verdict.is_firm,
            seconds=time.perf_counter() - start,
        )

    found = []
    for number, sentence in enumerate(reply.sentences):
        found.append(judged(number, given.draft(number), "true"))
        for twin in sentence.twins:
            found.append(judged(number, given.draft(number, twin.text), "false", twin.type))
    found += [judged(-1, given.rider(rider), "rider") for rider in reply.riders]
    return ReplyVerdicts(
        reply=reply,
        judged=tuple(found),
        shown=tuple(_shown(given, similarities)),
        stretches=tuple(given.stretches_found),
        given=tuple(given.stretches_given),
    )


def _shown(given: GivenReply, similarities: Similarities) -> Iterator[bool]:
    writing = Writing(given.request, [_Replayed(given)], similarities)
    for _ in writing.write(None):
        pass
    said = [one.shown for one in sentences(writing.composition.blocks)]
    place = 0
    for sentence in given.reply.sentences:
        stands = sentence.text in said[place:]
        place = said.index(sentence.text, place) + 1 if stands else place
        yield stands


ReplyShare = Callable[[ReplyVerdicts, Checking], Share]
"""A reply's share in a rate."""


def _confirmed(kind: SentenceKind, change: TwinChange | None = None) -> ReplyShare:
    def share(outcome: ReplyVerdicts, checking: Checking) -> Share:
        judged = outcome.of(kind, change)
        return sum(one.confirmed(checking) for one in judged), len(judged)

    return share


def _left_out(outcome: ReplyVerdicts, checking: Checking) -> Share:
    """Share of true sentences that are said to differ from the sources."""
    true = outcome.of("true")
    return sum(one.status == "differs" for one in true), len(true)


def _whole(outcome: ReplyVerdicts, checking: Checking) -> Share:
    """Whether all sentences are shown, in their order; replies without any do not count."""
    return (float(all(outcome.shown)), 1) if outcome.shown else (0, 0)


def _stretches(outcome: ReplyVerdicts, checking: Checking) -> Share:
    return sum(outcome.stretches), len(outcome.stretches)


def _given(outcome: ReplyVerdicts, checking: Checking) -> Share:
    """Whether all that a reply rests on was in the passages that a model is given."""
    return (float(all(outcome.given)), 1) if outcome.given else (0, 0)


RATES: Mapping[str, ReplyShare] = {
    "shown_whole": _whole,
    "true_confirmed": _confirmed("true"),
    "true_left_out": _left_out,
    "stretches_found": _stretches,
    "evidence_given": _given,
    "false_confirmed": _confirmed("false"),
    **{f"false_confirmed.{change}": _confirmed("false", change) for change in CHANGES},
    "riders_confirmed": _confirmed("rider"),
}
FIGURES = tuple(RATES)
"""Names of all figures, as in the gate's rules."""


def figures(
    outcomes: Sequence[ReplyVerdicts], checking: Checking = None
) -> Mapping[str, VerifierFigure]:
    """All figures by name."""
    found = {}
    for name, share_of in RATES.items():
        shares = [share_of(one, checking) for one in outcomes]
        found[name] = VerifierFigure(
            value=rate(shares),
            interval=interval(shares),
            n=int(sum(whole for _, whole in shares)),
        )
    return found
