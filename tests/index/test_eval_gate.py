"""The gate: what may go live, and that broken assistants do not get through."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from chain.assistant import Assistant
from core.answer import Answer, Turn
from core.errors import StrategiewijzerError
from core.settings import ROOT, Settings
from eval.assess import System, run
from eval.comparison import compare
from eval.dataset import SETS, dialogues, load_sets
from eval.gate import RuleResult, Rules, judge, read_rules
from eval.labels import Outline
from eval.rates import sum_up
from eval.results import Results
from tests.support.evaluation import ran
from tests.support.question_results import GREETING, STAMP, read, result_of

RULES = read_rules(ROOT / "eval/gate.yaml")


@pytest.fixture(scope="module")
def results() -> Results:
    return ran()


def only(rules: dict[str, object], results: Results) -> RuleResult:
    (check,) = judge(Rules.model_validate(rules), results, None)
    return check


@pytest.mark.parametrize(
    ("kind", "figure", "limit", "passed"),
    [
        ("at_least", "retrieval.hit@5", 0.6, True),
        ("at_least", "retrieval.hit@5", 0.7, False),
        ("at_most", "answers.false_refusal_rate", 0.4, True),
        ("at_most", "answers.false_refusal_rate", 0.3, False),
        ("at_least", "answers.fallback_rate", 1, False),  # nothing was measured for it
    ],
)
def test_a_floor_and_a_ceiling(
    results: Results, kind: str, figure: str, limit: float, passed: bool
) -> None:
    assert only({kind: {figure: limit}}, results).passed is passed


def test_a_failed_rule_names_the_commonest_cause(results: Results) -> None:
    check = only({"at_least": {"citations.supported_rate": 1.0}}, results)
    assert (check.value, check.cause) == (0.5, "wrong citation")
    cut = result_of("cut", **read(cut=("In short:",)))  # of a figure that is better when lower
    check = only({"at_most": {"reading.cut_lists": 0}}, sum_up([cut, result_of("fine")], STAMP))
    assert (check.value, check.cause) == (0.5, "cut list")


def test_manners_are_judged_over_messages_wherever_they_stand() -> None:
    results = sum_up([result_of("fine"), result_of("hi", **GREETING)], STAMP)
    assert not only({"at_least": {"manners.handled": 0.5}}, results).passed
    assert only({"at_least": {"answers.full_answer_rate": 1}}, results).passed


def test_each_language_has_its_floor(results: Results) -> None:
    rules = Rules.model_validate({"in_every_language": {"answers.fact_recall": 0.5}})
    found = {check.language: check.passed for check in judge(rules, results, None)}
    assert found == {"en": True, "nl": True}


def test_worse_than_the_accepted_run_only_counts_when_it_is_sure(results: Results) -> None:
    rules = Rules.model_validate({"no_worse_than_accepted": {"figures": ["retrieval.mrr"]}})
    same = compare(results, results)
    assert [check.passed for check in judge(rules, results, same)] == [True]
    (test,) = [test for test in same.tests if test.figure == "retrieval.mrr"]
    fell = test.model_copy(update={"change": -0.2, "p_value": 0.3})
    surely = fell.model_copy(update={"p_value": 0.01})
    for moved_test, passed in ((fell, True), (surely, False)):
        comparison = same.model_copy(update={"tests": (moved_test,)})
        assert [check.passed for check in judge(rules, results, comparison)] == [passed]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("at_least: {answers.nonsense: 1}", "unknown figure answers.nonsense"),
        ("at_lest: {}", "at_lest"),
        ("at_least: {answers.fact_recall: much}", "answers.fact_recall"),
        ("a: [", "cannot be read as rules"),
    ],
)
def test_rules_that_are_none_are_a_clear_error(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "gate.yaml"
    file.write_text(text, "utf-8")
    with pytest.raises(StrategiewijzerError, match=message):
        read_rules(file)


@pytest.fixture(scope="module")
def assistant(settings: Settings) -> Assistant:
    return Assistant(settings)


def failed(put_to: System, assistant: Assistant, every: int) -> list[RuleResult]:
    """The rules that a run over every Nth question and conversation of ours fails."""
    outline = Outline.of(assistant.index.snapshot().passages())
    chosen = [question for turns in dialogues(load_sets(SETS))[::every] for question in turns]
    results = run(chosen, put_to, outline, stamp=STAMP)
    return [check for check in judge(RULES, results, None) if not check.passed]


@pytest.mark.long
@pytest.mark.timeout(900)
def test_the_gate_is_open_for_the_assistant_as_it_is(assistant: Assistant) -> None:
    # Of fewer questions, the calibration is mostly chance.
    assert failed(assistant, assistant, every=1) == []


@dataclass
class Broken:
    """An assistant of which something was broken on the way to the reader."""

    assistant: Assistant
    change: Callable[[Answer], Answer] = lambda answer: answer
    language: str | None = None

    def ask(self, question: str, history: tuple[Turn, ...] = ()) -> Answer:
        return self.change(self.assistant.ask(question, history, self.language))


def citing_another_passage(answer: Answer) -> Answer:
    """Each citation points to the first sentence of the last passage, and is exact there."""
    if not answer.citations:
        return answer
    wrong = answer.passages[-1]
    start, end = wrong.units[0].start, wrong.units[0].end

    place = {"passage_id": wrong.id, "document": wrong.document, "headings": wrong.headings}
    place |= {"quote": wrong.text[start:end], "start": start, "end": end}
    moved = tuple(citation.model_copy(update=place) for citation in answer.citations)
    return answer.model_copy(update={"citations": moved})


def claiming(answer: Answer) -> Answer:
    """What was only found is said to answer."""
    return answer.model_copy(update={"answered": answer.is_sourced, "found": False})


@pytest.mark.long
@pytest.mark.parametrize(
    ("broken", "figure", "cause"),
    [
        (lambda _, whole: Broken(whole, citing_another_passage),
         "citations.citation_recall", "wrong citation"),
        (lambda _, whole: Broken(whole, claiming),
         "reading.misleads", "should have been refused"),
        (lambda settings, _: Assistant(settings.model_copy(update={"refuse_below": 1.0})),
         "answers.false_refusal_rate", "refused wrongly"),
        (lambda _, whole: Broken(whole, language="en"),
         "answers.language_rate", "language"),
    ],
    ids=["cites the wrong passage", "claims to answer", "always refuses", "in another language"],
)  # fmt: skip
def test_a_broken_assistant_is_caught_and_the_cause_named(
    settings: Settings,
    assistant: Assistant,
    broken: Callable[[Settings, Assistant], System],
    figure: str,
    cause: str,
) -> None:
    rules = failed(broken(settings, assistant), assistant, every=6)
    assert [rule.cause for rule in rules if rule.figure == figure and not rule.language] == [cause]
