"""The formulas, on rankings and answers worked out by hand."""

import math

import pytest

from eval.metrics import hit_at, interval, ndcg_at, percentile, rate, reciprocal_rank

SECOND = [False, True, False, True]
NEVER = [False, False, False]


def test_hit_looks_at_the_first_k() -> None:
    assert hit_at(SECOND, 1) == 0
    assert hit_at(SECOND, 2) == 1
    assert hit_at(NEVER, 5) == 0
    assert hit_at([], 5) == 0


def test_reciprocal_rank_counts_the_first_relevant_result_only() -> None:
    assert reciprocal_rank([True, False]) == 1
    assert reciprocal_rank(SECOND) == 1 / 2
    assert reciprocal_rank([False, False, False, True]) == 1 / 4
    assert reciprocal_rank(NEVER) == 0


def test_ndcg_discounts_by_the_logarithm_of_the_rank_and_stays_within_one() -> None:
    assert ndcg_at([True, True, True], 10) == 1
    assert ndcg_at(SECOND, 10) == pytest.approx(1 / math.log2(3))
    assert ndcg_at([False, False, True], 10) == pytest.approx(0.5)
    assert ndcg_at([False] * 10 + [True], 10) == 0


def test_a_rate_divides_sums_and_does_not_apply_without_a_whole() -> None:
    assert rate([(1, 2), (3, 3), (0, 0)]) == pytest.approx(4 / 5)
    assert rate([]) is None
    assert rate([(0, 0)]) is None


def test_an_interval_holds_the_rate_and_is_the_same_every_time() -> None:
    shares = [(1.0, 1.0)] * 15 + [(0.0, 1.0)] * 5
    low, high = interval(shares) or (0, 0)
    # Resampling 20 yes-or-no answers is the binomial distribution of 20 and 0.75, whose 2.5% and
    # 97.5% quantiles are 11 and 18.
    assert low == pytest.approx(11 / 20)
    assert high == pytest.approx(18 / 20)
    assert interval(shares) == (low, high)


def test_an_interval_is_narrow_without_spread_and_absent_without_questions() -> None:
    assert interval([(2, 2), (1, 1), (0, 0)]) == (1, 1)
    assert interval([]) is None
    assert interval([(0, 0)]) is None


def test_an_interval_narrows_with_more_questions() -> None:
    def width(times: int) -> float:
        low, high = interval([(1, 1), (0, 1)] * times) or (0, 0)
        return high - low

    assert width(100) < width(10)


def test_percentiles_interpolate() -> None:
    assert percentile([10, 20, 30], 50) == 20
    assert percentile([0, 100], 95) == pytest.approx(95)
    assert percentile([], 50) is None
