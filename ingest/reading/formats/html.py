"""Web pages: the main text as Markdown, without navigation, scripts and bold or italic marks."""

import datetime
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

from trafilatura import extract_metadata

from ingest.reading.formats import (
    cellar_about,
    eurlex,
    hidden_text,
    hypertext,
    linked_notes,
    main_text,
    markdown,
)
from ingest.reading.formats.blocks import Parsed, first_heading
from ingest.reading.formats.encoding import decode
from ingest.reading.formats.html_to_markdown import to_markdown


def parse(path: Path, data: bytes) -> Parsed:
    """Reads a web page.

    Raises:
        DocumentError: it is no text, or nested too deep to be read.
    """
    text = decode(path, data, declares=True)
    tree = hypertext.parse(path, text)
    if tree is None:
        return Parsed("", ())
    hidden_text.drop(tree)
    if eurlex.is_official(tree):
        return eurlex.read(tree, text)
    page_title = cellar_about.page_title(tree)
    about = extract_metadata(deepcopy(tree), date_config={"extensive_search": False})
    linked_notes.attach(tree)
    main_text.keep(tree)
    parsed = markdown.read(to_markdown(tree, names=True))
    heading = first_heading(parsed.blocks)
    own = parsed.title if heading is not None and heading.level == 1 else ""
    return replace(
        parsed,
        title=own or about.title or page_title or parsed.title,
        language=str(tree.get("lang") or "")[:2].lower(),
        date=datetime.date.fromisoformat(about.date) if about.date else None,
        url=about.url if about.url and about.url.startswith(("http://", "https://")) else "",
    )
