"""Synthetic corpus of any size from real sentences with known vectors.

    real passages -> pool of sentences with vectors -> documents of recombined sentences

Only the pool is embedded, once, so that ingest is measured without embedding. Each document draws
its sentences from one stretch of a real text, so that its passages have a topic.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.source import Passage
from vectorstore.embeddings import Embedder, Vectors

SECTIONS = 10  # passages in a document
_STRETCH = 30  # sentences of a real text that one document draws from
_HEADING_WEIGHT = 0.4  # weight of the heading's vector in that of a sentence below it


@dataclass(frozen=True)
class Pool:
    """Sentences in text order, and their vectors, shape (sentences, dimensions)."""

    languages: tuple[str, ...]
    sentences: tuple[str, ...]
    vectors: Vectors


def pool_of(passages: Iterable[Passage], embedder: Embedder, cache: Path) -> Pool:
    """Pool of the passages' sentences that are valid as a line of Markdown.

    Args:
        passages: of real texts.
        embedder: computes the vectors; about 25 ms a sentence on two cores.
        cache: folder for the vectors.
    """
    languages: dict[str, str] = {}
    for passage in sorted(passages, key=lambda p: (p.document.key, p.start)):
        for unit in passage.units:
            text = passage.text[unit.start : unit.end]
            if unit.kind == "sentence" and text[:1].isupper() and text[-1:] == ".":
                languages.setdefault(" ".join(text.split()), passage.language)
    sentences = tuple(languages)
    name = hashlib.sha256("\n".join((embedder.fingerprint, *sentences)).encode()).hexdigest()[:12]
    file = cache / f"vectors-{name}.npy"
    if not file.is_file():
        cache.mkdir(parents=True, exist_ok=True)
        np.save(file, np.concatenate([embedder.passages([sentence]) for sentence in sentences]))
    return Pool(tuple(languages.values()), sentences, np.load(file))


class Corpus:
    """Documents of `SECTIONS` passages of three to eight sentences each; deterministic."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._position = {text: number for number, text in enumerate(pool.sentences)}

    def write(self, folder: Path, passages: int) -> None:
        """Writes documents with so many passages in all."""
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(max(1, passages // SECTIONS)):
            self.write_document(folder, number)

    def write_document(self, folder: Path, number: int, version: int = 0) -> None:
        """Writes one document; versions differ in their first section."""
        text = "\n".join(self._lines(number, version))
        (folder / f"d{number:06}.md").write_text(text, "utf-8")

    def _lines(self, number: int, version: int) -> Iterator[str]:
        sentences, languages = self._pool.sentences, self._pool.languages
        random = np.random.default_rng((number, 0))
        start = int(random.integers(max(1, len(sentences) - _STRETCH)))
        language = languages[start]
        stretch = [
            position
            for position in range(start, min(start + _STRETCH, len(sentences)))
            if languages[position] == language
        ]
        yield f"---\nid: d{number:06}\nlanguage: {language!r}\ntitle: Document {number}\n---\n"
        yield f"# Document {number}\n"
        for section in range(SECTIONS):
            choice = np.random.default_rng((number, section, version if section == 0 else 0))
            size = min(len(stretch), int(choice.integers(3, 9)))
            yield f"## {number}-{section}\n"
            yield " ".join(sentences[p] for p in choice.choice(stretch, size, replace=False)) + "\n"

    def vector(self, text: str) -> Vectors:
        """Vector of a sentence below its heading, as the embedder would get it.

        The heading shifts it a little, as a real heading does; so no two in a corpus are equal.
        """
        heading, _, sentence = text.rpartition("\n")
        known = self._position.get(sentence)
        seed = hashlib.sha256(heading.encode() if known is not None else text.encode()).digest()
        own = self._pool.vectors[int.from_bytes(seed[:8]) % len(self._pool.sentences)]
        base = self._pool.vectors[known] if known is not None else own
        vector: Vectors = base + _HEADING_WEIGHT * own
        return vector / np.linalg.norm(vector)


class KnownVectors:
    """Embedder of a `Corpus`: looks up its sentences, and embeds questions for real."""

    def __init__(self, corpus: Corpus, embedder: Embedder) -> None:
        self._corpus = corpus
        self.query, self.queries = embedder.query, embedder.queries
        self.limit, self.at_once = embedder.limit, embedder.at_once
        self.fingerprint = f"known/{embedder.fingerprint}"

    def passages(self, texts: list[str]) -> Vectors:
        return np.stack([self._corpus.vector(text) for text in texts])

    def token_count(self, text: str) -> int:
        return len(text) // 4
