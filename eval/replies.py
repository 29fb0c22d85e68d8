"""Test set of the verifier: replies as of a strong model, whose sentences have false twins.

Files of tests/replies/, written by hand, by several authors who had not seen the verifier. The half
`held` is only measured on, and not looked at when the verifier is changed. The verifier is trained
on other sentences with twins, in research/fitting/replies/.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal, TypeVar, get_args

import yaml
from pydantic import Field, ValidationError

from chain.answerer import Draft, Request
from core.errors import StrategiewijzerError
from core.frozen import Frozen
from core.passage import Passage, ScoredPassage
from core.settings import ROOT

FOLDER = ROOT / "tests" / "replies"
Half = Literal["open", "held"]
HALVES: tuple[Half, ...] = get_args(Half)
TwinChange = Literal[
    "figure", "date", "name", "swap", "negation", "modality", "scope", "cause", "addition",
    "relation",
]  # fmt: skip

Shape = TypeVar("Shape", bound=Frozen)


class Twin(Frozen):
    """A sentence made false by one subtle change of this `type`."""

    type: TwinChange
    text: str


class Sentence(Frozen):
    """A true sentence or list item, the 1-based numbers of its cited passages, and false twins."""

    text: str
    cites: tuple[Annotated[int, Field(ge=1)], ...]
    item: bool = False
    twins: tuple[Twin, ...] = ()

    def draft(self, text: str = "") -> Draft:
        """A draft with this sentence, or with another text in its place."""
        cites = tuple(number - 1 for number in self.cites)
        return Draft(text or self.text, cites, form="item" if self.item else "sentence")


class Reply(Frozen):
    """A question, and a model's reply to it.

    means: the standalone form of a follow-up.
    passages: ids of the passages in the prompt.
    sentences: the reply; empty for "no answer".
    riders: true sentences with a false clause.
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
        """The request for this question; `passages` are those of an index, by id.

        Raises:
            StrategiewijzerError: the index lacks a passage, because a source text has changed.
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
        """A draft with a rider, which cites all passages that the reply cites."""
        cites = {number - 1 for sentence in self.sentences for number in sentence.cites}
        return Draft(text, tuple(sorted(cites)))


def read(half: Half, folder: Path = FOLDER) -> tuple[Reply, ...]:
    """Reads the replies of one half.

    Raises:
        StrategiewijzerError: a file is malformed.
    """
    return tuple(entries(folder / half, Reply))


def entries(folder: Path, shape: type[Shape]) -> Iterator[Shape]:
    """Reads the entries of all files of a folder.

    Raises:
        StrategiewijzerError: a file is malformed.
    """
    for file in sorted(folder.glob("*.yaml")):
        try:
            for entry in yaml.safe_load(file.read_text("utf-8")):
                yield shape.model_validate(entry)
        except (yaml.YAMLError, ValidationError, TypeError) as error:
            raise StrategiewijzerError(f"{file}: {error}") from error
