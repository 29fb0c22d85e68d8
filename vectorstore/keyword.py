"""Keyword search over one generation; the only importer of tantivy.

Derived from Chroma: it can always be rebuilt, and is when it is missing or its stamp differs. Each
passage is in two kinds of fields: stemmed words of its own language, and exact words, which find
numbers, names and references across languages. Ranking is BM25 (Robertson and Zaragoza 2009).
"""

import shutil
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from uuid import uuid4

import tantivy

from core.matching import fold
from core.types import Passage

_STAMP = "keyword-1"  # change it when the fields below change
_STEMMERS = {
    "da": "danish", "de": "german", "el": "greek", "en": "english", "es": "spanish",
    "fi": "finnish", "fr": "french", "hu": "hungarian", "it": "italian", "nl": "dutch",
    "pt": "portuguese", "ro": "romanian", "sv": "swedish",
}  # fmt: skip
_WITHOUT_STOP_WORDS = ("el", "ro")  # tantivy has no list for these
_EXACT_WEIGHT = 0.5  # an exact word of the question's own language counts in its text as well


class KeywordIndex:
    """Opens the keyword index in a folder.

    Raises:
        ValueError: the folder holds no index with today's stamp.
    """

    def __init__(self, folder: Path) -> None:
        stamp = folder / "stamp"
        if not stamp.is_file() or stamp.read_text("utf-8") != _STAMP:
            raise ValueError(f"no keyword index in {folder}")
        self._index = tantivy.Index.open(str(folder))
        _register(self._index)
        self._index.reload()

    @classmethod
    def build(cls, folder: Path, passages: Iterable[Passage]) -> "KeywordIndex":
        """Builds the index aside and puts it in place in one step."""
        aside = folder.with_name(f"{folder.name}.{uuid4().hex[:8]}")
        aside.mkdir(parents=True)
        index = tantivy.Index(_schema(), path=str(aside))
        _register(index)
        writer = index.writer(heap_size=64_000_000, num_threads=1)
        for passage in passages:
            writer.add_document(_record(passage))
        writer.commit()
        writer.wait_merging_threads()
        (aside / "stamp").write_text(_STAMP, "utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        try:
            aside.rename(folder)
        except OSError:  # another process put the same index there first
            shutil.rmtree(aside, ignore_errors=True)
        return cls(folder)

    def __len__(self) -> int:
        return int(self._index.searcher().num_docs)

    def nearest(self, question: str, language: str, count: int) -> list[tuple[str, float]]:
        """(passage id, BM25 score), best first; empty when no word of the question occurs.

        The question is taken as words only: it has no query syntax.
        """
        terms = [("exact", word) for word in content_words(question, language)]
        if language in _STEMMERS:
            stems = content_words(question, language, stemmed=True)
            terms += [(f"{field}_{language}", s) for field in ("text", "heading") for s in stems]
        if not terms:
            return []
        clauses = [(tantivy.Occur.Should, self._term(field, word)) for field, word in terms]
        searcher = self._index.searcher()
        hits = searcher.search(tantivy.Query.boolean_query(clauses), count).hits
        return [(searcher.doc(address)["id"][0], float(score)) for score, address in hits]

    def _term(self, field: str, word: str) -> tantivy.Query:
        query = tantivy.Query.term_query(self._index.schema, field, word)
        return tantivy.Query.boost_query(query, _EXACT_WEIGHT if field == "exact" else 1.0)


def content_words(text: str, language: str, *, stemmed: bool = False) -> list[str]:
    """The words of a text after `fold`, without the language's stop words, as this index has them.

    In a language without a stemmer or stop words here, all words as they are.
    """
    analyzer = _analyzer(language, stemmed=stemmed)
    return list(analyzer.analyze(fold(text)))


def _record(passage: Passage) -> tantivy.Document:
    text, heading = fold(passage.text), fold(" ".join(passage.headings))
    fields = {"id": passage.id, "exact": f"{heading}\n{text}"}
    if passage.language in _STEMMERS:
        fields |= {f"text_{passage.language}": text, f"heading_{passage.language}": heading}
    return tantivy.Document(**{name: [value] for name, value in fields.items()})


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("id", stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("exact", tokenizer_name="exact", index_option="freq")
    for language in _STEMMERS:
        for field in ("text", "heading"):
            builder.add_text_field(
                f"{field}_{language}", tokenizer_name=f"stem_{language}", index_option="freq"
            )
    return builder.build()


def _register(index: tantivy.Index) -> None:
    index.register_tokenizer("exact", _analyzer(None, stemmed=False))
    for language in _STEMMERS:
        index.register_tokenizer(f"stem_{language}", _analyzer(language, stemmed=True))


@lru_cache
def _analyzer(language: str | None, *, stemmed: bool) -> tantivy.TextAnalyzer:
    """Words of folded text, without the language's stop words, reduced to stems if wanted."""
    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
    if language in _STEMMERS:
        name = _STEMMERS[language]
        if language not in _WITHOUT_STOP_WORDS:
            builder = builder.filter(tantivy.Filter.stopword(name))
        if stemmed:
            builder = builder.filter(tantivy.Filter.stemmer(name))
    return builder.filter(tantivy.Filter.ascii_fold()).build()
