"""From results per question to the figures of a group of questions.

Each rate is one line of `RATES`: what a question adds to it, or None where it does not apply.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from eval.metrics import Share, hit_at, interval, ndcg_at, percentile, rate, reciprocal_rank
from eval.results import QuestionResult, Summary


def _ranking(result: QuestionResult) -> list[bool]:
    return [section.relevant for section in result.retrieved]


def _judged(
    metric: Callable[[list[bool]], float],
) -> Callable[[QuestionResult], Share | None]:
    """A retrieval metric: the mean over the questions that name their sections."""
    return lambda result: (metric(_ranking(result)), 1) if result.judged else None


def _answerable(
    value: Callable[[QuestionResult], float],
) -> Callable[[QuestionResult], Share | None]:
    """The mean of a value over the answerable questions."""
    return lambda result: (value(result), 1) if result.answerable else None


def _fact_recall(result: QuestionResult) -> float:
    """The share of the question's facts in the answer; a refusal gives none."""
    found, missing = len(result.facts_found), len(result.facts_missing)
    return found / (found + missing) if result.answered else 0.0


def _refused(result: QuestionResult) -> float:
    return float(not result.answered)


def _exact_quotes(result: QuestionResult) -> Share:
    return len(result.quotes) - len(result.inexact_quotes), len(result.quotes)


def _supported(result: QuestionResult) -> Share | None:
    """Of answers only: a refusal says nothing that needs a source."""
    if not result.answered:
        return None
    return result.sentences - len(result.unsupported), result.sentences


RATES: Mapping[str, Mapping[str, Callable[[QuestionResult], Share | None]]] = {
    "retrieval": {
        "hit@1": _judged(lambda ranking: hit_at(ranking, 1)),
        "hit@5": _judged(lambda ranking: hit_at(ranking, 5)),
        "mrr": _judged(reciprocal_rank),
        "ndcg@10": _judged(lambda ranking: ndcg_at(ranking, 10)),
    },
    "answers": {
        "fact_recall": _answerable(_fact_recall),
        "full_answer_rate": _answerable(lambda result: float(result.fully_answered)),
        "false_refusal_rate": _answerable(_refused),
        "refusal_rate_unanswerable": lambda result: (
            None if result.answerable else (_refused(result), 1)
        ),
        "useful_answer_rate": lambda result: (float(result.useful), 1),
    },
    "citations": {
        "exact_quote_rate": _exact_quotes,
        "supported_rate": _supported,
    },
}


def summarise(results: Sequence[QuestionResult]) -> Summary:
    """The figures of a group, rounded to four decimals (rates) and 0.1 ms."""
    rates: dict[str, dict[str, float | None]] = {}
    intervals: dict[str, dict[str, tuple[float, float] | None]] = {}
    for group, metrics in RATES.items():
        rates[group], intervals[group] = {}, {}
        for name, share_of in metrics.items():
            shares = [share for share in map(share_of, results) if share is not None]
            bounds = interval(shares)
            rates[group][name] = _rounded(rate(shares), 4)
            intervals[group][name] = (
                (round(bounds[0], 4), round(bounds[1], 4)) if bounds is not None else None
            )
    latencies = [result.latency_ms for result in results]
    return Summary(
        n=len(results),
        latency_ms={
            f"p{percent}": _rounded(percentile(latencies, percent), 1) for percent in (50, 95)
        },
        intervals=intervals,
        **rates,
    )


def summarise_by(
    results: Sequence[QuestionResult], keys: Callable[[QuestionResult], Iterable[str]]
) -> dict[str, Summary]:
    """The figures of each group, in order of name; a question counts in each group it names."""
    groups: dict[str, list[QuestionResult]] = {}
    for result in results:
        for key in keys(result):
            groups.setdefault(key, []).append(result)
    return {key: summarise(groups[key]) for key in sorted(groups)}


def _rounded(value: float | None, digits: int) -> float | None:
    return round(value, digits) if value is not None else None
