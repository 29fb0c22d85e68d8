"""Notes to take along: as Markdown, and as a Word file with a footnote for each quote.

Quotes, questions and remarks are data and stay so, as in the export of a conversation.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal

from language.escaping import escaped
from people.note import Note
from ui import formats
from ui.answers.conversation_export import made, quoted
from ui.answers.copying import markdown_reference
from ui.answers.surroundings import Surroundings
from ui.answers.word import begun, clean, fact, finished
from ui.texts import Texts

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
    """What has changed in the cited document since; empty where nothing has, or nobody knows."""
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
            blocks += [quoted(note.citation.quote), markdown_reference([note.citation], texts)]
            blocks += map(escaped, _facts(note, around, texts))
            if note.remark:
                remark = filter(str.strip, note.remark.splitlines())
                blocks.append(f"**{escaped(texts('notes.remark'))}**")
                blocks += map(escaped, remark)
    blocks += ["---", f"*{escaped(texts('export.authentic'))}*"]
    return "\n\n".join(blocks) + "\n"


def notes_docx(groups: Groups, around: Surroundings | None, texts: Texts) -> bytes:
    """As `notes_markdown`, as a Word file in which references are footnotes."""
    word, footnotes = begun(texts("notes.title"), texts)
    for heading, notes in groups.items():
        word.add_heading(clean(heading), 1)
        for note in notes:
            for line in filter(str.strip, note.citation.quote.splitlines()):
                paragraph = word.add_paragraph(clean(line), style="Quote")
            footnotes.refer(paragraph, [note.citation], repeated=False)
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
