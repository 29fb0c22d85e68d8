"""Whether what a run measured may go live, and the decision on that."""

import datetime

import streamlit as st

from core.settings import Settings
from eval import run_report, runs
from eval.gate import RuleResult
from eval.results import LONGEST_NAME, LONGEST_REASON, Figure, Figures
from eval.run_report import bounds, number
from language.escaping import visible
from ui import access, error_messages, scripts
from ui.evaluation.kept_runs import KeptRun, describe_sign_off, generation_in_use
from ui.markup import code, facts_html
from ui.texts import Texts

BOXES = {"passed": st.success, "failed": st.error, "too few": st.warning, "unchecked": st.info}
_FILES = (runs.REPORT, runs.FIGURES)


def show_verdict(settings: Settings, run: KeptRun, figures: Figures, texts: Texts) -> None:
    """The verdict, a line for each figure of it, what these do not see, and the decisions; only a
    verdict that passed is green."""
    n, checks = figures.overall.n, run.gate.checks
    parts = []
    if run.verdict == "too few":
        parts.append(texts("evaluation.verdict.proves_nothing", n=n))
    if checks:
        failed = [_rule(check, texts) for check in checks if not check.passed]
        met = len(checks) - len(failed)
        facts = {"met": met, "all": len(checks), "file": code(run.gate.rules), "n": n}
        parts.append(texts("evaluation.verdict.rules", baseline=_baseline(run, texts), **facts))
        if failed:
            parts.append(texts("evaluation.verdict.not_met", rules="; ".join(failed)))
    elif run.verdict == "unchecked":
        parts.append(texts("evaluation.verdict.no_rules"))
    parts.append(texts("evaluation.verdict.not_counted"))
    verdict = f"**{texts(f'evaluation.verdict.{run.verdict}')}**"
    BOXES[run.verdict]("\n\n".join((verdict, _lines(run, figures, texts), " ".join(parts))))
    in_use = generation_in_use(settings)
    if in_use and figures.stamp.generation != in_use:
        st.warning(texts("evaluation.verdict.not_in_use"))
    elif in_use and run.decisions and not run.decisions[-1].goes_live:
        st.warning(texts("evaluation.sign.in_use"))
    if run.accepted:
        st.html(facts_html(texts("evaluation.accept.done")))
    for decision in reversed(run.decisions):
        st.html(facts_html(describe_sign_off(decision, texts)))


def _lines(run: KeptRun, figures: Figures, texts: Texts) -> str:
    """The figures of the verdict as a Markdown list, each with what it is over and its rule."""
    lines, rules = [], run_report.bounding(run.gate.checks)
    for name in run_report.DECIDING:
        figure = figures.overall.figures[name]
        value = _over(name, figure, _localised(number(figure.value, name), texts), texts)
        line = texts("evaluation.verdict.line", figure=_label(name, texts), value=value)
        lines.append(_rule(rules[name], texts, figure) if name in rules else line)
    return "\n".join(f"- {line}" for line in lines)


def _over(name: str, figure: Figure, value: str, texts: Texts) -> str:
    """A figure of the verdict, with its bounds and what it is over: "4% (2 to 6) of 297
    questions"."""
    low, _, high = texts.figure(bounds(figure.interval, name)).partition(" to ")
    if high:
        value = f"{value} ({texts('evaluation.between', low=low, high=high)})"
    over = texts(f"evaluation.verdict.over.{name.partition('.')[2]}", n=texts.number(figure.n))
    return texts("evaluation.verdict.value", value=value, over=over)


def _label(figure: str, texts: Texts) -> str:
    """A figure's name in the language of the page."""
    return texts.label("evaluation.names", figure)


def _localised(text: str, texts: Texts) -> str:
    """A figure as the report writes it, such as "44%", as the language of the page does."""
    value, percent, _ = texts.figure(text).partition("%")
    return texts("evaluation.percent", value=value) if percent else value


