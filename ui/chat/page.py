"""The chat page: ask a question, read the answer, check its sources."""

import datetime
from collections.abc import Collection, Mapping

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from chain.answer.suggestions import examples
from chain.request import MAX_QUESTION
from core.answer import by_number
from core.errors import StrategiewijzerError
from core.settings import Settings, current
from core.source import DocumentInfo, Scope
from language.escaping import visible
from ui import corpus, error_messages
from ui.answers.references import cited_in
from ui.chat import conversation_list, exchange, sharing
from ui.chat.session import FIELD, Chat, chat, follow_address, set_address
from ui.markup import escape, facts_html
from ui.notes import show_keepers
from ui.scripts import script
from ui.shared_assistant import assistant, usable_index
from ui.texts import Texts
from userdata.conversations import Exchange
from vectorstore.store import Snapshot

_EXAMPLES = 5
# Where Streamlit keeps what is chosen, by field of `Scope`.
_SCOPE_KEYS: Mapping[str, str] = {
    "areas": "areas",
    "documents": "documents",
    "language": "source_language",
    "as_of": "as_of",
}
_FIRST_DAY = datetime.date(1951, 4, 18)  # of the first of the Union's treaties


def page(settings: Settings, texts: Texts) -> None:
    """Shows the conversation and answers its last question."""
    session = chat(settings)
    if token := st.query_params.get("s"):
        sharing.show_shared(token, session, settings, texts)
        return
    limited = follow_address(session)
    if limited is not None:
        preset_filters(limited)
    if session.conversation.exchanges:
        st.html(f'<h1 class="sw-hidden">{escape(texts("title"))}</h1>')
    else:
        st.title(texts("title"), anchor=False)
    with st.sidebar:
        new, filtered, kept = st.container(), st.container(), st.container()
    index = _show_corpus(session, settings, texts, filtered)
    # In a conversation the next question finds a server that is back.
    _show_field(session, texts, ready=index is not None or bool(session.conversation.exchanges))
    set_address(session)
    with new:
        conversation_list.show_new(session, texts)
    with kept:
        conversation_list.show_list(session, settings, texts)
    problem_place = st.empty()
    _show_conversation(session, texts, index)
    show_keepers(session, texts)
    with problem_place.container():
        if session.problem:
            lead = texts("history.problem")
            error_messages.show_with_details(lead, session.problem, texts, st.warning)
        if session.missing:
            st.warning(texts("history.missing"))
    if not session.conversation.exchanges:
        conversation_list.show_undo(session, texts)
        if index is not None:
            _show_start(session, index, texts)


def _show_field(session: Chat, texts: Texts, *, ready: bool) -> None:
    """Shows the field for a question, and a remark on its length. In a container of its own, since
    Streamlit scrolls to the end of a page that has the field anywhere else."""
    with st.bottom:
        if session.too_long:
            st.warning(texts("chat.too_long", length=session.too_long, limit=MAX_QUESTION))
        st.html(_length_html(texts), unsafe_allow_javascript=True)
        typed = st.chat_input(
            texts("chat.placeholder"),
            key=FIELD,
            disabled=not ready,
            submit_mode="disable",
            on_submit=_ask_typed,
            args=(session,),
        )
    heard, session.heard = session.heard, False
    if typed and not heard:
        # The app was started again, and this session has just begun: it did not know the callback
        # of what was typed into the page of the one before.
        session.ask(typed)
        st.rerun()


def _length_html(texts: Texts) -> str:
    """Shows, while somebody types, how much room there is left."""
    near, over = (
        escape(texts(f"chat.{name}", length="{length}", limit=MAX_QUESTION))
        for name in ("near_limit", "over_limit")
    )
    return (
        f'<p class="sw-length sw-facts" role="status" data-limit="{MAX_QUESTION}" '
        f'data-near="{near}" data-over="{over}"></p>{script("question_length")}'
    )


def _ask_typed(session: Chat) -> None:
    """Asks what was typed; what cannot be asked, or not yet, stays in the field."""
    text, busy = st.session_state[FIELD], bool(session.pending)
    session.heard = True
    session.ask(text)
    if busy or session.too_long:
        st.session_state[FIELD] = text


def _show_conversation(session: Chat, texts: Texts, index: Snapshot | None) -> None:
    """All exchanges, of which the pending one is answered here. What asks something is hidden
    meanwhile (style.css)."""
    exchanges = session.conversation.exchanges
    for number, shown in enumerate(exchanges):
        is_last = number == len(exchanges) - 1
        with st.container(key=f"turn-{shown.id}"):
            exchange.show_question(session, shown, texts, is_last=is_last)
            with st.chat_message("assistant", avatar=":material/menu_book:"):
                making = st.empty()  # always there, so that what follows keeps its place
                if shown.id == session.pending:
                    shown = exchange.answered(making, session, shown, texts)
                    index = _as_answered(shown, index)
                if shown.id == session.finished:
                    session.finished = ""
                    _announce(making, shown, texts)
                exchange.show_answer(session, shown, number, texts, index)
            below = st.empty()  # emptied at once when another question is asked
            if is_last:
                with below.container():
                    conversation_list.show_undo(session, texts)
                    if index is not None and not session.pending:
                        exchange.show_followups(session, texts)


