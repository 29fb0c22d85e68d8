"""Reads texts of the EU's institutions as EUR-Lex and the Publications Office publish them."""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import dropwhile, takewhile
from urllib.parse import unquote

from lxml import etree

from ingest.reading.blocks import Parsed, Value, first_heading
from ingest.reading.formats import eurlex_body, html_to_markdown, markdown
from ingest.reading.formats.eurlex_body import StyleRole
from ingest.reading.formats.html_to_markdown import to_markdown
from ingest.reading.formats.hypertext import NOTE, Element, cells_of, cut, cut_letters, texts, words
from ingest.reading.formats.hypertext import content as in_one_line
from language.figures import celex_number, day_in
from language.identify import COMMISSION, OFFICIAL, is_commission, most_likely

_VARIABLES = "<!--all docVars name and value:"
_VARIABLE = re.compile(r'name=([^;"]+);value="(.*)"', re.DOTALL)
_EMPTY = ("EMPTY", "UNUSED")
_CONSOLIDATED = re.compile(
    rf"[^:]{{4,60}}: (?P<celex>{celex_number('0-9')}) — (?P<language>[A-Z]{{2}}) — "
    r"(?P<date>\d\d\.\d\d\.\d{4})"
)
_CELEX = re.compile(rf"CELEX:({celex_number('0-9')})(?!\w)")
_ELI = re.compile(r"/eli/(reg|dir|dec)(?:_\w+)?/(\d{4})/(\d{1,4})(?:/|$)")
_ELI_LETTERS = {"reg": "R", "dir": "L", "dec": "D"}

# Characters of a title that is the first heading as it is; longer ones steer search.
_LONGEST = 120
_IN_BRACKETS = re.compile(r"\([^()]*\)")
_NAME = re.compile(r"\((?:[^\s()]+ ){2,8}[^\s()]+\)$")  # (General Data Protection Regulation)

_MARK = re.compile(r"►\s?[A-Z]{1,2}\d{0,3}")
_BEGINS = re.compile(r"▼\s?[A-Z]{1,2}\d{0,3}")
_MARKS = re.compile(r"[►▼]\s?[A-Z]{1,2}\d{0,3}\s*|\s*◄")
_ONLY_MARKS = re.compile(r"(?:[►▼]\s?[A-Z]{1,2}\d{0,3}|◄|[\s—_-])+")
# Characters of the amendments, of which some acts have dozens: the version is a line.
_LONGEST_AMENDED = 300

_LABEL = re.compile(r"\((\d{1,3})\)\s")

_CONTENT = "//*[@class='contentWrapper' or @id='docHtml' or @id='document1' or @id='TexteOnly']"
_IMPRINT = re.compile(r"ELI: ?https?://\S+|ISSN \d{4}-\d{3}[\dX]\b[^.]{0,60}")


def is_official(tree: Element) -> bool:
    """Whether a page has the classes or ids of a text of the institutions."""
    return (
        any(eurlex_body.is_own(element.get("class", "")) for element in tree.iter("p", "a"))
        or bool(_tables(tree))
        or bool(tree.xpath("//*[@id='TexteOnly']"))
    )


def lacks_its_text(tree: Element) -> bool:
    """Whether a page that is not `is_official` is one of EUR-Lex about a document: its title and
    links, and the menus around."""
    has_boxes = bool(tree.xpath("//*[@id='PP1Contents'] | //*[@id='PP2Contents']"))
    return has_boxes and page_title(tree).startswith("EUR-Lex - ")


def page_title(tree: Element) -> str:
    """The content of a page's `<title>`."""
    return " ".join(str(tree.findtext(".//title") or "").split())


def read(tree: Element, text: str) -> Parsed:
    """Reads such a page, also the comments in its source text: its title becomes the first heading,
    above all others."""
    stated = _stated_properties(tree, text)
    html_to_markdown.attach_notes(tree)
    content = _content(tree)
    language = str(stated.get("language") or tree.get("lang") or tree.get("xml:lang") or "")
    _attach_notes(content)
    lines, amended = _unfold_amendments(content)
    lines = lines or list(filter(None, [str(stated.get("title", ""))]))
    titled = _set_title(content, lines, language)
    stated = {**_cover(content), **titled, "version": amended, **stated}
    for paragraph in list(content.iter("p", "div")):
        is_left_out = eurlex_body.style_role(paragraph.get("class", "")) == "left out"
        if is_left_out or (paragraph.tag == "p" and _IMPRINT.fullmatch(words(paragraph))):
            cut(paragraph)
    for paragraph in content.iter("p"):
        if eurlex_body.is_item(paragraph.get("class", "")):
            eurlex_body.name_number(paragraph)
    for number in content.xpath(".//span[@class='num']"):
        number.tail = f" {number.tail or ''}"
    eurlex_body.mark_headings(content)
    eurlex_body.make_lists(content)
    parsed = markdown.read(to_markdown(content, names=True))
    title = own_title(parsed) or page_title(tree) or parsed.title
    return replace(parsed, stated=stated, title=title, language=language[:2].lower())