def _baseline(run: KeptRun, texts: Texts) -> str:
    if not run.gate.baseline:
        return texts("evaluation.verdict.no_baseline")
    date = texts.moment(datetime.datetime.fromisoformat(run.gate.baseline))
    return texts("evaluation.verdict.baseline", date=date)


def _rule(check: RuleResult, texts: Texts, figure: Figure | None = None) -> str:
    """A rule and what was found, in Markdown; with the figure also its bounds and what it is
    over."""
    limits = {"floor": check.floor, "ceiling": check.ceiling, "before": check.before}
    kind, limit = next((kind, limit) for kind, limit in limits.items() if limit is not None)
    if kind == "before" and check.passed:
        kind = "not_worse"
    found, bound = (
        _localised(text, texts) for text in run_report.beside(check.value, limit, check.figure)
    )
    found = _over(check.figure, figure, found, texts) if figure else found
    language = texts.label("languages", check.language)
    label = _label(check.figure, texts) + (f" ({language})" if language else "")
    line = texts(f"evaluation.verdict.bounds.{kind}", figure=label, value=found, bound=bound)
    cause = texts.label("evaluation.causes", check.cause)
    return line + (texts("evaluation.verdict.cause", cause=cause) if cause else "")


def offer_sign_off(settings: Settings, run: KeptRun, figures: Figures, texts: Texts) -> None:
    """The form to decide with; after a decision it is another one, closed and empty."""
    form = f"{run.name}-{len(run.decisions)}"
    with st.popover(
        texts("evaluation.sign.offer"),
        icon=":material/draw:",
        key=f"evaluation-sign-{form}",
        on_change="rerun",
    ):
        st.markdown(f"{_lines(run, figures, texts)}\n\n{texts('evaluation.sign.explained')}")
        if run.verdict != "passed":
            st.html(facts_html(texts("evaluation.sign.not_passed")))
        goes_live = st.radio(
            texts("evaluation.sign.decision"),
            (True, False),
            index=None,
            format_func=lambda live: texts(f"evaluation.sign.{'goes' if live else 'stays'}"),
            key=f"evaluation-decision-{form}",
        )
        known = access.user().name
        name = known or st.text_input(
            texts("evaluation.sign.name"), max_chars=LONGEST_NAME, key="evaluation-signer"
        )
        reason = st.text_area(
            texts("evaluation.sign.reason"),
            max_chars=LONGEST_REASON,
            key=f"evaluation-reason-{form}",
        )
        accept = not run.accepted and st.checkbox(
            texts("evaluation.accept.offer"),
            help=texts("evaluation.accept.explained"),
            key=f"evaluation-accept-{form}",
        )
        if known:
            st.html(facts_html(texts("evaluation.sign.as", name=known)))
        if st.button(texts("evaluation.sign.confirm"), type="primary"):
            if goes_live is None or not all(visible(text).strip() for text in (name, reason)):
                st.warning(texts("evaluation.sign.lacks"))
                return
            with error_messages.showing(texts):
                user = access.require("evaluator")
                runs.sign(
                    settings,
                    run.name,
                    goes_live=goes_live,
                    name=user.name or name,
                    reason=reason,
                    by=user.id,
                )
                if accept:
                    runs.accept(settings.data_dir, run.name)
                st.rerun()


def offer_report(run: KeptRun, texts: Texts) -> None:
    """The report and the figures to download; their list is read once it is open."""
    offer = st.popover(
        texts("evaluation.download.offer"),
        icon=":material/download:",
        key="evaluation-files",
        on_change="rerun",
    )
    there = [name for name in _FILES if (run.folder / name).is_file()] if offer.open else []
    for name in there:
        with offer:
            scripts.offer_download(
                texts(f"evaluation.download.{name.partition('.')[2]}"),
                (run.folder / name).read_bytes,
                name=f"{run.name}-{name}",
                key=f"evaluation-download-{name}",
            )
