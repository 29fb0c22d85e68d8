"""Replies of a strong model to prompts of ours, written by hand; each sentence has false twins.

Files of tests/replies/. They were written by careful reading by several hands that did not see the
verifier. What is in `held` is measured on and never looked at when the verifier is changed.
The verifier learns from other sentences, also with twins: those of eval/fitting/replies/.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal, TypeVar, get_args

import yaml
from pydantic import Field, ValidationError

from chain.answerer import Draft, Request
from core.errors import StrategiewijzerError
from core.settings import ROOT
from core.types import Frozen, Passage, ScoredPassage

FOLDER = ROOT / "tests" / "replies"
LESSONS = ROOT / "eval" / "fitting" / "replies"
Half = Literal["open", "held"]
HALVES: tuple[Half, ...] = get_args(Half)
Change = Literal[
    "figure", "date", "name", "swap", "negation", "modality", "scope", "cause", "addition",
    "relation",
]  # fmt: skip

Shape = TypeVar("Shape", bound=Frozen)


class Twin(Frozen):
    """A sentence with one subtle change of a `type` that makes it false."""

    type: Change
    text: str


class Sentence(Frozen):
    """One true sentence or list item, the numbers (from 1) of the passages it cites, and twins."""

    text: str
    cites: tuple[Annotated[int, Field(ge=1)], ...]
    item: bool = False
    twins: tuple[Twin, ...] = ()

    def draft(self, text: str = "") -> Draft:
        """This sentence, or another text in its place, as a model's draft."""
        cites = tuple(number - 1 for number in self.cites)
        return Draft(text or self.text, cites, form="item" if self.item else "sentence")


class Reply(Frozen):
    """A question, the passages (ids) of its prompt, and the reply: no sentences where it is none.

    `means` is what a follow-up stands for. `riders` are true sentences with a false clause.
    """

    id: str
    language: str
    question: str
    means: str = ""
    kind: str
    passages: tuple[str, ...]
    sentences: tuple[Sentence, ...]
    riders: tuple[str, ...] = ()

    def request(self, passages: Mapping[str, Passage]) -> Request:
        """What the model was asked, from the passages of an index by their ids.

        Raises:
            StrategiewijzerError: the index lacks a passage, since a source text has changed.
        """
        lacking = [name for name in self.passages if name not in passages]
        if lacking:
            raise StrategiewijzerError(
                f"Reply {self.id}: the index has no passage {lacking[0]}. A source text has "
                "changed: read the reply again and name the passage that took its place."
            )
        found = tuple(
            ScoredPassage(passage=passages[name], score=0.0, similarity=0.0)
            for name in self.passages
        )
        return Request(self.means or self.question, self.language, found)

    def rider(self, text: str) -> Draft:
        """A rider as a model's draft, which cites all that the reply cites."""
        cites = {number - 1 for sentence in self.sentences for number in sentence.cites}
        return Draft(text, tuple(sorted(cites)))


class LessonSentence(Frozen):
    """A true sentence about a passage, in any language, and its false twins."""

    language: str
    text: str
    twins: tuple[Twin, ...]


class Lesson(Frozen):
    """Sentences about one passage (its id) that the verifier learns from."""

    passage: str
    sentences: tuple[LessonSentence, ...]


def read(half: Half, folder: Path = FOLDER) -> tuple[Reply, ...]:
    """The replies of one half.

    Raises:
        StrategiewijzerError: a file is not in form.
    """
    return tuple(_read(folder / half, Reply))


def lessons(folder: Path = LESSONS) -> tuple[Lesson, ...]:
    """What the verifier learns from.

    Raises:
        StrategiewijzerError: a file is not in form.
    """
    return tuple(_read(folder, Lesson))


def _read(folder: Path, shape: type[Shape]) -> Iterator[Shape]:
    for file in sorted(folder.glob("*.yaml")):
        try:
            for entry in yaml.safe_load(file.read_text("utf-8")):
                yield shape.model_validate(entry)
        except (yaml.YAMLError, ValidationError, TypeError) as error:
            raise StrategiewijzerError(f"{file}: {error}") from error
