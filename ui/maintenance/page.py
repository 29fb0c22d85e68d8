"""The maintenance page: documents, plan and publish, generations, feedback. Only for maintainers.

What takes long runs in the background (ui/jobs.py): closing the page loses nothing. The
page asks for the role first, and whatever changes something asks for it again.
"""

from collections.abc import Callable

import streamlit as st

from core.errors import StrategiewijzerError
from core.settings import current
from ui import access, sidebar
from ui.maintenance import documents, feedback, fetch, generations, jobs, plan, trouble


def page() -> None:
    """Shows what maintainers need; everybody else is told so."""
    settings = current()
    texts = sidebar.interface_texts(settings)
    st.title(texts("maintenance.title"), anchor=False)
    try:
        access.require("maintainer")
    except StrategiewijzerError as error:
        trouble.show(error, texts)
        return
    jobs.problems(texts)
    busy = jobs.watch(settings, texts)

    def sources() -> None:
        documents.show(settings, texts, busy=busy)
        fetch.show(settings, texts, busy=busy)

    sections: dict[str, Callable[[], None]] = {
        "documents": sources,
        "plan": lambda: plan.show(settings, texts, busy=busy),
        "generations": lambda: generations.show(settings, texts, busy=busy),
        "feedback": lambda: feedback.show(settings, texts),
    }
    names = [texts(f"maintenance.tabs.{name}") for name in sections]
    tabs = st.tabs(names, key=jobs.TAB, on_change="rerun")
    for tab, (name, show) in zip(tabs, sections.items(), strict=True):
        if not tab.open and name != "documents":  # there a field holds what is not saved yet
            continue
        with tab:
            try:
                show()
            except StrategiewijzerError as error:
                trouble.show(error, texts)
