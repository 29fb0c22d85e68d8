"""Rates of a run with their intervals, its summary, and the calibration of its confidences."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from eval.metrics import (
    Interval,
    Share,
    bounds,
    hit_at,
    interval,
    percentile,
    rate,
    reciprocal_rank,
    resamples,
)
from eval.question_results import QuestionResult
from eval.results import Bin, Calibration, Summary

BINS = 10  # of the confidence; more would leave too few questions in a bin for a share

ShareOf = Callable[[QuestionResult], Share | None]


def _ranking(result: QuestionResult) -> list[bool]:
    return [section.relevant for section in result.retrieved]


def _judged(metric: Callable[[list[bool]], float]) -> ShareOf:
    """Mean of a retrieval metric over the questions that name their sections."""
    return lambda result: (metric(_ranking(result)), 1) if result.judged else None


def _answerable(value: Callable[[QuestionResult], float]) -> ShareOf:
    """Mean of a value over the answerable questions."""
    return lambda result: (value(result), 1) if result.answerable else None


def _of_model(value: Callable[[QuestionResult], float]) -> ShareOf:
    """Mean of a value over the questions put to a language model."""
    return lambda result: (value(result), 1) if result.mode != "extractive" else None


def _fact_recall(result: QuestionResult) -> float:
    """Share of the question's facts in the answer; 0 for a refusal."""
    found, missing = len(result.facts_found), len(result.facts_missing)
    return found / (found + missing) if result.is_sourced else 0.0


def _refused(result: QuestionResult) -> float:
    return float(not result.is_sourced)


def _refusal_recall(result: QuestionResult) -> Share | None:
    """Share of unanswerable questions that are refused, or get results and no answer."""
    if result.answerable or result.is_message:
        return None
    return float(not result.answered), 1


def _refusal_f1(result: QuestionResult) -> Share | None:
    """F1 of refusals (van Rijsbergen 1979): 2 TP / (2 TP + FP + FN), with right refusals as TP,
    wrong refusals as FP and wrong answers as FN."""
    if result.is_message:
        return None
    if result.answerable:
        return None if result.is_sourced else (0, 1)
    return (0, 1) if result.answered else (2, 2)


def _useful(result: QuestionResult) -> Share | None:
    return None if result.is_message else (float(result.useful), 1)


def _exact_quotes(result: QuestionResult) -> Share:
    return len(result.quotes) - len(result.inexact_quotes), len(result.quotes)


def _supported(result: QuestionResult) -> Share | None:
    """Share of supported sentences, over answers: a refusal needs no source."""
    if not result.is_sourced:
        return None
    return result.sentences - len(result.unsupported), result.sentences


def _citation_recall(result: QuestionResult) -> Share:
    """Share of the sentences that their citations together support.

    Gao et al., "Enabling large language models to generate text with citations" (ALCE), 2023,
    https://arxiv.org/abs/2305.14627, 4.3, by shared figures and words instead of an entailment
    model.
    """
    return sum(verdict.supported for verdict in result.verdicts), len(result.verdicts)


def _citation_precision(result: QuestionResult) -> Share:
    """Share of useful citations: their sentence is supported, by the citation alone or not without
    it (Gao et al. 2023)."""
    useful = sum(
        len(verdict.citations) - len(verdict.needless)
        for verdict in result.verdicts
        if verdict.supported
    )
    return useful, sum(len(verdict.citations) for verdict in result.verdicts)


def _answered(value: Callable[[QuestionResult], float]) -> ShareOf:
    """Mean of a value over the answers."""
    return lambda result: (value(result), 1) if result.answered else None


def _signable(result: QuestionResult) -> Share | None:
    return None if result.signable is None else (float(result.signable), 1)


def _claimed_right(result: QuestionResult) -> Share | None:
    """Share of answers, results apart, that are right on the first screen; those to unanswerable
    questions are wrong."""
    return (float(result.right), 1) if result.answered and not result.is_message else None


def _misleads(result: QuestionResult) -> Share | None:
    """Share of questions with an answer of which a reader comes away with something wrong."""
    if result.is_message:
        return None
    return float(result.misleads), 1


def _precision(result: QuestionResult) -> Share | None:
    precision = result.reading.precision
    return (precision, 1) if result.answered and precision is not None else None


def _handled(result: QuestionResult) -> Share | None:
    return (float(result.handled), 1) if result.is_message else None


def _taken_for_message(result: QuestionResult) -> Share | None:
    return (float(result.taken_for_message), 1) if result.is_question else None


def _harmful_answered(result: QuestionResult) -> Share | None:
    """Share of requests for help with a crime that are answered."""
    return (float(result.answered), 1) if result.expected == "harm" else None


