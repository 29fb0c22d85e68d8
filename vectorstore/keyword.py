"""Keyword search over one generation; the only importer of tantivy.

Derived from Chroma: it can always be rebuilt, and is when it is missing or its stamp differs. Each
passage is in three kinds of fields: stemmed words of its own language; exact words, which find
numbers, names and references across languages; and runs of four letters, which find the parts of
compounds ("drugsmarkt" in "drugsmarktanalyse") and words that languages share. Scores are BM25
(Robertson and Zaragoza 2009).
"""

import math
import shutil
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from uuid import uuid4

import tantivy

from core.disk import obstacle
from core.errors import StoreError
from core.matching import fold
from core.types import Passage

_STAMP = "keyword-4"  # change it when the fields below change
_STEMMERS = {
    "da": "danish", "de": "german", "el": "greek", "en": "english", "es": "spanish",
    "fi": "finnish", "fr": "french", "hu": "hungarian", "it": "italian", "nl": "dutch",
    "pt": "portuguese", "ro": "romanian", "sv": "swedish",
}  # fmt: skip
_WITHOUT_STOP_WORDS = ("el", "ro")  # tantivy has no list for these
_LETTERS = 4  # McNamee and Mayfield 2004, https://doi.org/10.1023/B:INRT.0000009441.78971.be
_MOST_LETTERS = 300  # runs of letters of a question that are looked up
_BM25_LIMIT = 2.2  # k1 + 1: how often its rarity a word adds to a score at most
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
    def build(
        cls,
        folder: Path,
        passages: Iterable[Passage],
        base: Path | None = None,
    ) -> "KeywordIndex":
        """Builds the index aside and puts it in place in one step.

        Passages can be added to a base and not taken out of one: tantivy goes on counting what was
        deleted in its statistics, so that shares of what stays would be wrong.

        Args:
            folder: where it goes.
            passages: what is added.
            base: the folder of an index to start from, else from nothing.

        Raises:
            StoreError: it cannot be written.
        """
        aside = folder.with_name(f"{folder.name}.{uuid4().hex[:8]}")
        try:
            _write(aside, passages, base)
            shutil.rmtree(folder, ignore_errors=True)
            aside.rename(folder)
        except (OSError, ValueError) as error:  # ValueError: what tantivy raises
            shutil.rmtree(aside, ignore_errors=True)
            with suppress(ValueError):  # another process put the same index there first
                return cls(folder)
            raise StoreError(
                f"The keyword index cannot be written in {folder.parent}: {error}. "
                f"{obstacle(folder) or 'Make everything anew with: python -m ingest --rebuild'}"
            ) from error
        return cls(folder)

    def __len__(self) -> int:
        return int(self._index.searcher().num_docs)

    def ids(self) -> list[str]:
        """The id of every passage that is indexed, in no order."""
        searcher = self._index.searcher()
        if not searcher.num_docs:
            return []
        hits = searcher.search(tantivy.Query.all_query(), int(searcher.num_docs)).hits
        return [searcher.doc(address)["id"][0] for _, address in hits]

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

    def shares(
        self, question: str, language: str, ids: Collection[str]
    ) -> dict[str, tuple[float, float]]:
        """How much of the question each passage has: (words, letters), 0 to about 1.

        BM25 divided by what a text with nothing but the question could reach, so that a weak match
        stays small also when it is the best there is. A passage without any is left out. Words are
        stems of the question's language or exact words, whichever match better.
        """
        letters = list(dict.fromkeys(letter_runs(question)))
        exact = self._share("exact", content_words(question, language), ids)
        stems: dict[str, float] = {}
        if language in _STEMMERS:
            words = content_words(question, language, stemmed=True)
            stems = self._share(f"text_{language}", words, ids, heading=f"heading_{language}")
        runs = self._share("letters", letters[:_MOST_LETTERS], ids)
        return {
            name: (max(stems.get(name, 0.0), exact.get(name, 0.0)), runs.get(name, 0.0))
            for name in {*exact, *stems, *runs}
        }

    def knows(self, word: str) -> bool:
        """Whether a passage, in whatever language, has this word or one like it.

        That is one with the word in it ("drugsmarkt" in "drugsmarktanalyse"), or with one or two
        letters more, fewer or different: inflections, misspellings, other languages' spellings.
        """
        for plain in content_words(word, ""):
            if self._holds(plain, _LETTERS + 1):
                return True
            edits = 1 if len(plain) < 2 * _LETTERS else 2
            if len(plain) > _LETTERS and self._occurs(
                tantivy.Query.fuzzy_term_query(self._index.schema, "exact", plain, edits)
            ):
                return True
        return False

    def has(self, word: str) -> bool:
        """Whether a passage has this word, also inside a longer one."""
        return all(self._holds(plain, _LETTERS) for plain in content_words(word, ""))

    def _holds(self, plain: str, shortest: int) -> bool:
        """Whether a passage has a word as it is, or inside another if it has so many letters."""
        schema = self._index.schema
        if self._occurs(tantivy.Query.term_query(schema, "exact", plain)):
            return True
        return len(plain) >= shortest and self._occurs(
            tantivy.Query.regex_query(schema, "exact", f".*{plain}.*")
        )

    def _occurs(self, query: tantivy.Query) -> bool:
        return bool(self._index.searcher().search(query, 1, count=False).hits)

    def alike(self, word: str, count: int) -> list[str]:
        """The ids of passages with a word that has one letter more, fewer or other than this, or
        two neighbouring ones in each other's place."""
        searcher, found = self._index.searcher(), dict[str, None]()
        for plain in content_words(word, ""):
            query = tantivy.Query.fuzzy_term_query(self._index.schema, "exact", plain, 1)
            hits = searcher.search(query, count, count=False).hits
            found |= dict.fromkeys(searcher.doc(address)["id"][0] for _, address in hits)
        return list(found)

    def _share(
        self, field: str, words: Sequence[str], ids: Collection[str], heading: str = ""
    ) -> dict[str, float]:
        searcher = self._index.searcher()
        count = int(searcher.num_docs)
        words = list(dict.fromkeys(words))
        frequency = [searcher.doc_freq(field, word) for word in words]
        limit = _BM25_LIMIT * sum(math.log1p((count - n + 0.5) / (n + 0.5)) for n in frequency)
        fields = (field, heading) if heading else (field,)
        query = tantivy.Query.boolean_query(
            [
                (tantivy.Occur.Must, self._among(ids)),
                (tantivy.Occur.Must, self._any((f, word) for f in fields for word in words)),
            ]
        )
        if not words or not ids:
            return {}
        hits = searcher.search(query, len(ids), count=False).hits
        return {searcher.doc(address)["id"][0]: float(score) / limit for score, address in hits}

    def _among(self, ids: Collection[str]) -> tantivy.Query:
        """Only these passages, without a say in the score."""
        return tantivy.Query.const_score_query(self._any(("id", name) for name in ids), 0.0)

    def _any(self, terms: Iterable[tuple[str, str]]) -> tantivy.Query:
        schema = self._index.schema
        return tantivy.Query.boolean_query(
            [
                (tantivy.Occur.Should, tantivy.Query.term_query(schema, field, word))
                for field, word in terms
            ]
        )

    def _term(self, field: str, word: str) -> tantivy.Query:
        query = tantivy.Query.term_query(self._index.schema, field, word)
        return tantivy.Query.boost_query(query, _EXACT_WEIGHT if field == "exact" else 1.0)


