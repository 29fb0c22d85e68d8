"""Text as HTML: escaping, links, tables, and what else several pages are made of.

Questions, source texts and answers are data. They are shown as HTML that is built here and never
pass through Streamlit's Markdown, which would still turn `:shortcodes:`, `$formulas$` and bare
addresses into something else after escaping. So one rule is enough: every piece of data goes
through `escape` or `link`. Streamlit (`st.html`) sanitises the result once more.
"""

import html
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence

from language.characters import visible
from language.escaping import is_web_page
from ui.texts import Texts


def escape(text: str) -> str:
    """HTML that shows exactly this text, but for what nobody sees; also inside an attribute."""
    return html.escape(visible(text), quote=True)


def facts_html(*facts: str, role: str = "") -> str:
    """A paragraph in small print; between facts stands a point, and empty ones are left out."""
    spoken = f' role="{role}"' if role else ""
    return f'<p class="sw-facts"{spoken}>{" · ".join(escape(one) for one in facts if one)}</p>'


def link(url: str, label: str, texts: Texts) -> str:
    """A link that opens in a new tab; only its label when the address is not a web page."""
    return new_tab(url, label, texts) if is_web_page(url) else escape(label)


def new_tab(address: str, label: str, texts: Texts) -> str:
    """A link to an address of which the scheme is known to be harmless."""
    return (
        f'<a href="{escape(address)}" target="_blank" rel="noopener noreferrer">{escape(label)}'
        f'<span class="sw-hidden"> ({escape(texts("sources.new_tab"))})</span>&nbsp;↗</a>'
    )


def folded_html(kind: str, summary: str, inside: str, *, is_open: bool = False) -> str:
    """HTML that can be folded, under its summary, which is HTML too; `kind` names its style."""
    state = " open" if is_open else ""
    return f'<details class="{kind}"{state}><summary>{summary}</summary>{inside}</details>'


def definitions_html(kind: str, facts: Iterable[tuple[str, str]]) -> str:
    """Names, which are text, with their values, which are HTML; `kind` names its style."""
    rows = "".join(f"<div><dt>{escape(name)}</dt><dd>{value}</dd></div>" for name, value in facts)
    return f'<dl class="{kind}">{rows}</dl>'


def marked_pieces(
    text: str, spans: Sequence[tuple[int, int]], cuts: Iterable[int] = ()
) -> Iterator[tuple[int, int, str]]:
    """A text in pieces, (start, end, HTML): cut where spans, which are marked, begin and end, and
    at these other cuts. Spans may overlap."""
    ends = sorted({0, len(text), *cuts, *itertools.chain.from_iterable(spans)})
    for left, right in itertools.pairwise(ends):
        piece = escape(text[left:right])
        is_marked = any(start <= left and right <= end for start, end in spans)
        yield left, right, f"<mark>{piece}</mark>" if is_marked else piece


def table_html(
    caption: str, columns: Sequence[str], rows: Iterable[Sequence[str]], *, hidden: bool = False
) -> str:
    """A table with a caption, the first column of which names the rows.

    It scrolls by itself where it is too wide, also with the keyboard.

    Args:
        caption: what the table is; text.
        columns: their headings; text. None where the first column tells it all.
        rows: cells as HTML.
        hidden: whether the caption is for screen readers only, as where a heading says the same.
    """
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in columns)
    body = "".join(
        f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in rest)}</tr>'
        for first, *rest in rows
    )
    heads = f"<thead><tr>{head}</tr></thead>" if columns else ""
    shown = ' class="sw-hidden"' if hidden else ""
    return (
        f'<div class="sw-scroll" role="region" tabindex="0" aria-label="{escape(caption)}">'
        f"<table><caption{shown}>{escape(caption)}</caption>"
        f"{heads}<tbody>{body}</tbody></table></div>"
    )


def code(text: str) -> str:
    """Markdown that shows exactly this text, as code: for what only takes Markdown.

    Inside code nothing is interpreted, and a command in a message can be copied. The fence is
    longer than any row of backticks in the text.
    """
    longest = max((len(row) for row in re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    lines = (line.strip() for line in visible(text).splitlines())
    return "\n\n".join(f"{fence} {line} {fence}" for line in lines if line)