def own_title(parsed: Parsed) -> str:
    """The first heading, if it is of level 1."""
    heading = first_heading(parsed.blocks)
    return heading.title if heading is not None and heading.level == 1 else ""


def _content(tree: Element) -> Element:
    """The text without the page of EUR-Lex around it."""
    found: list[Element] = tree.xpath(_CONTENT)
    outermost = [e for e in found if not any(around in found for around in e.iterancestors())]
    if len(outermost) == 1:
        return outermost[0]
    body: Element | None = tree.find("body")
    if outermost:
        body = etree.Element("body")
        body.extend(outermost)
    return tree if body is None else body


def _stated_properties(tree: Element, text: str) -> dict[str, Value]:
    """The fields of `DocumentInfo` that a page gives, apart from the title of an act."""
    found = _from_variables(text)
    if consolidated := _CONSOLIDATED.fullmatch(page_title(tree)):
        found["celex"] = consolidated["celex"]
        found["language"] = consolidated["language"].lower()
        found["date"] = day_in(consolidated["date"], "en")
    core = {m.get("name", "").lower(): m.get("content", "") for m in tree.iter("meta")}
    found |= {
        "title": found.get("title") or " ".join(core.get("dc.description", "").split()),
        "language": found.get("language") or core.get("dc.language", "").lower(),
        "celex": found.get("celex") or _celex(core.get("dc.identifier", "")),
    }
    for link in tree.xpath("//link[@rel='canonical']"):
        found["url"] = link.get("href", "")
        found["celex"] = found["celex"] or _celex(link.get("href", ""))
    if found["language"] not in OFFICIAL:
        del found["language"]
    return {name: value for name, value in found.items() if value}


def _from_variables(text: str) -> dict[str, Value]:
    """The fields that the variables of the first template give that a page was made from."""
    comment = text.partition(_VARIABLES)[2].partition("]-->")[0]
    found = map(_VARIABLE.fullmatch, comment.partition("[")[2].split("],["))
    written = {match[1]: " ".join(match[2].split()) for match in found if match}
    values = {name: value for name, value in written.items() if value not in _EMPTY}
    kind, subject = values.get("LW_TYPE.DOC.CP", ""), values.get("LW_TITRE.OBJ.CP", "")
    number = values.get("LW_REF.INST.NEW_TEXT", "")
    parts = (values.get("LW_REF.INST.NEW", "") + number, values.get("LW_REF.INST.NEW_ADOPTED", ""))
    return {
        "title": _official_title(values.get("LW_STATUT.CP", ""), kind, subject),
        "date": day_in(values.get("LW_EMISSION_ISODATE", ""), "en"),
        "reference": " ".join(filter(None, parts)) if number else "",
        "language": values.get("LW_LANGUE", "").lower(),
    }


def _official_title(status: str, kind: str, subject: str) -> str:
    """The title of a text of the Commission, without the addressees in its kind."""
    if not subject:
        return ""
    title = " ".join(filter(None, (status, kind if len(kind) <= 80 else "", subject)))
    return title[:1].upper() + title[1:]


def _celex(address: str) -> str:
    if found := _CELEX.search(unquote(address)):
        return found[1]
    if found := _ELI.search(address):
        return f"3{found[2]}{_ELI_LETTERS[found[1]]}{int(found[3]):04}"
    return ""


def _cover(content: Element) -> dict[str, Value]:
    """The publisher, date and reference on the cover of a text of the Commission."""
    found: dict[str, Value] = {}
    for paragraph in content.iter("p"):
        name, line = paragraph.get("class", ""), in_one_line(paragraph)
        if name == "Rfrenceinstitutionnelle":
            found.setdefault("reference", line)
        elif name == "Emission" and (day := day_in(line, "en")):
            found.setdefault("date", day)
        elif name == "Logo" and is_commission(line):
            found["publisher"] = COMMISSION
    return found


def _set_title(content: Element, lines: Sequence[str], language: str) -> dict[str, Value]:
    """Puts the title first, as a short heading, and removes its lines from the text; returns title
    and date, as far as they are known. `lines` are the known lines of the title."""
    paragraphs = [p for p in content.iter("p") if p.find(".//p") is None and words(p)]
    roles = [eurlex_body.style_role(p.get("class", "")) for p in paragraphs]
    pairs = list(zip(paragraphs, roles, strict=True))
    if "kind" in roles or any(
        role == "title" and "titre" in p.get("class", "").lower() for p, role in pairs
    ):
        return _of_template(content, pairs)
    from_title = dropwhile(lambda pair: pair[1] != "title", pairs)
    own = [paragraph for paragraph, _ in takewhile(lambda pair: pair[1] == "title", from_title)]
    lines = list(lines) or list(map(words, own))
    if not lines:
        return {}
    plain = [_MARKS.sub("", line).strip() for line in lines]
    named = [line for line in plain if not _IN_BRACKETS.fullmatch(line)] or plain
    title = " ".join(named)
    language = language or most_likely(title)[0]
    dates = [day for line in named if (day := day_in(line, language))]
    _insert(content, _short(named, title), own)
    _drop_repeated(own or paragraphs, lines)
    return {"title": title, "date": dates[0] if dates else None}


