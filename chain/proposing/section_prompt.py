"""The prompt for the questions of one section: the rules, and the section as data."""

from collections.abc import Iterator, Sequence

from langchain_core.messages import BaseMessage
from langchain_core.prompts import ChatPromptTemplate

import prompts
from chain.model.budget import fenced
from core.passage import Passage
from core.proposals import SectionToAsk


def messages(section: SectionToAsk) -> Sequence[BaseMessage]:
    """The prompt; the number of a unit in it is one more than in the passage."""
    template = ChatPromptTemplate.from_messages(
        [("system", prompts.load("questions")), ("human", "{section}")]
    )
    return template.format_messages(
        languages=", ".join(section.languages), section="\n".join(_data(section.passage))
    )


def askable(passage: Passage) -> tuple[int, ...]:
    """The numbers of the units that a question may be about: a footnote says nothing alone."""
    return tuple(number for number, unit in enumerate(passage.units) if unit.kind != "note")


def _data(passage: Passage) -> Iterator[str]:
    yield fenced("headings", " › ".join(passage.headings))
    for number in askable(passage):
        unit = passage.units[number]
        yield fenced("unit", passage.text[unit.start : unit.end], f' number="{number + 1}"')
