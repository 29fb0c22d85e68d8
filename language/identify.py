"""The official languages of the EU: which one a text is in, and which one it names.

    letters of the text                               -> probability of each language
    each function word ("is", "what") of a language   -> five times as likely
    language of the previous question, usual languages -> more likely

py3langid (Barbaresi's fork of langid.py; Lui and Baldwin 2012) gets 26 of 29 short test questions
in seven languages right at 0.1 ms; lingua gets 21 and takes 500 MB more; see docs/decisions.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache

from babel import Locale
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from core.background import once
from language.vocabulary import SPOKEN, telling
from language.words import fold, plain, shared_start

OFFICIAL = (
    "bg", "cs", "da", "de", "el", "en", "es", "et", "fi", "fr", "ga", "hr", "hu", "it", "lt",
    "lv", "mt", "nl", "pl", "pt", "ro", "sk", "sl", "sv",
)  # fmt: skip
"""The 24 official languages of the European Union (ISO 639-1)."""

COMMISSION = "European Commission"
_COMMISSION = (  # as a cover has it in each of these
    "Европейска комисия", "Evropská komise", "Europa-Kommissionen", "Europäische Kommission",
    "Ευρωπαϊκή Επιτροπή", COMMISSION, "Comisión Europea", "Euroopa Komisjon", "Euroopan komissio",
    "Commission européenne", "An Coimisiún Eorpach", "Europska komisija", "Európai Bizottság",
    "Commissione europea", "Europos Komisija", "Eiropas Komisija", "Il-Kummissjoni Ewropea",
    "Europese Commissie", "Komisja Europejska", "Comissão Europeia", "Comisia Europeană",
    "Európska komisia", "Evropska komisija", "Europeiska kommissionen",
)  # fmt: skip
CAPITALISES_NOUNS = "de"
"""The language that capitalises all nouns, so that a capital does not mark a name."""

# Prior of the languages that users ask in, which short questions ("drug market size") need; larger
# ones would take short questions in other languages for these.
_PRIOR = {"nl": 4.0, "en": 4.0, "de": 2.0, "fr": 2.0}
# Factor for each function word of a language: in "Wat is pseudonimisering?" the letters are mostly
# those of the term. 74 of 77 short questions (tests/short-questions.yaml) are right with it, 68
# without, and no fewer of 1,318 messages; a factor of 10 gets four of those wrong.
_TELLS = 5.0
_KEPT = 3.0  # factor for the language of the previous question: docs/decisions/0008
# Probability at which a text is clearly in a language: of 1,352 units of the briefs, 93% have their
# own language above it, and none another.
_CLEAR = 0.8
_SURE = 0.2  # probability below which a text has too few words to decide
_ENDING = 3  # letters at the end of a language's name that change with its case: polski, polsku
_STEM = 4  # least letters of a language's name; one more in others: "lets" is Latvian in Dutch


def detect(text: str, likely: str) -> str:
    """Official EU language of a question; `likely` if it is too short to decide."""
    return detect_languages([text], likely)[0]


def detect_languages(questions: Sequence[str], likely: str) -> list[str]:
    """Language of each question of a conversation, oldest first, which mostly keeps to one;
    `likely` is the fallback of the first, and the others fall back to the previous one's."""
    languages: list[str] = []
    prior = _PRIOR
    for question in questions:
        likely = _likely_language(question, likely, prior)
        prior = {**_PRIOR, likely: _KEPT * _PRIOR.get(likely, 1.0)}
        languages.append(likely)
    return languages


def written_in(text: str, likely: str) -> str:
    """Official EU language of a model's text; `likely`, as asked for, unless another is clear."""
    language, chance = most_likely(text)
    return language if chance >= _CLEAR else likely


def named(text: str, language: str) -> str:
    """The official EU language that a message names, the last of several; empty if none.

    >>> named("Vertaal dat naar het Pools", "nl")
    'pl'

    Names are recognised in the message's language (ISO 639-1), in the language that is named, and
    in Dutch, English, French and German.
    """
    found = ""
    for word in re.findall(r"[^\W\d_]+", text.casefold()):
        shared = {name: shared_start(name, word) for name in _names(language)}
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
    """Names of the official languages -> their codes. A four-letter name counts only in a message
    of its language: "lets" is Dutch for Latvian."""
    names = {}
    for code in OFFICIAL:
        for spoken in (*SPOKEN, code, *((language,) if language in OFFICIAL else ())):
            words = str(Locale(spoken).languages[code]).casefold().split()
            least = _STEM if spoken == language else _STEM + 1
            names.update(dict.fromkeys((word for word in words if len(word) >= least), code))
    return names


def _likely_language(text: str, likely: str, prior: Mapping[str, float]) -> str:
    if len(text.split()) < 2:  # one word may be a name or an acronym, of no language
        return likely
    words = set(re.findall(r"[^\W\d_]+", fold(text)))
    weighed = {
        language: probability * prior.get(language, 1.0) * _TELLS ** len(words & telling(language))
        for language, probability in identifier().rank(text)
    }
    best = max(weighed, key=lambda language: weighed[language])
    return best if weighed[best] / sum(weighed.values()) >= _SURE else likely


def is_commission(line: str) -> bool:
    """Whether a line is the name of the European Commission, and nothing else.

    >>> is_commission("COMMISSION EUROPÉENNE")
    True
    """
    return plain(line) in set(map(plain, _COMMISSION))


def most_likely(text: str) -> tuple[str, float]:
    """The most likely official EU language of a text, and its probability among these (0-1)."""
    language, chance = identifier().classify(text)
    return str(language), float(chance)


@once
def identifier() -> LanguageIdentifier:
    """py3langid's classifier, limited to the official languages."""
    every = LanguageIdentifier.from_model_file(MODEL_FILE)
    every.set_languages(OFFICIAL)
    tables = every.nb_ptc, every.nb_pc, every.nb_classes, every.tk_nextmove, every.tk_output
    # Made anew, as the first one keeps its tables of all languages (20 MB).
    return LanguageIdentifier(*tables, norm_probs=True, tk_row=every.tk_row)