def content_words(text: str, language: str, *, stemmed: bool = False) -> list[str]:
    """The words of a text after `fold`, without the language's stop words, as this index has them.

    In a language without a stemmer or stop words here, all words as they are.
    """
    analyzer = _analyzer(language, stemmed=stemmed)
    return list(analyzer.analyze(fold(text)))


def letter_runs(text: str) -> list[str]:
    """The runs of four letters of a text after `fold`, as this index has them."""
    return list(_letters_analyzer().analyze(f" {fold(text)} "))


def _write(folder: Path, passages: Iterable[Passage], base: Path | None) -> None:
    if base is None:
        folder.mkdir(parents=True)
        index = tantivy.Index(_schema(), path=str(folder))
    else:
        shutil.copytree(base, folder)
        (folder / "stamp").unlink()
        index = tantivy.Index.open(str(folder))
    _register(index)
    writer = index.writer(heap_size=64_000_000, num_threads=1)
    for passage in passages:
        writer.add_document(_record(passage))
    writer.commit()
    writer.wait_merging_threads()
    (folder / "stamp").write_text(_STAMP, "utf-8")


def _record(passage: Passage) -> tantivy.Document:
    text, heading = fold(passage.text), fold(" ".join(passage.headings))
    both = f" {heading} {text} "
    fields = {"id": passage.id, "exact": both, "letters": both}
    if passage.language in _STEMMERS:
        fields |= {f"text_{passage.language}": text, f"heading_{passage.language}": heading}
    return tantivy.Document(**{name: [value] for name, value in fields.items()})


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("id", stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("exact", tokenizer_name="exact", index_option="freq")
    builder.add_text_field("letters", tokenizer_name="letters", index_option="freq")
    for language in _STEMMERS:
        for field in ("text", "heading"):
            builder.add_text_field(
                f"{field}_{language}", tokenizer_name=f"stem_{language}", index_option="freq"
            )
    return builder.build()


def _register(index: tantivy.Index) -> None:
    index.register_tokenizer("exact", _analyzer(None, stemmed=False))
    index.register_tokenizer("letters", _letters_analyzer())
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


@lru_cache
def _letters_analyzer() -> tantivy.TextAnalyzer:
    """Runs of letters of folded text, over the ends of words as well."""
    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.ngram(_LETTERS, _LETTERS))
    return builder.filter(tantivy.Filter.ascii_fold()).build()
