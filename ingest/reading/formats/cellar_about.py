"""Metadata of a page of EUR-Lex or Cellar: from comments, `meta` elements and its cover.

Pages made from Word files by CONVEX have the variables of the Commission's templates in a comment.
Consolidated texts have CELEX number, language and date in `<title>`; LexUriServ's have Dublin Core.
"""

import re
from collections.abc import Mapping
from urllib.parse import unquote

from ingest.reading.formats.blocks import Value
from ingest.reading.formats.table import Element
from ingest.reading.formats.table import content as in_one_line
from language.dates import day_in
from language.document_numbers import celex_number
from language.official import OFFICIAL

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


def variables(text: str) -> Mapping[str, str]:
    """The variables, without empty ones, of the first template that a page was made from."""
    comment = text.partition(_VARIABLES)[2].partition("]-->")[0]
    found = map(_VARIABLE.fullmatch, comment.partition("[")[2].split("],["))
    values = {one[1]: " ".join(one[2].split()) for one in found if one}
    return {name: value for name, value in values.items() if value and value not in _EMPTY}


def stated(tree: Element, text: str) -> dict[str, Value]:
    """The fields of `DocumentInfo` that a page gives, apart from the title of an act."""
    found = _from_variables(variables(text))
    if told := _CONSOLIDATED.fullmatch(page_title(tree)):
        found["celex"], found["language"] = told["celex"], told["language"].lower()
        found["date"] = day_in(told["date"], "en")
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


def page_title(tree: Element) -> str:
    """The content of a page's `<title>`."""
    return " ".join(str(tree.findtext(".//title") or "").split())


def cover(content: Element) -> dict[str, Value]:
    """The date and reference on the cover of a text of the Commission."""
    found: dict[str, Value] = {}
    for paragraph in content.iter("p"):
        name, line = paragraph.get("class", ""), in_one_line(paragraph)
        if name == "Rfrenceinstitutionnelle":
            found.setdefault("reference", line)
        elif name == "Emission" and (day := day_in(line, "en")):
            found.setdefault("date", day)
    return found


def _from_variables(values: Mapping[str, str]) -> dict[str, Value]:
    kind, subject = values.get("LW_TYPE.DOC.CP", ""), values.get("LW_TITRE.OBJ.CP", "")
    number = values.get("LW_REF.INST.NEW_TEXT", "")
    parts = (values.get("LW_REF.INST.NEW", "") + number, values.get("LW_REF.INST.NEW_ADOPTED", ""))
    return {
        "title": official_title(values.get("LW_STATUT.CP", ""), kind, subject),
        "date": day_in(values.get("LW_EMISSION_ISODATE", ""), "en"),
        "reference": " ".join(filter(None, parts)) if number else "",
        "language": values.get("LW_LANGUE", "").lower(),
    }


def official_title(status: str, kind: str, subject: str) -> str:
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