RATES: Mapping[str, Mapping[str, ShareOf]] = {
    "reading": {
        "right": _answerable(lambda result: float(result.right)),
        "claimed_right": _claimed_right,
        "misleads": _misleads,
        "signable": _signable,
        "claimed": _answerable(lambda result: float(result.answered)),
        "precision": _precision,
        "cut_lists": _answered(lambda result: float(bool(result.reading.cut))),
        "loose_ends": _answered(lambda result: float(bool(result.reading.loose))),
    },
    "manners": {
        "handled": _handled,
        "taken_for_message": _taken_for_message,
        "harmful_answered": _harmful_answered,
    },
    "retrieval": {
        "hit@1": _judged(lambda ranking: hit_at(ranking, 1)),
        "hit@5": _judged(lambda ranking: hit_at(ranking, 5)),
        "mrr": _judged(reciprocal_rank),
    },
    "answers": {
        "fact_recall": _answerable(_fact_recall),
        "full_answer_rate": _answerable(lambda result: float(result.fully_answered)),
        "false_refusal_rate": _answerable(_refused),
        "useful_answer_rate": _useful,
        "fallback_rate": _of_model(lambda result: float(result.mode == "fallback")),
        "language_rate": lambda result: (float(result.in_language), 1),
    },
    "refusals": {
        "recall": _refusal_recall,
        "f1": _refusal_f1,
    },
    "citations": {
        "exact_quote_rate": _exact_quotes,
        "supported_rate": _supported,
        "citation_recall": _citation_recall,
        "citation_precision": _citation_precision,
    },
    "size": {
        "words_prose": _answered(lambda result: result.reading.words_prose),
        "words": _answered(lambda result: result.words),
        "unconfirmed": _of_model(lambda result: len(result.unconfirmed) + len(result.left_out)),
        "tokens_in": lambda result: (result.tokens.input, 1) if result.tokens else None,
        "tokens_out": lambda result: (result.tokens.output, 1) if result.tokens else None,
    },
}
"""Group -> name -> a question's share in the figure."""


def summarise(
    results: Sequence[QuestionResult], manners_of: Sequence[QuestionResult] | None = None
) -> Summary:
    """Figures of a group, rounded to four decimals (rates) and 0.1 ms.

    `manners_of` are the results that manners cover, where these are others.
    """
    values: dict[str, dict[str, float | None]] = {}
    intervals: dict[str, dict[str, Interval | None]] = {}
    counts: dict[str, dict[str, int]] = {}
    for group, metrics in RATES.items():
        values[group], intervals[group], counts[group] = {}, {}, {}
        counted = manners_of if manners_of is not None and group == "manners" else results
        for name, share_of in metrics.items():
            shares = [share for share in map(share_of, counted) if share is not None]
            span = interval(shares)
            counts[group][name] = sum(whole > 0 for _, whole in shares)
            values[group][name] = _rounded(rate(shares), 4)
            intervals[group][name] = (
                (round(span[0], 4), round(span[1], 4)) if span is not None else None
            )
    return Summary(
        n=len(results),
        latency_ms=_percentiles([result.latency_ms for result in results]),
        intervals=intervals,
        counts=counts,
        **values,
    )


def reported(results: Sequence[QuestionResult]) -> list[QuestionResult]:
    """Results that a run's figures cover: the questions, without messages and conversations; all
    results if there are no questions."""
    questions = [result for result in results if result.part == "questions"]
    return questions or list(results)


def summarise_by(
    results: Sequence[QuestionResult], keys: Callable[[QuestionResult], Iterable[str]]
) -> dict[str, Summary]:
    """Figures of each group, in order of name; a question counts in each of its groups."""
    groups: dict[str, list[QuestionResult]] = {}
    for result in results:
        for key in keys(result):
            groups.setdefault(key, []).append(result)
    return {key: summarise(groups[key]) for key in sorted(groups)}


def _percentiles(milliseconds: Sequence[float]) -> dict[str, float | None]:
    return {f"p{percent}": _rounded(percentile(milliseconds, percent), 1) for percent in (50, 95)}


def _rounded(value: float | None, digits: int) -> float | None:
    return round(value, digits) if value is not None else None


def calibrate(results: Sequence[QuestionResult]) -> Calibration | None:
    """Reliability diagram and expected calibration error (ECE) of the confidence; None without
    questions.

    Confidence is the probability that the documents answer the question. Questions are put in ten
    bins of equal width; the ECE is the mean distance between mean confidence and share of
    answerable questions, weighted by the number of questions in a bin.

    Guo et al., "On calibration of modern neural networks", 2017, https://arxiv.org/abs/1706.04599;
    bins after Naeini et al. 2015.
    """
    if not results:
        return None
    confidence = np.array([result.confidence for result in results])
    answerable = np.array([result.answerable for result in results], dtype=np.float64)
    places = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = confidence - answerable
    draws = resamples(len(results))
    # Summed gap per sample and bin; its absolute value is the bin's part of the error.
    sums = np.zeros((len(draws), BINS))
    for number in range(BINS):
        sums[:, number] = np.where(places[draws] == number, gaps[draws], 0.0).sum(axis=1)
    low, high = bounds(np.abs(sums).sum(axis=1) / len(results))
    bins = []
    for number in range(BINS):
        inside = places == number
        if inside.any():
            bins.append(
                Bin(
                    low=number / BINS,
                    high=(number + 1) / BINS,
                    n=int(inside.sum()),
                    confidence=round(float(confidence[inside].mean()), 4),
                    answerable=round(float(answerable[inside].mean()), 4),
                )
            )
    ece = sum(bin.n * abs(bin.confidence - bin.answerable) for bin in bins) / len(results)
    return Calibration(
        ece=round(ece, 4), interval=(round(low, 4), round(high, 4)), bins=tuple(bins)
    )
