"""Calibration of the confidence."""

from collections.abc import Sequence

import numpy as np

from eval.metrics import bounds, resamples
from eval.question_result import QuestionResult
from eval.results import Bin, Calibration

BINS = 10  # more would leave too few questions in a bin for a share


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
    ece = sum(one.n * abs(one.confidence - one.answerable) for one in bins) / len(results)
    return Calibration(
        ece=round(ece, 4), interval=(round(low, 4), round(high, 4)), bins=tuple(bins)
    )
