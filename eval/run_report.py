"""The report on a run, a page to read, print and sign; and how its figures are written."""

import datetime
import functools
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from eval.comparison import Comparison, Test
from eval.gate import RuleResult, go_live
from eval.metrics import Interval
from eval.question_results import MEANINGS, QuestionResult, explain
from eval.rates import reported
from eval.results import Figure, Results, SignOff, Summary

NOTHING = "–"  # shown for a figure that does not apply
NOT_COUNTED = (
    "Not counted as misleading: results, in which a reader may take the wrong one for the answer, "
    "a wrong refusal, and what is wrong beside a right fact. So read some of the answers."
)
SIGNIFICANT = 0.05  # p-values below this are called significant, as is the custom since Fisher

DECIDING = {
    "reading.right": "answerable questions",
    "reading.claimed_right": "answers",
    "reading.misleads": "questions",
    "reading.signable": "questions",
}
"""The figures of a verdict, in the order in which a reader names them, and what they are over."""

HEADLINES = {
    "reading.right": "of the answerable questions: all facts, in what answers the question",
    "reading.claimed_right": "of the answers (results apart): right on the first screen",
    "reading.misleads": "of the questions: an answer to another question or to none, a wrong value "
    "in bold, half a list as the whole; less is better",
    "reading.signable": "of the questions: right, to the point and in their language, or refused "
    "in words where nothing answers",
    "reading.claimed": "of the answerable questions: an answer, not results",
    "refusals.recall": "of the unanswerable questions: no answer, a refusal or results",
    "reading.cut_lists": "of the answers: show a list in part; less is better",
    "reading.loose_ends": "of the answers: a line points to what is not shown; less is better",
    "size.words_prose": "on average, lists apart; less is better",
    "citations.exact_quote_rate": "of the quotes: letter by letter in their passage",
}
"""Headline figures and their meaning."""

OUTCOMES = {
    "forbidden": "says what it must not",
    "replied": "handled as a message",
    "not_replied": "not handled as a message",
    "taken_for_message": "taken for a message",
    "refused_wrongly": "refused, though answerable",
    "refused_rightly": "rightly refused",
    "found": "results with all facts",
    "found_in_vain": "results without all facts",
    "answered_wrongly": "answered, though nothing answers it",
    "partial": "{found} of {facts} facts",
    "buried": "all facts, not signable",
    "full": "fully answered",
}
"""What may become of a question, in a few words."""

FINDINGS = {
    "cut": "Cut lists",
    "loose": "Loose ends",
    "inexact": "Quotes not in their passage",
    "unsupported": "Figures or markers missing",
    "unconfirmed": "Not confirmed by the sources",
    "left_out": "Left out: with details that the sources do not have",
    "forbidden": "Says what it must not",
    "missing": "Not in the sources, says the answer",
}
"""Headings of what was found wrong or wanting (`QuestionResult.findings`)."""

VERDICTS = {
    "passed": "May go live",
    "failed": "May not go live",
    "too few": "Too few questions to tell whether this may go live",
    "unchecked": "Not checked whether this may go live",
}

_LABELS = {
    "reading.right": "right on the first screen",
    "reading.claimed_right": "right where it claims to answer",
    "manners.handled": "messages handled",
    "manners.taken_for_message": "questions taken for messages",
    "manners.harmful_answered": "harmful requests answered",
    "refusals.recall": "refusal recall",
    "refusals.f1": "refusal f1",
    "size.words_prose": "words besides lists per answer",
    "size.words": "words per answer",
    "size.unconfirmed": "sentences not confirmed per answer",
    "latency_ms.p50": "latency p50 (ms)",
    "latency_ms.p95": "latency p95 (ms)",
    "calibration.ece": "calibration error",
}
"""Names of figures, where these are not their own."""
_DECIMALS = {"size": 1, "latency_ms": 0, "calibration": 3, "verifier": 3}
"""Decimals of the groups of figures that are no rates."""
_DECISIONS = re.compile("<!-- decisions -->.*?<!-- end of decisions -->", re.DOTALL)
"""The place for decisions in a report: data cannot make one, as what comes from it is escaped."""


def html(
    results: Results, comparison: Comparison | None = None, checks: Sequence[RuleResult] = ()
) -> str:
    """The report: verdict, changes, questions that fell short, figures, and a box to sign."""
    counted_questions = reported(results.questions)
    by_cause = {
        cause: [result for result in results.questions if result.cause == cause]
        for cause in MEANINGS
    }
    report = _templates().get_template("report.html.j2")
    return report.render(
        results=results,
        wrong=sum(result.wrong for result in counted_questions),
        counted=len(counted_questions),
        comparison=comparison,
        checks=checks,
        verdict=go_live(results.overall.n, checks),
        short={cause: found for cause, found in by_cause.items() if found},
    ).lstrip()


def signed(report: str, decisions: Sequence[SignOff]) -> str:
    """A report with the decisions on its run, in the place that it has for them."""
    lines = _templates().get_template("decisions.html.j2").render(decisions=decisions).strip()
    return _DECISIONS.sub(lambda _: lines, report)


def label(figure: str) -> str:
    """Display name of a figure: "full answer rate", "refusal f1", "latency p95 (ms)"."""
    return _LABELS.get(figure) or figure.partition(".")[2].replace("_", " ")


