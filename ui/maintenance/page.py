"""The maintenance page: documents, plan and publish, generations, feedback. Only for maintainers.

What takes long runs in the background (ui/jobs.py): closing the page loses nothing. The page asks
for the role first, and whatever changes something asks for it again. A part that cannot be read or
used is shown as an error, the others as they are.
"""

from collections.abc import Callable

import streamlit as st

from core.errors import StrategiewijzerError
from core.settings import Settings
from ui import access, error_messages
from ui.maintenance import (
    all_documents,
    answer_queue,
    feedback_queue,
    generation_list,
    job_list,
    plan_and_publish,
)
from ui.maintenance.job_list import PageContext
from ui.texts import Texts


def page(settings: Settings, texts: Texts) -> None:
    """Shows what maintainers need; everybody else sees that it is for them."""
    st.title(texts("maintenance.title"), anchor=False)
    try:
        access.require("maintainer")
    except StrategiewijzerError as error:
        error_messages.show(error, texts)
        return
    job_list.problems(texts)
    busy = job_list.watch(settings, texts)

    context = PageContext(settings, texts, busy)
    sections: dict[str, Callable[[PageContext], None]] = {
        "documents": all_documents.show_documents,
        "plan": plan_and_publish.show,
        "generations": generation_list.show,
        "answers": answer_queue.show,
        "feedback": feedback_queue.show,
    }
    names = [texts(f"maintenance.tabs.{name}") for name in sections]
    tabs = st.tabs(names, key=job_list.TAB, on_change="rerun")
    for tab, (name, show) in zip(tabs, sections.items(), strict=True):
        if not tab.open and name != "documents":  # there a field holds what is not saved yet
            continue
        with tab:
            try:
                show(context)
            except StrategiewijzerError as error:
                error_messages.show(error, texts)
