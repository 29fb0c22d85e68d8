"""Notes: quotes that a reader keeps with a click, and the page that lists them with remarks.

The buttons that keep stand in the evidence of an answer, and in the panel that the browser copies
from it (ui/answers/evidence_panel.py). Each presses one of Streamlit's, which is not shown. Style
marks which quotes are kept, so that nothing that is read is replaced.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator
from functools import partial

import streamlit as st

from core.answer import by_number
from core.errors import StrategiewijzerError
from core.settings import Settings
from ui import addresses, error_messages, scripts
from ui.answers.evidence_panel import CurrentSources, current_sources, origins
from ui.answers.export import FilePart, as_docx
from ui.answers.references import full_references, stretches, with_pages
from ui.chat.session import Chat, chat
from ui.markup import code, escape, facts_html, text_html
from ui.paging import page_of
from ui.shared_assistant import usable_index
from ui.texts import Texts
from userdata.conversations import MAX_NOTES, MAX_QUOTE, MAX_REMARK, Note

_PAGE = 20  # notes shown at once: all of 500 would be sent at every click
_PROBLEM = "notes-problem"  # what the last click could not do, with the program's own words


def page(settings: Settings, texts: Texts) -> None:
    """Lists the notes of whoever uses this session."""
    session = chat(settings)
    st.title(texts("notes.title"), anchor=False)
    if problem := st.session_state.pop(_PROBLEM, None):
        lead, message = problem
        error_messages.show_with_details(lead, message, texts, st.warning)
    try:
        notes = session.store.notes()
        conversations = {listed.id for listed in session.store.listed()}
    except StrategiewijzerError as error:
        error_messages.show_with_details(texts("notes.problem"), str(error), texts)
        return
    how_long = "notes.how_long" if session.conversations.lasting else "notes.not_lasting"
    st.html(facts_html(texts(how_long, days=settings.keep_conversations)))
    if not notes:
        if session.removed:
            _show_removed(session, session.removed, texts)
        st.info(texts("notes.empty"))
        if st.button(texts("notes.to_chat"), icon=":material/forum:", key="to-chat"):
            addresses.open_chat()
        return
    now = current_sources((note.citation for note in notes), usable_index())
    scripts.offer_download(
        texts("history.export"),
        partial(notes_docx, notes, now, texts),
        name=scripts.file_name(texts("notes.title"), "docx"),
        key="notes-export",
    )
    removed = [session.removed] if session.removed else []
    groups = grouped({note.id: note for note in (*removed, *notes)}.values())
    listed = list(itertools.chain.from_iterable(groups.values()))
    place, shown = page_of(listed, _PAGE, key="notes-page")
    with place:
        for heading, group in grouped(shown).items():
            st.html(f'<h2 class="sw-notes-group">{escape(heading)}</h2>')
            for note in group:
                if note is session.removed:
                    _show_removed(session, note, texts)
                else:
                    has_asked = note.conversation in conversations
                    _show_note(session, note, now, texts, has_asked=has_asked)


def _show_note(
    session: Chat, note: Note, now: CurrentSources | None, texts: Texts, *, has_asked: bool
) -> None:
    """Shows one note, with the actions on it."""
    with st.container(border=True, key=f"note-{note.id}"):
        st.html(_note_html(note, now, texts))
        _show_question(session, note, texts, has_asked=has_asked)
        _show_remark(session, note, texts)
        # As the click finds it: with a remark that was typed a moment ago.
        st.button(
            texts("notes.remove"),
            icon=":material/delete:",
            type="tertiary",
            key=f"remove-{note.id}",
            on_click=_change,
            args=(partial(_take_away, session, note.id), texts),
        )


def _show_remark(session: Chat, note: Note, texts: Texts) -> None:
    """The field for the reader's remark, which a click opens; a popover would forget what is typed
    when Escape closes it."""
    key = f"remark-{note.id}"
    label = texts("notes.remark_change" if note.remark else "notes.remark_add")
    with st.expander(label, icon=":material/edit_note:"):
        st.text_area(
            texts("notes.remark"),
            note.remark,
            key=key,
            height="content",
            max_chars=MAX_REMARK,
            placeholder=texts("notes.remark_help"),
            on_change=_remark,
            args=(session, note, key, texts),
        )


def _note_html(note: Note, now: CurrentSources | None, texts: Texts) -> str:
    """The quote, its reference, what has changed since, the reader's remark, and links to where it
    stands."""
    citation = note.citation
    reference = escape(full_references([citation], texts)[citation.number])
    change = changed(note, now, texts)
    changes = f'<p class="sw-note" role="note">{escape(change)}</p>' if change else ""
    remark = f'<p class="sw-remark">{escape(note.remark)}</p>' if note.remark else ""
    language = escape(citation.document.language)
    return (
        f'<div class="sw-source sw-kept-quote"><blockquote lang="{language}">'
        f"{text_html(citation.quote)}</blockquote><p>{reference}</p>"
        f'<p class="sw-facts">{escape(kept_on(note, texts))}</p>{changes}{remark}'
        f"{origins([citation], texts)}</div>"
    )


def _show_question(session: Chat, note: Note, texts: Texts, *, has_asked: bool) -> None:
    """The question, which opens its conversation where that is still there."""
    if not has_asked:
        st.html(facts_html(texts("notes.asked", question=note.question)))
    elif st.button(
        code(note.question),
        icon=":material/forum:",
        type="tertiary",
        key=f"plain-asked-{note.id}",
        help=texts("notes.to_conversation"),
    ):
        if note.conversation != session.conversation.id:
            session.open(note.conversation)
        addresses.open_chat()


def _show_removed(session: Chat, note: Note, texts: Texts) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="undo-bar"):
        st.html(facts_html(texts("notes.taken_away"), role="status"), width="content")
        undo, back = texts("history.undo"), partial(_put, session, note, texts)
        st.button(undo, icon=":material/undo:", key="undo", on_click=_change, args=(back, texts))


def _remark(session: Chat, note: Note, key: str, texts: Texts) -> None:
    remarked = note.remarked(st.session_state[key] or "")
    _change(partial(_put, session, remarked, texts), texts)


def _put(session: Chat, note: Note, texts: Texts) -> None:
    if not _put_note(session, note):
        st.session_state[_PROBLEM] = _full(texts), ""


def _change(act: Callable[[], object], texts: Texts) -> None:
    """Does something with a note; the page says why that failed when it is shown."""
    try:
        act()
    except StrategiewijzerError as error:
        st.session_state[_PROBLEM] = texts("notes.problem"), str(error)


def grouped(notes: Iterable[Note]) -> dict[str, list[Note]]:
    """Notes by the title of their document, last kept first."""
    found: dict[str, list[Note]] = {}
    for note in sorted(notes, key=lambda note: note.kept, reverse=True):
        found.setdefault(note.citation.document.title, []).append(note)
    return found


def changed(note: Note, now: CurrentSources | None, texts: Texts) -> str:
    """The change of the cited document since; empty where nothing has changed, or nobody knows."""
    change = now.change(note.citation) if now else None
    if change is None:
        return ""
    title = note.citation.document.title
    return texts(f"answers.changes.{change}", title=title, numbers="").strip()


def kept_on(note: Note, texts: Texts) -> str:
    """The line that says on which day a note was kept."""
    return texts("notes.kept_on", date=texts.day(note.kept))


def notes_docx(notes: Iterable[Note], now: CurrentSources | None, texts: Texts) -> bytes:
    """Notes as a Word file: each quote with its reference, the question, changes and the remark."""
    return as_docx(texts("notes.title"), _parts(notes, now, texts), texts)


def _parts(notes: Iterable[Note], now: CurrentSources | None, texts: Texts) -> Iterator[FilePart]:
    for heading, group in grouped(notes).items():
        yield FilePart("heading", heading)
        for note in group:
            citation = note.citation
            yield FilePart("quote", citation.quote)
            reference = full_references([citation], texts)[citation.number]
            yield FilePart("text", with_pages(reference, citation, texts))
            yield FilePart("fact", texts("notes.asked", question=note.question))
            yield FilePart("fact", kept_on(note, texts))
            if change := changed(note, now, texts):
                yield FilePart("fact", change)
            if note.remark:
                yield FilePart("strong", texts("notes.remark"))
                for line in filter(str.strip, note.remark.splitlines()):
                    yield FilePart("text", line)


@st.fragment  # neither runs the whole page nor interrupts an answer in the making
def show_keepers(chat: Chat, texts: Texts) -> None:
    """Shows the buttons that keep the quotes of the answers of the conversation."""
    found: dict[str, Note] = {}
    for number, exchange in enumerate(chat.conversation.exchanges):
        if exchange.answer is None:
            continue
        for citations in by_number(exchange.answer.citations).values():
            for quote in stretches(citations, exchange.answer):
                note = Note(
                    citation=quote, question=exchange.question, conversation=chat.conversation.id
                )
                found[f"exchange-{number}-{note.id}"] = note
    if not found:
        return
    with st.container(key="keepers"):
        for place, note in found.items():
            st.button(
                texts("notes.keep"), key=f"keep-{place}", on_click=_turn, args=(chat, note, texts)
            )
    try:
        noted = chat.store.noted()
    except StrategiewijzerError:
        noted = frozenset()
    kept = ", ".join(f'[data-keep$="{id}"]' for id in noted & {note.id for note in found.values()})
    style = ".stApp .sw-keep { display: inline; }"
    if kept:
        style += (
            f":is({kept}) .sw-unkept {{ display: none; }} "
            f":is({kept}) .sw-kept {{ display: inline; }}"
        )
    of, message = chat.kept_message
    chat.kept_message = ("", "")
    outcome = f'<p class="sw-keep-outcome" hidden data-of="{escape(of)}">{escape(message)}</p>'
    shown = f"{outcome}<style>{style}</style>" + scripts.script("keep")
    st.html(shown, unsafe_allow_javascript=True)


def _put_note(chat: Chat, note: Note) -> bool:
    """Keeps a note, or what has become of it; False where there is no room."""
    kept = chat.store.put_note(note)
    if kept and chat.removed and chat.removed.id == note.id:
        chat.removed = None
    return kept


def _take_away(chat: Chat, id: str) -> bool:
    """Forgets the note with this id; the session has it until another is taken away. False where
    there is none."""
    found = next((note for note in chat.store.notes() if note.id == id), None)
    if found is not None:
        chat.store.drop_note(id)
        chat.removed = found
    return found is not None


def _full(texts: Texts) -> str:
    """The message that there is no room for a note."""
    return texts("notes.full", limit=MAX_NOTES, length=MAX_QUOTE)


def _turn(chat: Chat, note: Note, texts: Texts) -> None:
    """Keeps a quote, with the remark that it had when it was taken away; takes away a kept one."""
    id = note.id
    try:
        if _take_away(chat, id):
            message = texts("notes.taken_away")
        else:
            again = chat.removed if chat.removed and chat.removed.id == id else note
            message = texts("notes.now_kept") if _put_note(chat, again) else _full(texts)
    except StrategiewijzerError:
        message = texts("notes.problem")
    chat.kept_message = (id, message)
