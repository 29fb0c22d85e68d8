"""What a reader learns from: questions with stretches of passages, right and wrong.

    a question, its document -> the unit that answers, the nearest that do not -> sequences, labels
    one of an open set, its paragraph or that in another language -> sentences -> the same

The open sets are SQuAD 2.0 in four languages and NorQuAD (their licences: decision 17). Articles
that the half of XQuAD has which is measured on are left out in all languages: SQuAD and XQuAD share
paragraphs.
"""

import gzip
import json
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.source import Passage
from language.sentences import sentences
from research.reader.grounds import Document, Located, Part, Place, Source, files, located, sources
from vectorstore.embeddings import LocalEmbedder, Vectors
from vectorstore.reader import Sequenced, Sequencer, text_of

_RIGHT = 2  # units that answer, at most
_HARDEST = 3  # of the units that do not answer: the nearest
_WRONG = 5  # units that do not answer, two more where nothing does
_NEAREST = 60  # units looked through for what is near and wrong
_AMONG = 30  # of these others are drawn from
_OPEN_SETS = {"squad2-en-half": "en", "squad2-es": "es", "squad2-da": "da", "squad2-sv": "sv"}
_NORWEGIAN = "norquad"
_XQUAD = "xquad.en.json"
_WRONG_SENTENCES = 5  # of the paragraph that do not answer, at most
# Share of the questions that get the paragraph in another language, where there is one.
_ACROSS = 0.6


class Ground:
    """A document with its questions and the vectors of its units, which the folder `kept` keeps."""

    def __init__(
        self,
        source: Source,
        document: Document,
        questions: Iterable[Located],
        embedder: LocalEmbedder,
        kept: Path,
    ) -> None:
        self.source, self.passages, self.asked = source, document.passages, list(questions)
        self.places: list[Place] = [
            (number, unit)
            for number, passage in enumerate(self.passages)
            for unit in range(len(passage.units))
        ]
        made = kept / f"{source.name}.npy"
        if not made.exists():
            texts = [passage.context(unit) for passage in self.passages for unit in passage.units]
            np.save(made, embedder.passages(texts).astype(np.float16))
        self.vectors: Vectors = np.load(made).astype(np.float32)

    def nearest(self, vector: Vectors) -> list[Place]:
        """The units nearest to a question, nearest first."""
        order = np.argsort(-(self.vectors @ vector))[:_NEAREST]
        return [self.places[place] for place in order]

    def fits(self, vector: Vectors) -> NDArray[np.float64]:
        """How near each passage is."""
        return fits_of(self.vectors @ vector, np.array([passage for passage, _ in self.places]))


def fits_of(cosines: NDArray[np.float32], owners: NDArray[np.int64]) -> NDArray[np.float64]:
    """How near passages are by the cosines of their units, each with the number of its passage: 0.6
    of the best and 0.4 of the mean."""
    counts = np.bincount(owners)
    best = np.full(len(counts), -1.0)
    np.maximum.at(best, owners, cosines)
    return np.asarray(0.6 * best + 0.4 * np.bincount(owners, cosines) / counts.clip(1))


def grounds_of(
    part: Part, folders: Sequence[Path], embedder: LocalEmbedder, kept: Path
) -> list[Ground]:
    """The documents of a part that are below the folders; as of `Ground`."""
    there, made = files(folders), []
    for source in sources().values():
        if source.part == part and source.name in there:
            document = Document(there[source.name], embedder)
            made.append(Ground(source, document, located(source, document), embedder, kept))
    return made


class Example(NamedTuple):
    """A sequence, and whether its unit answers."""

    sequence: Sequenced
    answers: bool


