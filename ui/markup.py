"""Markup for what Streamlit has no words for: text that is data, scripts, error messages."""

import base64
import functools
import html
import itertools
import json
import re
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import Literal, TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.errors import DocumentError, Fault, NoIndexError, StrategiewijzerError
from core.file_names import printable
from language.escaping import is_web_page, visible
from language.matching import without_accents
from ui.texts import Texts, languages, load

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
    at these other cuts. Spans may overlap. Lines that begin with "- " are items of a list, those
    between bars rows of a table: tags take the place of the signs between them."""
    tags = sorted([*_list_tags(text), *_table_tags(text)])
    ends = {0, len(text), *cuts, *itertools.chain.from_iterable(spans)}
    ends.update(end for start, end, _ in tags for end in (start, end))
    for left, right in itertools.pairwise(sorted(ends)):
        tag = next((one for one in tags if one[0] <= left and right <= one[1]), None)
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
        cell = "th" if any(one.lastgroup == "head" for one in bars) else "td"
        for one in bars:
            left, right = (table.start() + place for place in one.span())
            yield left, right, _TABLE_TAGS[one.lastgroup or ""].format(cell=cell)
            if one.lastgroup == "head":
                cell = "td"


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


# A long list a page at a time.


Item = TypeVar("Item")


def page_of(
    items: Sequence[Item],
    size: int,
    *,
    key: str,
    persist_state: Literal["session"] | None = None,
) -> tuple[DeltaGenerator, Sequence[Item]]:
    """A place for the chosen page of a list, above the way to the others, and what is on it.

    Args:
        items: the whole list; the last page is shown when it has fewer than before.
        size: items on a page.
        key: of the widget.
        persist_state: as of `st.pagination`.
    """
    place, pages, number = st.container(), -(-len(items) // size), 1
    if pages > 1:
        if st.session_state.get(key, 1) > pages:
            st.session_state[key] = pages
        number = st.pagination(pages, key=key, persist_state=persist_state)
    return place, items[(number - 1) * size : number * size]


# Scripts in pages, Streamlit's own words translated, and downloads.


# The scripts of the pages: files in ui/static that are put into the page itself.


STATIC = Path(__file__).parent / "static"


def script(name: str, /, **given: object) -> str:
    """HTML that runs a script, for `st.html(..., unsafe_allow_javascript=True)`.

    Args:
        name: of the file, without its ending.
        given: what the script has as `given`, all of which JSON can say.
    """
    return _element((name,), given)


def into_view(name: str, /, **given: object) -> str:
    """A script as `script` makes it, which keeps something in view (keep_in_view.js)."""
    return _element(("keep_in_view", name), given)


def _element(names: Iterable[str], given: Mapping[str, object]) -> str:
    """One element, since style.css hides what has no more than that."""
    # A "<" could end the script or begin a comment, and Streamlit leaves out a script with a tag.
    values = json.dumps(given).replace("<", "\\u003c")
    # A block, since all scripts of a page share their names.
    return f"<script>{{\nconst given = {values};\n{''.join(map(_code, names))}}}</script>"


@functools.cache
def _code(name: str) -> str:
    return (STATIC / f"{name}.js").read_text("utf-8")


# What Streamlit itself says, in the language of the page: it has its own words in English only.


def translated(texts: Texts) -> str:
    """Says all of it in the language of the page, now and whatever comes; also the page's own."""
    words, around = {}, []
    for key, value in _own(texts):
        first, opens, rest = value.partition("{")
        for language in languages():
            former = load(language).values[key]
            if not opens:
                words[former] = value
                continue
            before, _, after = former.partition("{")
            around.append([before, after.partition("}")[2], first, rest.partition("}")[2]])
    return script(
        "streamlit_words",
        words=[*words.items()],
        around=around,
        language=texts.language,
        byte=texts("byte"),
    )


def _own(texts: Texts) -> Iterator[tuple[str, str]]:
    return ((key, text) for key, text in texts.values.items() if key.startswith("streamlit."))


# What a reader takes along: a file, which the browser makes from what its own page is told, or a
# text on the clipboard.


_TYPES = {
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".md": "text/markdown",
    ".html": "text/html",
    ".json": "application/json",
    ".csv": "text/csv",
    ".zip": "application/zip",
}


