"""Whether what a run measured may go live: one sentence, and the rules behind it."""

import datetime

import streamlit as st

from core.settings import Settings
from eval import run_report
from eval.gate import DECIDING, RuleResult, deciding
from ui.evaluation.kept_runs import KeptRun, generation_in_use
from ui.evaluation.tables import label, localised, with_interval
from ui.markup import code
from ui.texts import Texts

BOXES = {"passed": st.success, "failed": st.error, "too few": st.warning, "unchecked": st.info}


def show(run: KeptRun, texts: Texts) -> None:
    """The verdict; only one that passed is green."""
    if run.figures is None:
        return
    n, checks = run.figures.overall.n, run.gate.checks
    parts = [f"**{texts(f'evaluation.verdict.{run.verdict}')}**"]
    if run.verdict == "too few":
        keys = [tuple(name.split(".")) for name in DECIDING]
        figures = run_report.chosen(run.figures.overall, [(group, name) for group, name in keys])
        told = [
            f"{label(one.group, one.name, texts)} {with_interval(one, texts)}" for one in figures
        ]
        parts.append(texts("evaluation.verdict.proves_nothing", n=n, figures="; ".join(told)))
    if checks:
        met = sum(check.passed for check in checks)
        facts = {"met": met, "all": len(checks), "file": code(run.gate.rules), "n": n}
        parts.append(texts("evaluation.verdict.rules", baseline=_baseline(run, texts), **facts))
        if run.verdict != "too few":
            told = [_rule(check, texts) for check in deciding(checks)]
            parts.append(texts("evaluation.verdict.decides", rules="; ".join(told)))
    elif run.verdict == "unchecked":
        parts.append(texts("evaluation.verdict.no_rules"))
    BOXES[run.verdict](" ".join(parts))


def show_version(settings: Settings, run: KeptRun, texts: Texts) -> None:
    """Says where the verdict is not about the version in use, and where the decision is against
    that version."""
    current = generation_in_use(settings)
    if run.figures is None or not current:
        return
    if run.figures.stamp.generation != current:
        st.warning(texts("evaluation.verdict.not_in_use"))
    elif run.decisions and not run.decisions[-1].goes_live:
        st.warning(texts("evaluation.sign.in_use"))


def show_rules(run: KeptRun, texts: Texts) -> None:
    """All rules with what was found, those that were not met first."""
    if not run.gate.checks:
        return
    with st.expander(texts("evaluation.verdict.all_rules", n=len(run.gate.checks))):
        in_order = sorted(run.gate.checks, key=lambda check: check.passed)
        marks = {True: "✓", False: "✗"}
        st.markdown("\n".join(f"- {marks[one.passed]} {_rule(one, texts)}" for one in in_order))


def _baseline(run: KeptRun, texts: Texts) -> str:
    if not run.gate.baseline:
        return texts("evaluation.verdict.no_baseline")
    date = texts.moment(datetime.datetime.fromisoformat(run.gate.baseline))
    return texts("evaluation.verdict.baseline", date=date)


def _rule(check: RuleResult, texts: Texts) -> str:
    """A rule and what was found, in Markdown; as it stands where it has no bound."""
    bounds = {"floor": check.floor, "ceiling": check.ceiling, "before": check.before}
    kind = next((name for name, bound in bounds.items() if bound is not None), None)
    bound = bounds[kind] if kind else None
    if kind is None or bound is None:
        return code(f"{check.rule}: {check.found}")
    if kind == "before" and check.passed:
        kind = "not_worse"
    group, _, name = check.figure.partition(".")
    found, limit = (localised(text, texts) for text in run_report.beside(check.value, bound, group))
    language = texts.label("languages", check.language)
    figure = label(group, name, texts) + (f" ({language})" if language else "")
    told = texts(f"evaluation.verdict.bounds.{kind}", figure=figure, value=found, bound=limit)
    cause = texts.label("evaluation.causes", check.cause)
    return told + (texts("evaluation.verdict.cause", cause=cause) if cause else "")