def _as_answered(finished: Exchange, index: Snapshot | None) -> Snapshot | None:
    """The sources that answered, also where they were published since the page was begun; None
    where they cannot be used any more."""
    answer = finished.answer
    if answer is None or (index and answer.generation == index.generation):
        return index
    return usable_index()


def _show_corpus(
    session: Chat, settings: Settings, texts: Texts, filtered: DeltaGenerator
) -> Snapshot | None:
    """Shows what can be searched, which it returns; or why nothing can."""
    try:
        index = assistant().index.snapshot()
        documents = index.documents()
        facts = corpus.state_html(settings, index, texts)
    except StrategiewijzerError as error:
        error_messages.no_sources(error, texts)
        st.button(texts("chat.retry"))
        return None
    with filtered:
        session.scope = choose_filters(documents, texts)
    st.sidebar.html(facts)
    return index


def choose_filters(documents: Collection[DocumentInfo], texts: Texts) -> Scope:
    """Lets the reader limit the search of these documents; below that, what it is limited to and a
    way to undo it. What is chosen is kept while other pages are shown."""
    names = corpus.titles(documents, texts.language)
    with st.expander(texts("filters.heading"), icon=":material/filter_alt:", key="filters"):
        areas = st.multiselect(
            texts("filters.areas"),
            sorted({document.area for document in documents if document.area}),
            format_func=lambda area: texts.label("areas", area),
            placeholder=texts("filters.all_areas"),
            key=_SCOPE_KEYS["areas"],
            persist_state="session",
            select_all=False,
        )
        chosen = st.multiselect(
            texts("filters.documents"),
            sorted(names, key=lambda name: names[name].casefold()),
            format_func=lambda name: visible(names[name]),
            placeholder=texts("filters.all_documents"),
            key=_SCOPE_KEYS["documents"],
            persist_state="session",
            select_all=False,
        )
        language = st.selectbox(
            texts("filters.language"),
            sorted({document.language for document in documents}),
            index=None,
            format_func=lambda code: texts.label("languages", code),
            placeholder=texts("filters.all_languages"),
            key=_SCOPE_KEYS["language"],
            persist_state="session",
        )
        as_of = st.date_input(
            texts("filters.as_of"),
            None,
            min_value=_FIRST_DAY,
            format=texts.date_field,
            help=texts("filters.as_of_help"),
            key=_SCOPE_KEYS["as_of"],
            persist_state="session",
        )
    scope = Scope(areas=tuple(areas), documents=tuple(chosen), language=language or "", as_of=as_of)
    if scope != Scope():
        st.html(facts_html(corpus.describe_scope(scope, texts), role="status"))
        icon, clear = ":material/filter_alt_off:", texts("filters.clear")
        st.button(clear, icon=icon, key="clear-filters", on_click=clear_filters)
    return scope


def preset_filters(scope: Scope) -> None:
    """Chooses this scope, before the filters are shown; what is not there to choose is left out."""
    for field, key in _SCOPE_KEYS.items():
        value = getattr(scope, field)
        st.session_state[key] = list(value) if isinstance(value, tuple) else value or None


def clear_filters() -> None:
    """Limits nothing any more."""
    preset_filters(Scope())


def _show_start(session: Chat, index: Snapshot, texts: Texts) -> None:
    """Shows the start page: the purpose, the sources, and questions to begin with."""
    documents = index.documents()
    can = texts("chat.can_write" if current().generative else "chat.can_quote")
    audited = facts_html(texts("privacy.audited")) if current().audit else ""
    st.html(script("focus_field"), unsafe_allow_javascript=True)
    st.html(
        f"<p>{escape(texts('purpose'))}</p>"
        + facts_html(can)
        + audited
        + corpus.sources_html(documents, texts)
    )
    if limits := corpus.describe_scope(session.scope, texts):
        st.html(f'<p class="sw-note">{escape(limits)}</p>')
        st.button(
            texts("chat.unlimited"),
            icon=":material/filter_alt_off:",
            key="unlimited",
            on_click=clear_filters,
        )
    offered = examples(index, texts.language)
    if not offered and any(document.kind == "brief" for document in documents):
        offered = tuple(texts.series("examples"))  # these are about the briefs
    with st.container(gap=None, key="examples"):
        if offered:
            st.html(f'<h2 class="sw-small">{escape(texts("chat.examples"))}</h2>')
            exchange.offer_questions(offered[:_EXAMPLES], "example", session)


def _announce(place: DeltaGenerator, finished: Exchange, texts: Texts) -> None:
    """Announces to screen readers an answer that has just been finished."""
    answer = finished.answer
    if answer is None:
        message = texts("chat.finished_problem")
    elif answer.kind in ("refusal", "found", "reply"):
        message = texts(f"chat.finished_{answer.kind}")
    else:
        message = texts.counted("chat.finished", len(by_number(cited_in(answer.blocks, answer))))
    place.html(
        f'<p class="sw-announced" hidden>{escape(message)}</p>{script("announce")}',
        unsafe_allow_javascript=True,
    )
