"""The keyword index of a generation, by tantivy: the passages that have a word, and its files."""

import math
import shutil
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from uuid import uuid4

import tantivy

from core.errors import StoreError
from core.files import obstacle
from core.settings import Settings
from core.source import Passage
from language.content_words import STEMMERS, analyzer, content_words
from language.words import fold
from vectorstore.generation import Generation

LETTERS = 4  # McNamee and Mayfield 2004, https://doi.org/10.1023/B:INRT.0000009441.78971.be
STAMP = "keyword-4"  # change it when the fields of an index change
_MOST_LETTERS = 300  # n-grams of a question; the longest of eval/questions has fewer than 186
_LONGEST_PART = 100  # letters of a word that is looked up in others; tantivy refuses more than 250
_BM25_LIMIT = 2.2  # k1 + 1: a word adds at most this many times its rarity (IDF)
_EXACT_WEIGHT = 0.5  # a word in the question's own language also matches in the text field


class KeywordIndex:
    """The keyword index in a folder; raises ValueError where there is none with this stamp."""

    def __init__(self, folder: Path) -> None:
        stamp = folder / "stamp"
        if not stamp.is_file() or stamp.read_text("utf-8") != STAMP:
            raise ValueError(f"no keyword index in {folder}")
        self._index = tantivy.Index.open(str(folder))
        register(self._index)
        self._index.reload()

    def __len__(self) -> int:
        return int(self._index.searcher().num_docs)

    def ids(self) -> list[str]:
        """The ids of all indexed passages, unordered."""
        searcher = self._index.searcher()
        if not searcher.num_docs:
            return []
        hits = searcher.search(tantivy.Query.all_query(), int(searcher.num_docs)).hits
        return [searcher.doc(address)["id"][0] for _, address in hits]

    def nearest(self, question: str, language: str, count: int) -> list[tuple[str, float]]:
        """(passage id, BM25 score), best first; empty when no word of the question occurs.

        The question is plain words, without query syntax.
        """
        terms = [("exact", word) for word in content_words(question, language)]
        if language in STEMMERS:
            stems = content_words(question, language, stemmed=True)
            terms += [(f"{field}_{language}", s) for field in ("text", "heading") for s in stems]
        if not terms:
            return []
        searcher = self._index.searcher()
        hits = searcher.search(self._any(terms, _EXACT_WEIGHT), count).hits
        return [(searcher.doc(address)["id"][0], float(score)) for score, address in hits]

    def shares(
        self, question: str, language: str, ids: Collection[str]
    ) -> dict[str, tuple[float, float]]:
        """How much of the question each passage has: (words, n-grams), 0 to about 1.

        BM25 divided by the limit for a text that is only the question, so that a weak match stays
        small even when it is the best. Passages without a match are left out. Words match as stems
        of the question's language or exactly, whichever scores higher.
        """
        letters = list(dict.fromkeys(letters_analyzer().analyze(f" {fold(question)} ")))
        exact = self._share("exact", content_words(question, language), ids)
        stems: dict[str, float] = {}
        if language in STEMMERS:
            words = content_words(question, language, stemmed=True)
            stems = self._share(f"text_{language}", words, ids, heading=f"heading_{language}")
        runs = self._share("letters", letters[:_MOST_LETTERS], ids)
        return {
            name: (max(stems.get(name, 0.0), exact.get(name, 0.0)), runs.get(name, 0.0))
            for name in {*exact, *stems, *runs}
        }

    def knows(self, word: str) -> bool:
        """Whether a passage in any language has this word or a similar one.

        Similar is a word that contains it ("drugsmarkt" in "drugsmarktanalyse"), or one within an
        edit distance of one or two: inflections, misspellings, spellings in other languages.
        """
        schema, searcher = self._index.schema, self._index.searcher()
        return any(
            searcher.search(query, 1, count=False).hits
            for plain in content_words(word, "")
            for query in _similar(schema, plain)
        )

    def _share(
        self, field: str, words: Sequence[str], ids: Collection[str], heading: str = ""
    ) -> dict[str, float]:
        words = list(dict.fromkeys(words))
        if not words or not ids:
            return {}
        searcher = self._index.searcher()
        count = int(searcher.num_docs)
        frequency = [searcher.doc_freq(field, word) for word in words]
        limit = _BM25_LIMIT * sum(math.log1p((count - n + 0.5) / (n + 0.5)) for n in frequency)
        fields = (field, heading) if heading else (field,)
        among = self._any(("id", name) for name in ids)
        query = tantivy.Query.boolean_query(
            [
                (tantivy.Occur.Must, tantivy.Query.const_score_query(among, 0.0)),
                (tantivy.Occur.Must, self._any((f, word) for f in fields for word in words)),
            ]
        )
        hits = searcher.search(query, len(ids), count=False).hits
        return {searcher.doc(address)["id"][0]: float(score) / limit for score, address in hits}

    def _any(self, terms: Iterable[tuple[str, str]], exact: float = 1.0) -> tantivy.Query:
        """Matches passages with any of these words, as (field, word); `exact` weighs exact ones."""
        schema, clauses = self._index.schema, []
        for field, word in terms:
            query = tantivy.Query.term_query(schema, field, word)
            if field == "exact":
                query = tantivy.Query.boost_query(query, exact)
            clauses.append((tantivy.Occur.Should, query))
        return tantivy.Query.boolean_query(clauses)


