"""Text as HTML: escaping, links, and the paragraphs, lists and markers of an answer.

Questions, source texts and answers are data. They are shown as HTML that is built here and never
pass through Streamlit's Markdown, which would still turn `:shortcodes:`, `$formulas$` and bare
addresses into something else after escaping. So one rule is enough: every piece of data goes
through `escape` or `link`. Streamlit (`st.html`) sanitises the result once more.
"""

import html
import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from urllib.parse import urlsplit

from ui.texts import Texts

_MARKER = re.compile(r"\[([0-9]{1,4})\]")


def escape(text: str) -> str:
    """HTML that shows exactly this text, also inside an attribute."""
    return html.escape(text, quote=True)


def is_web_page(url: str) -> bool:
    try:
        address = urlsplit(url)
    except ValueError:
        return False
    return address.scheme in ("http", "https") and bool(address.netloc)


def link(url: str, label: str, texts: Texts) -> str:
    """A link that opens in a new tab; only its label when the address is not a web page."""
    return new_tab(url, label, texts) if is_web_page(url) else escape(label)


def new_tab(address: str, label: str, texts: Texts) -> str:
    """A link to an address of which the scheme is known to be harmless."""
    return (
        f'<a href="{escape(address)}" target="_blank" rel="noopener noreferrer">{escape(label)}'
        f'<span class="sw-hidden"> ({escape(texts("sources.new_tab"))})</span>&nbsp;↗</a>'
    )


def answer_html(
    text: str,
    texts: Texts,
    *,
    language: str = "",
    marker: Callable[[int, str], str] = lambda number, sentence: "",
    links: Mapping[str, str] = MappingProxyType({}),
    bold: Sequence[str] = (),
) -> str:
    """The text of an answer: paragraphs, lists and markers of its citations.

    Args:
        text: paragraphs with blank lines between them; a line that starts with "- " is an item.
        language: ISO 639-1.
        marker: HTML for the marker of the citation with a number, behind a sentence; empty where
            there is no such citation: "[n]" stays text.
        links: items that are shown as a link to this address.
        bold: stretches that stand out.
    """

    def marked(piece: str) -> str:
        if piece in links:
            return new_tab(links[piece], piece, texts)
        return _with_markers(piece, marker, bold)

    blocks = []
    for block in re.split(r"\n[ \t]*\n", text.strip()):
        for is_item, lines in itertools.groupby(block.splitlines(), lambda x: x.startswith("- ")):
            if is_item:
                items = "".join(f"<li>{marked(line[2:])}</li>" for line in lines)
                blocks.append(f"<ul>{items}</ul>")
            else:
                blocks.append(f"<p>{marked(' '.join(lines))}</p>")
    spoken = f' lang="{escape(language)}"' if language else ""
    return f'<div class="sw-answer"{spoken}>{"".join(blocks)}</div>'


def _with_markers(text: str, marker: Callable[[int, str], str], bold: Sequence[str]) -> str:
    """Escaped text with a marker behind each sentence that has one."""
    parts, position = [], 0
    for found in _MARKER.finditer(text):
        words = text[position : found.start()]
        shown = marker(int(found[1]), words.strip())
        if shown:
            parts.append(_standing_out(words.rstrip(" "), bold) + shown)  # on one line
            position = found.end()
    return "".join(parts) + _standing_out(text[position:], bold)


def _standing_out(text: str, bold: Sequence[str]) -> str:
    """Escaped text in which these stretches are bold, where they are no part of a longer word."""
    if not bold:
        return escape(text)
    longest_first = "|".join(map(re.escape, sorted(bold, key=len, reverse=True)))
    pieces = re.split(rf"(?<!\w)({longest_first})(?!\w)", text)
    return "".join(
        f"<strong>{escape(piece)}</strong>" if number % 2 else escape(piece)
        for number, piece in enumerate(pieces)
    )


def code(text: str) -> str:
    """Markdown that shows exactly this text, as code: for what only takes Markdown.

    Inside code nothing is interpreted, and a command in a message can be copied. The fence is
    longer than any row of backticks in the text.
    """
    longest = max((len(row) for row in re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    lines = (line.strip() for line in text.splitlines())
    return "\n\n".join(f"{fence} {line} {fence}" for line in lines if line)
