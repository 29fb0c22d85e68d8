"""Keeps a note, and exports notes.

The buttons stand in the evidence, and in the panel that the browser copies from it
(ui/answers/evidence_panel.py). Each presses one of Streamlit's, which is not shown. Which quotes
are kept is said by style, so that nothing that is read is replaced.
"""

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal

import streamlit as st

from core.citations import by_number
from core.errors import StrategiewijzerError
from language.escaping import escaped
from ui import formats
from ui.answers.citations import stretches
from ui.answers.copying import begun, clean, fact, finished, made, markdown_references, quoted
from ui.answers.evidence_panel import Surroundings
from ui.chat.session import Chat
from ui.markup import escape, script
from ui.texts import Texts
from userdata.conversation import MAX_NOTES, MAX_QUOTE, Conversation, Note

# Keeping a quote of an answer with one click, and taking it away with another.


@st.fragment  # neither runs the whole page nor interrupts an answer in the making
def show(chat: Chat, conversation: Conversation, prefix: str, texts: Texts) -> None:
    """Shows the buttons that keep the quotes of the answers of a conversation.

    Args:
        chat: of whoever reads it, and keeps the quotes.
        conversation: of which the answers are shown.
        prefix: begins the names of their places in the page, before their number.
        texts: the strings of the interface language.
    """
    found: dict[str, Note] = {}
    for number, one in enumerate(conversation.exchanges):
        if one.answer is None:
            continue
        for citations in by_number(one.answer.citations).values():
            for quote in stretches(citations, one.answer):
                note = Note(citation=quote, question=one.question, conversation=conversation.id)
                found[f"{prefix}-{number}-{note.id}"] = note
    if not found:
        return
    with st.container(key="keepers"):
        for place, note in found.items():
            st.button(
                texts("notes.keep"), key=f"keep-{place}", on_click=_turn, args=(chat, note, texts)
            )
    try:
        kept = chat.store.noted()
    except StrategiewijzerError:
        kept = frozenset()
    is_kept = ", ".join(f'[data-keep$="{id}"]' for id in kept & {one.id for one in found.values()})
    style = ".stApp .sw-keep { display: inline; }" + (
        f":is({is_kept}) .sw-unkept {{ display: none; }} "
        f":is({is_kept}) .sw-kept {{ display: inline; }}"
        if is_kept
        else ""
    )
    of, told = chat.kept_told
    chat.kept_told = ("", "")
    outcome = f'<p class="sw-keep-outcome" hidden data-of="{escape(of)}">{escape(told)}</p>'
    shown = f"{outcome}<style>{style}</style>" + script("keep")
    st.html(shown, unsafe_allow_javascript=True)


def _turn(chat: Chat, note: Note, texts: Texts) -> None:
    """Keeps a quote, with the remark that it had when it was taken away; takes away a kept one."""
    id = note.id
    try:
        if take_away(chat, id):
            told = texts("notes.taken_away")
        else:
            again = chat.removed if chat.removed and chat.removed.id == id else note
            told = texts("notes.now_kept") if put(chat, again) else full(texts)
    except StrategiewijzerError:
        told = texts("notes.problem")
    chat.kept_told = (id, told)


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
    found = next((one for one in chat.store.notes() if one.id == id), None)
    if found is not None:
        chat.store.drop_note(id)
        chat.removed = found
    return found is not None


def full(texts: Texts) -> str:
    return texts("notes.full", limit=MAX_NOTES, length=MAX_QUOTE)


# Notes to take along: as Markdown, and as a Word file with a footnote for each quote.


By = Literal["document", "date"]
Groups = Mapping[str, Sequence[Note]]
"""Notes under the headings that they stand under."""


def grouped(notes: Iterable[Note], by: By, texts: Texts) -> Groups:
    """Notes by the title of their document, or by the day they were kept, last kept first."""
    heading: Callable[[Note], str] = (
        (lambda note: note.citation.document.title)
        if by == "document"
        else (lambda note: texts.date(formats.local(note.kept).date()))
    )
    found: dict[str, list[Note]] = {}
    for note in sorted(notes, key=lambda note: note.kept, reverse=True):
        found.setdefault(heading(note), []).append(note)
    return found


def changed(note: Note, around: Surroundings | None, texts: Texts) -> str:
    """The change of the cited document since; empty where nothing has changed, or nobody knows."""
    change = around.change(note.citation) if around else None
    if change is None:
        return ""
    title = note.citation.document.title
    return texts(f"answers.changes.{change}", title=title, numbers="").strip()


def notes_markdown(groups: Groups, around: Surroundings | None, texts: Texts) -> str:
    """Notes as Markdown: each quote with its reference, and what is said of it."""
    blocks = [f"# {escaped(texts('notes.title'))}", f"*{escaped(made(texts))}*"]
    for heading, notes in groups.items():
        blocks.append(f"## {escaped(heading)}")
        for note in notes:
            written = markdown_references([note.citation], texts).values()
            blocks += [quoted(note.citation.quote), *written]
            blocks += map(escaped, _facts(note, around, texts))
            if note.remark:
                remark = filter(str.strip, note.remark.splitlines())
                blocks.append(f"**{escaped(texts('notes.remark'))}**")
                blocks += map(escaped, remark)
    blocks += ["---", f"*{escaped(texts('export.authentic'))}*"]
    return "\n\n".join(blocks) + "\n"


def notes_docx(groups: Groups, around: Surroundings | None, texts: Texts) -> bytes:
    """Writes as `notes_markdown` does, as a Word file in which references are footnotes."""
    word, footnotes = begun(texts("notes.title"), texts)
    numbers = itertools.count(1)
    for heading, notes in groups.items():
        word.add_heading(clean(heading), 1)
        for note in notes:
            for line in filter(str.strip, note.citation.quote.splitlines()):
                paragraph = word.add_paragraph(clean(line), style="Quote")
            cited = note.citation.model_copy(update={"number": next(numbers)})
            footnotes.begin([cited])
            footnotes.refer(paragraph, cited.number, repeated=False)
            for one in _facts(note, around, texts):
                fact(word, one)
            if note.remark:
                word.add_paragraph().add_run(texts("notes.remark")).bold = True
                for line in filter(str.strip, note.remark.splitlines()):
                    word.add_paragraph(clean(line))
    return finished(word, footnotes, texts)


def _facts(note: Note, around: Surroundings | None, texts: Texts) -> list[str]:
    """The question, when it was kept, and what has changed since."""
    kept = texts("notes.kept_on", date=texts.date(formats.local(note.kept).date()))
    asked = texts("notes.asked", question=note.question)
    return [asked, kept, *filter(None, [changed(note, around, texts)])]
