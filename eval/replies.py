"""Replies of a strong model to prompts of ours, written by hand; each sentence has false twins.

Files of tests/replies/. They were written by careful reading by several hands that did not see the
verifier. What is in `held` is measured on and never looked at when the verifier is changed.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Literal, get_args

import yaml
from pydantic import Field, ValidationError

from chain.answerer import Draft, Request
from core.errors import StrategiewijzerError
from core.settings import ROOT
from core.types import Frozen, Passage, ScoredPassage

FOLDER = ROOT / "tests" / "replies"
Half = Literal["open", "held"]
HALVES: tuple[Half, ...] = get_args(Half)
Change = Literal[
    "figure", "date", "name", "swap", "negation", "modality", "scope", "cause", "addition",
    "relation",
]  # fmt: skip


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


def read(half: Half, folder: Path = FOLDER) -> tuple[Reply, ...]:
    """The replies of one half.

    Raises:
        StrategiewijzerError: a file is not in form.
    """
    return tuple(_read(sorted((folder / half).glob("*.yaml"))))


def _read(files: Iterable[Path]) -> Iterable[Reply]:
    for file in files:
        try:
            for entry in yaml.safe_load(file.read_text("utf-8")):
                yield Reply.model_validate(entry)
        except (yaml.YAMLError, ValidationError, TypeError) as error:
            raise StrategiewijzerError(f"{file}: {error}") from error
