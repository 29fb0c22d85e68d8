"""Web pages: the main text as Markdown, without navigation, scripts and bold or italic marks."""

import datetime
import re
from dataclasses import replace
from pathlib import Path

from trafilatura import extract, extract_metadata, load_html

from ingest.formats import markdown
from ingest.formats.blocks import Block, Parsed
from ingest.formats.encoding import decode

_EMPHASIS = "//b | //strong | //i | //em | //u | //font | //mark"  # would leave marks in quotes
_ESCAPED = re.compile(r"\\([^a-zA-Z0-9\s])")  # and so would these: 1\. Member States


def parse(path: Path, data: bytes) -> Parsed:
    """Reads a web page; its text is the Markdown that trafilatura makes of the main content."""
    tree = load_html(decode(path, data))
    if tree is None:
        return Parsed("", ())
    about = extract_metadata(tree, date_config={"extensive_search": False})
    for element in tree.xpath(_EMPHASIS):
        element.drop_tag()
    text = extract(tree, output_format="markdown", include_comments=False, favor_recall=True)
    parsed = markdown.read(_ESCAPED.sub(r"\1", text or ""))
    return replace(
        parsed,
        title=parsed.title or " ".join(str(tree.findtext(".//title") or "").split()),
        language=str(tree.get("lang") or "")[:2].lower(),
        date=datetime.date.fromisoformat(about.date) if about.date else None,
        url=about.url if about.url and about.url.startswith(("http://", "https://")) else "",
    )


def blocks(text: str) -> tuple[Block, ...]:
    """The blocks of the Markdown that `parse` made."""
    return markdown.blocks(text)
