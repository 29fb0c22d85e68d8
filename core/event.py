"""What a stream of an answer yields."""

from typing import Literal

from pydantic import Field

from core.answer import Answer
from core.answer_blocks import Blocks
from core.frozen import Frozen
from core.marked import Marker


class Stage(Frozen):
    """The step that a question is in."""

    name: Literal["searching", "reading", "checking", "searching_again"]


class TextDelta(Frozen):
    """A piece of answer text with its markers, to be shown as it arrives.

    `cited` are the ids of the passages that these stand for, in their order: in the finished answer
    a passage may have another number. `blocks` are all that has arrived, this piece included, and
    the beginning of the next sentence, for which `text` is empty.
    """

    text: str
    markers: tuple[Marker, ...] = ()
    cited: tuple[str, ...] = ()
    blocks: Blocks = Field(default=(), exclude=True)


class Finished(Frozen):
    """The last event of a stream: the whole answer."""

    answer: Answer


Event = Stage | TextDelta | Finished
