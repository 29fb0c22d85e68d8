"""Decide whether what a run measured goes live, and see who decided that.

It takes the role of evaluator: judging answers is that role's work. Whoever publishes, a
maintainer, need not be the one who judges.
"""

import datetime
from collections.abc import Iterable
from pathlib import Path

import streamlit as st

from core.settings import Settings
from eval import release
from eval.results import LONGEST_NAME, LONGEST_REASON, SignOff
from ui import access, error_texts
from ui.evaluation.kept_runs import KeptRun, decided, kept, when
from ui.markup import facts_html
from ui.texts import Texts


def offer(settings: Settings, run: KeptRun, texts: Texts) -> None:
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
    with error_texts.telling(texts):
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


def show(run: KeptRun, texts: Texts) -> None:
    """The decisions on a run, the last one first."""
    for decision in reversed(run.decisions):
        st.html(facts_html(told(decision, texts)))


def told(decision: SignOff, texts: Texts) -> str:
    """A decision in a line."""
    return texts(
        "evaluation.sign.told",
        decision=decided(decision, texts),
        name=decision.name,
        date=texts.moment(datetime.datetime.fromisoformat(decision.date)),
        reason=decision.reason,
    )


def by_generation(data_dir: Path, texts: Texts) -> dict[str, tuple[str, bool]]:
    """The last decision on each index generation, as HTML, and whether it goes live."""
    return dict(reversed(list(_decided(kept(data_dir), texts))))


def _decided(runs: Iterable[KeptRun], texts: Texts) -> Iterable[tuple[str, tuple[str, bool]]]:
    for run in runs:
        if run.figures and run.decisions:
            last = run.decisions[-1]
            measured = texts("evaluation.sign.measured", date=when(run.figures, texts))
            line = facts_html(f"{measured} {told(last, texts)}")
            yield run.figures.stamp.generation, (line, last.goes_live)
