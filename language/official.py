"""The official languages of the EU, which of them a text is in, and the Commission in each."""

from py3langid.langid import MODEL_FILE, LanguageIdentifier

from core.background import once
from language.matching import plain

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