def number(value: float | None, figure: str = "") -> str:
    """Formats a rate in whole percents, a size with one decimal, a time in whole milliseconds,
    anything else with three decimals. 0% and 100% are exactly none and all."""
    if value is None:
        return NOTHING
    if not _is_rate(figure):
        return f"{value:.{_decimals(figure)}f}"
    percent = round(100 * value)
    return f"{min(max(percent, 1), 99) if 0 < value < 1 else percent}%"


def beside(value: float | None, bound: float, figure: str) -> tuple[str, str]:
    """Formats a figure and its bound with as many decimals as tell them apart."""
    written = number(value, figure), number(bound, figure)
    if value is None or value == bound or written[0] != written[1] or not _is_rate(figure):
        return written
    digits = next((digits for digits in (1, 2) if abs(value - bound) > 10.0 ** -(digits + 2)), 2)
    return f"{100 * value:.{digits}f}%", f"{100 * bound:.{digits}f}%"


def bounds(interval: Interval | None, figure: str = "") -> str:
    """Formats an interval as "66 to 82", for after its figure; "" without one."""
    if not interval:
        return ""
    low, high = (number(end, figure).removesuffix("%") for end in interval)
    return f"{low} to {high}"


def with_bounds(name: str, figure: Figure) -> str:
    """A figure with its interval: "44% (19 to 69)"."""
    interval = bounds(figure.interval, name)
    return number(figure.value, name) + (f" ({interval})" if interval else "")


def change(value: float, figure: str) -> str:
    """Formats a difference with its sign; of rates in percentage points."""
    if not _is_rate(figure):
        return f"{value:+.{_decimals(figure)}f}"
    return f"{100 * value:+.{int(0 < abs(value) < 0.01)}f}"


def _is_rate(figure: str) -> bool:
    return "." in figure and figure.partition(".")[0] not in _DECIMALS


def _decimals(figure: str) -> int:
    return _DECIMALS.get(figure.partition(".")[0], 3)


def bounding(checks: Iterable[RuleResult]) -> Mapping[str, RuleResult]:
    """The rules that bound the figures of a whole run, by figure."""
    return {check.figure: check for check in checks if check.before is None and not check.language}


def verdict_lines(summary: Summary, checks: Iterable[RuleResult]) -> tuple[str, ...]:
    """A line for each figure of a verdict: "misleads: 4% (2 to 6) of 297 questions, at most 5% is
    allowed"."""
    lines, rules = [], bounding(checks)
    for name, of in DECIDING.items():
        figure = summary.figures[name]
        interval = bounds(figure.interval, name)
        over = (f" ({interval})" if interval else "") + f" of {figure.n} {of}"
        line = f"{label(name)}: {number(figure.value, name)}{over}"
        lines.append(describe_check(rules[name], over) if name in rules else line)
    return tuple(lines)


def describe_check(check: RuleResult, over: str = "") -> str:
    """A rule of the gate with what was found, and what that is `over`: "fact recall (nl): 70%, at
    least 78% is needed"."""
    where = f" ({check.language})" if check.language else ""
    if check.floor is not None:
        found, limit = beside(check.value, check.floor, check.figure)
        demand = f"at least {limit} is needed"
    elif check.ceiling is not None:
        found, limit = beside(check.value, check.ceiling, check.figure)
        demand = f"at most {limit} is allowed"
    else:
        found, limit = beside(check.value, check.before or 0.0, check.figure)
        demand = f"{'not significantly' if check.passed else 'significantly'} worse than {limit}"
    cause = f"; mostly: {check.cause}" if check.cause else ""
    return f"{label(check.figure)}{where}: {found}{over}, {demand}{cause}"


def p_value(value: float) -> str:
    return f"{value:.3f}" if value >= 0.001 else "< 0.001"


def reading(test: Test) -> str:
    """Result of a test in words: "significantly worse", "no change", ..."""
    if test.change == 0:
        return "no change"
    direction = "worse" if test.worse else "better"
    if test.p_value < SIGNIFICANT:
        return f"significantly {direction}"
    return f"{direction}, may be chance"


def outcome(result: QuestionResult) -> str:
    """Says in a few words what became of a question."""
    found, missing = len(result.facts_found), len(result.facts_missing)
    return OUTCOMES[result.outcome].format(found=found, facts=found + missing)


def utc(date: str) -> str:
    """A moment of a run as a person reads it: "2026-11-24 16:08 UTC"."""
    moment = datetime.datetime.fromisoformat(date).astimezone(datetime.UTC)
    return f"{moment:%Y-%m-%d %H:%M} UTC"


@functools.cache
def _templates() -> Environment:
    helpers = (
        label, number, change, p_value, reading, outcome, explain, describe_check, verdict_lines,
        with_bounds,
    )  # fmt: skip
    templates = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,  # what was asked and answered is data
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.globals.update(
        {helper.__name__: helper for helper in helpers},
        FINDINGS=FINDINGS,
        HEADLINES=HEADLINES,
        MEANINGS=MEANINGS,
        NOT_COUNTED=NOT_COUNTED,
        VERDICTS=VERDICTS,
    )
    templates.filters["utc"] = utc
    return templates
