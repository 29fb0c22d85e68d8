"""The language of a text, among the official languages of the EU."""

from functools import cache

from py3langid.langid import MODEL_FILE, LanguageIdentifier

_EU_LANGUAGES = "bg cs da de el en es et fi fr ga hr hu it lt lv mt nl pl pt ro sk sl sv"
LANGUAGES = tuple(_EU_LANGUAGES.split())  # ISO 639-1


def detect(text: str) -> tuple[str, float]:
    """The most likely official EU language of a text, and its probability among these (0-1)."""
    language, chance = _identifier().classify(text)
    return str(language), float(chance)


@cache
def _identifier() -> LanguageIdentifier:
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(list(LANGUAGES))
    return identifier
