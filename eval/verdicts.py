"""What becomes of a strong model's sentences, and the figures of that."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal, get_args

from chain.answer.composition import AnswerRun, with_opinion
from chain.checking.checker import Opinion
from chain.checking.verification import Nearness, Verifier
from chain.request import Draft, Request, Verdict
from core.answer import Mode
from core.answer_blocks import Doubt, SentenceStatus, sentences
from core.source import Frozen
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
    unfound: tuple[str, ...] = ()
    is_firm: bool
    seconds: float

    def confirmed(self, checking: Checking) -> float:
        """Probability that it is confirmed."""
        local = Verdict(self.status, (), self.reason, self.details, self.unfound, self.is_firm)
        if checking is None:
            return float(local.is_confirmed)
        if not with_opinion(local, Opinion(True, "")).is_confirmed:
            return 0.0
        if isinstance(checking, float):
            return checking if self.kind == "true" else 1 - checking
        return float(checking[self.sentence, self.change or self.kind])

    def found(self, checking: Checking) -> float:
        """Probability that it is confirmed or, without a checker, found and not checked."""
        is_found = checking is None and self.reason == "unchecked"
        return 1.0 if is_found else self.confirmed(checking)


class ReplyVerdicts(Frozen):
    """A reply, and the verdicts on all its texts."""

    reply: Reply
    judged: tuple[Judged, ...]
    shown: tuple[bool, ...]  # whether each sentence of the reply stands in the answer, in its order
    stretches: tuple[bool, ...]  # whether each stretch that it names was found
    # Whether each was in the passages that a model is given, where these are searched for.
    given: tuple[bool, ...] = ()

    def of(self, kind: SentenceKind, change: TwinChange | None = None) -> list[Judged]:
        """Verdicts on texts of this kind, and with this change if one is given."""
        return [
            verdict
            for verdict in self.judged
            if verdict.kind == kind and change in (None, verdict.change)
        ]


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


def outcome(given: GivenReply, nearness: Nearness) -> ReplyVerdicts:
    """Verifies every text of a reply, and writes the answer that it makes."""
    reply, verifier = given.reply, Verifier(given.request, nearness)

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
            unfound=verdict.unfound,
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
        shown=tuple(_shown(given, nearness)),
        stretches=tuple(given.stretches_found),
        given=tuple(given.stretches_given),
    )


def _shown(given: GivenReply, nearness: Nearness) -> Iterator[bool]:
    writing = AnswerRun(given.request, [_Replayed(given)], nearness)
    for _ in writing.write(None):
        pass
    texts = [sentence.shown for sentence in sentences(writing.builder.blocks)]
    place = 0
    for sentence in given.reply.sentences:
        stands = sentence.text in texts[place:]
        place = texts.index(sentence.text, place) + 1 if stands else place
        yield stands


ReplyShare = Callable[[ReplyVerdicts, Checking], Share]
"""A reply's share in a rate."""


def _share(
    probability: Callable[[Judged, Checking], float],
    kind: SentenceKind,
    change: TwinChange | None = None,
) -> ReplyShare:
    """The share of such texts of which this is the case."""

    def share(outcome: ReplyVerdicts, checking: Checking) -> Share:
        judged = outcome.of(kind, change)
        return sum(probability(verdict, checking) for verdict in judged), len(judged)

    return share


def _left_out(outcome: ReplyVerdicts, checking: Checking) -> Share:
    """Share of true sentences that are said to differ from the sources."""
    true = outcome.of("true")
    return sum(verdict.status == "differs" for verdict in true), len(true)


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
    "true_confirmed": _share(Judged.confirmed, "true"),
    "true_found": _share(Judged.found, "true"),
    "true_left_out": _left_out,
    "stretches_found": _stretches,
    "evidence_given": _given,
    "false_confirmed": _share(Judged.confirmed, "false"),
    "false_found": _share(Judged.found, "false"),
    **{
        f"false_confirmed.{change}": _share(Judged.confirmed, "false", change) for change in CHANGES
    },
    "riders_confirmed": _share(Judged.confirmed, "rider"),
    "riders_found": _share(Judged.found, "rider"),
}
FIGURES = tuple(RATES)
"""Names of all figures, as in the gate's rules."""


def figures(
    outcomes: Sequence[ReplyVerdicts], checking: Checking = None
) -> Mapping[str, VerifierFigure]:
    """All figures by name."""
    found = {}
    for name, share_of in RATES.items():
        shares = [share_of(outcome, checking) for outcome in outcomes]
        found[name] = VerifierFigure(
            value=rate(shares), interval=interval(shares), n=int(sum(whole for _, whole in shares))
        )
    return found
