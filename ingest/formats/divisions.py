"""The lines with which acts of the Union begin their parts, in all its languages.

"Article 5", "HOOFDSTUK III", "ANNEX", "5. cikk": EUR-Lex sets them on a line of their own, mostly
with the title of the part on the next.
"""

import re
from typing import NamedTuple

_WORDS = {  # from the largest part to the smallest
    "part": "част část del teil μέρος part parte osa partie cuid dio rész dalis daļa parti deel "
    "część partea časť",
    "title": "дял hlava afsnit titel τίτλος title título jaotis osasto titre teideal glava cím "
    "titolo antraštinė sadaļa titolu tytuł titlul naslov avdelning",
    "chapter": "глава kapitola kapitel κεφάλαιο chapter capítulo peatükk luku chapitre caibidil "
    "poglavlje fejezet capo capitolo skyrius nodaļa kapitolu hoofdstuk rozdział capitolul poglavje",
    "section": "раздел oddíl afdeling abschnitt τμήμα section sección jagu jakso roinn odjeljak "
    "szakasz sezione skirsnis iedaļa taqsima sekcja secção seção secțiunea oddiel oddelek avsnitt",
    "article": "член článek artikel άρθρο article artículo artikkel artikla airteagal članak cikk "
    "articolo straipsnis pants artikolu artykuł artigo articolul článok člen",
    "annex": "приложение příloha bilag anhang παράρτημα annex anexo lisa liite annexe iarscríbhinn "
    "prilog melléklet allegato priedas pielikums anness bijlage załącznik anexa príloha priloga "
    "bilaga",
}
_RANKS = {"annex": 0, "part": 1, "title": 2, "chapter": 3, "section": 4, "article": 5}
_RANK = {word: _RANKS[kind] for kind, words in _WORDS.items() for word in words.split()}
_QUOTED = 6  # an article that another one inserts elsewhere
_NUMBER = r"(?:\d{1,3}(?:\s?[a-z]{1,3})?|[IVXLC]+[a-zA-Z]?|[A-Z]|premier|unique|1er)"
_LINE = re.compile(
    rf"(?P<quote>[‘“„«\"'’‚]\s?)?"
    rf"(?:(?P<first>{_NUMBER})\.?\s+(?P<after>[^\W\d_]+)|(?P<word>[^\W\d_]+)"
    rf"(?:\s+(?P<number>{_NUMBER})(?:\.?º)?)?)(?P<rest>\.?[⁰¹²³⁴⁵⁶⁷⁸⁹*\s]*(?:[:.–—-]?\s+\S.*)?)$",
    re.DOTALL,
)


class Division(NamedTuple):
    """`rank`: 0 for the largest parts; `alone`: nothing but the number stands on the line."""

    rank: int
    alone: bool


def division(text: str) -> Division | None:
    """What kind of part a line begins, if it does."""
    match = _LINE.match(text)
    if match is None:
        return None
    word = match["word"] or match["after"]
    rank = _RANK.get(word.lower())
    is_annex = rank == _RANKS["annex"]
    if rank is None or not (is_annex or match["number"] or match["first"]):
        return None
    if not (match["after"] or word[0].isupper()) or (is_annex and not _is_own(match, word)):
        return None
    alone = not match["rest"].strip(".⁰¹²³⁴⁵⁶⁷⁸⁹* \n")
    return Division(_QUOTED if match["quote"] and rank == _RANKS["article"] else rank, alone)


def _is_own(match: re.Match[str], word: str) -> bool:
    """Whether "Annex" is no word of a sentence: in capitals, with a number or by itself."""
    return word.isupper() or bool(match["number"]) or not match["rest"].strip()
