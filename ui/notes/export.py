"""Notes in groups, and as files: Markdown and Word."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Literal

from ui import formats
from ui.answers.evidence_panel import Surroundings
from ui.answers.export import FilePart, as_docx, as_markdown, framed
from ui.answers.references import citation_links, full_references
from ui.texts import Texts
from userdata.conversation import Note

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


def kept_on(note: Note, texts: Texts) -> str:
    """The line that says on which day a note was kept."""
    return texts("notes.kept_on", date=texts.date(formats.local(note.kept).date()))


def notes_markdown(groups: Groups, around: Surroundings | None, texts: Texts) -> str:
    """Notes as Markdown: each quote with its reference, the question, changes and the remark."""
    return as_markdown(framed(texts("notes.title"), _parts(groups, around, texts), texts), texts)


def notes_docx(groups: Groups, around: Surroundings | None, texts: Texts) -> bytes:
    """Notes as a Word file, with the same as `notes_markdown`."""
    title = texts("notes.title")
    return as_docx(title, framed(title, _parts(groups, around, texts), texts), texts)


def _parts(groups: Groups, around: Surroundings | None, texts: Texts) -> Iterator[FilePart]:
    for heading, notes in groups.items():
        yield FilePart("heading", heading)
        for note in notes:
            citation = note.citation
            yield FilePart("quote", citation.quote)
            reference = full_references([citation], texts)[citation.number]
            yield FilePart("text", reference, tuple(citation_links(citation, texts)))
            yield FilePart("fact", texts("notes.asked", question=note.question))
            yield FilePart("fact", kept_on(note, texts))
            if change := changed(note, around, texts):
                yield FilePart("fact", change)
            if note.remark:
                yield FilePart("strong", texts("notes.remark"))
                for line in filter(str.strip, note.remark.splitlines()):
                    yield FilePart("text", line)
