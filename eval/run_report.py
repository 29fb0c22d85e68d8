"""The report of a run, in HTML and Markdown, with what readers found.

    eval/readings/*.csv -> by ground: share as read, share as counted, and how far the two agree

Each line is one answer as one reader judged it. A reader is a language model in the role of a
demanding official, who has not seen what changed and reads what the page shows without a click.
`full` is 2, 1 or 0; `signed`, `misleads` and `first_screen` are as that official says; the
`counted_` columns are what eval/rates.py says of the same text. A figure that stands first in the
report agrees with readers (`RELIABLE`).
"""

import csv
import datetime
import functools
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from jinja2 import Environment
from markupsafe import Markup
from pydantic import ValidationError

from core.errors import StrategiewijzerError
from core.source import Frozen
from core.templates import environment
from eval.gate import Comparison, GoLive, RuleResult, Test, deciding, go_live
from eval.metrics import Agreement, Interval, agreement
from eval.plots import plots
from eval.rates import RATES, reported
from eval.results import MEANINGS, QuestionResult, Results, SignOff, Summary, explain

if TYPE_CHECKING:  # an extra, which is loaded only where it is asked for
    from eval.judge import Judgement

# What readers found in answers, beside what is counted of the same answers.


FOLDER = Path(__file__).with_name("readings")
RELIABLE = 0.6
"""Least kappa of a figure that is shown first; below it is "moderate" at most (Landis and Koch, The
measurement of observer agreement for categorical data, 1977)."""


class ReadAnswer(Frozen):
    """An answer as one reader judged it, and what is counted of it."""

    question: str
    ground: Literal["summaries", "documents"]
    language: str
    answerable: bool
    version: Literal["earlier", "now"]
    form: Literal["answer", "results", "refusal"]
    reader: str
    full: Literal["0", "1", "2"]
    signed: bool
    misleads: bool
    first_screen: bool
    counted_first_screen: bool
    counted_misleads: bool


class ReadFigure(Frozen):
    """A figure over the readings of one ground: shares in [0, 1], `answers` as read; `agreement` of
    readers and what is counted, None where nothing is counted."""

    name: str
    ground: str
    version: str
    answers: int
    read: float | None
    counted: float | None = None
    agreement: Agreement | None = None


_Value = Callable[[ReadAnswer], bool]
# Name -> which answers it is over, what readers say, what is counted.
_FIGURES: Mapping[str, tuple[_Value, _Value, _Value | None]] = {
    "complete": (
        lambda one: one.answerable,
        lambda one: one.first_screen,
        lambda one: one.counted_first_screen,
    ),
    "claimed_right": (
        lambda one: one.form == "answer",
        lambda one: one.full == "2",
        lambda one: one.counted_first_screen,
    ),
    "misleads": (
        lambda one: one.form != "refusal",
        lambda one: one.misleads,
        lambda one: one.counted_misleads,
    ),
    "signed": (lambda one: one.answerable, lambda one: one.signed, None),
}


@cache
def readings(folder: Path = FOLDER) -> tuple[ReadAnswer, ...]:
    """All readings.

    Raises:
        StrategiewijzerError: a line is malformed; the message names file and line.
    """
    found = []
    for file in sorted(folder.glob("*.csv")):
        with file.open(encoding="utf-8", newline="") as lines:
            for number, line in enumerate(csv.DictReader(lines), start=2):
                try:
                    found.append(ReadAnswer.model_validate(line))
                except ValidationError as error:
                    first = error.errors(include_input=False, include_url=False)[0]
                    place = ".".join(map(str, first["loc"]))
                    raise StrategiewijzerError(
                        f"{file}: line {number}: {place}: {first['msg']}"
                    ) from None
    return tuple(found)


def read_figures(all_read: Iterable[ReadAnswer]) -> tuple[ReadFigure, ...]:
    """The figures of each version and ground, those of both grounds together behind them."""
    every = tuple(all_read)
    found = []
    for version in ("earlier", "now"):
        for ground in ("summaries", "documents", "both"):
            some = [
                one for one in every if one.version == version and ground in (one.ground, "both")
            ]
            found += [_figure(name, ground, version, some) for name in _FIGURES]
    return tuple(found)


def agreements(all_read: Iterable[ReadAnswer]) -> Mapping[str, Agreement]:
    """How far readers and what is counted agree, by figure, over all that was read."""
    every = tuple(all_read)
    found = {}
    for name, (applies, read, counted) in _FIGURES.items():
        if counted is not None and (some := [one for one in every if applies(one)]):
            found[name] = agreement([(read(one), counted(one)) for one in some])
    return found


def _figure(name: str, ground: str, version: str, some: Iterable[ReadAnswer]) -> ReadFigure:
    applies, read, counted = _FIGURES[name]
    over = [one for one in some if applies(one)]
    if not over:
        return ReadFigure(name=name, ground=ground, version=version, answers=0, read=None)
    pairs = [(read(one), counted(one)) for one in over] if counted else []
    return ReadFigure(
        name=name,
        ground=ground,
        version=version,
        answers=len({one.question for one in over}),
        read=round(sum(map(read, over)) / len(over), 4),
        counted=round(sum(map(counted, over)) / len(over), 4) if counted else None,
        agreement=agreement(pairs) if pairs else None,
    )


# Reports on a run: a page to read, print and sign, and a summary for a merge request and the
# terminal.


NOTHING = "–"  # shown for a figure that does not apply
NOT_COUNTED = (
    "Not counted as misleading: a wrong date in bold, half a list that looks like all of it, and "
    "an answer to another question that happens to have a right fact. So read some of the answers."
)
SIGNIFICANT = 0.05  # p-values below this are called significant, as is the custom since Fisher

