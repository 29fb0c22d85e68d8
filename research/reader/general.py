"""Open question sets, as further questions to learn from: SQuAD 2.0 in four languages, NorQuAD.

    question of one language, paragraph of the same or another -> sentences, one of which answers

Where they are from and their licences: docs/decisions/0017-a-reader.md. Articles that the half of
XQuAD has which is measured on are left out in all languages: SQuAD and XQuAD share paragraphs.
"""

import gzip
import json
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from language.sentences import sentences
from research.reader.examples import Example, Maker

_SETS = {"squad2-en-half": "en", "squad2-es": "es", "squad2-da": "da", "squad2-sv": "sv"}
_NORWEGIAN = "norquad"
_XQUAD = "xquad.en.json"
_WRONG = 5  # sentences of the paragraph that do not answer, at most
_ACROSS = (
    0.6  # share of the questions that get the paragraph in another language, where there is one
)


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
        places = chance.sample(wrong, min(_WRONG, len(wrong)))
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
    sets = {name: file for name in (*_SETS, _NORWEGIAN) if (file := there.get(f"{name}.json.gz"))}
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
                for key, question, paragraph in _asked(article, _SETS.get(name, "no")):
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
            answer = None
            if not entry.get("is_impossible", False):
                starts = [given["answer_start"] for given in entry["answers"][:1]]
                answer = next(
                    (place for place, (begin, end) in enumerate(spans)
                     if starts and begin <= starts[0] < end),
                    None,
                )  # fmt: skip
                if answer is None:
                    continue
            yield str(entry["id"]), entry["question"], Paragraph(title, units, answer)
