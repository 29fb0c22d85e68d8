"""Word files (.docx): mammoth converts them to HTML, without deletions and with insertions."""

import io
from pathlib import Path

import mammoth

from ingest.reading.formats import (
    docx_outline,
    hypertext,
    linked_notes,
    markdown,
    properties,
    zip_parts,
)
from ingest.reading.formats.blocks import Parsed
from ingest.reading.formats.html_to_markdown import to_markdown

# Word stores its own styles by their English names, whatever its language, and mammoth knows those
# of headings and lists. These are the title, styles of the Commission's templates that may have no
# outline level, and styles that are left out.
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


def parse(path: Path, data: bytes) -> Parsed:
    """Reads a Word file.

    Raises:
        DocumentError: it is damaged, protected, or would unpack to too much.
    """
    with zip_parts.open_checked(path, data, "word/document.xml") as parts:
        prepared = docx_outline.with_headings(path, parts)
        about = properties.of_office(path, parts)
    try:
        page = mammoth.convert_to_html(
            io.BytesIO(prepared), style_map=_STYLES, convert_image=lambda image: []
        )
    except zip_parts.MALFORMED as error:
        raise zip_parts.damaged(path) from error
    tree = hypertext.parse(path, page.value)
    if tree is None:
        return Parsed("", ())
    linked_notes.attach(tree)
    return about.added_to(markdown.read(to_markdown(tree)))
