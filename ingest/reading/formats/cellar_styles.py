"""The classes of EUR-Lex's and Cellar's pages: maps each class to its role.

Four generations: Word styles of the Commission ("Titrearticle"), the Official Journal ("oj-ti-art",
before that "ti-art"), and consolidated texts ("title-article-norm").
"""

import re
from typing import Literal

StyleRole = Literal[
    "left out",  # cover, contents, disclaimer, marks of amendments: not text to quote
    "title",  # a line of the title of an act or annex
    "kind",  # "COMMUNICATION FROM THE COMMISSION"
    "status",  # "Proposal for a"
    "part",  # of the file: explanatory memorandum, annex
    "division",  # "CHAPTER I"
    "article",  # "Article 5"
    "subtitle",  # the title that belongs to the label above it
    "group",  # a heading within an annex
    "heading",
    "recital",
    "plain",
    "other",
]

_ROLES: tuple[tuple[StyleRole, str], ...] = (
    (
        "left out",
        r"TOC(?:Heading|\d)|Logo|pageBreak|cpMarking|Emission|Nomdelinstitution|Corrigendum"
        r"|Rfrenceinstitutionnelle|Rfrenceinterinstitutionnelle|Rfrenceinterne|CrossReference"
        r"|IntrtEEE|Accompagnant|Typeacteprincipal|Objetacteprincipal|Confidence|Confidentialit"
        r"|hd-(?!modifiers).*|disclaimer|reference|modref|arrow|title-doc-oj-reference"
        r"|title-fam-member.*|hd-modifiers|toc-.*",
    ),
    ("title", r"Titreobjet|Prliminairetitre|doc-ti|title-doc-(?:first|last)"),
    ("kind", r"Typedudocument|Prliminairetype"),
    ("status", r"Statut"),
    ("part", r"(?:Annexetitre|Exposdesmotifstitre)\w*|Fichefinanci\w*titre\w*|title-annex-1"),
    ("division", r"(?:Part|Chapter|Section)Title|ti-section-1|title-division-1"),
    ("article", r"Titrearticle|ti-art|title-article-norm"),
    (
        "subtitle",
        r"Articletitle|sti-art|ti-section-2|title-division-2|stitle-article-norm|title-annex-2",
    ),
    ("group", r"ti-grseq-\d|title-gr-seq-level-\d"),
    ("heading", r"(?:Manual|Annex)?[Hh]eading[1-6]\D*"),
    ("recital", r"(?:Manual)?Considrant"),
    ("plain", r"Normal"),
)
_PATTERNS = tuple((role, re.compile(pattern)) for role, pattern in _ROLES)
_OWN = re.compile(  # no other publisher's page has these
    r"Typedudocument|Titreobjet|Titrearticle|Rfrenceinstitutionnelle|ManualHeading1|footnoteRef|doc-ti|ti-art"
    r"|sti-art|ti-section-1|title-article-norm|title-doc-first|title-division-1"
)
_ITEM = re.compile(r"li|(?:Point|Tiret|ListBullet|ListDash|ListNumber)\w*")
_LEVEL = re.compile(r"(\d)\D*$")


def role(name: str) -> StyleRole:
    """The role of an element whose class is `name`."""
    names = _names(name)
    for found, pattern in _PATTERNS:
        if any(map(pattern.fullmatch, names)):
            return found
    return "other" if set(names) - {"li"} else "plain"


def level(name: str) -> int:
    """The number at the end of a class, as in "Heading2"; 1 where there is none."""
    return next((int(found[1]) for found in map(_LEVEL.search, _names(name)) if found), 1)


def is_item(name: str) -> bool:
    return any(map(_ITEM.fullmatch, _names(name)))


def is_own(name: str) -> bool:
    """Whether only pages of the institutions have a class."""
    return any(map(_OWN.fullmatch, _names(name))) or name.startswith("li Heading1")


def is_cover(name: str) -> bool:
    return any(one.endswith("_cp") for one in name.split())


def _names(name: str) -> list[str]:
    return [one.removeprefix("oj-").removesuffix("_cp") for one in name.split()]
