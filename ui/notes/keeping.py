"""Keeping a quote of an answer with one click, and taking it away with another.

The buttons stand in the evidence, and in the panel that the browser copies from it
(ui/answers/evidence_panel.py). Each presses one of Streamlit's, which is not shown. Style marks
which quotes are kept, so that nothing that is read is replaced.
"""

import streamlit as st

from core.citations import by_number
from core.errors import StrategiewijzerError
from ui.answers.references import stretches
from ui.chat.session import Chat
from ui.markup import escape
from ui.scripts import script
from ui.texts import Texts
from userdata.conversation import MAX_NOTES, MAX_QUOTE, Note


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
    shown = f"{outcome}<style>{style}</style>" + script("keep")
    st.html(shown, unsafe_allow_javascript=True)


def put(chat: Chat, note: Note) -> bool:
    """Keeps a note, or what has become of it; False where there is no room.

    Raises:
        StrategiewijzerError: as the store.
    """
    kept = chat.store.put_note(note)
    if kept and chat.removed and chat.removed.id == note.id:
        chat.removed = None
    return kept


def take_away(chat: Chat, id: str) -> bool:
    """Forgets the note with this id; the session has it until another is taken away. False where
    there is none.

    Raises:
        StrategiewijzerError: as the store.
    """
    found = next((note for note in chat.store.notes() if note.id == id), None)
    if found is not None:
        chat.store.drop_note(id)
        chat.removed = found
    return found is not None


def full(texts: Texts) -> str:
    """The message that there is no room for a note."""
    return texts("notes.full", limit=MAX_NOTES, length=MAX_QUOTE)


def _turn(chat: Chat, note: Note, texts: Texts) -> None:
    """Keeps a quote, with the remark that it had when it was taken away; takes away a kept one."""
    id = note.id
    try:
        if take_away(chat, id):
            message = texts("notes.taken_away")
        else:
            again = chat.removed if chat.removed and chat.removed.id == id else note
            message = texts("notes.now_kept") if put(chat, again) else full(texts)
    except StrategiewijzerError:
        message = texts("notes.problem")
    chat.kept_message = (id, message)
