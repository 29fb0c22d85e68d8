"""Division lines of legal texts in the EU's languages: "Article 5", "II FEJEZET".

Their words alone identify them, for pages whose paragraphs have no roles.
"""

import re
import unicodedata
from typing import Literal, NamedTuple

from language.words import fold

Label = Literal["article", "division", "annex"]

_WORDS = {  # from the largest part to the smallest
    "part": "част část del teil μέρος part parte osa partie cuid dio rész dalis daļa parti deel "
    "część partea časť",
    "title": "дял hlava afsnit titel τίτλος title título jaotis osasto titre teideal glava cím "
    "titolo antraštinė sadaļa titolu tytuł titlul naslov avdelning",
    "chapter": "глава kapitola kapitel κεφάλαιο chapter capítulo peatükk luku chapitre caibidil "
    "poglavlje fejezet capo capitolo skyrius nodaļa kapitolu hoofdstuk rozdział capitolul poglavje",
    "section": "раздел oddíl afdeling abschnitt τμήμα section sección jagu jakso roinn odjeljak "
    "szakasz sezione skirsnis iedaļa taqsima sekcja secção seção secțiunea oddiel oddelek avsnitt "
    "subsection",
    "article": "член článek artikel άρθρο article artículo artikkel artikla airteagal članak cikk "
    "articolo straipsnis pants artikolu artykuł artigo articolul článok člen",
    "annex": "приложение příloha bilag anhang παράρτημα annex anexo lisa liite annexe iarscríbhinn "
    "prilog melléklet allegato priedas pielikums anness bijlage załącznik anexa príloha priloga "
    "bilaga annessi",
}
_RANKS = {"annex": 0, "part": 1, "title": 2, "chapter": 3, "section": 4, "article": 5}


def _words(line: str) -> list[str]:
    """The words of a line without accents, which Greek capitals lack."""
    letters = unicodedata.normalize("NFD", fold(line))
    return "".join(char for char in letters if not unicodedata.combining(char)).split()


_RANK = {word: _RANKS[kind] for kind, written in _WORDS.items() for word in _words(written)}
_LABELS: dict[int, Label] = {_RANKS["article"]: "article", _RANKS["annex"]: "annex"}
_QUOTED = 6  # rank of a quoted article, which another one inserts elsewhere
_NUMBER_AS_SET = r"(?:\d{1,3}(?:\s?[a-z]{1,3})?|[IVXLC]+[a-zA-Z]?|[A-Z]|premier|unique|1er)"
_LINE = re.compile(
    rf"(?P<quote>[‘“„«\"'’‚]\s?)?"
    rf"(?:(?P<first>{_NUMBER_AS_SET})\.?\s+(?P<after>[^\W\d_]+)|(?P<word>[^\W\d_]+)"
    rf"(?:\s+(?P<number>{_NUMBER_AS_SET})(?:\.?[oº°](?!\w))?)?)(?P<rest>\.?[⁰¹²³⁴⁵⁶⁷⁸⁹*\s]*(?:[:.–—-]?\s+\S.*)?)$",
    re.DOTALL,
)
_LONGEST_LABEL = 40  # characters; the longest kind has 12, and a number adds a few
_LONGEST_TITLE = 200  # characters; longer is a paragraph, not a title
_CLOSING = (".", ";", ":", ",", "—")
_HEADING_NUMBER = re.compile(r"(\d{1,2}(?:\.\d{1,2}){0,4})[.)]?\s+(?=[^\W\d])")


def label(line: str) -> Label | None:
    """The kind of label that a line is; None if it is not only a label.

    >>> label("Article 5"), label("1. cikk"), label("Article 5 applies"), label("ANNEX")
    ('article', 'article', None, 'annex')
    >>> label("Članak 5."), label("Artigo 1.º"), label("Articolo 10 bis"), label("III. FEJEZET")
    ('article', 'article', 'article', 'division')
    """
    found = division(line) if len(line) <= _LONGEST_LABEL else None
    is_word = len(line.split()) == 1 and not line.isupper()  # "Annex"
    if found is None or not found.alone or is_word:
        return None
    return _LABELS.get(found.rank, "division")


def is_title(line: str) -> bool:
    """Whether a line can be the title below a label: short, and no sentence, item or label."""
    return (
        0 < len(line) <= _LONGEST_TITLE
        and line[0].isupper()
        and not line.endswith(_CLOSING)
        and label(line) is None
    )


def is_sentence(line: str) -> bool:
    """Whether a line is too long for a heading, and ends like a sentence."""
    return len(line) > _LONGEST_TITLE and line.endswith(_CLOSING)


def heading_depth(line: str) -> int:
    """The depth of the number of a heading such as "2.1 The market"; 0 without one."""
    number = _HEADING_NUMBER.match(line)
    if number is None or len(line) > _LONGEST_TITLE or line.endswith(_CLOSING):
        return 0
    return number[1].count(".") + 1


class Division(NamedTuple):
    """A part of an act, as the line that begins it names it."""

    rank: int  # 0 for the largest parts
    kind: str  # its word, such as "chapter": labels of one kind are on one level
    alone: bool  # the line has only a label


def division(text: str) -> Division | None:
    """The part that a line begins, or None."""
    match = _LINE.match(text)
    if match is None:
        return None
    word = match["word"] or match["after"]
    kind = " ".join(_words(word))
    rank = _RANK.get(kind)
    is_annex = rank == _RANKS["annex"]
    if rank is None or not (is_annex or match["number"] or match["first"]):
        return None
    if not (match["after"] or word[0].isupper()) or (is_annex and not _is_own(match, word)):
        return None
    alone = not match["rest"].strip(".⁰¹²³⁴⁵⁶⁷⁸⁹* \n")
    is_quoted = match["quote"] and rank == _RANKS["article"]
    return Division(_QUOTED if is_quoted else rank, kind, alone)


def _is_own(match: re.Match[str], word: str) -> bool:
    """Whether "Annex" is a label, not a word of a sentence: in capitals, with a number or by
    itself."""
    return word.isupper() or bool(match["number"]) or not match["rest"].strip()


def is_article(heading: str) -> bool:
    """Whether a heading is that of an article, with its title or without.

    >>> is_article("Article 5 – Prohibited practices"), is_article("Article 5"), is_article("Annex")
    (True, True, False)
    """
    found = division(heading)
    return found is not None and found.rank >= _RANKS["article"]
