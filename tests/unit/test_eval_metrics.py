"""The formulas, on rankings and answers worked out by hand."""

import pytest

from eval.metrics import hit_at, interval, mcnemar, paired_bootstrap, rate, reciprocal_rank

SECOND = [False, True, False, True]
NEVER = [False, False, False]


def test_only_the_first_right_result_counts() -> None:
    assert [hit_at(SECOND, k) for k in (1, 2, 5)] == [0, 1, 1]
    assert hit_at([], 5) == hit_at(NEVER, 5) == reciprocal_rank(NEVER) == 0
    assert reciprocal_rank(SECOND) == 1 / 2


def test_mcnemar_asks_how_likely_the_split_of_the_changes_is() -> None:
    assert mcnemar(0, 0) == 1
    assert mcnemar(3, 3) == 1
    assert mcnemar(5, 0) == pytest.approx(2 / 2**5)
    assert mcnemar(1, 7) == pytest.approx(2 * (1 + 8) / 2**8)
    assert mcnemar(7, 1) == mcnemar(1, 7)


def test_a_change_that_every_question_shares_is_sure() -> None:
    change, (low, high), p_value = paired_bootstrap([(0.2, 1)] * 30, [(0.5, 1)] * 30)
    assert change == pytest.approx(0.3)
    assert low == pytest.approx(high) == pytest.approx(0.3)
    assert p_value == 0


def test_changes_that_cancel_out_are_chance() -> None:
    before = [(0.0, 1), (1.0, 1)] * 20
    now = [(1.0, 1), (0.0, 1)] * 20
    change, (low, high), p_value = paired_bootstrap(before, now)
    assert change == 0
    assert low < 0 < high
    assert p_value > 0.5


def test_a_question_without_a_whole_in_one_run_still_counts_in_the_other() -> None:
    # 1 of 2 before; 1 of 1 and 1 of 1 now.
    change, _, _ = paired_bootstrap([(1, 2), (0, 0)], [(1, 1), (1, 1)])
    assert change == pytest.approx(0.5)


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


def test_none_or_all_of_few_questions_is_not_sure_and_of_many_it_is() -> None:
    # Wilson's interval for 0 of 16 reaches to z² / (n + z²).
    assert interval([(0, 3)] * 16) == pytest.approx((0, 0.1936), abs=1e-4)
    assert interval([(2, 2), (1, 1)] * 8) == pytest.approx((0.8064, 1), abs=1e-4)
    assert interval([(1, 1)] * 1000) == pytest.approx((0.9962, 1), abs=1e-4)


def test_an_interval_is_narrow_without_spread_and_absent_without_questions() -> None:
    assert interval([(1, 2), (2, 4), (0, 0)]) == (0.5, 0.5)
    assert interval([]) is None
    assert interval([(0, 0)]) is None
