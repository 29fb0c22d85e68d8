"""Official texts from the Publications Office, fetched in the background."""

import re
from collections.abc import Mapping

import streamlit as st

from core.settings import Settings
from ingest.official.cellar import LANGUAGES
from ingest.official.listed import chosen, listed
from ui import error_texts
from ui.maintenance import job_list as work
from ui.markup import escape, facts_html
from ui.texts import Texts

_NUMBERS, _LANGUAGES = "maintenance-celex", "maintenance-languages"


def show(settings: Settings, texts: Texts, *, busy: bool) -> None:
    """What to fetch, and what came of the last time; `busy`: a job runs."""
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
    st.button(
        texts("maintenance.fetch.start"),
        key="maintenance-fetch",
        disabled=busy or not st.session_state[_LANGUAGES],
        on_click=_fetch,
    )
    job = work.latest(settings, "fetch")
    outcomes = [one for one in (job.events() if job else []) if one.get("event") == "fetched"]
    if job is not None and outcomes:
        rows = "".join(f"<li>{_outcome(one, texts)}</li>" for one in outcomes)
        st.html(f"{facts_html(work.since(job, texts))}<ul>{rows}</ul>")


def _outcome(one: Mapping[str, str], texts: Texts) -> str:
    """What became of one text, as HTML."""
    status = escape(texts(f"maintenance.fetched.{one['status']}"))
    name = escape(f"{one['celex']} ({texts.label('languages', one['language'])})")
    told = escape(one["file"]) or error_texts.fold(one["problem"], texts)
    return f"<strong>{status}</strong> {name} {told}"


def _fetch() -> None:
    """Starts it, with numbers that are numbers and no options of the command."""
    with work.attempt():
        numbers = re.split(r"[\s,;]+", st.session_state[_NUMBERS].strip())
        sources = chosen(numbers) if any(numbers) else ()
        languages = ",".join(st.session_state[_LANGUAGES])
        work.start("fetch", "--json", "--languages", languages, *(one.celex for one in sources))
