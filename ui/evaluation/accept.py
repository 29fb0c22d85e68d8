"""What can be done with a run: make it the accepted one, and take its report along."""

from pathlib import Path

import streamlit as st

from eval import runs
from ui import access, downloads, error_texts
from ui.evaluation.kept_runs import KeptRun
from ui.markup import facts_html
from ui.texts import Texts

FILES = ("report.html", "report.md", "results.json")
UNDO = "evaluation-undo"  # which run was accepted before, "" for none


def offer(data_dir: Path, run: KeptRun, texts: Texts) -> None:
    """Buttons to accept the run and to download its files."""
    if not run.accepted:
        with st.popover(texts("evaluation.accept.offer"), icon=":material/verified:"):
            st.markdown(texts("evaluation.accept.explained"))
            if st.button(texts("evaluation.accept.confirm"), type="primary"):
                _accept(data_dir, run.name, texts, undo=runs.accepted(data_dir) or "")
    _offer_files(run, texts)


def show(data_dir: Path, run: KeptRun, texts: Texts) -> None:
    """That the run is the accepted one, and the way back."""
    if run.accepted:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.html(facts_html(texts("evaluation.accept.done")))
            earlier = st.session_state.get(UNDO)
            if earlier is not None and st.button(texts("evaluation.accept.undo")):
                _accept(data_dir, earlier or None, texts, undo=None)


def _accept(data_dir: Path, name: str | None, texts: Texts, *, undo: str | None) -> None:
    with error_texts.telling(texts):
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
            downloads.offer(
                texts(f"evaluation.download.{name.partition('.')[2]}"),
                (run.folder / name).read_bytes,
                name=f"{run.name}-{name}",
                key=f"evaluation-download-{name}",
            )
