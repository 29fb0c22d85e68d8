"""The language of a question and of a model's text, told offline.

    letters of the text        -> chance of each language
    its question words, "is"   -> five times as likely where they are of that language
    the language of the one before, those that people here ask in -> more likely

py3langid (Barbaresi's fork of langid.py; Lui and Baldwin 2012): 26 of 29 short test questions in
seven languages right at 0.1 ms, where lingua had 21 and took 500 MB more; see docs/decisions.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache

from babel import Locale
from py3langid.langid import MODEL_FILE, LanguageIdentifier
from rapidfuzz.distance import Prefix

from chain.vocabulary import telling
from core.matching import fold

OFFICIAL = (
    "bg", "cs", "da", "de", "el", "en", "es", "et", "fi", "fr", "ga", "hr", "hu", "it", "lt",
    "lv", "mt", "nl", "pl", "pt", "ro", "sk", "sl", "sv",
)  # fmt: skip
"""The 24 official languages of the European Union (ISO 639-1)."""
CAPITALISES_NOUNS = "de"
"""The language in which a capital tells nothing about a name."""

# Which languages people here ask in: short questions ("drug market size") need the help.
_PRIOR = {"nl": 4.0, "en": 4.0, "de": 2.0, "fr": 2.0}
# In "Wat is pseudonimisering?" the term has most of the letters, and tells nothing. Of 77 short
# questions (tests/short-questions.yaml) 74 are right, not 68, and of 1,318 messages none less;
# at 10 four of those go wrong.
_TELLS = 5.0  # how much more likely a language is for each of its function words in a question
_KEPT = 3.0  # how much more likely a question is in the language of the one before
# Of 1,352 units of the briefs none has another language with such a chance, and 93% their own.
_CLEAR = 0.8
_SURE = 0.2  # below this the words are too few to tell
_NAMES_IN = ("nl", "en", "fr", "de")  # languages whose names of languages are known to everybody
_ENDING = 3  # letters at the end of a language's name that change with its case: polski, polsku
_STEM = 4


def detect(text: str, likely: str) -> str:
    """The official EU language of a text.

    Args:
        text: a question.
        likely: the language to take when the text is too short to tell.
    """
    return conversation([text], likely)[0]


def conversation(questions: Sequence[str], likely: str) -> list[str]:
    """The language of each question of a conversation, which mostly keeps to one.

    Args:
        questions: oldest first.
        likely: as in `detect`, for the first; for the others it is the language of the one before.
    """
    languages: list[str] = []
    prior = _PRIOR
    for question in questions:
        likely = _told(question, likely, prior)
        prior = {**_PRIOR, likely: _KEPT * _PRIOR.get(likely, 1.0)}
        languages.append(likely)
    return languages


def written_in(text: str, likely: str) -> str:
    """The official EU language that a text is in.

    Args:
        text: one that was asked for in a certain language.
        likely: that language; the text is in another only where this is clear.
    """
    language, chance = _identifier().classify(text)
    return str(language) if chance >= _CLEAR else likely


def named(text: str, language: str) -> str:
    """The official EU language that a text names, the last if it names several; empty if none.

    >>> named("Vertaal dat naar het Pools", "nl")
    'pl'

    Args:
        text: a message.
        language: in which it is (ISO 639-1); languages are called as in this one, in their own, or
            in Dutch, English, French or German.
    """
    found = ""
    for word in re.findall(r"[^\W\d_]+", text.casefold()):
        shared = {name: Prefix.similarity(name, word) for name in _names(language)}
        fits = [
            name
            for name, length in shared.items()
            if length >= max(_STEM, len(name) - _ENDING) and len(word) - length <= _ENDING
        ]
        if fits:
            found = _names(language)[max(fits, key=lambda name: (shared[name], -len(name)))]
    return found


@cache
def _names(language: str) -> Mapping[str, str]:
    """What the official languages are called -> their codes; a short name only in its own language:
    "lets" is Dutch for Latvian."""
    names = {}
    for code in OFFICIAL:
        for spoken in (*_NAMES_IN, code, *((language,) if language in OFFICIAL else ())):
            words = str(Locale(spoken).languages[code]).casefold().split()
            least = _STEM if spoken == language else _STEM + 1
            names.update(dict.fromkeys((word for word in words if len(word) >= least), code))
    return names


def _told(text: str, likely: str, prior: Mapping[str, float]) -> str:
    if len(text.split()) < 2:  # a name or an acronym has no language
        return likely
    words = set(re.findall(r"[^\W\d_]+", fold(text)))
    weighed = {
        language: probability * prior.get(language, 1.0) * _TELLS ** len(words & telling(language))
        for language, probability in _identifier().rank(text)
    }
    best = max(weighed, key=lambda language: weighed[language])
    return best if weighed[best] / sum(weighed.values()) >= _SURE else likely


@cache
def _identifier() -> LanguageIdentifier:
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(OFFICIAL)
    return identifier
