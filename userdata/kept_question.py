"""Which questions may be kept: those that say nothing of who asked, and stand alone."""

import re
import unicodedata

from core.answer import Answer
from language.escaping import visible
from language.vocabulary import cues_of, has_cues
from language.words import GROUPED

_MAIL = re.compile(r"\w@\w|\w\s@\s\w")
_SEQUENCE = re.compile(r"\+?\d(?:(?: ?[()] ?|[.,'’]| ?[-–/ ] ?)?\d)*")
_DATE = re.compile(r"\b(?:[0-3]?\d([-./])[01]?\d\1[12]\d{3}|[12]\d{3}-[01]\d-[0-3]\d)\b")
_RANGE = re.compile(r" ?[-–/] ?")
_YEARS = re.compile(r"(?:(?:19|20)\d\d ?)+")
_CENTS = re.compile(r"[.,]\d\d?$")
_DECIMAL = re.compile(r"(?:0|[1-9]\d*)[.,]\d+")
_PAIRS = re.compile(r"\d\d(?: \d\d){3}")  # as a Danish telephone number
_LONG = 9  # digits: those of a citizen service number; telephones and accounts have more
_DIALLED = 7  # digits behind a prefix for another country or region
_ELEVEN = (9, 8, 7, 6, 5, 4, 3, 2, -1)  # weights of a citizen service number, which 11 divides

_LONGEST = 300  # characters: a longer message tells of its writer's case
_SAYING = 3  # letters that words have at most which say nothing of a topic: "the"
_OPENED, _REFERRING = 3, 2  # words of a topic that such a question has at most, if it rests on more
_UNKNOWN = 2  # words that it has at most in a language without cues


def kept_question(answer: Answer) -> str:
    """The question of an answer, in one line, as it may be kept; empty where it may not.

    A follow-up is kept as it was understood, and not if it needs the conversation all the same. Not
    kept are messages that ask the sources nothing, tasks on an earlier answer, questions that only
    the limits of the search refused, long ones, those with an address or a number of somebody's,
    and those that have an approved answer, as these need no other.
    """
    if answer.message or answer.approved or answer.elsewhere or answer.reason == "out_of_scope":
        return ""
    question = " ".join(visible(answer.understood_as or answer.question).split())
    if len(question) > _LONGEST or has_identifier(question):
        return ""
    rests = not answer.understood_as and _rests_on_more(question, answer.question_language)
    return "" if rests else question


def _rests_on_more(question: str, language: str) -> bool:
    """Whether a question needs an earlier one to be understood, such as "And the second?"."""
    written = re.findall(r"\w+", question)
    if not has_cues(language):
        return len(written) <= _UNKNOWN
    cues, words = cues_of(language), [word.casefold() for word in written]
    empty = {
        *cues.asking,
        *cues.helping,
        *cues.empty,
        *cues.referring,
        *cues.opening,
        *cues.general,
    }
    topic = [
        word
        for word in written
        if word.casefold() not in empty and (len(word) > _SAYING or not word.islower())
    ]
    begins = f"{' '.join(words)} ".startswith(tuple(f"{opening} " for opening in cues.opening))
    refers = not set(cues.referring).isdisjoint(words)
    return len(topic) <= max(_OPENED * begins, _REFERRING * refers)


def has_identifier(text: str) -> bool:
    """Whether a text has an e-mail address, or a number that is rather one of a person, telephone
    or account than a figure, a date or the number of a document.

    >>> has_identifier("Call 06-12 34 56 78"), has_identifier("Is it NL91 ABNA 0417 1643 00?")
    (True, True)
    >>> has_identifier("Were there 1 725 000 000 from 01-01-2014 to 31-12-2020?")
    False
    """
    plain = " ".join(unicodedata.normalize("NFKC", visible(text)).split())
    return bool(_MAIL.search(plain)) or any(
        _is_of_somebody(found[0]) for found in _SEQUENCE.finditer(plain)
    )


def _is_of_somebody(written: str) -> bool:
    """Whether digits, as written together, identify somebody or something of his or hers."""
    written = _DATE.sub("2000", written)
    if all(map(_is_figure, _RANGE.split(written))):
        return False
    digits = sum(map(str.isdigit, written))
    is_dialled = written.startswith(("+", "0")) and digits >= _DIALLED
    return digits >= _LONG or is_dialled or bool(_PAIRS.fullmatch(written))


def _is_figure(written: str) -> bool:
    """Whether this is a year, several years, a decimal number or a figure in groups of three."""
    if _YEARS.fullmatch(written) or _DECIMAL.fullmatch(written):
        return True
    is_grouped = GROUPED.fullmatch(_CENTS.sub("", written)) and not written.startswith("0")
    return bool(is_grouped) and not _is_citizen_number(re.sub(r"\D", "", written))


def _is_citizen_number(digits: str) -> bool:
    """Whether these may be a Dutch citizen service number, written as a figure."""
    if len(digits) != len(_ELEVEN):
        return False
    return sum(int(digit) * weight for digit, weight in zip(digits, _ELEVEN, strict=True)) % 11 == 0
