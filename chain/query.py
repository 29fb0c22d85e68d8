"""A reader's message, with all that it is asked under."""

from collections.abc import Sequence
from dataclasses import dataclass

from langchain_core.runnables import RunnableConfig

from core.answer import Turn
from core.source import Scope

MAX_QUESTION = 1000
"""Characters; the longest question of eval/questions has 186."""


@dataclass(frozen=True)
class Query:
    """Input of one answer.

    question: the message as it came.
    language: of the message (ISO 639-1).
    history: earlier turns, oldest first.
    scope: limits of the search.
    config: LangChain's, for callbacks and tracers.
    """

    question: str
    language: str
    history: Sequence[Turn] = ()
    scope: Scope = Scope()
    config: RunnableConfig | None = None
