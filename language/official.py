"""The official languages of the EU, and which of them a text is in."""

from py3langid.langid import MODEL_FILE, LanguageIdentifier

from core.background import once

OFFICIAL = (
    "bg", "cs", "da", "de", "el", "en", "es", "et", "fi", "fr", "ga", "hr", "hu", "it", "lt",
    "lv", "mt", "nl", "pl", "pt", "ro", "sk", "sl", "sv",
)  # fmt: skip
"""The 24 official languages of the European Union (ISO 639-1)."""


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
