"""What changed between two runs: figures with their significance, and questions."""

from collections.abc import Sequence
from typing import Literal, get_args

from core.source import Frozen
from eval.metrics import Interval, Share, mcnemar, paired_bootstrap
from eval.question_results import QuestionResult
from eval.rates import LESS_IS_BETTER, RATES, ShareOf, is_of_manners, reported
from eval.results import Results, Stamp

Direction = Literal["worse", "better", "different"]
DIRECTIONS: tuple[Direction, ...] = get_args(Direction)
Pair = tuple[QuestionResult, QuestionResult]  # before, now


class Test(Frozen):
    """One figure in both runs, over the questions that both asked."""

    figure: str
    before: float
    now: float
    change: float  # now - before, with its 95% interval
    interval: Interval
    p_value: float  # two-sided
    # "McNemar" if every question is right or wrong, else "paired bootstrap".
    method: Literal["McNemar", "paired bootstrap"]
    n: int

    @property
    def worse(self) -> bool:
        """Whether the figure became worse, significantly or not."""
        return self.change > 0 if self.figure in LESS_IS_BETTER else self.change < 0


class Move(Frozen):
    """A question with another result, and what changed."""

    direction: Direction
    why: str
    before: QuestionResult
    now: QuestionResult


class Comparison(Frozen):
    """Two runs side by side: `same_questions` is how many both asked, and only these are compared;
    `other_questions` only one."""

    before: Stamp
    now: Stamp
    same_questions: int
    other_questions: int
    tests: tuple[Test, ...]
    moves: tuple[Move, ...]


def compare(before: Results, now: Results) -> Comparison:
    """Compares the figures and questions of two runs; worse questions first.

    A question is the same if its id, text, answerability and expected facts are.
    """
    earlier = {_key(result): result for result in before.questions}
    pairs = [(earlier[_key(result)], result) for result in now.questions if _key(result) in earlier]
    counted = {result.id for result in reported([now for _, now in pairs])}
    of_questions = [pair for pair in pairs if pair[1].id in counted]
    tests = [
        test
        for figure, share_of in RATES.items()
        if (test := _test(figure, share_of, pairs if is_of_manners(figure) else of_questions))
    ]
    moves = [move for pair in pairs if (move := _move(*pair)) is not None]
    return Comparison(
        before=before.stamp,
        now=now.stamp,
        same_questions=len(pairs),
        other_questions=len(before.questions) + len(now.questions) - 2 * len(pairs),
        tests=tuple(tests),
        moves=tuple(sorted(moves, key=lambda move: DIRECTIONS.index(move.direction))),
    )


def _key(result: QuestionResult) -> tuple[object, ...]:
    facts = frozenset((*result.facts_found, *result.facts_missing))
    return result.id, result.question, result.answerable, facts


def _test(figure: str, share_of: ShareOf, pairs: Sequence[Pair]) -> Test | None:
    shares: list[tuple[Share, Share]] = [
        (share_of(before) or (0, 0), share_of(now) or (0, 0)) for before, now in pairs
    ]
    shares = [(first, second) for first, second in shares if first[1] or second[1]]
    firsts, seconds = [first for first, _ in shares], [other for _, other in shares]
    if not sum(whole for _, whole in firsts) or not sum(whole for _, whole in seconds):
        return None
    change, interval, p_value = paired_bootstrap(firsts, seconds)
    right_or_wrong = all(share in ((0, 1), (1, 1)) for pair in shares for share in pair)
    if right_or_wrong:
        better = sum(first[0] < second[0] for first, second in shares)
        worse = sum(first[0] > second[0] for first, second in shares)
        p_value = mcnemar(better, worse)
    first = sum(part for part, _ in firsts) / sum(whole for _, whole in firsts)
    return Test(
        figure=figure,
        before=round(first, 4),
        now=round(first + change, 4),
        change=round(change, 4),
        interval=(round(interval[0], 4), round(interval[1], 4)),
        p_value=round(p_value, 4),
        method="McNemar" if right_or_wrong else "paired bootstrap",
        n=len(shares),
    )


def _move(before: QuestionResult, now: QuestionResult) -> Move | None:
    """Change of a question; None if quality and answer are the same."""
    then, since = _quality(before), _quality(now)
    if then == since and (before.text, before.more) == (now.text, now.more):
        return None
    direction: Direction = "better" if since > then else "worse" if since < then else "different"
    return Move(direction=direction, why=_why(before, now), before=before, now=now)


def _quality(result: QuestionResult) -> tuple[float, ...]:
    """Sort key of an answer's quality, the most important criterion first."""
    return (
        result.useful,
        not result.misleads,
        bool(result.signable),
        len(result.facts_found) if result.is_sourced else 0,
        not result.misquoted,
        result.in_language,
        1 / (result.rank or 1000),
    )


def _why(before: QuestionResult, now: QuestionResult) -> str:
    """Says in a few words what changed, the most important first."""
    reasons = []
    if (before.answered, before.found) != (now.answered, now.found):
        reasons.append(
            "answered now" if now.answered else "results now" if now.found else "refused now"
        )
    elif before.message != now.message:
        kinds = [result.message or "a question" for result in (before, now)]
        reasons.append(f"taken for {kinds[0]} → {kinds[1]}")
    facts = len(now.facts_found) + len(now.facts_missing)
    if facts and len(before.facts_found) != len(now.facts_found):
        reasons.append(f"facts {len(before.facts_found)} → {len(now.facts_found)} of {facts}")
    if before.misleads != now.misleads:
        reasons.append("misleads now" if now.misleads else "does not mislead now")
    if before.useful and now.useful and before.signable != now.signable:
        reasons.append("signable now" if now.signable else f"not signable: {now.cause}")
    if before.misquoted != now.misquoted:
        reasons.append("wrong citation" if now.misquoted else "citations right now")
    if before.text_language != now.text_language:
        reasons.append(f"language {before.text_language} → {now.text_language}")
    if before.rank != now.rank:
        places = [str(result.rank or "none") for result in (before, now)]
        reasons.append(f"right section's rank {places[0]} → {places[1]}")
    return ", ".join(reasons) or "other words"
