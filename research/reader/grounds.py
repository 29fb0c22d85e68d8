"""Questions over official documents, and where the units stand that answer them.

    python -m research.reader.grounds DIR ...    # says what of them is found in the documents there

Units are named by the words that they begin with, so that a document that is read or cut anew keeps
its questions. DIR is looked through for the files that `grounds/sources.csv` names.
"""

import csv
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

import typer
from pydantic import Field
from rich.console import Console

from core.command_line import CommandLine
from core.settings import ROOT
from core.source import Frozen, Passage
from ingest.passages.split import split
from ingest.reading import question_file
from ingest.reading.load import load as load_document
from vectorstore.embeddings import Embedder, LocalEmbedder

FOLDER = Path(__file__).with_name("grounds")
_EACH = 3  # units of a prepared answer, up to which each is taken to answer
_PROGRAM = "python -m research.reader.grounds"

Part = Literal["fit", "choose", "show"]
"""What a document is for: to fit on, to choose by, or to measure what was chosen. No document is in
two parts."""
Style = Literal["everyday", "short", "telegram", "two-part", "typo", "official", "situation"]
Place = tuple[int, int]
"""A unit of a document: number of its passage, and its number in the passage."""


class Source(Frozen):
    """A document of the grounds: where it is from, and what may be done with it."""

    name: str
    file: str
    part: Part
    kind: Literal["law", "act", "document", "brief"]
    language: str
    origin: str
    reuse: str


class Labelled(Frozen):
    """A question as it stands in a file.

    `answers` are ways to answer it, each the units that a reader must see, the most direct first;
    without any, nothing in the document answers. `near` are units that look like an answer and are
    none, `unsure` those of which that could not be told, `elsewhere` units of other documents that
    answer too. `stretch` is the number of the stretch that its writer read (`stretches`).
    """

    id: str
    question: str = Field(min_length=4)
    language: str
    style: Style
    answers: tuple[tuple[str, ...], ...] = ()
    near: tuple[str, ...] = ()
    unsure: tuple[str, ...] = ()
    elsewhere: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    stretch: int = 0


class Located(NamedTuple):
    """A question with the places of the units that it names. What its document has outside of
    `read` its writer did not see, so whether that answers is not known."""

    asked: Labelled
    answers: tuple[tuple[Place, ...], ...]
    near: frozenset[Place]
    unsure: frozenset[Place]
    read: frozenset[Place]


def sources() -> dict[str, Source]:
    """All documents by name."""
    with (FOLDER / "sources.csv").open(encoding="utf-8", newline="") as file:
        found = [Source.model_validate(row) for row in csv.DictReader(file)]
    return {place.name: place for place in found}


def labelled(name: str, part: Part) -> tuple[Labelled, ...]:
    """The questions over a document, in order.

    Raises:
        ValueError: a line is not in this form.
    """
    lines = (FOLDER / part / f"{name}.jsonl").read_text("utf-8").splitlines()
    return tuple(Labelled.model_validate(json.loads(line)) for line in lines)


class Document:
    """A document of the grounds, cut into passages as ingest does."""

    def __init__(self, file: Path, embedder: Embedder) -> None:
        self.passages: Sequence[Passage] = split(
            load_document(file), embedder.token_count, embedder.limit
        )
        self._beginnings = {
            (number, place): " ".join(passage.text[unit.start : unit.end].split())
            for number, passage in enumerate(self.passages)
            for place, unit in enumerate(passage.units)
        }
        self._read: dict[tuple[str, str] | None, frozenset[Place]] = {}

    def find(self, words: str) -> list[Place]:
        """The units that begin with these words; more than one where the text repeats itself."""
        return [place for place, text in self._beginnings.items() if text.startswith(words)]

    def locate(self, label: Labelled, stretch: tuple[str, str] | None) -> Located | None:
        """The question with its places; None where a unit that it names is not there. `stretch` has
        the words that the first and the last unit begin with which its writer read; None for the
        whole document."""
        ways: list[tuple[Place, ...]] = []
        for way in label.answers:
            places = [self.find(words) for words in way]
            if not all(places):
                return None
            # A text that repeats itself answers in each of these places.
            ways += (
                tuple(found[min(copy, len(found) - 1)] for found in places)
                for copy in range(len(places[0]))
            )
        return Located(
            label,
            tuple(ways),
            frozenset(place for words in label.near for place in self.find(words)),
            frozenset(place for words in label.unsure for place in self.find(words)),
            self._read_in(stretch),
        )

    def _read_in(self, stretch: tuple[str, str] | None) -> frozenset[Place]:
        """The units of a stretch; the same object for all questions that were asked of it."""
        if stretch not in self._read:
            places = list(self._beginnings)
            first, last = map(self.find, stretch) if stretch else ([], [])
            begin, end = (first or places)[0], (last or places)[-1]
            self._read[stretch] = frozenset(place for place in places if begin <= place <= end)
        return self._read[stretch]


