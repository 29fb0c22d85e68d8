"""Two runs side by side: which figures moved, how surely, and which questions moved them."""

from collections.abc import Callable

import pytest

from eval.comparison import Comparison, compare
from eval.question_results import QuestionResult
from eval.rates import sum_up
from eval.results import Results
from tests.support.evaluation import by_id, ran
from tests.support.question_results import GREETING, STAMP, read, result_of


@pytest.fixture(scope="module")
def results() -> Results:
    return ran()


def changed(
    results: Results, name: str, change: Callable[[QuestionResult], dict[str, object]]
) -> Results:
    """The run in which one question came out differently."""
    questions = [
        result.model_copy(update=change(result)) if result.id == name else result
        for result in results.questions
    ]
    return sum_up(questions, STAMP)


def moves(comparison: Comparison) -> list[tuple[str, str, str]]:
    return [(move.direction, move.now.id, move.why) for move in comparison.moves]


def test_a_run_does_not_differ_from_itself(results: Results) -> None:
    comparison = compare(results, results)
    assert comparison.moves == ()
    assert comparison.same_questions == 5
    assert {test.change for test in comparison.tests} == {0.0}
    assert {test.p_value for test in comparison.tests} == {1.0}
    methods = {test.figure: test.method for test in comparison.tests}
    assert methods["retrieval.hit@1"] == methods["answers.useful_answer_rate"] == "McNemar"
    assert methods["retrieval.mrr"] == methods["citations.supported_rate"] == "paired bootstrap"


def test_a_question_that_got_an_answer_is_better_and_back_it_is_worse(results: Results) -> None:
    better = changed(
        results, "wrong refusal", lambda one: {"answered": True, "text": "30 billion [1]"}
    )
    assert moves(compare(results, better)) == [("better", "wrong refusal", "answered now")]
    assert moves(compare(better, results)) == [("worse", "wrong refusal", "refused now")]


def test_fewer_facts_and_a_lower_rank_are_worse(results: Results) -> None:
    values = {"facts_found": (), "facts_missing": by_id(results, "right").facts_found}
    values["retrieved"] = by_id(results, "right").retrieved[::-1]
    worse = changed(results, "right", lambda result: values)
    assert moves(compare(results, worse)) == [
        ("worse", "right", "facts 1 → 0 of 1, right section's rank 2 → 1")
    ]


def test_other_words_that_are_as_good_are_different(results: Results) -> None:
    other = changed(results, "right", lambda one: {"text": "It is 30 billion [1]."})
    assert moves(compare(results, other)) == [("different", "right", "other words")]


def test_an_answer_that_can_be_signed_is_better_and_one_that_buries_its_facts_worse() -> None:
    signable, buried = result_of("q"), result_of("q", **read(units=4))
    better, worse = (sum_up([result], STAMP) for result in (signable, buried))
    assert moves(compare(worse, better)) == [("better", "q", "signable now")]
    assert moves(compare(better, worse)) == [("worse", "q", "not signable: buried")]
    folded = sum_up([result_of("q", more=("More. [1]",))], STAMP)
    assert moves(compare(better, folded)) == [("different", "q", "other words")]


def test_figures_are_compared_over_questions_and_manners_over_all() -> None:
    before = sum_up([result_of("q"), result_of("hi", **GREETING)], STAMP)
    now = sum_up([result_of("q"), result_of("hi", **GREETING, message="greeting")], STAMP)
    tests = {test.figure: test for test in compare(before, now).tests}
    assert (tests["manners.handled"].before, tests["manners.handled"].now) == (0, 1)
    assert tests["answers.language_rate"].n == 1
    assert moves(compare(before, now)) == [("better", "hi", "taken for a question → greeting")]


def test_what_got_worse_stands_first(results: Results) -> None:
    step = changed(results, "right", lambda one: {"answered": False})
    step = changed(step, "wrong refusal", lambda one: {"answered": True})
    assert [move[0] for move in moves(compare(results, step))] == ["worse", "better"]


def test_the_direction_of_a_figure_is_known(results: Results) -> None:
    worse = changed(results, "right", lambda one: {"answered": False})
    tests = {test.figure: test for test in compare(results, worse).tests}
    assert tests["answers.false_refusal_rate"].change == pytest.approx(1 / 3, abs=1e-4)
    assert tests["answers.false_refusal_rate"].worse
    assert tests["answers.full_answer_rate"].worse
    assert not tests["retrieval.hit@1"].worse


def test_only_questions_that_both_runs_asked_are_compared(results: Results) -> None:
    found = compare(results, sum_up(results.questions[1:], STAMP))
    assert (found.same_questions, found.other_questions) == (4, 1)
    relabelled = changed(results, "right", lambda one: {"facts_missing": (("new",),)})
    assert compare(results, relabelled).same_questions == 4
