"""Detects in which old code page a text of an EU language is.

    bytes beyond ASCII and what stands around them -> one reading for each code page
    -> its language, its disorder (charset-normalizer), its characters that the language lacks
    -> the code page whose reading is clearly the best; none when two readings come close

charset-normalizer alone takes windows-1250 for windows-1252 and the like; the language of a reading
and its alphabet tell these apart (docs/decisions/0011-formats.md).
"""

import re
from typing import NamedTuple

from charset_normalizer import from_bytes

from language.identify import most_likely

_WESTERN = "da de en es et fi fr ga it nl pt sv"
_CENTRAL = "cs hr hu pl ro sk sl"
_BALTIC = "et lt lv"
CODE_PAGES = {
    "windows-1252": _WESTERN,
    "iso-8859-15": _WESTERN,  # iso-8859-1 reads as windows-1252, as in browsers
    "windows-1250": _CENTRAL,
    "iso-8859-2": _CENTRAL,
    "windows-1251": "bg",
    "iso-8859-5": "bg",
    "windows-1253": "el",
    "iso-8859-7": "el",
    "windows-1257": _BALTIC,
    "iso-8859-13": _BALTIC,
    "iso-8859-3": "mt",
}
"""The code pages that can be detected, and the languages that each was used for."""

_LETTERS = {
    **dict.fromkeys(_WESTERN.split(), "áàâäãåæçéèêëíìîïñóòôöõøœúùûüýÿßºª"),
    "bg": "абвгдежзийклмнопрстуфхцчшщъьюя",
    "cs": "áčďéěíňóřšťúůýž",
    "el": "αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋ",
    "et": "äõöüšž",
    "hr": "čćđšž",
    "hu": "áéíóöőúüű",
    "lt": "ąčęėįšųūž",
    "lv": "āčēģīķļņšūž",
    "mt": "ċġħżàèìòù",
    "pl": "ąćęłńóśźż",
    "ro": "ăâîşţ",  # the code pages have no comma below
    "sk": "áäčďéíľĺňóôŕšťúýž",
    "sl": "čšž",
}
# What no text has: a sign within a word ("c¦ur") or before one, a capital after a small letter
# ("fŸr"), or an unnamed currency.
_MISPLACED = re.compile(
    r"(?<=[^\W\d_])[^\x00-\x7f\w\s’ʼ·‐-—…](?=[^\W\d_])|[¦¨´¸¼½¾](?=[^\W\d_])"
    r"|[’¶](?=[\u0370-\u03ff])|(?<=[a-zß-ÿ])[À-ÖØ-ÞŒŠŸŽ]|¤"
)
_UNUSED = re.compile(r"[\x80-\x9f]")  # control characters, which ISO 8859 has where Windows has "š"
_HIGH = re.compile(rb"[\x80-\xff]")
_SAMPLE = 50_000  # bytes
_AROUND = 300  # bytes beside one beyond ASCII: a sentence, to tell the language
_MESSIEST = 0.2  # disorder, from which charset-normalizer excludes; also with foreign characters
_CLOSE = 0.02  # in the same unit: another reading this near may be the right one


class _Reading(NamedTuple):
    disorder: float
    foreign: int  # characters that its language does not have
    encoding: str
    text: str


def detect(data: bytes) -> str:
    """The code page of a text that is not Unicode; "" if none is clear. Takes time in proportion
    to length: a sample is judged, and the rest has to have the same reading in all that remain."""
    sample = _sample(data)
    readings = [read for encoding in CODE_PAGES if (read := _read(sample, encoding))]
    if not readings:
        return ""
    best = min(readings, key=lambda reading: (reading.disorder, reading.foreign))
    rivals = [
        reading
        for reading in readings
        if reading.disorder < best.disorder + _CLOSE
        and (reading.foreign <= best.foreign or reading.text == best.text)
    ]
    texts = {text for rival in rivals if (text := _whole(data, rival.encoding)) is not None}
    is_clear = len(texts) == 1 and _whole(data, best.encoding) in texts
    return best.encoding if is_clear else ""


def _sample(data: bytes) -> bytes:
    """The bytes beyond ASCII with what is around them, up to `_SAMPLE`."""
    pieces: list[bytes] = []
    size = end = 0
    while size < _SAMPLE and (high := _HIGH.search(data, end)):
        start, end = max(end, high.start() - _AROUND), high.start() + _AROUND
        pieces.append(data[start:end])
        size += end - start
    return b"".join(pieces)


def _read(sample: bytes, encoding: str) -> _Reading | None:
    """A reading in a code page; None unless it may be a text in a language of that."""
    text = _whole(sample, encoding)
    if text is None:
        return None
    language = most_likely(text)[0]
    if language not in CODE_PAGES[encoding].split():
        return None
    # One call for each: of several, charset-normalizer skips some after a good one.
    match = from_bytes(
        sample,
        threshold=_MESSIEST,
        cp_isolation=[encoding],
        preemptive_behaviour=False,
        enable_fallback=False,
    ).best()
    if match is None:
        return None
    beyond = [char for char in text.lower() if not char.isascii() and not char.isspace()]
    foreign = sum(char.isalpha() and char not in _LETTERS[language] for char in beyond)
    foreign += len(_MISPLACED.findall(text))
    disorder = match.chaos + foreign / len(beyond)
    return _Reading(disorder, foreign, encoding, text) if disorder <= _MESSIEST else None


def _whole(data: bytes, encoding: str) -> str | None:
    """A text in a code page; None where a byte stands for nothing in it."""
    try:
        text = data.decode(encoding)
    except UnicodeError:
        return None
    return None if _UNUSED.search(text) else text