@st.fragment  # saving neither runs the whole page nor interrupts an answer in the making
def offer_download(label: str, made: Callable[[], str | bytes], *, name: str, key: str) -> None:
    """A button that saves a file.

    Args:
        label: of the button.
        made: makes what is in the file, once it is asked for.
        name: of the file, as the browser proposes it; its ending says its type.
        key: of the button.
    """
    if st.button(label, key=key):
        save_file(made(), name=name)


def save_file(content: str | bytes, *, name: str) -> None:
    """Saves a file in the browser; arguments as in `offer`."""
    whole = content.encode() if isinstance(content, str) else content
    coded = base64.b64encode(whole).decode()
    st.html(
        _once("save", content=coded, type=_TYPES[PurePath(name).suffix], name=name),
        unsafe_allow_javascript=True,
    )


def print_page(page: str) -> None:
    """Opens the browser's dialogue that prints a page, or saves it as PDF.

    Args:
        page: HTML that runs no script.
    """
    st.html(_once("print", page=page), unsafe_allow_javascript=True)


def file_name(title: str, ending: str) -> str:
    """The file name for a title.

    >>> file_name("Hoeveel is de drugsmarkt in België waard?", "docx")
    'hoeveel-is-de-drugsmarkt-in-belgie-waard.docx'
    """
    name = re.sub(r"[^a-z0-9]+", "-", without_accents(title.lower()))[:60].strip("-")
    return f"{name or 'strategiewijzer'}.{ending}"


def copy(text: str, texts: Texts) -> None:
    """Puts a text on the reader's clipboard, and tells so for a moment."""
    token = uuid.uuid4().hex
    told = {"copied": texts("copying.done"), "failed": texts("copying.failed")}
    place = f'<p class="sw-facts sw-copied" role="status" id="sw-copied-{token}"></p>'
    shown = place + _once("copy", token, text=text, **told)
    st.html(shown, unsafe_allow_javascript=True, width="content")


def _once(name: str, token: str = "", /, **given: str) -> str:
    """A script that does something once: a page may be drawn again, and its scripts with it."""
    return script("once") + script(name, token=token or uuid.uuid4().hex, **given)


# What went wrong, in the language of the page; paths and English stand in folded details.


def show(error: StrategiewijzerError, texts: Texts) -> None:
    """Shows an error of ours; what it says itself stands in the details."""
    if isinstance(error, DocumentError):
        lead = reason(error.fault, error.field, texts)
    else:
        other = texts("maintenance.errors.other")
        lead = texts.values.get(f"maintenance.errors.{type(error).__name__}", other)
    show_with_details(lead, str(error), texts)


def unexpected(error: StrategiewijzerError, texts: Texts) -> None:
    """Shows that something did not work; why stands in the details, whatever the page is for."""
    show_with_details(texts("maintenance.errors.other"), str(error), texts)


def no_sources(error: StrategiewijzerError, texts: Texts) -> None:
    """Shows why nothing can be searched."""
    lead = "no_index" if isinstance(error, NoIndexError) else "store"
    show_with_details(texts(f"errors.{lead}"), str(error), texts)


@contextmanager
def showing(texts: Texts) -> Iterator[None]:
    """Shows why the block could not do what was asked, as `unexpected`."""
    try:
        yield
    except StrategiewijzerError as error:
        unexpected(error, texts)


def show_with_details(
    lead: str, said: str, texts: Texts, box: Callable[[str], object] = st.error
) -> None:
    """Shows in the reader's language what did not work; the program's own words, which are English,
    stand in the details."""
    box(lead)
    details(said, texts)


def details(told: str, texts: Texts) -> None:
    """Shows details for whoever runs the program, folded."""
    if told.strip():
        st.html(fold(told, texts))


def reason(fault: Fault, field: str, texts: Texts) -> str:
    """Why a document cannot be taken, and what to do; holds nothing of the file but our names."""
    known = f"maintenance.fields.{field}" in texts.values
    key = "front_matter" if fault == "value" and not known else fault
    label = texts.label("maintenance.fields", field) if field else ""
    return texts(f"maintenance.faults.{key}", field=label)


def name(path: str) -> str:
    """The name of a file, to be shown."""
    return printable(PurePath(path).name)


def fold(told: str, texts: Texts) -> str:
    """The HTML of `details`."""
    lines = "".join(f"<p><code>{escape(line)}</code></p>" for line in told.strip().splitlines())
    title = escape(texts("maintenance.details"))
    return folded_html("sw-details", title, f'<div lang="en">{lines}</div>')
