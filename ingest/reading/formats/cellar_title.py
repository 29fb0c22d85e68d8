"""The title of an official text: in full as metadata, in short as the first heading."""

import re
from collections.abc import Sequence
from itertools import dropwhile, takewhile

from lxml import etree

from ingest.reading.formats import cellar_styles
from ingest.reading.formats.blocks import Value
from ingest.reading.formats.cellar_about import official_title
from ingest.reading.formats.cellar_styles import StyleRole
from ingest.reading.formats.element_text import words
from ingest.reading.formats.hypertext import NOTE, cut
from ingest.reading.formats.table import Element
from language.dates import day_in
from language.official import most_likely

# Characters of a title that is the first heading as it is; longer ones steer search.
_LONGEST = 120
_IN_BRACKETS = re.compile(r"\([^()]*\)")
_NAME = re.compile(r"\((?:[^\s()]+ ){2,8}[^\s()]+\)$")  # (General Data Protection Regulation)


def set_title(content: Element, lines: Sequence[str], language: str) -> dict[str, Value]:
    """Puts the title first, as a heading, and removes its lines from the text.

    Args:
        lines: the known lines of the title.

    Returns:
        Title and date, as far as they are known.
    """
    paragraphs = [p for p in content.iter("p") if p.find(".//p") is None and words(p)]
    roles = [cellar_styles.role(p.get("class", "")) for p in paragraphs]
    if "kind" in roles or any(_is_subject(p) for p in paragraphs):
        return _of_template(content, paragraphs)
    pairs = list(zip(paragraphs, roles, strict=True))
    run = takewhile(lambda one: one[1] == "title", dropwhile(lambda one: one[1] != "title", pairs))
    own = [paragraph for paragraph, _ in run]
    lines = list(lines) or list(map(words, own))
    if not lines:
        return {}
    named = [line for line in lines if not _IN_BRACKETS.fullmatch(line)] or lines
    title = " ".join(named)
    language = language or most_likely(title)[0]
    dates = [day for line in named if (day := day_in(line, language))]
    _insert(content, _short(named, title), own)
    _drop_repeated(own or paragraphs, lines)
    return {"title": title, "date": dates[0] if dates else None}


def _is_subject(paragraph: Element) -> bool:
    name = paragraph.get("class", "")
    return cellar_styles.role(name) == "title" and "titre" in name.lower()


def _of_template(content: Element, paragraphs: Sequence[Element]) -> dict[str, Value]:
    """The title of a text in a template of the Commission: "Proposal for a", kind, subject.

    It is on the cover and again above the text. If an explanatory memorandum comes between, the
    kind stays there, as the heading of the proposal itself.
    """
    first: dict[StyleRole, str] = {}
    own: list[Element] = []
    is_after_memorandum = False
    roles = [cellar_styles.role(paragraph.get("class", "")) for paragraph in paragraphs]
    for number, (paragraph, role) in enumerate(zip(paragraphs, roles, strict=True)):
        name, line = paragraph.get("class", ""), words(paragraph)
        is_after_memorandum = is_after_memorandum or role == "part"
        if role not in ("title", "kind", "status"):
            continue
        if role not in first:
            first[role] = line
            own.append(paragraph)
        elif role == "kind" and is_after_memorandum and not cellar_styles.is_cover(name):
            paragraph.text = f"{first.get('status', '')} {paragraph.text or ''}"
            is_after_memorandum = False
        elif _squeezed(line) == _squeezed(first[role]) or (
            role == "kind" and _is_above_part(roles, number)
        ):
            cut(paragraph)
    subject = first.get("title", "")
    title = official_title(first.get("status", ""), first.get("kind", ""), subject)
    if title:
        short = title if len(title) <= _LONGEST else subject[:1].upper() + subject[1:]
        _insert(content, short, own)
    for paragraph in own:
        cut(paragraph)
    return {"title": title}


def _is_above_part(roles: Sequence[StyleRole], number: int) -> bool:
    """Whether a cover stands above a heading of its own, such as that of an annex."""
    below = (roles[later] for later in range(number + 1, len(roles)))
    return next((role for role in below if role not in ("left out", "title")), None) == "part"


def _squeezed(line: str) -> str:
    return "".join(line.split()).casefold()


def _short(named: Sequence[str], title: str) -> str:
    """The first line of a title, with the name of the act or else its subject."""
    if len(title) <= _LONGEST or len(named) == 1:
        return title
    name = _NAME.search(title)
    return f"{named[0]} {name[0] if name else named[-1]}"


def _drop_repeated(paragraphs: Sequence[Element], lines: Sequence[str]) -> None:
    """Removes the lines of a title where the text begins with them."""
    left = "".join("".join(lines).split())
    for paragraph in paragraphs:
        line = "".join(words(paragraph).split())
        if not left.startswith(line) and words(paragraph) not in lines:
            return
        left = left.removeprefix(line)
        cut(paragraph)


def _insert(content: Element, title: str, lines: Sequence[Element]) -> None:
    """Puts a title first, with the notes and ids of the lines that it is made from."""
    heading = etree.Element("h1")
    heading.text = title
    for line in lines:
        heading.extend(list(line.iter(NOTE)))
        if line.get("id") and not heading.get("id"):
            heading.set("id", line.get("id", ""))
    content.insert(0, heading)
