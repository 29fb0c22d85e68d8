"""Word files (.docx): mammoth makes HTML of them, with deletions left out and insertions read."""

import io
from dataclasses import replace
from pathlib import Path

import mammoth

from ingest.formats import archive, hypertext, markdown, notes
from ingest.formats.blocks import Parsed

# Word stores the English names of its own styles, whatever language it speaks, and mammoth knows
# those of headings and lists. Here are the title, the Commission's templates, and what is left out.
_STYLES = """
p[style-name='Title'] => h1:fresh
p[style-name^='ManualHeading 1'] => h1:fresh
p[style-name^='ManualHeading 2'] => h2:fresh
p[style-name^='ManualHeading 3'] => h3:fresh
p[style-name^='ManualHeading 4'] => h4:fresh
p[style-name^='Annexe titre'] => h1:fresh
p[style-name^='toc '] => !
p[style-name='TOC Heading'] => !
"""
_DUBLIN = "{http://purl.org/dc/elements/1.1/}"
_TERMS = "{http://purl.org/dc/terms/}"


def parse(path: Path, data: bytes) -> Parsed:
    """Reads a Word file.

    Raises:
        DocumentError: it is damaged, protected, or would unpack to too much.
    """
    with archive.open_checked(path, data, "word/document.xml") as parts:
        archive.tree(path, parts, "word/document.xml")
        about = archive.tree(path, parts, "docProps/core.xml")
    try:
        page = mammoth.convert_to_html(
            io.BytesIO(data), style_map=_STYLES, convert_image=lambda image: []
        )
    except archive.MALFORMED as error:
        raise archive.damaged(path) from error
    tree = hypertext.parse(path, page.value)
    if tree is None:
        return Parsed("", ())
    notes.attach(tree)
    parsed = markdown.read(hypertext.to_markdown(tree))
    if about is None:
        return parsed
    return replace(
        parsed,
        title=parsed.title or (about.findtext(f"{_DUBLIN}title") or "").strip(),
        language=(about.findtext(f"{_DUBLIN}language") or "")[:2].lower(),
        date=archive.day(about.findtext(f"{_TERMS}created")),
    )
