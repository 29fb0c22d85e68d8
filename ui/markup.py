"""HTML and Markdown that show text as data, for what Streamlit has no elements for."""

import html
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePath

from core.files import printable
from language.escaping import is_web_page, visible
from ui.texts import Texts

_ITEM = re.compile(r"(?:^|\n+) *- ")
_AFTER_LIST = re.compile(r"\n+(?![ \n])")  # lines that are indented go on with an item
_NOTE = re.compile(r"^\[\^([^\]\s]+)\]: ", re.MULTILINE)  # begins a footnote in Markdown
_LIST_ENDS = "</li></ul>"
_TABLE = re.compile(r"^\|.*\|(?:\n\|.*\|)+$", re.MULTILINE)
# What stands around the cells of a table, and the tags for it; a cell is "th" in the head.
_BARS = re.compile(
    r"(?P<begin>^\| *)|(?P<end> *\|(?:\n\|(?: *:?-{3,}:? *\|)+)?$)"
    r"|(?P<head> *\|\n\|(?: *:?-{3,}:? *\|)+\n\| *)|(?P<row> *\|\n\| *)|(?P<bar> *(?<!\\)\| *)"
)
_TABLE_TAGS = {
    "begin": '<table class="sw-rows"><tr><{cell}>',
    "head": "</{cell}></tr><tr><td>",
    "row": "</{cell}></tr><tr><{cell}>",
    "end": "</{cell}></tr></table>",
    "bar": "</{cell}><{cell}>",
}


def escape(text: str) -> str:
    """HTML that shows exactly this text, but for what nobody sees; also inside an attribute."""
    return html.escape(visible(text), quote=True)


def source_text_html(text: str) -> str:
    """HTML that shows a text of a source, with the numbers of its footnotes raised before them."""
    return _NOTE.sub(r"<sup>\1</sup> ", escape(text))


def facts_html(*facts: str, role: str = "") -> str:
    """A paragraph in small print; between facts stands a point, and empty ones are left out."""
    announced = f' role="{role}"' if role else ""
    line = " · ".join(escape(fact) for fact in facts if fact)
    return f'<p class="sw-facts"{announced}>{line}</p>'


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
    at these other cuts. Spans may overlap. Lines that begin with "- " are items of a list, those
    between bars rows of a table: tags take the place of the signs between them."""
    tags = sorted([*_list_tags(text), *_table_tags(text)])
    ends = {0, len(text), *cuts, *itertools.chain.from_iterable(spans)}
    ends.update(end for start, end, _ in tags for end in (start, end))
    for left, right in itertools.pairwise(sorted(ends)):
        tag = next((tag for tag in tags if tag[0] <= left and right <= tag[1]), None)
        piece = source_text_html(text[left:right])
        if tag:
            piece = tag[2] if left == tag[0] else ""
        elif any(start <= left and right <= end for start, end in spans):
            piece = f"<mark>{piece}</mark>"
        yield left, right, piece
    if tags and tags[-1][0] == len(text):
        yield len(text), len(text), tags[-1][2]


def text_html(text: str) -> str:
    """A text of a source, with its lists and tables."""
    return "".join(piece for *_, piece in marked_pieces(text, ()))


def _list_tags(text: str) -> list[tuple[int, int, str]]:
    """The places (start, end) of what stands before, between and behind the items of lists, with
    the tags for it."""
    tags: list[tuple[int, int, str]] = []
    items = list(_ITEM.finditer(text))
    for item, following in itertools.zip_longest(items, items[1:]):
        is_first = not tags or tags[-1][2] == _LIST_ENDS
        tags.append((*item.span(), "<ul><li>" if is_first else "</li><li>"))
        last = following.start() if following else len(text)
        end = _AFTER_LIST.search(text, item.end(), last)
        if end or not following:
            tags.append((*(end.span() if end else (last, last)), _LIST_ENDS))
    return tags


def _table_tags(text: str) -> Iterator[tuple[int, int, str]]:
    """The places (start, end) of what stands around the cells of tables, with the tags for it."""
    for table in _TABLE.finditer(text):
        bars = list(_BARS.finditer(table[0]))
        cell = "th" if any(bar.lastgroup == "head" for bar in bars) else "td"
        for bar in bars:
            left, right = (table.start() + place for place in bar.span())
            yield left, right, _TABLE_TAGS[bar.lastgroup or ""].format(cell=cell)
            if bar.lastgroup == "head":
                cell = "td"


def table_html(caption: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table with a caption, the first column of which names the rows.

    It scrolls by itself where it is too wide, also with the keyboard. Cells are HTML, all else is
    text.
    """
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in columns)
    body = "".join(
        f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in rest)}</tr>'
        for first, *rest in rows
    )
    heads = f"<thead><tr>{head}</tr></thead>" if columns else ""
    return (
        f'<div class="sw-scroll" role="region" tabindex="0" aria-label="{escape(caption)}">'
        f"<table><caption>{escape(caption)}</caption>"
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


def name(path: str) -> str:
    """The name of a file, to be shown."""
    return printable(PurePath(path).name)
