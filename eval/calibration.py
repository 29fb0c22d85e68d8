"""Whether the confidence means what it says."""

from collections.abc import Sequence

import numpy as np

from eval.metrics import bounds, resamples
from eval.results import Bin, Calibration, QuestionResult

BINS = 10


def calibrate(results: Sequence[QuestionResult]) -> Calibration | None:
    """The reliability diagram and the expected calibration error (ECE) of the confidence.

    The confidence claims to be the chance that the documents answer the question; questions are
    put in ten bins of equal width, and the ECE is the mean distance between mean confidence and
    share of answerable questions, each bin weighed by its questions. None without questions.

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
    # Per sample and bin the summed gap; its absolute value is the bin's part of the error.
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
