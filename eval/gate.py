"""The release gate: thresholds that a run must meet, and no figure worse than in the accepted run.

The rules are a YAML file, such as eval/gate.yaml. Figures are named as in `results.json`; those of
the verifier as in eval/verifier.py.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import Field, ValidationError

from core.errors import StrategiewijzerError
from core.source import Frozen
from core.yaml_files import read_yaml
from eval.comparison import Comparison
from eval.question_results import QuestionResult
from eval.rates import FIGURES, LESS_IS_BETTER, RATES, is_of_manners, reported
from eval.results import Results

RULES = Path(__file__).with_name("gate.yaml")
"""Rules for a run of the project's own question set."""
CLOSED = 3
"""Exit code when the gate is closed; 1 is a problem, and 2 says that arguments are wrong."""

GoLive = Literal["passed", "failed", "too few", "unchecked"]
"""Whether what a run measured may go live; of too few questions nobody can tell that it may."""
ENOUGH_QUESTIONS = 100  # with fewer the 95% interval of a share may be wider than ±10 points


class NoWorse(Frozen):
    """Figures that may not become worse with a p-value below `significance`."""

    significance: Annotated[float, Field(gt=0, lt=1)] = 0.05
    figures: tuple[str, ...] = ()


class Limits(Frozen):
    """Floors and ceilings of figures."""

    at_least: Mapping[str, float] = {}
    at_most: Mapping[str, float] = {}


class Rules(Limits):
    """Rules of the gate.

    verifier, verifier_documents: limits for `python -m eval.verifier`, without and with
        `--documents`, over the held half and without a checker; not for a run.
    """

    in_every_language: Mapping[str, float] = {}  # floors that hold in each language
    no_worse_than_accepted: NoWorse = NoWorse()
    documents: Limits = Limits()  # limits for a run with `--documents`
    verifier: Limits = Limits()
    verifier_documents: Limits = Limits()


class RuleResult(Frozen):
    """Result of one rule, which has a floor, a ceiling, or the value `before` of the accepted run.

    `value` is None if nothing was measured; `cause` is the commonest one of a rule that failed.
    """

    figure: str
    language: str = ""
    value: float | None
    floor: float | None = None
    ceiling: float | None = None
    before: float | None = None
    passed: bool
    cause: str = ""


def read_rules(file: Path) -> Rules:
    """Reads the rules of a gate; StrategiewijzerError where one names an unknown figure, or the
    file is malformed."""
    try:
        rules = Rules.model_validate(read_yaml(file.read_text("utf-8")) or {})
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValidationError) as error:
        raise StrategiewijzerError(f"{file}: cannot be read as rules in YAML: {error}") from error
    named = (*rules.in_every_language, *rules.no_worse_than_accepted.figures)
    require_known(named, FIGURES, str(file))
    for limits in (rules, rules.documents):
        require_known((*limits.at_least, *limits.at_most), FIGURES, str(file))
    return rules


def require_known(named: Iterable[str], known: Collection[str], place: str) -> None:
    """Refuses rules about a figure that is not known, with a StrategiewijzerError."""
    unknown = sorted(set(named) - set(known))
    if unknown:
        raise StrategiewijzerError(
            f"{place}: unknown figure {', '.join(unknown)}. There are: {', '.join(sorted(known))}"
        )


def go_live(questions: int, checks: Sequence[RuleResult]) -> GoLive:
    """The verdict on a run of so many questions; a rule that is not met counts with any number."""
    if not all(check.passed for check in checks):
        return "failed"
    if questions < ENOUGH_QUESTIONS:
        return "too few"
    return "passed" if checks else "unchecked"


def judge(rules: Rules, results: Results, comparison: Comparison | None) -> tuple[RuleResult, ...]:
    """Checks every rule on a run; without a comparison with the accepted run those that need it are
    skipped."""
    checks = judge_limits(rules, lambda figure: results.overall.figures[figure].value)
    for figure, floor in rules.in_every_language.items():
        for language, summary in results.by_language.items():
            value = summary.figures[figure].value
            # Without a question to measure it on a language passes, and a whole run fails.
            passed = value is None or value >= floor
            checks.append(
                RuleResult(
                    figure=figure, language=language, value=value, floor=floor, passed=passed
                )
            )
    checks = [
        check if check.passed else check.model_copy(update={"cause": _main_cause(results, check)})
        for check in checks
    ]
    for test in comparison.tests if comparison is not None else ():
        if test.figure in rules.no_worse_than_accepted.figures:
            significance = rules.no_worse_than_accepted.significance
            checks.append(
                RuleResult(
                    figure=test.figure,
                    value=test.now,
                    before=test.before,
                    passed=not (test.worse and test.p_value < significance),
                )
            )
    return tuple(checks)


def judge_limits(limits: Limits, value_of: Callable[[str], float | None]) -> list[RuleResult]:
    """Checks floors and ceilings; what has no value fails."""
    checks = []
    for figure, floor in limits.at_least.items():
        value = value_of(figure)
        passed = value is not None and value >= floor
        checks.append(RuleResult(figure=figure, value=value, floor=floor, passed=passed))
    for figure, ceiling in limits.at_most.items():
        value = value_of(figure)
        passed = value is not None and value <= ceiling
        checks.append(RuleResult(figure=figure, value=value, ceiling=ceiling, passed=passed))
    return checks


def _main_cause(results: Results, check: RuleResult) -> str:
    """Commonest cause among the questions that lower the figure; "" if there is none."""
    share_of = RATES.get(check.figure)

    def pulls_down(result: QuestionResult) -> bool:
        share = share_of(result) if share_of is not None else None
        if share is None or check.language not in ("", result.language):
            return False
        return share[0] > 0 if check.figure in LESS_IS_BETTER else share[0] < share[1]

    counted = results.questions if is_of_manners(check.figure) else reported(results.questions)
    causes = Counter(result.cause for result in counted if result.cause and pulls_down(result))
    return causes.most_common(1)[0][0] if causes else ""