HEADLINES = {
    ("reading", "complete"): "of the answerable questions: all facts on the first screen",
    ("reading", "claimed_right"): "of the answers (results apart): all facts on the first screen",
    ("reading", "misleads"): "of the questions: an answer with no right fact; less is better",
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

VERDICTS: Mapping[GoLive, str] = {
    "passed": "May go live",
    "failed": "May not go live",
    "too few": "Too few questions to tell whether this may go live",
    "unchecked": "Not checked whether this may go live",
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
_SIGNED = re.compile("<!-- decisions -->.*?<!-- end of decisions -->", re.DOTALL)
"""The place for decisions in a report: data cannot make one, as what comes from it is escaped."""
_MARKDOWN = re.compile(r"([\\`*_\[\]|~#$!{}])")


class Figure(NamedTuple):
    """One figure of a group of questions; `value` is None if it does not apply."""

    group: str
    name: str
    value: float | None
    interval: Interval | None


class ReadRow(NamedTuple):
    """A figure as read, by ground, and how far readers agree with what is counted (kappa)."""

    name: str
    figures: tuple[ReadFigure, ...]
    kappa: float | None


def html(
    results: Results,
    comparison: Comparison | None = None,
    checks: Sequence[RuleResult] = (),
    judgement: "Judgement | None" = None,
) -> str:
    """The page: gate, figures, plots, changes, questions that fell short, and a box to sign."""
    return _rendered("report.html.j2", results, comparison, checks, judgement)


def markdown(
    results: Results,
    comparison: Comparison | None = None,
    checks: Sequence[RuleResult] = (),
    judgement: "Judgement | None" = None,
) -> str:
    """The summary, in the Markdown of GitHub and GitLab; the terminal shows it as well."""
    return _rendered("report.md.j2", results, comparison, checks, judgement)


def changes(comparison: Comparison) -> str:
    """The changes of figures and questions alone, in Markdown."""
    return _templates().get_template("comparison.md.j2").render(comparison=comparison)


def figures(summary: Summary) -> tuple[Figure, ...]:
    """All figures of a group of questions, in reading order."""
    return tuple(
        Figure(group, name, value, summary.intervals.get(group, {}).get(name))
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
    if group == "manners":
        return _MANNERS.get(name, name)
    words = name.replace("_", " ")
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
    told = number(value, group), number(bound, group)
    if value is None or value == bound or told[0] != told[1] or not _is_rate(group):
        return told
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


def describe_check(check: RuleResult) -> str:
    """A rule of the gate with what was found: "complete (nl): 70%, at least 78% is needed"."""
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
    return f"{label(group, name)}{where}: {found}, {demand}{cause}"


def signed(report: str, decisions: Sequence[SignOff], suffix: str) -> str:
    """A report with the decisions on its run, in the place that it has for them."""
    told = _templates().get_template(f"signed{suffix}.j2").render(decisions=decisions)
    return _SIGNED.sub(lambda _: told, report)


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
    """Figures of the answers of this version as read, by figure."""
    agreed = agreements(readings())
    by_name: dict[str, list[ReadFigure]] = {}
    for one in read_figures(readings()):
        if one.version == "now" and one.ground != "both":
            by_name.setdefault(one.name, []).append(one)
    return tuple(
        ReadRow(
            label("reading", name), tuple(found), agreed[name].kappa if name in agreed else None
        )
        for name, found in by_name.items()
    )


def _rendered(
    template: str,
    results: Results,
    comparison: Comparison | None,
    checks: Sequence[RuleResult],
    judgement: "Judgement | None",
) -> str:
    by_cause = {
        cause: [one for one in results.questions if one.cause == cause] for cause in MEANINGS
    }
    counted = reported(results.questions)
    made = {
        "results": results,
        "wrong": sum(one.wrong for one in counted),
        "counted": len(counted),
        "comparison": comparison,
        "tests": {(one.group, one.name): one for one in comparison.tests} if comparison else {},
        "checks": checks,
        "verdict": go_live(results.overall.n, checks),
        "judgement": judgement,
        "short": {cause: found for cause, found in by_cause.items() if found},
    }
    return _templates().get_template(template).render(made)


def _in_markdown(text: str) -> Markup:
    """Escapes text for a line or table cell of Markdown."""
    line = " ".join(text.split())
    return Markup(_MARKDOWN.sub(r"\\\1", escape(line, quote=False)))  # noqa: S704 - just escaped


def _utc(date: str) -> str:
    """A moment of a run as a person reads it: "2026-11-24 16:08 UTC"."""
    moment = datetime.datetime.fromisoformat(date).astimezone(datetime.UTC)
    return f"{moment:%Y-%m-%d %H:%M} UTC"


@functools.cache
def _templates() -> Environment:
    helpers = (
        figures, headlines, label, number, bounds, change, p_value, reading, outcome, explain,
        plots, as_read, describe_check, deciding, with_bounds,
    )  # fmt: skip
    templates = environment(
        Path(__file__).parent,
        **{helper.__name__: helper for helper in helpers},
        FINDINGS=FINDINGS,
        HEADLINES=HEADLINES,
        MEANINGS=MEANINGS,
        NOT_COUNTED=NOT_COUNTED,
        SIGNIFICANT=SIGNIFICANT,
        VERDICTS=VERDICTS,
    )
    templates.filters |= {"md": _in_markdown, "utc": _utc}
    return templates
