"""Text as HTML: escaping, links, and the labels, paragraphs, lists and markers of an answer.

Questions, source texts and answers are data. They are shown as HTML that is built here and never
pass through Streamlit's Markdown, which would still turn `:shortcodes:`, `$formulas$` and bare
addresses into something else after escaping. So one rule is enough: every piece of data goes
through `escape` or `link`. Streamlit (`st.html`) sanitises the result once more.
"""

import html
import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from urllib.parse import urlsplit

from core.types import Marked
from language.characters import visible
from ui.texts import Texts

LABEL, ITEM = "### ", "- "  # what lines of an answer's text begin with


def escape(text: str) -> str:
    """HTML that shows exactly this text, but for what nobody sees; also inside an attribute."""
    return html.escape(visible(text), quote=True)


def facts_html(*facts: str, role: str = "") -> str:
    """A paragraph in small print; between facts stands a point, and empty ones are left out."""
    spoken = f' role="{role}"' if role else ""
    return f'<p class="sw-facts"{spoken}>{" · ".join(escape(one) for one in facts if one)}</p>'


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


def answer_html(
    text: Marked,
    *,
    language: str = "",
    marker: Callable[[int, str], str] = lambda number, words: "",
    note: Callable[[int], str] = lambda number: "",
    bold: Sequence[str] = (),
    level: int = 3,
) -> str:
    """The text of an answer, of which the grammar is told at `core.types.Answer`.

    A paragraph without a marker behind a list with markers is ours, and shown as a note.

    Args:
        text: paragraphs, items and labels, with their markers.
        language: ISO 639-1.
        marker: HTML for the marker of the citation with a number, behind the words that it covers,
            those of a list a line each; empty where there is no such citation: "[n]" stays text.
        note: HTML behind a note on a list, from the number that covers all of the list.
        bold: stretches that stand out.
        level: of the headings that labels are shown as.
    """
    shown: list[str] = []
    found = pieces(text)
    covering: int | None = None
    is_marked = False  # the list before this piece, by more than what covers all of it
    end: tuple[str, tuple[Marked, ...]] = ("", ())
    for (kind, lines), (next_kind, next_lines) in itertools.pairwise((*found, end)):
        if kind == "label":
            shown.append(f'<h{level} class="sw-label">{escape(lines[0].text)}</h{level}>')
            covering, is_marked = None, False
        elif kind == "list":
            marked = [bool(line.markers) for line in lines]
            at_end = marked == [False] * (len(lines) - 1) + [True]  # covers every item
            items = [_with_markers(line, (), marker, bold) for line in lines[:-1]]
            items.append(_with_markers(lines[-1], lines[:-1] if at_end else (), marker, bold))
            shown.append(f"<ul>{''.join(f'<li>{item}</li>' for item, _ in items)}</ul>")
            if any(marked):
                covering = items[-1][1] if at_end else None
            is_marked = any(marked) and not at_end
        elif (covering is not None or is_marked) and not lines[0].markers:
            whole = "" if covering is None else note(covering)
            shown.append(f'<p class="sw-facts">{escape(lines[0].text)}{whole}</p>')
            covering, is_marked = None, False
        else:
            own = next_kind != "list" or any(line.markers for line in next_lines)
            words, last = _with_markers(lines[0], () if own else next_lines, marker, bold)
            shown.append(f"<p>{words}</p>")
            covering, is_marked = None if next_kind != "list" else last, False
    spoken = f' lang="{escape(language)}"' if language else ""
    return f'<div class="sw-answer"{spoken}>{"".join(shown)}</div>'


def pieces(text: Marked) -> tuple[tuple[str, tuple[Marked, ...]], ...]:
    """What an answer is made of, as (kind, lines): a "label" or a "paragraph", one line each,
    or a "list", a line an item."""
    found: list[tuple[str, tuple[Marked, ...]]] = []
    for kind, group in itertools.groupby(text.lines, _kind):
        lines = tuple(group)
        if kind == "label":
            found += ((kind, (line.cut(len(LABEL)),)) for line in lines)
        elif kind == "list":
            found.append((kind, tuple(line.cut(len(ITEM)) for line in lines)))
        elif kind == "paragraph":
            found.append((kind, (Marked.joined(lines, " "),)))
    return tuple(found)


def _kind(line: Marked) -> str:
    if not line.text.strip():
        return "blank"
    if line.text.startswith(ITEM):
        return "list"
    return "label" if line.text.startswith(LABEL) else "paragraph"


def _with_markers(
    text: Marked, others: Sequence[Marked], marker: Callable[[int, str], str], bold: Sequence[str]
) -> tuple[str, int | None]:
    """Escaped text with its markers, and the number of the one that it ends with.

    That one covers these other lines, the items of a list, as well.
    """
    parts, position, last = [], 0, None
    for found in text.markers:
        words = text.text[position : found.start]
        ends = not text.text[found.end :].strip()
        covered = (words.strip(), *(one.text for one in others if ends))
        shown = marker(found.number, "\n".join(covered))
        if shown:
            parts.append(_standing_out(words.rstrip(" "), bold) + shown)  # on one line
            position = found.end
            last = found.number if ends else None
    return "".join(parts) + _standing_out(text.text[position:], bold), last


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
    lines = (line.strip() for line in visible(text).splitlines())
    return "\n\n".join(f"{fence} {line} {fence}" for line in lines if line)
