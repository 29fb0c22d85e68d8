"""Official texts from the Publications Office, fetched in the background."""

import re
from collections.abc import Mapping

import streamlit as st

from ingest.official.cellar import LANGUAGES, chosen, listed
from ui import markup
from ui.maintenance import job_list as work
from ui.maintenance.page_context import PageContext
from ui.markup import escape, facts_html
from ui.texts import Texts

_NUMBERS, _LANGUAGES = "maintenance-celex", "maintenance-languages"


def show_fetch(context: PageContext) -> None:
    """Shows what can be fetched, and the result of the last fetch."""
    texts = context.texts
    st.header(texts("maintenance.fetch.heading"), anchor=False)
    st.markdown(texts("maintenance.fetch.explained"))
    st.text_input(
        texts("maintenance.fetch.numbers"),
        placeholder=" ".join(source.celex for source in listed()),
        help=texts("maintenance.fetch.numbers_help", number=len(listed())),
        key=_NUMBERS,
    )
    st.multiselect(
        texts("maintenance.fetch.languages"),
        sorted(LANGUAGES),
        default=["nl", "en"],
        format_func=lambda language: texts.label("languages", language),
        key=_LANGUAGES,
    )
    disabled = context.busy or not st.session_state[_LANGUAGES]
    context.button("maintenance.fetch.start", "maintenance-fetch", _fetch, disabled=disabled)
    job = work.latest(context.settings, "fetch")
    outcomes = [event for event in (job.events() if job else []) if event.get("event") == "fetched"]
    if job is not None and outcomes:
        rows = "".join(f"<li>{_outcome(outcome, texts)}</li>" for outcome in outcomes)
        st.html(f"{facts_html(work.since(job, texts))}<ul>{rows}</ul>")


def _outcome(outcome: Mapping[str, str], texts: Texts) -> str:
    """The outcome for one text, as HTML."""
    status = escape(texts(f"maintenance.fetched.{outcome['status']}"))
    name = escape(f"{outcome['celex']} ({texts.label('languages', outcome['language'])})")
    result = escape(outcome["file"]) or markup.fold(outcome["problem"], texts)
    return f"<strong>{status}</strong> {name} {result}"


def _fetch() -> None:
    """Starts it, with numbers that are numbers and no options of the command."""
    numbers = re.split(r"[\s,;]+", st.session_state[_NUMBERS].strip())
    sources = chosen(numbers) if any(numbers) else ()
    languages = ",".join(st.session_state[_LANGUAGES])
    work.start("fetch", "--json", "--languages", languages, *(source.celex for source in sources))
