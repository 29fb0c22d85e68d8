"""The words of a text that search goes by: without stop words, stemmed if wanted, by tantivy.

A module of its own, as reading files, which needs `language.words`, is to do without tantivy.
"""

from functools import lru_cache

import tantivy

from language.words import fold

STEMMERS = {
    "da": "danish", "de": "german", "el": "greek", "en": "english", "es": "spanish",
    "fi": "finnish", "fr": "french", "hu": "hungarian", "it": "italian", "nl": "dutch",
    "pt": "portuguese", "ro": "romanian", "sv": "swedish",
}  # fmt: skip
"""The languages whose words are stemmed (ISO 639-1), by tantivy's names."""
_WITHOUT_STOP_WORDS = ("el", "ro")  # tantivy has no list for these


def content_words(text: str, language: str, *, stemmed: bool = False) -> list[str]:
    """The folded words of a text as in the keyword index, without stop words that are known."""
    return list(analyzer(language, stemmed=stemmed).analyze(fold(text)))


@lru_cache
def analyzer(language: str | None, *, stemmed: bool) -> tantivy.TextAnalyzer:
    """An analyzer of folded text, without the language's stop words, stemmed if wanted."""
    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
    if language in STEMMERS:
        name = STEMMERS[language]
        if language not in _WITHOUT_STOP_WORDS:
            builder = builder.filter(tantivy.Filter.stopword(name))
        if stemmed:
            builder = builder.filter(tantivy.Filter.stemmer(name))
    return builder.filter(tantivy.Filter.ascii_fold()).build()
