"""The field for a question, and the filters of its search."""

import datetime
import re
from collections.abc import Collection, Mapping

import streamlit as st

from chain.request import MAX_QUESTION
from core.source import DocumentInfo, Scope
from language.escaping import visible
from language.sentences import sentences
from ui import formats
from ui.markup import escape, facts_html, script
from ui.shared_assistant import describe_scope, titles
from ui.texts import Texts

# What a search is limited to, as the reader chooses it; kept while other pages are shown.


# Where Streamlit keeps what is chosen, by field of `Scope`.
KEYS: Mapping[str, str] = {
    "areas": "areas",
    "documents": "documents",
    "language": "source_language",
    "as_of": "as_of",
}
_FIRST_DAY = datetime.date(1951, 4, 18)  # of the first of the Union's treaties


def choose_filters(documents: Collection[DocumentInfo], texts: Texts) -> Scope:
    """Lets the reader limit the search; below that, what it is limited to and a way to undo it.

    Args:
        documents: all that can be searched, every language version.
    """
    names = titles(documents, texts.language)
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
            sorted(names, key=lambda name: names[name].casefold()),
            format_func=lambda name: visible(names[name]),
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
            format=formats.date_field(texts.language),
            help=texts("filters.as_of_help"),
            key=KEYS["as_of"],
            persist_state="session",
        )
    scope = Scope(areas=tuple(areas), documents=tuple(chosen), language=language or "", as_of=as_of)
    if scope != Scope():
        st.html(facts_html(describe_scope(scope, texts), role="status"))
        st.button(
            texts("filters.clear"), icon=":material/filter_alt_off:", key="clear-filters",
            on_click=clear_filters,
        )  # fmt: skip
    return scope


def preset_filters(scope: Scope) -> None:
    """Chooses this scope, before `choose` shows it; what is not there to choose is left out."""
    for field, key in KEYS.items():
        value = getattr(scope, field)
        st.session_state[key] = list(value) if isinstance(value, tuple) else value or None


def clear_filters() -> None:
    """Limits nothing any more."""
    preset_filters(Scope())


# The question in what a reader typed or pasted, and the field's word on how long it may be.


_LONGEST_READ = 100 * MAX_QUESTION  # a longer text is no message, and searching it takes time
_PARAGRAPH = re.compile(r"(?s:(?!\n[^\S\n]*\n|(?<=[.:!?])[^\S\n]*\n).)+")
_ASKING = re.compile(r"[?\u037e][”“»\"')\]]*$")  # also the Greek question mark
_FEWEST_WORDS = 3  # "Really?" asks nothing that can be searched


def question_in(text: str) -> tuple[str, str]:
    """The question that a text asks, and the rest of it, which is not searched.

    A text that is short enough is the question. Of a longer one it is the last sentence if that
    asks something, else the first, else the last one that does; empty where none does.
    """
    if len(text) <= MAX_QUESTION:
        return text, ""
    if len(text) > _LONGEST_READ:
        return "", text
    found = [
        (paragraph.start() + start, paragraph.start() + end)
        for paragraph in _PARAGRAPH.finditer(text)
        for start, end in sentences(paragraph[0], "en")
    ]
    for start, end in (*found[-1:], *found[:1], *reversed(found)):
        sentence = text[start:end]
        asks = _ASKING.search(sentence) and len(sentence.split()) >= _FEWEST_WORDS
        if asks and len(sentence) <= MAX_QUESTION:
            rest = (text[:start].strip(), text[end:].strip())
            return " ".join(sentence.split()), "\n\n".join(filter(None, rest))
    return "", text


def length_html(texts: Texts) -> str:
    """Tells, while somebody types, how much room there is left."""
    near, over = (
        escape(texts(f"chat.{name}", length="{length}", limit=MAX_QUESTION))
        for name in ("near_limit", "over_limit")
    )
    return (
        f'<p class="sw-length sw-facts" role="status" data-limit="{MAX_QUESTION}" '
        f'data-near="{near}" data-over="{over}"></p>{script("question_length")}'
    )
