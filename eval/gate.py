"""The release gate: thresholds that a run must meet, and no figure worse than in the accepted run.

The rules are a YAML file, such as eval/gate.yaml. Figures are named "group.name" as in
`results.json`; those of the verifier as in eval/verdicts.py.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import Field, ValidationError

from core.errors import StrategiewijzerError
from core.source import Frozen
from core.yaml_files import read_yaml
from eval import verdicts
from eval.comparison import LESS_IS_BETTER, Comparison
from eval.question_results import QuestionResult
from eval.rates import RATES, reported
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
    """Result of one rule.

    `rule` is the demand, `found` the measured value and, if it failed, the commonest cause; both
    are English text. The other fields are the same for programs; `before` is the value of the
    accepted run.
    """

    rule: str
    found: str
    passed: bool
    figure: str = ""
    language: str = ""
    value: float | None = None
    floor: float | None = None
    ceiling: float | None = None
    before: float | None = None
    cause: str = ""


def read_rules(file: Path) -> Rules:
    """Reads the rules of a gate.

    Raises:
        StrategiewijzerError: the file is malformed, or names an unknown figure.
    """
    try:
        rules = Rules.model_validate(read_yaml(file.read_text("utf-8")) or {})
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise StrategiewijzerError(f"{file}: cannot be read as YAML in UTF-8: {error}") from error
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        raise StrategiewijzerError(f"{file}: {key}: {first['msg']}") from None
    known = {f"{group}.{name}" for group, names in RATES.items() for name in names}
    known |= {"latency_ms.p50", "latency_ms.p95", "calibration.ece"}
    named = (
        *rules.at_least,
        *rules.at_most,
        *rules.in_every_language,
        *rules.documents.at_least,
        *rules.documents.at_most,
        *rules.no_worse_than_accepted.figures,
    )
    _require_known(named, known, str(file))
    for name in ("verifier", "verifier_documents"):
        limits: Limits = getattr(rules, name)
        of_verifier = (*limits.at_least, *limits.at_most)
        _require_known(of_verifier, verdicts.FIGURES, f"{file}: {name}")
    return rules


def _require_known(named: Iterable[str], known: Collection[str], place: str) -> None:
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
    """Checks every rule.

    Args:
        rules: of the gate.
        results: of the run.
        comparison: with the accepted run; None skips the rules that need one.
    """
    checks = [_threshold(results, figure, floor=limit) for figure, limit in rules.at_least.items()]
    checks += [
        _threshold(results, figure, ceiling=limit) for figure, limit in rules.at_most.items()
    ]
    checks += [
        _threshold(results, figure, floor=limit, language=language)
        for figure, limit in rules.in_every_language.items()
        for language in results.by_language
    ]
    if comparison is not None:
        checks += _compared(rules.no_worse_than_accepted, comparison)
    return tuple(checks)


def _threshold(
    results: Results,
    figure: str,
    *,
    floor: float | None = None,
    ceiling: float | None = None,
    language: str | None = None,
) -> RuleResult:
    value = _value(results, figure, language)
    where = f" in {language}" if language else ""
    demand = f"at most {ceiling:g}" if floor is None else f"at least {floor:g}"
    check = RuleResult(
        rule=f"{figure}{where} {demand}",
        found="no question to measure it on",
        # Without a value a language passes, and a whole run fails.
        passed=language is not None,
        figure=figure,
        language=language or "",
        value=value,
        floor=floor,
        ceiling=ceiling,
    )
    if value is None:
        return check
    above = floor is None or value >= floor
    if above and (ceiling is None or value <= ceiling):
        return check.model_copy(update={"found": f"{value:g}", "passed": True})
    cause, mostly = _commonest_cause(results, figure, language)
    update = {"found": f"{value:g}{mostly}", "passed": False, "cause": cause}
    return check.model_copy(update=update)


def _value(results: Results, figure: str, language: str | None) -> float | None:
    if figure == "calibration.ece":
        return results.calibration.ece if results.calibration else None
    group, _, name = figure.partition(".")
    summary = results.by_language[language] if language else results.overall
    values: Mapping[str, float | None] = getattr(summary, group)
    return values[name]


def _compared(rules: NoWorse, comparison: Comparison) -> list[RuleResult]:
    checks = []
    for test in comparison.tests:
        figure = f"{test.group}.{test.name}"
        if figure in rules.figures:
            checks.append(
                RuleResult(
                    rule=f"{figure} no worse than in the run of {comparison.before.date[:10]}",
                    found=f"{test.before:.3f} → {test.now:.3f}, p = {test.p_value:.3g}",
                    passed=not (test.worse and test.p_value < rules.significance),
                    figure=figure,
                    value=test.now,
                    before=test.before,
                )
            )
    return checks


def _commonest_cause(results: Results, figure: str, language: str | None) -> tuple[str, str]:
    """Commonest cause among the questions that lower the figure, and the text ", mostly: ..."."""
    group, _, name = figure.partition(".")
    share_of = RATES.get(group, {}).get(name)

    def pulls_down(result: QuestionResult) -> bool:
        share = share_of(result) if share_of is not None else None
        if share is None or (language is not None and result.language != language):
            return False
        return share[0] > 0 if name in LESS_IS_BETTER else share[0] < share[1]

    counted = results.questions if group == "manners" else reported(results.questions)
    causes = Counter(result.cause for result in counted if result.cause and pulls_down(result))
    if not causes:
        return "", ""
    cause, number = causes.most_common(1)[0]
    return cause, f", mostly: {cause} ({number} of {causes.total()})"
