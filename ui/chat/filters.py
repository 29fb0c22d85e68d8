"""What a search is limited to, as the reader chooses it; kept while other pages are shown."""

import datetime
from collections import Counter
from collections.abc import Collection, Mapping

import streamlit as st

from core.errors import StrategiewijzerError
from core.types import DocumentInfo, Scope
from core.versions import preferred
from ui.assistant import assistant
from ui.markup import escape
from ui.texts import Texts

# Where Streamlit keeps what is chosen, by field of `Scope`.
KEYS: Mapping[str, str] = {
    "areas": "areas",
    "documents": "documents",
    "language": "source_language",
    "as_of": "as_of",
}
_FIRST_DAY = datetime.date(1951, 4, 18)  # of the first of the Union's treaties


def choose(documents: Collection[DocumentInfo], texts: Texts) -> Scope:
    """Lets the reader limit the search; below that, what it is limited to and a way to undo it.

    Args:
        documents: all that can be searched, every language version.
    """
    titles = _titles(documents, texts.language)
    with st.expander(texts("filters.heading"), icon=":material/filter_alt:", key="filters"):
        areas = st.multiselect(
            texts("filters.areas"),
            sorted({document.area for document in documents if document.area}),
            format_func=lambda area: texts.label("areas", area),
            placeholder=texts("filters.all_areas"),
            key=KEYS["areas"],
            persist_state="session",
            select_all=False,
        )
        chosen = st.multiselect(
            texts("filters.documents"),
            sorted(titles, key=lambda name: titles[name].casefold()),
            format_func=lambda name: titles[name],
            placeholder=texts("filters.all_documents"),
            key=KEYS["documents"],
            persist_state="session",
            select_all=False,
        )
        language = st.selectbox(
            texts("filters.language"),
            sorted({document.language for document in documents}),
            index=None,
            format_func=lambda code: texts.label("languages", code),
            placeholder=texts("filters.all_languages"),
            key=KEYS["language"],
            persist_state="session",
        )
        as_of = st.date_input(
            texts("filters.as_of"),
            None,
            min_value=_FIRST_DAY,
            format="YYYY-MM-DD",
            help=texts("filters.as_of_help"),
            key=KEYS["as_of"],
            persist_state="session",
        )
    scope = Scope(areas=tuple(areas), documents=tuple(chosen), language=language or "", as_of=as_of)
    if scope != Scope():
        st.html(f'<p class="sw-facts" role="status">{escape(told(scope, texts))}</p>')
        st.button(
            texts("filters.clear"), icon=":material/filter_alt_off:", key="clear-filters",
            on_click=clear,
        )  # fmt: skip
    return scope


def preset(scope: Scope) -> None:
    """Chooses this scope, before `choose` shows it; what is not there to choose is left out."""
    for field, key in KEYS.items():
        value = getattr(scope, field)
        st.session_state[key] = list(value) if isinstance(value, tuple) else value or None


def clear() -> None:
    """Limits nothing any more."""
    preset(Scope())


def told(scope: Scope, texts: Texts) -> str:
    """What a search was limited to, in one line; empty when nothing is."""
    limits = [
        ", ".join(texts.label("areas", area) for area in scope.areas),
        ", ".join(_titles_of(scope, texts)),
        texts("filters.in_language", language=texts.label("languages", scope.language))
        if scope.language
        else "",
        texts("filters.on_day", date=texts.date(scope.as_of)) if scope.as_of else "",
    ]
    given = "; ".join(limit for limit in limits if limit)
    return texts("filters.told", limits=given) if given else ""


def _titles_of(scope: Scope, texts: Texts) -> list[str]:
    """Of the documents in a scope; the id of one that is no longer there."""
    try:
        there = assistant().index.documents() if scope.documents else ()
    except StrategiewijzerError:  # the page tells it, where it stands for itself
        there = ()
    titles = _titles(
        [document for document in there if document.id in scope.documents], texts.language
    )
    return [titles.get(name, name) for name in scope.documents]


def _titles(documents: Collection[DocumentInfo], language: str) -> dict[str, str]:
    """Document id -> its title in a language if it has one in it; each is another."""
    versions: dict[str, dict[str, DocumentInfo]] = {}
    for document in documents:
        versions.setdefault(document.id, {})[document.language] = document
    titles = {name: there[preferred(there, language)].title for name, there in versions.items()}
    count = Counter(titles.values())
    return {
        name: title if count[title] == 1 else f"{title} ({name})" for name, title in titles.items()
    }