@cache
def stretches() -> Mapping[str, Mapping[int, tuple[str, str]]]:
    """For each document that is longer than one writer read: the beginnings of the first and the
    last unit of each stretch, by its number."""
    found = json.loads((FOLDER / "stretches.json").read_text("utf-8"))
    return {
        name: {int(number): (ends[0], ends[1]) for number, ends in numbered.items()}
        for name, numbered in found.items()
    }


def files(folders: Sequence[Path]) -> dict[str, Path]:
    """The file of each document that is below one of the folders, by name."""
    there = {file.name: file for folder in folders for file in folder.rglob("*") if file.is_file()}
    return {
        source.name: there[source.file] for source in sources().values() if source.file in there
    }


def located(source: Source, document: Document) -> Iterator[Located]:
    """The questions over a document of which all units are there."""
    ends = stretches().get(source.name, {})
    for label in labelled(source.name, source.part):
        found = document.locate(label, ends.get(label.stretch))
        if found is not None:
            yield found


def briefs() -> Iterator[tuple[Source, Path]]:
    """The summaries that come with the project and have prepared questions: name, file."""
    for file in sorted((ROOT / "corpus").glob("*/*.md")):
        language = file.parent.name
        yield Source(
            name=f"brief-{language}-{file.stem}", file=file.name, part="fit", kind="brief",
            language=language, origin="corpus", reuse="as the project",
        ), file  # fmt: skip


def prepared(file: Path, document: Document) -> Iterator[Located]:
    """The prepared questions of a document that stand beside its file."""
    places = {
        name: (number, place)
        for number, passage in enumerate(document.passages)
        for place, name in enumerate(passage.unit_ids)
    }
    questions = question_file.find(file)
    answers = question_file.read_file(questions) if questions else ()
    everywhere = frozenset(places.values())
    for question in question_file.prepared_questions(answers, document.passages)[0]:
        label = Labelled(
            id=question.id, question=question.question, language=question.language, style="official"
        )
        way = tuple(places[name] for name in question.units)
        # Units of a short answer each answer; a longer one begins with what does.
        ways = tuple((place,) for place in way) if len(way) <= _EACH else (way,) if way else ()
        yield Located(label, ways, frozenset(), frozenset(), everywhere)


app = CommandLine()


@app.command()
def main(
    folders: list[Path] = typer.Argument(..., metavar="DIR...", help="Where the documents are."),
) -> int:
    """Says which documents are missing, and in which not all units of the questions are found."""
    console, embedder, there = Console(), LocalEmbedder(), files(folders)
    whole = True
    for source in sources().values():
        if source.name not in there:
            console.print(f"{source.file} is in none of the folders: {source.origin}")
            whole = False
            continue
        count = len(labelled(source.name, source.part))
        found = sum(1 for _ in located(source, Document(there[source.name], embedder)))
        console.print(f"{source.name}: all units of {found} of {count} questions are found.")
        whole = whole and found == count
    return 0 if whole else 1


if __name__ == "__main__":
    sys.exit(app.run(sys.argv[1:], _PROGRAM))
