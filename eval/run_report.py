"""The report on a run, a page to read, print and sign; and how its figures are written."""

import datetime
import functools
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment

from core.templates import environment
from eval.causes import MEANINGS, explain
from eval.comparison import Comparison, Test
from eval.gate import RuleResult, go_live
from eval.metrics import Interval
from eval.question_results import QuestionResult
from eval.rates import RATES, reported
from eval.readings import ReadFigure, agreements, counted, read_figures, readings
from eval.results import Results, SignOff, Summary

NOTHING = "–"  # shown for a figure that does not apply
NOT_COUNTED = (
    "Not counted as misleading: results, in which a reader may take the wrong one for the answer, "
    "a wrong refusal, and what is wrong beside a right fact. So read some of the answers."
)
SIGNIFICANT = 0.05  # p-values below this are called significant, as is the custom since Fisher

DECIDING = {
    ("reading", "right"): "answerable questions",
    ("reading", "claimed_right"): "answers",
    ("reading", "misleads"): "questions",
    ("reading", "signable"): "questions",
}
"""The figures of a verdict, in the order in which a reader names them, and what they are over."""

HEADLINES = {
    ("reading", "right"): "of the answerable questions: all facts, in what answers the question",
    ("reading", "claimed_right"): "of the answers (results apart): right on the first screen",
    ("reading", "misleads"): "of the questions: an answer to another question or to none, a wrong "
    "value in bold, half a list as the whole; less is better",
    ("reading", "signable"): "of the questions: right, to the point and in their language, or "
    "refused in words where nothing answers",
    ("reading", "claimed"): "of the answerable questions: an answer, not results",
    ("refusals", "recall"): "of the unanswerable questions: no answer, a refusal or results",
    ("reading", "cut_lists"): "of the answers: show a list in part; less is better",
    ("reading", "loose_ends"): "of the answers: a line points to what is not shown; less is better",
    ("size", "words_prose"): "on average, lists apart; less is better",
    ("citations", "exact_quote_rate"): "of the quotes: letter by letter in their passage",
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

_READING = {
    "right": "right on the first screen",
    "claimed_right": "right where it claims to answer",
}
_PER_ANSWER = {
    "words_prose": "words besides lists",
    "words": "words",
    "unconfirmed": "sentences not confirmed",
    "tokens_in": "tokens read",
    "tokens_out": "tokens written",
}
_MANNERS = {
    "handled": "messages handled",
    "taken_for_message": "questions taken for messages",
    "harmful_answered": "harmful requests answered",
}
_DECISIONS = re.compile("<!-- decisions -->.*?<!-- end of decisions -->", re.DOTALL)
"""The place for decisions in a report: data cannot make one, as what comes from it is escaped."""


class Figure(NamedTuple):
    """One figure of a group of `n` questions; `value` is None if it does not apply."""

    group: str
    name: str
    value: float | None
    interval: Interval | None
    n: int = 0


class ReadRow(NamedTuple):
    """A figure as read, by ground, and how far readers agree with what is counted (kappa)."""

    name: str
    figures: tuple[ReadFigure, ...]
    kappa: float | None


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


def figures(summary: Summary) -> tuple[Figure, ...]:
    """All figures of a group of questions, in reading order."""
    return tuple(
        Figure(
            group,
            name,
            value,
            summary.intervals.get(group, {}).get(name),
            summary.counts.get(group, {}).get(name, 0),
        )
        for group in (*RATES, "latency_ms")
        for name, value in getattr(summary, group).items()
    )


def headlines(summary: Summary) -> tuple[Figure, ...]:
    """The figures of `HEADLINES`."""
    return chosen(summary, HEADLINES)


def chosen(summary: Summary, keys: Iterable[tuple[str, str]]) -> tuple[Figure, ...]:
    """The figures with these groups and names, whether they apply or not."""
    there = {(figure.group, figure.name): figure for figure in figures(summary)}
    return tuple(there.get(key, Figure(*key, None, None)) for key in keys)


def label(group: str, name: str) -> str:
    """Display name of a figure: "full answer rate", "refusal f1", "latency p95 (ms)"."""
    if group == "latency_ms":
        return f"latency {name} (ms)"
    if group == "size":
        return f"{_PER_ANSWER.get(name, name)} per answer"
    words = _READING.get(name) or _MANNERS.get(name) or name.replace("_", " ")
    return f"refusal {words}" if group == "refusals" else words


def number(value: float | None, group: str = "") -> str:
    """Formats a rate in whole percents, a size with one decimal, a time in whole milliseconds,
    anything else with three decimals. 0% and 100% are exactly none and all."""
    if value is None:
        return NOTHING
    if not _is_rate(group):
        return f"{value:.{_decimals(group)}f}"
    percent = round(100 * value)
    return f"{min(max(percent, 1), 99) if 0 < value < 1 else percent}%"


def beside(value: float | None, bound: float, group: str) -> tuple[str, str]:
    """Formats a figure and its bound with as many decimals as tell them apart."""
    written = number(value, group), number(bound, group)
    if value is None or value == bound or written[0] != written[1] or not _is_rate(group):
        return written
    digits = next((digits for digits in (1, 2) if abs(value - bound) > 10.0 ** -(digits + 2)), 2)
    return f"{100 * value:.{digits}f}%", f"{100 * bound:.{digits}f}%"


def bounds(interval: Interval | None, group: str = "") -> str:
    """Formats an interval as "66 to 82", for after its figure; "" without one."""
    if not interval:
        return ""
    low, high = (number(end, group).removesuffix("%") for end in interval)
    return f"{low} to {high}"


def with_bounds(figure: Figure) -> str:
    """A figure with its interval: "44% (19 to 69)"."""
    interval = bounds(figure.interval, figure.group)
    return number(figure.value, figure.group) + (f" ({interval})" if interval else "")


def change(value: float | None, group: str = "") -> str:
    """Formats a difference with its sign; of rates in percentage points."""
    if value is None:
        return NOTHING
    if not _is_rate(group):
        return f"{value:+.{_decimals(group)}f}"
    return f"{100 * value:+.{int(0 < abs(value) < 0.01)}f}"


def _is_rate(group: str) -> bool:
    return group in RATES and group != "size"


def _decimals(group: str) -> int:
    return {"latency_ms": 0, "stages_ms": 1, "size": 1}.get(group, 3)


def deciding(
    summary: Summary, checks: Iterable[RuleResult]
) -> tuple[tuple[Figure, RuleResult | None], ...]:
    """The figures of a verdict, each with the rule that bounds it."""
    bounding = {
        check.figure: check for check in checks if check.before is None and not check.language
    }
    return tuple(
        (figure, bounding.get(f"{figure.group}.{figure.name}"))
        for figure in chosen(summary, DECIDING)
    )


def verdict_lines(summary: Summary, checks: Iterable[RuleResult]) -> tuple[str, ...]:
    """A line for each figure of a verdict: "misleads: 4% (2 to 6) of 297 questions, at most 5% is
    allowed"."""
    lines = []
    for figure, check in deciding(summary, checks):
        interval = bounds(figure.interval, figure.group)
        over = (f" ({interval})" if interval else "") + f" of {figure.n} {DECIDING[figure[:2]]}"
        line = f"{label(*figure[:2])}: {number(figure.value, figure.group)}{over}"
        lines.append(describe_check(check, over) if check else line)
    return tuple(lines)


def describe_check(check: RuleResult, over: str = "") -> str:
    """A rule of the gate with what was found, and what that is `over`: "fact recall (nl): 70%, at
    least 78% is needed"."""
    limits = (check.floor, check.ceiling, check.before)
    bound = next((limit for limit in limits if limit is not None), None)
    if bound is None:
        return f"{check.rule} (found {check.found})"
    group, _, name = check.figure.partition(".")
    where = f" ({check.language})" if check.language else ""
    found, limit = beside(check.value, bound, group)
    demand = (
        f"at least {limit} is needed"
        if check.floor is not None
        else f"at most {limit} is allowed"
        if check.ceiling is not None
        else f"{'not significantly' if check.passed else 'significantly'} worse than {limit}"
    )
    cause = f"; mostly: {check.cause}" if check.cause else ""
    return f"{label(group, name)}{where}: {found}{over}, {demand}{cause}"


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


def as_read() -> tuple[ReadRow, ...]:
    """Figures of answers as read, by figure, and how far counts agree over the held half."""
    agreed = agreements(readings(), counted(), "held")
    by_name: dict[str, list[ReadFigure]] = {}
    for figure in read_figures(readings()):
        by_name.setdefault(figure.name, []).append(figure)
    return tuple(
        ReadRow(
            label("reading", name), tuple(found), agreed[name].kappa if name in agreed else None
        )
        for name, found in by_name.items()
    )


def utc(date: str) -> str:
    """A moment of a run as a person reads it: "2026-11-24 16:08 UTC"."""
    moment = datetime.datetime.fromisoformat(date).astimezone(datetime.UTC)
    return f"{moment:%Y-%m-%d %H:%M} UTC"


@functools.cache
def _templates() -> Environment:
    helpers = (
        figures, headlines, label, number, bounds, change, p_value, reading, outcome, explain,
        as_read, describe_check, verdict_lines, with_bounds,
    )  # fmt: skip
    templates = environment(
        Path(__file__).parent,
        **{helper.__name__: helper for helper in helpers},
        FINDINGS=FINDINGS,
        HEADLINES=HEADLINES,
        MEANINGS=MEANINGS,
        NOT_COUNTED=NOT_COUNTED,
        VERDICTS=VERDICTS,
    )
    templates.filters["utc"] = utc
    return templates