def _similar(schema: tantivy.Schema, word: str) -> Iterator[tantivy.Query]:
    """Queries for a word and what is like it; each is made only when it is asked for, as that of a
    part takes as long as a search."""
    yield tantivy.Query.term_query(schema, "exact", word)
    if LETTERS < len(word) <= _LONGEST_PART:
        yield tantivy.Query.regex_query(schema, "exact", f".*{word}.*")
    if len(word) > LETTERS:
        edits = 1 if len(word) < 2 * LETTERS else 2
        yield tantivy.Query.fuzzy_term_query(schema, "exact", word, edits)


def register(index: tantivy.Index) -> None:
    """Tells an index how its fields are cut into words."""
    index.register_tokenizer("exact", analyzer(None, stemmed=False))
    index.register_tokenizer("letters", letters_analyzer())
    for language in STEMMERS:
        index.register_tokenizer(f"stem_{language}", analyzer(language, stemmed=True))


@lru_cache
def letters_analyzer() -> tantivy.TextAnalyzer:
    """An analyzer for character n-grams of folded text, also across the ends of words."""
    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.ngram(LETTERS, LETTERS))
    return builder.filter(tantivy.Filter.ascii_fold()).build()


def open_keyword(settings: Settings, generation: Generation) -> KeywordIndex:
    """The keyword index of a generation, built from Chroma if it is missing or out of date."""
    place = keyword_folder(settings, generation.id)
    try:
        return KeywordIndex(place)
    except ValueError:
        return build(place, generation.all_passages())


def carry_keyword(
    settings: Settings, old: Generation, new: Generation, fresh: Iterable[Passage]
) -> None:
    """Makes the keyword index of a new generation from that of an old one, all of whose passages it
    has, and from those that are added. Does nothing if there is none: `open_keyword` then builds it
    from all passages."""
    base = keyword_folder(settings, old.id)
    try:
        KeywordIndex(base)
    except ValueError:
        return
    build(keyword_folder(settings, new.id), fresh, base)


def remove_old_keyword_indexes(
    settings: Settings, kept: Collection[str], *, before: str | None = None
) -> None:
    """Removes the keyword indexes of generations whose ids are not kept; only of those made before
    one, if it is given."""
    for place in keyword_folder(settings).glob("*"):
        id = place.name.partition(".")[0]  # a name with a dot is an index being built
        if id not in kept and (before is None or id < before):  # ids begin with the time
            shutil.rmtree(place, ignore_errors=True)


def keyword_folder(settings: Settings, generation_id: str = "") -> Path:
    """The folder of a generation's keyword index; without an id, the folder of all."""
    return settings.data_dir / "keyword" / generation_id


def build(folder: Path, passages: Iterable[Passage], base: Path | None = None) -> KeywordIndex:
    """Builds the index aside and moves it into place in one step.

    Passages can be added to a base, the folder of another index, and not removed: tantivy keeps
    deleted ones in its statistics, so that the shares of the others would be wrong. Raises
    StoreError: it cannot be written.
    """
    aside = folder.with_name(f"{folder.name}.{uuid4().hex[:8]}")
    try:
        _write(aside, passages, base)
        shutil.rmtree(folder, ignore_errors=True)
        aside.rename(folder)
    except (OSError, ValueError) as error:  # tantivy raises ValueError
        shutil.rmtree(aside, ignore_errors=True)
        with suppress(ValueError):  # another process moved the same index there first
            return KeywordIndex(folder)
        raise StoreError(
            f"The keyword index cannot be written in {folder.parent}: {error}. "
            f"{obstacle(folder) or 'Make everything anew with: python -m ingest --rebuild'}"
        ) from error
    return KeywordIndex(folder)


def _write(folder: Path, passages: Iterable[Passage], base: Path | None) -> None:
    if base is None:
        folder.mkdir(parents=True)
        index = tantivy.Index(_schema(), path=str(folder))
    else:
        shutil.copytree(base, folder)
        (folder / "stamp").unlink()
        index = tantivy.Index.open(str(folder))
    register(index)
    writer = index.writer(heap_size=64_000_000, num_threads=1)
    for passage in passages:
        writer.add_document(_record(passage))
    writer.commit()
    writer.wait_merging_threads()
    (folder / "stamp").write_text(STAMP, "utf-8")


def _record(passage: Passage) -> tantivy.Document:
    text, heading = fold(passage.text), fold(" ".join(passage.headings))
    both = f" {heading} {text} "
    fields = {"id": passage.id, "exact": both, "letters": both}
    if passage.language in STEMMERS:
        fields |= {f"text_{passage.language}": text, f"heading_{passage.language}": heading}
    return tantivy.Document(**{name: [value] for name, value in fields.items()})


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("id", stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("exact", tokenizer_name="exact", index_option="freq")
    builder.add_text_field("letters", tokenizer_name="letters", index_option="freq")
    for language in STEMMERS:
        for field in ("text", "heading"):
            builder.add_text_field(
                f"{field}_{language}", tokenizer_name=f"stem_{language}", index_option="freq"
            )
    return builder.build()
