"""Above the text of a document: what it says in short, and questions that it answers.

The text stands on the page already when they are made, which is once for each generation.
"""

import logging

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from chain.answer.digest import digest
from core.answer import Answer
from core.errors import StrategiewijzerError, kind_and_place
from core.settings import current
from core.source import DocumentInfo, Scope
from ui import page_links
from ui.answers import answer_view
from ui.markup import escape
from ui.shared_assistant import assistant
from ui.sources.documents import Versions
from ui.texts import Texts
from vectorstore.snapshot import Snapshot

logger = logging.getLogger(__name__)

_KEPT = 200  # documents in a language; one costs up to 19 searches to make, and memory to keep


def place(texts: Texts) -> tuple[DeltaGenerator, DeltaGenerator]:
    """Where they will stand, folded so that the text stays where it is when they come; and all of
    that, to be emptied where there is nothing to tell."""
    whole = st.empty()
    with whole.container(key="digest"):
        inside = st.expander(texts("catalogue.digest"))
    return inside, whole


def show(index: Snapshot, versions: Versions, language: str, texts: Texts) -> bool:
    """A summary of the version in a language, and questions in the interface language, or in the
    document's where that gives none. Tells whether there is any of it."""
    read = versions[language].info
    asked = versions.get(texts.language, versions[language]).info
    said: Answer | None = None
    questions: tuple[str, ...] = ()
    try:
        said = _digest(index.generation, read.key, index)
        if said is not None:
            st.html(f'<h2 class="sw-hidden">{escape(texts("catalogue.digest"))}</h2>')
            answer_view.show(said, "digest", texts, _ask, index)
        state = f"{index.generation} {current().model_dump_json()}"
        questions = _questions(state, asked.key, texts.language, asked, index) or _questions(
            state, read.key, language, read, index
        )
    except StrategiewijzerError:  # the page tells it, where it stands for itself
        pass
    except Exception as error:  # noqa: BLE001 - the text can be read all the same
        logger.error("A summary ended with %s", kind_and_place(error))
    if questions:
        st.html(f'<h2 class="sw-small">{escape(texts("catalogue.questions"))}</h2>')
    for number, question in enumerate(questions):
        page_links.to_question(question, read, f"plain-question-{number}")
    return said is not None or bool(questions)


@st.cache_resource(show_spinner=False, max_entries=_KEPT)
def _digest(generation: str, key: str, _index: Snapshot) -> Answer | None:
    """`generation` only tells one state from another. Shared by all sessions and never changed."""
    return digest(_index, key)


@st.cache_resource(show_spinner=False, max_entries=_KEPT)
def _questions(
    state: str, key: str, language: str, _document: DocumentInfo, _index: Snapshot
) -> tuple[str, ...]:
    """As `_digest`; the settings are part of `state`, as they say what is answered."""
    return assistant().questions_about(_index, _document, language)


def _ask(question: str, *, alone: bool = False, scope: Scope | None = None) -> None:
    """A summary of the sources as they are offers nothing to ask."""
