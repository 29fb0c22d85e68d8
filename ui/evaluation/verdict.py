"""May this go live: the verdict of the gate, the sign-off, the baseline."""

import datetime
from collections.abc import Iterable
from pathlib import Path

import streamlit as st

from core.settings import Settings
from eval import release, run_report, runs
from eval.gate import DECIDING, RuleResult, deciding
from eval.results import LONGEST_NAME, LONGEST_REASON, SignOff
from ui import access, markup
from ui.evaluation.kept_runs import (
    KeptRun,
    decided,
    generation_in_use,
    kept,
    label,
    localised,
    when,
    with_interval,
)
from ui.markup import code, facts_html
from ui.texts import Texts

# Whether what a run measured may go live: one sentence, and the rules behind it.


BOXES = {"passed": st.success, "failed": st.error, "too few": st.warning, "unchecked": st.info}


def show_verdict(run: KeptRun, texts: Texts) -> None:
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


# Decide whether what a run measured goes live, and see who decided that.


def offer_sign_off(settings: Settings, run: KeptRun, texts: Texts) -> None:
    """The form to decide with; after a decision it is another one, closed and empty."""
    form = f"{run.name}-{len(run.decisions)}"
    with st.popover(
        texts("evaluation.sign.offer"),
        icon=":material/draw:",
        key=f"evaluation-sign-{form}",
        on_change="rerun",
    ):
        st.markdown(texts("evaluation.sign.explained"))
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
        if known:
            st.html(facts_html(texts("evaluation.sign.as", name=known)))
        if st.button(texts("evaluation.sign.confirm"), type="primary"):
            if goes_live is None or not name.strip() or not reason.strip():
                st.warning(texts("evaluation.sign.lacks"))
                return
            _sign(settings, run, texts, goes_live=goes_live, name=name, reason=reason)


def _sign(
    settings: Settings, run: KeptRun, texts: Texts, *, goes_live: bool, name: str, reason: str
) -> None:
    with markup.showing(texts):
        user = access.require("evaluator")
        release.sign(
            settings,
            run.name,
            goes_live=goes_live,
            name=user.name or name,
            reason=reason,
            by=user.id,
        )
        st.rerun()


def show_sign_off(run: KeptRun, texts: Texts) -> None:
    """The decisions on a run, the last one first."""
    for decision in reversed(run.decisions):
        st.html(facts_html(describe_sign_off(decision, texts)))


def describe_sign_off(decision: SignOff, texts: Texts) -> str:
    """A decision in a line."""
    return texts(
        "evaluation.sign.told",
        decision=decided(decision, texts),
        name=decision.name,
        date=texts.moment(datetime.datetime.fromisoformat(decision.date)),
        reason=decision.reason,
    )


def sign_offs_by_generation(data_dir: Path, texts: Texts) -> dict[str, tuple[str, bool]]:
    """The last decision on each index generation, as HTML, and whether it goes live."""
    return dict(reversed(list(_decided(kept(data_dir), texts))))


def _decided(runs: Iterable[KeptRun], texts: Texts) -> Iterable[tuple[str, tuple[str, bool]]]:
    for run in runs:
        if run.figures and run.decisions:
            last = run.decisions[-1]
            measured = texts("evaluation.sign.measured", date=when(run.figures, texts))
            line = facts_html(f"{measured} {describe_sign_off(last, texts)}")
            yield run.figures.stamp.generation, (line, last.goes_live)


# What can be done with a run: make it the accepted one, and take its report along.


FILES = ("report.html", "report.md", "results.json")
UNDO = "evaluation-undo"  # which run was accepted before, "" for none


def offer_accept(data_dir: Path, run: KeptRun, texts: Texts) -> None:
    """Buttons to accept the run and to download its files."""
    if not run.accepted:
        with st.popover(texts("evaluation.accept.offer"), icon=":material/verified:"):
            st.markdown(texts("evaluation.accept.explained"))
            if st.button(texts("evaluation.accept.confirm"), type="primary"):
                _accept(data_dir, run.name, texts, undo=runs.accepted(data_dir) or "")
    _offer_files(run, texts)


def show_accepted(data_dir: Path, run: KeptRun, texts: Texts) -> None:
    """That the run is the accepted one, and the way back."""
    if run.accepted:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.html(facts_html(texts("evaluation.accept.done")))
            earlier = st.session_state.get(UNDO)
            if earlier is not None and st.button(texts("evaluation.accept.undo")):
                _accept(data_dir, earlier or None, texts, undo=None)


def _accept(data_dir: Path, name: str | None, texts: Texts, *, undo: str | None) -> None:
    with markup.showing(texts):
        access.require("evaluator")
        runs.accept(data_dir, name)
        st.session_state[UNDO] = undo
        st.rerun()


def _offer_files(run: KeptRun, texts: Texts) -> None:
    """The list of files is read once it is open."""
    offer = st.popover(
        texts("evaluation.download.offer"),
        icon=":material/download:",
        key="evaluation-files",
        on_change="rerun",
    )
    there = [name for name in FILES if (run.folder / name).is_file()] if offer.open else []
    for name in there:
        with offer:
            markup.offer_download(
                texts(f"evaluation.download.{name.partition('.')[2]}"),
                (run.folder / name).read_bytes,
                name=f"{run.name}-{name}",
                key=f"evaluation-download-{name}",
            )