class Maker(Sequencer):
    """Makes the sequences that a reader learns from."""

    def sequence(self, question: str, passage: Passage, number: int) -> Sequenced:
        """A question with a unit of a passage."""
        return self.joined(question, passage.headings[-1], text_of(passage, number))

    def of(
        self, question_located: Located, ground: Ground, others: Sequence[Ground], vector: Vectors,
        chance: random.Random,
    ) -> list[Example]:  # fmt: skip
        """The sequences of one question: units that answer, near ones that do not, and one of
        another document."""
        right = {way[0] for way in question_located.answers}
        beside = {
            place for way in question_located.answers for place in way[1:]
        } | question_located.unsure
        looked_at = dict.fromkeys((*sorted(question_located.near), *ground.nearest(vector)))
        wrong = [place for place in looked_at if place in question_located.read - right - beside]
        rest = wrong[_HARDEST:_AMONG]
        chance.shuffle(rest)
        many = _WRONG if right else _WRONG + 2
        chosen = [
            *((place, True) for place in chance.sample(sorted(right), min(_RIGHT, len(right)))),
            *((place, False) for place in (*wrong[:_HARDEST], *rest)[:many]),
        ]
        question = question_located.asked.question
        found = [
            Example(self.sequence(question, ground.passages[number], unit), answers)
            for (number, unit), answers in chosen
        ]
        other = chance.choice(others)
        same = other is ground or other.source.kind == ground.source.kind == "brief"
        if not same and other.source.name not in question_located.asked.elsewhere:
            number, unit = chance.choice(other.nearest(vector)[:3])
            found.append(Example(self.sequence(question, other.passages[number], unit), False))
        return found


class Paragraph(NamedTuple):
    """A paragraph as sentences, and which of them answers; None where the set says that none."""

    title: str
    sentences: tuple[str, ...]
    answer: int | None


class General(NamedTuple):
    """A question with its own paragraph, and the same in other languages."""

    question: str
    paragraph: Paragraph
    others: tuple[Paragraph, ...]

    def examples(self, maker: Maker, chance: random.Random) -> list[Example]:
        """The sequences of the question: the sentence that answers and some that do not."""
        across = self.others and chance.random() < _ACROSS
        chosen = chance.choice(self.others) if across else self.paragraph
        wrong = [place for place in range(len(chosen.sentences)) if place != chosen.answer]
        places = chance.sample(wrong, min(_WRONG_SENTENCES, len(wrong)))
        if chosen.answer is not None:
            places.append(chosen.answer)
        return [
            Example(
                maker.joined(self.question, chosen.title, chosen.sentences[place]),
                place == chosen.answer,
            )
            for place in places
        ]


def general(folders: Sequence[Path]) -> list[General]:
    """The questions of the sets that are below the folders.

    Raises:
        FileNotFoundError: sets are there without XQuAD, by which articles are left out.
    """
    there = {file.name: file for folder in folders for file in folder.rglob("*.json*")}
    sets = {
        name: file for name in (*_OPEN_SETS, _NORWEGIAN) if (file := there.get(f"{name}.json.gz"))
    }
    if not sets:
        return []
    if _XQUAD not in there:
        raise FileNotFoundError(f"{_XQUAD} is needed, to leave out what is measured on.")
    measured = {entry["title"] for entry in json.loads(there[_XQUAD].read_bytes())["data"][1::2]}
    read = {name: json.loads(gzip.decompress(file.read_bytes())) for name, file in sets.items()}
    # The Spanish and Swedish sets have no titles; their articles are in the order of the Danish.
    titles = [entry["title"] for entry in read["squad2-da"]["data"]] if "squad2-da" in read else []
    by_id: dict[str, list[tuple[str, Paragraph]]] = defaultdict(list)
    for name, content in read.items():
        articles = content["data"]
        for place, article in enumerate(articles):
            title = titles[place] if len(articles) == len(titles) else article.get("title", "")
            if title not in measured:
                for key, question, paragraph in _asked(article, _OPEN_SETS.get(name, "no")):
                    by_id[key].append((question, paragraph))
    return [
        General(question, own, tuple(other for _, other in same if other is not own))
        for same in by_id.values()
        for question, own in same
    ]


def _asked(article: dict[str, Any], language: str) -> Iterator[tuple[str, str, Paragraph]]:
    for paragraph in article["paragraphs"]:
        text, title = paragraph["context"], article.get("title", "").replace("_", " ")
        spans = sentences(text, language)
        units = tuple(text[begin:end] for begin, end in spans)
        for entry in paragraph["qas"]:
            is_answered = not entry.get("is_impossible", False)
            starts = [given["answer_start"] for given in entry["answers"][:1] if is_answered]
            answer = next(
                (place for place, (begin, end) in enumerate(spans) for start in starts
                 if begin <= start < end),
                None,
            )  # fmt: skip
            if answer is not None or not is_answered:
                yield str(entry["id"]), entry["question"], Paragraph(title, units, answer)