def _of_template(content: Element, pairs: Sequence[tuple[Element, StyleRole]]) -> dict[str, Value]:
    """The title of a text in a template of the Commission: "Proposal for a", kind, subject.

    It is on the cover and again above the text. If an explanatory memorandum comes between, the
    kind stays there, as the heading of the proposal itself.
    """
    first: dict[StyleRole, str] = {}
    own: list[Element] = []
    is_after_memorandum = False
    for number, (paragraph, role) in enumerate(pairs):
        name, line = paragraph.get("class", ""), words(paragraph)
        is_after_memorandum = is_after_memorandum or role == "part"
        if role not in ("title", "kind", "status"):
            continue
        if role not in first:
            first[role] = line
            own.append(paragraph)
        elif role == "kind" and is_after_memorandum and not eurlex_body.is_cover(name):
            paragraph.text = f"{first.get('status', '')} {paragraph.text or ''}"
            is_after_memorandum = False
        elif _squeezed(line) == _squeezed(first[role]) or (
            role == "kind" and _is_above_part(pairs, number)
        ):
            cut(paragraph)
    subject = first.get("title", "")
    title = _official_title(first.get("status", ""), first.get("kind", ""), subject)
    if title:
        short = title if len(title) <= _LONGEST else subject[:1].upper() + subject[1:]
        _insert(content, short, own)
    for paragraph in own:
        cut(paragraph)
    return {"title": title}


def _is_above_part(pairs: Sequence[tuple[Element, StyleRole]], number: int) -> bool:
    """Whether a cover stands above a heading of its own, such as that of an annex."""
    below = (pairs[later][1] for later in range(number + 1, len(pairs)))
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


def _unfold_amendments(content: Element) -> tuple[list[str], str]:
    """Removes from a consolidated text, an act with its amendments worked in, what stands above it
    and the marks of amendments; returns the lines of the act's title, and its amendments."""
    tables = _tables(content)
    if not tables:
        return [], ""
    first, *others = tables
    introduced = [t.xpath("string(preceding-sibling::p[normalize-space()][1])") for t in others]
    amendments = [words(row) for t in others for row in t.iter("tr") if "►" in words(row)]
    lines = [words(p) for p in first.iter("p") if not _MARK.fullmatch(words(p))]
    for above in [*tables[-1].itersiblings(preceding=True), tables[-1]]:
        cut(above)
    _drop_marks(content)
    amended = " ".join(" ".join((*introduced, *amendments)).replace("►", "").split())
    return [line for line in lines if line], amended[:_LONGEST_AMENDED]


def _tables(content: Element) -> list[Element]:
    """The tables of marks above a text that begins with a mark."""
    found: list[Element] = []
    for element in content.iter("table", "p"):
        if element.tag == "table":
            if any(_MARK.fullmatch(words(row[0])) for row in cells_of(element) if row):
                found.append(element)
        elif _BEGINS.match(words(element)):
            break
    return [table for table in found if table.getparent() is found[0].getparent()]


def _drop_marks(content: Element) -> None:
    for paragraph in list(content.iter("p")):
        if (line := words(paragraph)) and _ONLY_MARKS.fullmatch(line):
            cut(paragraph)
    for element in content.iter():
        for side in ("text", "tail"):
            if written := getattr(element, side):
                setattr(element, side, _MARKS.sub("", written))


def _attach_notes(content: Element) -> None:
    """Moves the notes at the end of a text to their references, where no links connect them, as on
    LexUriServ's pages: "the Commission(1)" and "(1) OJ L 1"."""
    notes = _at_the_end(content)
    number = 1
    for place in list(texts(content)):
        owner, side = place
        text = getattr(owner, side) or ""
        while number in notes:
            found = re.search(rf"(?<=[^\W\d_\"”»])\({number}\)|(?<=[\"”»])\({number}\)", text)
            if found is None or notes[number] in (owner, *owner.iterancestors()):
                break
            cut_letters(notes[number], len(str(number)) + 2)
            note = html_to_markdown.note_of(str(number), notes[number])
            setattr(owner, side, text[: found.start()])
            if side == "text":
                owner.insert(0, note)
            else:
                owner.addnext(note)
            owner, side, text = note, "tail", text[found.end() :]
            note.tail = text
            number += 1


def _at_the_end(content: Element) -> dict[int, Element]:
    """The paragraphs at the end of a text that are numbered from 1 on, by number."""
    found: dict[int, Element] = {}
    lines = [p for p in content.iter("p") if p.find(".//p") is None and words(p)]
    for paragraph in reversed(lines):
        label = _LABEL.match(words(paragraph) + " ")
        if label is None or (found and int(label[1]) != min(found) - 1):
            break
        found[int(label[1])] = paragraph
    return found if 1 in found else {}
