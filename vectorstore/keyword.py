"""The keywords of a text: folded words without stop words, stemmed; runs of four letters.

Questions, passages and the keyword index (vectorstore/keyword_index.py) use the same ones.
"""

from functools import lru_cache

import tantivy

from language.matching import fold

STEMMERS = {
    "da": "danish", "de": "german", "el": "greek", "en": "english", "es": "spanish",
    "fi": "finnish", "fr": "french", "hu": "hungarian", "it": "italian", "nl": "dutch",
    "pt": "portuguese", "ro": "romanian", "sv": "swedish",
}  # fmt: skip
_WITHOUT_STOP_WORDS = ("el", "ro")  # tantivy has no list for these
LETTERS = 4  # McNamee and Mayfield 2004, https://doi.org/10.1023/B:INRT.0000009441.78971.be


def content_words(text: str, language: str, *, stemmed: bool = False) -> list[str]:
    """The folded words of a text without the language's stop words, as in the index.

    Without a stemmer or stop words for the language, all words as they are.
    """
    return list(analyzer(language, stemmed=stemmed).analyze(fold(text)))


def letter_runs(text: str) -> list[str]:
    """The character four-grams of a folded text, as in the index."""
    return list(letters_analyzer().analyze(f" {fold(text)} "))


@lru_cache
def analyzer(language: str | None, *, stemmed: bool) -> tantivy.TextAnalyzer:
    """An analyzer for words of folded text, without the language's stop words, stemmed if
    wanted."""
    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
    if language in STEMMERS:
        name = STEMMERS[language]
        if language not in _WITHOUT_STOP_WORDS:
            builder = builder.filter(tantivy.Filter.stopword(name))
        if stemmed:
            builder = builder.filter(tantivy.Filter.stemmer(name))
    return builder.filter(tantivy.Filter.ascii_fold()).build()


@lru_cache
def letters_analyzer() -> tantivy.TextAnalyzer:
    """An analyzer for character n-grams of folded text, also across the ends of words."""
    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.ngram(LETTERS, LETTERS))
    return builder.filter(tantivy.Filter.ascii_fold()).build()
