"""Lines by which a legal text is divided, in the EU's languages: "Article 5", "II FEJEZET".

They are known by their words alone, for pages whose paragraphs say nothing of what they are.
"""

import re
import unicodedata
from typing import Literal

from core.matching import fold

Label = Literal["article", "division", "annex"]

_ARTICLES = """
    article artikel articolo artículo artigo articolul artikolu artikkel artikla airteagal artykuł
    straipsnis pants cikk článek článok članak člen член άρθρο
"""
_ANNEXES = """
    annex annexe anhang anexo anexa allegato bijlage bilag bilaga annessi anness iarscríbhinn lisa
    liite melléklet pielikums priedas priloga prilog příloha príloha załącznik приложение παράρτημα
"""
_DIVISIONS = """
    part partie parte partea parti teil deel del cuid osa rész dalis daļa část časť dio część част
    дял μέρος title titre titolo titolu titel titlul título teideal tytuł afsnit avdelning osasto
    jaotis cím hlava glava naslov sadaļa antraštinė τίτλος chapter chapitre capo capítulo capitolul
    kapitel kapitolu kapitola hoofdstuk caibidil rozdział luku peatükk fejezet skyrius nodaļa
    poglavlje poglavje глава κεφάλαιο section sección secção secțiunea sezione sekcja abschnitt
    afdeling avsnitt roinn jakso jagu szakasz skirsnis iedaļa oddíl oddiel odjeljak oddelek taqsima
    раздел τμήμα subsection
"""


def _words(line: str) -> list[str]:
    """The words of a line without accents, which Greek capitals lack."""
    letters = unicodedata.normalize("NFD", fold(line))
    return "".join(char for char in letters if not unicodedata.combining(char)).split()


_KINDS: dict[str, Label] = {
    **dict.fromkeys(_words(_ARTICLES), "article"),
    **dict.fromkeys(_words(_ANNEXES), "annex"),
    **dict.fromkeys(_words(_DIVISIONS), "division"),
}
_NUMBER = re.compile(
    r"(?:\d{1,3}[a-z]{0,3}|[ivxlc]{1,7}[a-z]?|[a-zα-ω])(?:[.)]|\.?[oº°])?|premier|1er|first"
)
_LONGEST_LABEL = 40  # characters
_LONGEST_TITLE = 200
_CLOSING = (".", ";", ":", ",", "—")
_HEADING_NUMBER = re.compile(r"(\d{1,2}(?:\.\d{1,2}){0,4})[.)]?\s+(?=[^\W\d])")


def label(line: str) -> Label | None:
    """What a line is the label of, where it is nothing but a label.

    >>> label("Article 5"), label("1. cikk"), label("Article 5 applies"), label("ANNEX")
    ('article', 'article', None, 'annex')
    """
    if len(line) > _LONGEST_LABEL:
        return None
    words = _words(line)
    kinds = [_KINDS[word] for word in words if word in _KINDS]
    numbers = [word for word in words if word not in _KINDS and _NUMBER.fullmatch(word)]
    if len(kinds) == 1 and len(words) == 2 and len(numbers) == 1:
        return kinds[0]
    return "annex" if kinds == ["annex"] and len(words) == 1 and line.isupper() else None


def kind(line: str) -> str:
    """A label without its number: labels of one kind stand beside each other.

    >>> kind("HOOFDSTUK III"), kind("Hoofdstuk IV")
    ('hoofdstuk', 'hoofdstuk')
    """
    return " ".join(word for word in _words(line) if not _NUMBER.fullmatch(word))


def is_title(line: str) -> bool:
    """Whether a line can be the title below a label: short, and no sentence, item or label."""
    return (
        0 < len(line) <= _LONGEST_TITLE
        and line[0].isupper()
        and not line.endswith(_CLOSING)
        and label(line) is None
    )


def is_sentence(line: str) -> bool:
    """Whether a line is too long for a heading, and closed as none is."""
    return len(line) > _LONGEST_TITLE and line.endswith(_CLOSING)


def heading_depth(line: str) -> int:
    """How many numbers a heading such as "2.1 The market" has; 0 where the line is none."""
    number = _HEADING_NUMBER.match(line)
    if number is None or len(line) > _LONGEST_TITLE or line.endswith(_CLOSING):
        return 0
    return number[1].count(".") + 1
