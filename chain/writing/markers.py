"""Parses citation markers and strips markup from a model's text.

"The **drug market** grows [1][3]." -> "The drug market grows.", passages 1 and 3
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Literal

Cited = tuple[int, tuple[int, ...]]  # offset of a marker in the plain text, and its numbers
Closing = Literal["", "marker", "stop, marker", "marker, stop"]

_NUMBER = r"\^?\d{1,2}"
_NUMBERS = rf"{_NUMBER}(?:\s*[,;&–—-]\s*{_NUMBER})*"
_LABELS = "passages?|pasajes?|fragment[eyu]?|sources?|bron(?:nen)?|quellen?|fuentes?|źródł[oa]"
_LABELLED = rf"(?:(?:{_LABELS}):?\s*|#)?{_NUMBERS}"
_SQUARE = rf"(?:\[{_LABELLED}\]|\[\[{_LABELLED}\]\]|【{_LABELLED}(?:[:†][^】]{{0,80}})?】)"
_SQUARES = rf"{_SQUARE}(?:\s*[,;]?\s*{_SQUARE})*"
_RAISED = r"[⁰¹²³⁴-⁹]+(?:[ ,]+[⁰¹²³⁴-⁹]+)*"
_ROUND = rf"\({_LABELLED}\)(?:\s*[,;]?\s*\({_LABELLED}\))*"
# Superscript digits are a unit behind fewer than three letters (km²), and a power behind a number
# other than a year.
_MARK = re.compile(
    rf"\s*(?:\(\s*{_SQUARES}\s*\)|{_SQUARES}"
    rf"|(?:(?<=[^\W\d_]{{3}})|(?<=[.!?…»”)])|(?<=\b[12]\d{{3}})){_RAISED}"
    rf"|(?P<round>{_ROUND}))(?:\s+(?=[.!?…]))?",
    re.IGNORECASE,
)
_RANGE = re.compile(r"(\d+)(?:\s*[–—-]\s*\^?(\d+))?")
_MORE = re.compile(r"(?:†|(?<=\d):)[^】]*")  # 【1†source】, 【1:0】

# A number in parentheses behind these is part of a reference: paragraph (2), lid (2), ust. (2).
_PART = re.compile(
    r"(?:\b(?:art|articles?|artike[ln]s?|artículos?|articol[oi]|artykuł\w*|para|paras|paragra\w*|par"
    r"|abs|absatz|absätzen?|nr|no|numbers?|nummers?|numéros?|números?|points?|punt|punten|punkt\w*|pkt"
    r"|ponto|lid|leden|alinea|alinéas?|ust|ustęp\w*|apartados?|comma|commi|letters?|lettera|lit|litt"
    r"|annex|annexe|bijlage|anhang|recitals?|overweging|odst|bod|чл|ал|параграф|παρ|παράγραφος"
    r"|άρθρο)\.?(?:\s*\d+[a-z]?)?|§+\s*\d*)$",
    re.IGNORECASE,
)
_STOPPED = re.compile(r"[.!?…][\"'”“»«’)\]]*$")
_REST = re.compile(r"(?P<stop>[.!?…]*)[\s\"'”“»«’)\]]*")

# Markdown and HTML, in the order in which they are stripped.
_RAISED_TAG = re.compile(rf"<sup>\s*\[?({_NUMBERS})\]?\s*</sup>", re.IGNORECASE)
_TAG = re.compile(r"</?[a-z][a-z0-9]{0,9}(?:\s[^<>]{0,200})?/?>", re.IGNORECASE)
# An image, of which nothing is part of the sentence; but "It grows![1]" and "It grows![sic]".
_ALT = rf"!\[(?!{_NUMBERS}\])(?:[^\[\]]|\[[^\[\]]*\])*"
_IMAGE = re.compile(
    rf" ?(?:{_ALT}\]\((?:[^()]|\([^()]*\))*\)|(?<!\w){_ALT}\](?:\[\])?|<img\s[^<>]*>)",
    re.IGNORECASE,
)
# Behind a marker stands a point of an article: "[1](a)".
_LINK = re.compile(
    rf"(?: (?=\[\]))?\[(?!{_NUMBERS}\])([^\[\]]{{0,300}})\]"
    r"\((?:[^()\s]|\([^()\s]{0,100}\)){1,500}"
    r"(?:\s+(?:\"[^\"]{0,200}\"|'[^']{0,200}'))?\s?\)"  # with its title
)
_LINKED_MARKER = re.compile(r"(\[[\^\d,;\s–-]{1,20}\]\]?)\((?:https?:|[#./])[^()\s]{0,500}\)")
# Not within a word, as in "Bürger*innen".
_EMPHASIS = re.compile(r"(?<!\\)(?:\*\*+|~~|`+|(?<!\w)[*_]{1,3}(?=\S)|(?<=\S)[*_]{1,3}(?!\w))")
_ESCAPED = re.compile(r"\\([\\`*_{}\[\]()#+.!|>~-])")


def plain(text: str) -> tuple[str, list[Cited]]:
    """The text in one line, without markup and markers; and the markers, with their offsets."""
    flat = _without_markup(text)
    said, cited, last = "", [], 0
    for mark in _marks(flat):
        said = f"{said}{flat[last : mark.start()]}".lstrip()
        cited.append((len(said), tuple(_numbers(mark[0]))))
        last = mark.end()
    return f"{said}{flat[last:]}".strip(), cited


def closing(text: str) -> Closing:
    """Order of full stop and marker at the end of a text; empty if it does not end with a marker. A
    number in parentheses counts as a marker only with a full stop."""
    flat = _without_markup(text)
    marks = list(_marks(flat))
    rest = _REST.fullmatch(flat, marks[-1].end()) if marks else None
    if rest is None:
        return ""
    if rest["stop"]:
        return "marker, stop"
    if _STOPPED.search(flat[: marks[-1].start()].rstrip()):
        return "stop, marker"
    return "" if marks[-1]["round"] else "marker"


def is_marked(text: str) -> bool:
    """Whether a text begins with a marker, other than a number in parentheses."""
    first = next(_marks(_without_markup(text)), None)
    return first is not None and first.start() == 0 and not first["round"]


def _without_markup(text: str) -> str:
    flat = " ".join(text.split())
    flat = _RAISED_TAG.sub(r"[\1]", flat)
    flat = _IMAGE.sub("", flat)
    flat = _TAG.sub(lambda tag: " " if tag[0][1:3].lower() == "br" else "", flat)
    flat = _LINKED_MARKER.sub(r"\1", flat)
    flat = _LINK.sub(r"\1", flat)
    flat = _EMPHASIS.sub("", flat)
    return _ESCAPED.sub(r"\1", flat).strip()


def _marks(flat: str) -> Iterator[re.Match[str]]:
    for match in _MARK.finditer(flat):
        if not match["round"] or _cites(match, flat):
            yield match


def _cites(match: re.Match[str], flat: str) -> bool:
    """Whether numbers in parentheses are a citation: at the end of a sentence, not part of a
    reference ("paragraph (2)"), and not in an item of a numbered list."""
    start = match.start("round")
    before, after = flat[:start].rstrip(), flat[match.end() :].lstrip()
    if not before or _PART.search(before) or re.match(r"\W*\(\d", flat):
        return False
    at_end = flat[start - 1] == " " and after[:1] in (*".!?…:", "")
    return at_end or _STOPPED.search(before) is not None


def _numbers(mark: str) -> Iterator[int]:
    figures = _MORE.sub("", unicodedata.normalize("NFKC", mark))
    for match in _RANGE.finditer(figures):
        yield from range(int(match[1]), int(match[2] or match[1]) + 1)
